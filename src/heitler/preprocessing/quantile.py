r"""Numbers of any distribution as standard normal ones.

Notation: F is the distribution of a column in the training sample, Phi that of a standard normal
number, z_k are K knots spaced evenly between the normal scores of the smallest and the largest of
n numbers, Phi^-1(1 / 2n) and Phi^-1(1 - 1 / 2n).

The map x -> Phi^-1(F(x)) takes a column to normal scores (van der Waerden 1952). It is kept as
the line through the points (x_k, z_k) with x_k = F^-1(Phi(z_k)), straight between them. Knots
that are even in z, not in F, resolve the tails. Where many numbers are equal, several knots are:
these numbers go to the middle of their stretch of F, and all of it comes back to them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import torch
from torch import Tensor

from heitler.preprocessing.transforms import Features, Transform

__all__ = ["Quantile"]


class Quantile(Transform):
    """Maps each cell, or column of a table, to a standard normal number by its quantiles.

    Arguments:
        knots: Number of knots of the map, at least 2.

    Raises:
        ValueError: There are fewer than two knots.
    """

    loses = "numbers beyond the range of the training sample"

    def __init__(self, knots: int = 257) -> None:
        super().__init__()
        if knots < 2:
            msg = f"a map by quantiles needs at least 2 knots, got {knots}"
            raise ValueError(msg)
        self.register_buffer("scores", torch.linspace(-3.0, 3.0, knots, dtype=torch.float64))
        self.register_buffer("values", torch.zeros(knots, 0, dtype=torch.float64))
        self.scores: Tensor
        self.values: Tensor
        # How many columns there are is known when it is fitted or loaded.
        self.register_load_state_dict_pre_hook(_make_room)  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def fit(self, features: Features, energy: Tensor) -> None:  # noqa: ARG002
        """Takes the quantiles of each column."""
        ordered = features.cells.double().sort(dim=0).values
        count = len(ordered)
        last = sqrt(2.0) * torch.erfinv(torch.tensor(1.0 - 1.0 / count, dtype=torch.float64))
        self.scores.copy_(torch.linspace(-float(last), float(last), len(self.scores)))
        place = torch.special.ndtr(self.scores) * count - 0.5
        below = place.floor().clamp(0, count - 1).long()
        above = (below + 1).clamp(max=count - 1)
        share = (place - below).clamp(0.0, 1.0)[:, None]
        self.values = torch.lerp(ordered[below], ordered[above], share)

    def forward(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """From numbers to normal scores."""
        return self._each(self._score, features)

    def inverse(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """From normal scores to numbers, within the range of the training sample."""
        return self._each(lambda z, values: _along(z, self.scores, values), features)

    def _score(self, x: Tensor, values: Tensor) -> Tensor:
        """Normal scores of numbers, (N,), of a column with these values at the knots, (K,)."""
        low = _along(x, values, self.scores)
        high = -_along(-x, -values.flip(0), self.scores)
        middle = torch.special.ndtri(0.5 * (torch.special.ndtr(low) + torch.special.ndtr(high)))
        return torch.where(low == high, low, middle)

    def _each(self, function: Callable[[Tensor, Tensor], Tensor], features: Features) -> Features:
        columns = zip(features.cells.T, self.values.T, strict=True)
        cells = [function(x.double().contiguous(), v.contiguous()) for x, v in columns]
        return features._replace(cells=torch.stack(cells, dim=1).to(features.cells.dtype))


def _along(x: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """The line through the points (start, end) at x, constant beyond them.

    Arguments:
        x: Where, (N,).
        start: Does not fall, (K,); of equal ones the last two that bracket x from the left count.
        end: Likewise.
    """
    right = torch.searchsorted(start, x).clamp(1, len(start) - 1)
    left = right - 1
    step = start[right] - start[left]
    share = torch.where(step > 0, (x - start[left]) / step.clamp(min=1e-300), 0.0)
    return torch.lerp(end[left], end[right], share.clamp(0.0, 1.0))


def _make_room(module: Quantile, state: dict[str, Any], prefix: str, *_: object) -> None:
    stored = state.get(f"{prefix}values")
    if stored is not None and stored.shape[0] == len(module.scores):
        module.values = module.values.new_zeros(stored.shape)
