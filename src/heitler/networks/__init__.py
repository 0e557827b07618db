"""Building blocks of networks, without physics."""

from heitler.networks.factorised import LayerFactorised as LayerFactorised
from heitler.networks.mlp import mlp as mlp
