r"""The spectrum of hits as a table: quantiles Q of x / m in bins of ln m.

One uniform number u per cell decides whether the cell is hit, and how strongly:

    x = 0 if u >= p, else m Q(u / p; m),

which has an atom of 1 - p at zero: u < p happens with probability p, and u / p is uniform then.

Notation: x are energies of cells, p their probability of a hit, m the mean energy of a hit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["HitSpectrum", "clamp_log_mean"]

_LOG_MEAN_RANGE = (-7.0, 14.0)
"""Range of ln m that the table covers; in MeV it is 0.9 keV to 1.2 TeV."""

_BINS, _QUANTILES = 84, 256
"""Bins in ln m, four to a unit, and quantiles in each."""


class HitSpectrum(nn.Module):
    """Energies of hits of a given mean: the exponential law until `fill` has seen showers."""

    def __init__(self) -> None:
        super().__init__()
        middle = (torch.arange(_QUANTILES) + 0.5) / _QUANTILES
        self.register_buffer("table", -torch.log1p(-middle).expand(_BINS, -1).clone())
        self.table: Tensor

    def forward(self, u: Tensor, probability: Tensor, log_mean: Tensor) -> Tensor:
        """Cells x, with the common shape (N, cells) of uniform numbers u, p and ln m."""
        # Few cells are hit, and only these go through the table.
        hit = (u < probability).flatten().nonzero()[:, 0]
        u, p, level = (a.reshape(-1).index_select(0, hit) for a in (u, probability, log_mean))
        energy = self._quantile(u / p, clamp_log_mean(level))
        cells = torch.zeros_like(probability).flatten().scatter_(0, hit, energy)
        return cells.view_as(probability)

    @torch.no_grad()
    def fill(self, energy: Tensor, log_mean: Tensor) -> None:
        """Takes the quantiles of hits; bins with few hits take those of the nearest.

        Arguments:
            energy: x of hits, with shape (hits,).
            log_mean: ln m of the same hits.

        Raises:
            ValueError: There is no hit.
        """
        level = clamp_log_mean(log_mean)
        ratio, row = energy * torch.exp(-level), _bin(level)
        if not row.numel():
            msg = "there is no hit in the training showers: the spectrum cannot be taken from them"
            raise ValueError(msg)
        ratio, row, table = ratio.cpu(), row.cpu(), self.table.cpu().clone()
        counts = torch.bincount(row, minlength=_BINS)
        rich = (counts >= min(4 * _QUANTILES, int(counts.max()))).nonzero()[:, 0]
        middle = (torch.arange(_QUANTILES, dtype=torch.float64) + 0.5) / _QUANTILES
        for index in rich.tolist():
            inside = ratio[row == index].sort().values
            table[index] = inside[(middle * (inside.numel() - 1)).round().long()]
        nearest = (torch.arange(_BINS)[:, None] - rich[None, :]).abs().argmin(dim=1)
        self.table.copy_(table[rich[nearest]])

    def _quantile(self, rank: Tensor, log_mean: Tensor) -> Tensor:
        """Energies m Q(rank; m)."""
        column = (rank * _QUANTILES).long().clamp_(max=_QUANTILES - 1)
        place = _bin(log_mean) * _QUANTILES + column
        return self.table.flatten().index_select(0, place) * log_mean.exp()


def clamp_log_mean(log_mean: Tensor) -> Tensor:
    """Cuts ln m to the range of the table."""
    return log_mean.clamp(*_LOG_MEAN_RANGE)


def _bin(log_mean: Tensor) -> Tensor:
    """Row of the table for ln m."""
    low, high = _LOG_MEAN_RANGE
    return ((log_mean - low) * (_BINS / (high - low))).long().clamp_(0, _BINS - 1)
