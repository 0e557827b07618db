"""Families of generative models: one file and one line here for each."""

from heitler.models.acgan import ACGAN as ACGAN
from heitler.models.base import GenerativeModel as GenerativeModel
from heitler.models.base import Noise as Noise
from heitler.models.base import NoiseSpec as NoiseSpec
from heitler.models.base import Phase as Phase
from heitler.models.base import ShowerShape as ShowerShape
from heitler.models.base import Stage as Stage
from heitler.models.base import Variates as Variates
from heitler.models.base import draw as draw
from heitler.models.base import families as families
from heitler.models.base import random_generator as random_generator
from heitler.models.bernoulli import Bernoulli as Bernoulli
from heitler.models.bigan import BiGAN as BiGAN
from heitler.models.calorimeter_gan import CalorimeterGAN as CalorimeterGAN
from heitler.models.compound_hits import CompoundHits as CompoundHits
from heitler.models.constrained_wgan_gp import ConstrainedWGANGP as ConstrainedWGANGP
from heitler.models.cramer_gan import CramerGAN as CramerGAN
from heitler.models.dcgan import DCGAN as DCGAN
from heitler.models.regression import Regression as Regression
from heitler.models.rich_gan import RichGAN as RichGAN
from heitler.models.sinkhorn_ae import SinkhornAE as SinkhornAE
from heitler.models.threedgan import ThreeDGAN as ThreeDGAN
from heitler.models.vae import VAE as VAE
from heitler.models.vae_gan import VAEGAN as VAEGAN
from heitler.models.wae_mmd import WAEMMD as WAEMMD
from heitler.models.wgan_gp import WGANGP as WGANGP
