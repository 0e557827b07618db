"""Columns that agree in part of the sample: their differences, and numbers that are one point."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from heitler.preprocessing.transforms import Features, Transform

__all__ = ["Differences", "Snap"]


class Differences(Transform):
    """Takes from some cells, or columns of a table, a column before them.

    Columns that agree wherever two hypotheses cannot be told apart have a difference of exactly
    0 there, which a network finds at once; that two of its outputs agree it finds never.

    Arguments:
        columns: For each column the place of the one to take from it, from 0, or None.

    Raises:
        ValueError: A column is not before the one that it is taken from.
    """

    def __init__(self, columns: Sequence[int | None]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        for place, other in enumerate(self.columns):
            if other is not None and not 0 <= other < place:
                msg = f"column {place} can have a column before it taken off, got column {other}"
                raise ValueError(msg)

    def forward(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Takes off columns."""
        cells = features.cells.clone()
        for place, other in enumerate(self.columns):
            if other is not None:
                cells[:, place] -= features.cells[:, other]
        return features._replace(cells=cells)

    def inverse(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Adds them again, from left to right."""
        cells = features.cells.clone()
        for place, other in enumerate(self.columns):
            if other is not None:
                cells[:, place] += cells[:, other]
        return features._replace(cells=cells)


class Snap(Transform):
    """Makes 0 of what a model puts closer to 0 than a width; numbers of the sample stay.

    Arguments:
        widths: One for each cell, or column of a table, in its unit; 0 leaves it alone.
    """

    loses = "numbers that are not 0 but closer to it than the width"

    def __init__(self, widths: Sequence[float]) -> None:
        super().__init__()
        self.widths = tuple(widths)

    def forward(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Nothing: a sample has its zeros."""
        return features

    def inverse(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Makes zeros."""
        cells = features.cells
        close = cells.abs() < cells.new_tensor(self.widths)
        return features._replace(cells=torch.where(close, 0.0, cells))
