"""How many cells are hit.

A hit is a cell whose deposit is above `showers.detector.hit_threshold` (0.1 MeV, half a MIP, in
the ILD). What the literature calls occupancy is this count, not a fraction of cells.
"""

from __future__ import annotations

from torch import Tensor

from heitler.observables.base import observable
from heitler.showers import Showers

__all__ = ["hits", "hits_per_layer"]


@observable("number of hits", "")
def hits(showers: Showers) -> Tensor:
    """Number of cells above the hit threshold, with shape (N,)."""
    return _is_hit(showers).sum(dim=-1).double()


@observable("hits per layer (occupancy)", "", axis="layer")
def hits_per_layer(showers: Showers) -> Tensor:
    """Number of cells of each layer above the hit threshold, with shape (N, layers)."""
    return showers.geometry.sum_layers(_is_hit(showers))


def _is_hit(showers: Showers) -> Tensor:
    return showers.deposits > showers.detector.hit_threshold
