"""How many cells are hit.

A hit is a cell whose deposit is above `showers.detector.hit_threshold` (0.1 MeV, half a MIP, in
the ILD). What the literature calls occupancy is this count, not a fraction of cells; sparsity is
the fraction of cells that are not hit.
"""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.observables.base import observable
from heitler.showers import Showers

__all__ = ["hits", "hits_per_layer", "sparsity"]


@observable("number of hits", "")
def hits(showers: Showers) -> Tensor:
    """Number of cells above the hit threshold, with shape (N,)."""
    return _is_hit(showers).sum(dim=-1).double()


@observable("hits per layer (occupancy)", "", axis="layer")
def hits_per_layer(showers: Showers) -> Tensor:
    """Number of cells of each layer above the hit threshold, with shape (N, layers)."""
    return showers.geometry.sum_layers(_is_hit(showers))


@observable("sparsity per layer", "", axis="layer")
def sparsity(showers: Showers) -> Tensor:
    """Fraction of the cells of each layer that are not hit: 1 - hits / cells, (N, layers).

    An empty layer has 1.

    References: CaloChallenge (Krause et al. 2024, arXiv:2410.21611).
    """
    sizes = torch.tensor(showers.geometry.layer_sizes, dtype=torch.float64)
    return 1.0 - hits_per_layer(showers) / sizes


def _is_hit(showers: Showers) -> Tensor:
    return showers.deposits > showers.detector.hit_threshold
