"""Building blocks of networks, without physics."""

from heitler.networks.mlp import mlp

__all__ = ["mlp"]
