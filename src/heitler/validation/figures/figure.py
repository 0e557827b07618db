"""What a figure shows, as data: drawn by the page of the report and by matplotlib alike.

A figure has one axis of n bins and one curve per sample. The reference is shown with its
uncertainty, candidates as lines; below stands each candidate's ratio to the reference, or its
difference where a ratio says nothing. Notation: r_b and c_b are the values of reference and
candidate in bin b, s(r_b) and s(c_b) their standard deviations.

Nothing here knows showers: whoever has binned numbers can make a figure of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Axis", "Curve", "Figure", "Grid", "Group", "Mark", "Matrix"]

Array = NDArray[np.float64]

Below = Literal["ratio", "difference"]
Kind = Literal["area", "line", "points"]
"""A quantity with a natural zero, one without, or values at the middle of each bin."""

_SPANS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """Words for an axis, its unit ("" for none) and whether it is logarithmic."""

    label: str
    unit: str = ""
    log: bool = False

    @property
    def text(self) -> str:
        """Label with unit."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Values of one sample in the bins of a figure.

    Arguments:
        name: Name of the sample.
        values: Values, nan where there is none, with shape (n,).
        errors: Their standard deviations, likewise.
        beyond: Fraction of the showers that are in no bin.
    """

    name: str
    values: Array
    errors: Array
    beyond: float = 0.0

    @classmethod
    def of_counts(cls, name: str, counts: Array, size: float | None = None) -> Curve:
        """Fractions n_b / N with errors sqrt(n_b) / N.

        Arguments:
            name: Name of the sample.
            counts: Entries n_b of each bin, with shape (n,).
            size: Number N of entries, in bins or beyond; their sum where it is not given.
        """
        total = float(counts.sum()) if size is None else size
        scale = 1 / total if total > 0 else 0.0
        inside = float(counts.sum()) * scale if total > 0 else 1.0
        return cls(name, counts * scale, np.sqrt(counts) * scale, max(0.0, 1 - inside))


@dataclass(frozen=True, slots=True)
class Mark:
    """A named place on the x axis, such as a threshold."""

    name: str
    at: float


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """Curves of a reference and of candidates in common bins.

    Arguments:
        name: Identifier, unique in a report.
        title: What is shown, in a few words: the bin of energy, the layer.
        caption: The same in a sentence.
        x: The axis of the bins.
        y: The axis of the values.
        edges: Edges of the bins, increasing, with shape (n + 1,).
        reference: Curve of the reference.
        candidates: Curves of the candidates.
        kind: How the values are drawn.
        below: What is drawn below.
        marks: Places to point out.
    """

    name: str
    title: str
    caption: str
    x: Axis
    y: Axis
    edges: Array
    reference: Curve
    candidates: tuple[Curve, ...]
    kind: Kind = "area"
    below: Below = "ratio"
    marks: tuple[Mark, ...] = ()

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The reference, then the candidates."""
        return (self.reference, *self.candidates)

    @property
    def centres(self) -> Array:
        """Middle of each bin, geometric on a logarithmic axis, with shape (n,)."""
        low, high = self.edges[:-1], self.edges[1:]
        return np.sqrt(low * high) if self.x.log else (low + high) / 2

    def compared(self, curve: Curve) -> Curve:
        """What is drawn below: c_b / r_b with s(c_b) / r_b, or c_b - r_b with s(c_b).

        The uncertainty of the reference is not in it: that is the band of `compared(reference)`.
        """
        base = self.reference.values
        if self.below == "difference":
            return Curve(curve.name, curve.values - base, curve.errors)
        held = np.where(base > 0, base, np.nan)
        return Curve(curve.name, curve.values / held, curve.errors / held)

    @property
    def span(self) -> float:
        """Half of the range of the lower axis: holds most bins where the reference is known.

        Ratios get one of a few ranges about 1, so that figures can be compared by eye.
        """
        band = self.compared(self.reference).errors
        parts = [self.compared(curve) for curve in self.candidates]
        off = np.abs(np.array([part.values for part in parts]) - (self.below == "ratio"))
        known = np.isfinite(band) & np.isfinite(off).all(axis=0)
        known &= band < 0.3 if self.below == "ratio" else True
        if not known.any():
            return _SPANS[-1]
        sharp = known & (band < 0.05)
        wanted = 1.2 * max(
            float(off[:, sharp].max()) if self.below == "ratio" and sharp.any() else 0.0,
            float(np.quantile(off[:, known], 0.95)),
            float(np.median(band[known])),
        )
        if self.below == "difference":
            return _rounded_up(wanted)
        return next((span for span in _SPANS if span >= wanted), _SPANS[-1])


def _rounded_up(value: float) -> float:
    """The next of 1, 1.5, 2, 3, 5 and 10 times a power of ten; 1 for nothing."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** np.floor(np.log10(value))
    return float(unit * next(step for step in (1, 1.5, 2, 3, 5, 10) if step * unit >= value))


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Values of one sample in the cells of a matrix, with shape (rows, columns)."""

    name: str
    values: Array


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Matrices of a reference and of candidates; drawn with candidate minus reference.

    Arguments:
        name: Identifier, unique in a report.
        title: What is shown, in a few words.
        caption: The same in a sentence.
        axis: What rows and columns are.
        labels: Names of rows and columns; they are numbered where there is none.
        reference: Matrix of the reference, with values between -1 and 1.
        candidates: Matrices of the candidates.
    """

    name: str
    title: str
    caption: str
    axis: Axis
    labels: tuple[str, ...]
    reference: Grid
    candidates: tuple[Grid, ...]

    @property
    def differences(self) -> tuple[Grid, ...]:
        """Candidate minus reference, for each candidate."""
        return tuple(
            Grid(each.name, each.values - self.reference.values) for each in self.candidates
        )

    @property
    def span(self) -> float:
        """Largest absolute difference, rounded up to one of a few: the scale of differences."""
        largest = max(float(np.abs(each.values).max()) for each in self.differences)
        return next((span for span in _SPANS if span >= largest), 2.0)


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that belong together, with groups of their details.

    Arguments:
        name: Identifier, unique in a report.
        label: Words for a heading.
        text: One sentence on what they show.
        figures: The figures.
        groups: Groups inside, which are folded at first.
    """

    name: str
    label: str
    text: str
    figures: tuple[Figure | Matrix, ...]
    groups: tuple[Group, ...] = ()

    def every(self) -> Iterator[Figure | Matrix]:
        """All figures of the group and of those inside."""
        yield from self.figures
        for group in self.groups:
            yield from group.every()
