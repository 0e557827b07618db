"""Building blocks of networks, without physics."""

from heitler.networks.conv3d import Downsampler as Downsampler
from heitler.networks.conv3d import Upsampler as Upsampler
from heitler.networks.factorised import LayerFactorised as LayerFactorised
from heitler.networks.mlp import mlp as mlp
from heitler.networks.residual import ResidualNetwork as ResidualNetwork
from heitler.networks.splines import SplineFlow as SplineFlow
from heitler.networks.splines import rational_quadratic as rational_quadratic
