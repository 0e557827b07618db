"""Numbers that grow with the energy, as shares of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from heitler.preprocessing.transforms import Features, Transform

__all__ = ["Relative"]


class Relative(Transform):
    """Divides some cells, or columns of a table, by the energy of their cause.

    A reconstructed energy is known to some per cent of the true one: a model that is told the
    energy need not learn the line, only what is about it.

    Arguments:
        columns: Places of the columns, from 0.
    """

    def __init__(self, columns: Sequence[int]) -> None:
        super().__init__()
        self.columns = tuple(columns)

    def forward(self, features: Features, energy: Tensor) -> Features:
        """From numbers to shares."""
        return features._replace(cells=features.cells / self._scale(features.cells, energy))

    def inverse(self, features: Features, energy: Tensor) -> Features:
        """From shares to numbers."""
        return features._replace(cells=features.cells * self._scale(features.cells, energy))

    def _scale(self, cells: Tensor, energy: Tensor) -> Tensor:
        """The energy in some columns, 1 elsewhere: (N, cells)."""
        scale = torch.ones_like(cells)
        scale[:, list(self.columns)] = energy.to(cells.dtype)[:, None]
        return scale
