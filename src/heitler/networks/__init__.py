"""Building blocks of networks, without physics."""

from heitler.networks.factorised import LayerFactorised as LayerFactorised
from heitler.networks.grids import GridCritic as GridCritic
from heitler.networks.grids import GridGenerator as GridGenerator
from heitler.networks.mlp import mlp as mlp
from heitler.networks.rectified import CellGenerator as CellGenerator
from heitler.networks.rectified import RectifiedNormal as RectifiedNormal
from heitler.networks.rectified import rectified_normal as rectified_normal
from heitler.networks.splines import SplineFlow as SplineFlow
from heitler.networks.splines import rational_quadratic as rational_quadratic
from heitler.networks.view import ShowerView as ShowerView
