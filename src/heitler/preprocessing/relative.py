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
        columns: Places of the columns, from 0; by default all, as of voxels that are to be shares
            of the incident energy.
    """

    def __init__(self, columns: Sequence[int] | None = None) -> None:
        super().__init__()
        self.columns = None if columns is None else tuple(columns)

    def forward(self, features: Features, energy: Tensor) -> Features:
        """From numbers to shares."""
        return features._replace(cells=features.cells / self._scale(features.cells, energy))

    def inverse(self, features: Features, energy: Tensor) -> Features:
        """From shares to numbers."""
        return features._replace(cells=features.cells * self._scale(features.cells, energy))

    def _scale(self, cells: Tensor, energy: Tensor) -> Tensor:
        """The energy in some columns, 1 elsewhere: (N, cells) or (N, 1)."""
        if self.columns is None:
            return energy.to(cells.dtype)[:, None]
        scale = torch.ones_like(cells)
        scale[:, list(self.columns)] = energy.to(cells.dtype)[:, None]
        return scale
