"""Losses that compare physical quantities of showers.

Notation: N showers, x_i the energy of cell i, e_k the edges of bins of energy.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["percentage_error", "soft_counts"]


def percentage_error(value: Tensor, target: Tensor, *, least: float = 1e-6) -> Tensor:
    """Mean absolute error in percent of the target: 100 <|v - t| / max(|t|, l)>.

    Arguments:
        value: v.
        target: t with the same shape.
        least: l, so that a target of zero has an error.
    """
    error: Tensor = 100.0 * ((value - target).abs() / target.abs().clamp(min=least)).mean()
    return error


def soft_counts(cells: Tensor, edges: Sequence[float], *, softness: float = 0.1) -> Tensor:
    r"""Number of cells in each bin of energy, differentiable.

        n_k = A_k - A_{k+1},   A_k = sum_i 1 / (1 + (e_k / x_i)^(1/s)),

    with A_0 the number of all cells and nothing above the last bin. With s towards 0 these are
    the counts of a histogram, whose gradient is zero.

    Arguments:
        cells: x_i with shape (N, cells), not negative.
        edges: e_1 < e_2 < ..., positive.
        softness: s.

    Returns:
        Counts below the first edge, between edges, and above the last: (N, edges + 1).
    """
    level = cells.clamp(min=1e-12).log()[..., None]
    at = torch.tensor(edges, dtype=cells.dtype, device=cells.device).log()
    above = torch.sigmoid((level - at) / softness).sum(dim=1)
    every = above.new_full((len(cells), 1), cells.shape[1])
    none = torch.zeros_like(every)
    return torch.cat([every, above], dim=1) - torch.cat([above, none], dim=1)
