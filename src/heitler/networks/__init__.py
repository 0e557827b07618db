"""Building blocks of networks, without physics."""

from heitler.networks.conv3d import Downsampler as Downsampler
from heitler.networks.conv3d import Upsampler as Upsampler
from heitler.networks.factorised import LayerFactorised as LayerFactorised
from heitler.networks.hit_decoder import HitDecoder as HitDecoder
from heitler.networks.laws import Gaussian as Gaussian
from heitler.networks.laws import Law as Law
from heitler.networks.laws import Mixture as Mixture
from heitler.networks.laws import Quantiles as Quantiles
from heitler.networks.mlp import mlp as mlp
from heitler.networks.spectrum import HitSpectrum as HitSpectrum
from heitler.networks.spectrum import clamp_log_mean as clamp_log_mean
from heitler.networks.splines import SplineFlow as SplineFlow
from heitler.networks.splines import rational_quadratic as rational_quadratic
