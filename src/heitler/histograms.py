"""Histograms: what a sample looks like when its showers are not at hand, only counts in bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Content", "Histogram", "Histograms"]

Content = Literal["showers", "points", "energy", "mean"]
"""What a bin holds: a number of showers, which are independent; a number of points, of which a
shower has many; an energy; or a mean of what falls into the bin."""


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Contents of the bins of one quantity.

    Arguments:
        name: Identifier, the same in every sample.
        label: Words for the axis of the bins.
        unit: Unit of that axis, "" for none.
        content: What a bin holds.
        content_label: Words for the contents, with their unit.
        edges: Edges of the bins, increasing, with shape (bins + 1,).
        values: Contents, not negative, with shape (bins,).
        log: Whether the bins are equal on a logarithmic axis.

    Raises:
        ValueError: A shape is not as stated, the edges do not increase, or a content is negative
            or not finite.
    """

    name: str
    label: str
    unit: str
    content: Content
    content_label: str
    edges: NDArray[np.float64]
    values: NDArray[np.float64]
    log: bool = False

    def __post_init__(self) -> None:
        if self.edges.ndim != 1 or self.edges.size < 2 or bool((np.diff(self.edges) <= 0).any()):
            msg = f"histogram {self.name}: edges of bins must increase"
            raise ValueError(msg)
        if self.values.shape != (self.edges.size - 1,):
            msg = (
                f"histogram {self.name}: {self.edges.size} edges need {self.edges.size - 1} "
                f"contents, got shape {self.values.shape}"
            )
            raise ValueError(msg)
        if not bool((np.isfinite(self.values) & (self.values >= 0)).all()):
            msg = f"histogram {self.name}: contents must be finite and not negative"
            raise ValueError(msg)

    @property
    def filled(self) -> bool:
        """Whether any bin has a content: histograms of zeros were never filled."""
        return bool((self.values > 0).any())

    @property
    def axis(self) -> str:
        """Label with unit."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label


@dataclass(frozen=True, slots=True, eq=False)
class Histograms:
    """The histograms of one sample.

    Arguments:
        name: What the file calls the sample.
        entries: The histograms.
        assumed: What the file left open and was assumed.
    """

    name: str
    entries: tuple[Histogram, ...]
    assumed: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Histogram:
        """The histogram called `name`; KeyError where there is none."""
        return {entry.name: entry for entry in self.entries}[name]
