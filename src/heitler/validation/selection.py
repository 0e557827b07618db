"""Which showers are compared: equal numbers of the reference, of each candidate and for the floor.

The floor of a metric is its value between two independent samples of the reference. It depends on
the size of the samples, so that all have the same size m, overall and in each bin of incident
energy.

- With a second reference sample F of its own file: value = metric(R, candidate), floor =
  metric(R, F).
- Without, the reference is split at random into disjoint halves A and B: value = mean of
  metric(A, candidate) and metric(B, candidate), floor = metric(A, B).
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from heitler.units import GeV
from heitler.validation.sample import Array, Sample, View

__all__ = [
    "LEAST_SHOWERS",
    "AngleBin",
    "EnergyBin",
    "Selection",
    "angle_bins",
    "energy_bins",
    "select",
    "showers_per_sample",
]

_ANGLES_APART = 5.0
"""Degrees that the angles of a reference must span to be divided into bins."""

LEAST_SHOWERS = 100
"""Showers per sample that metrics and floors need; a reference that is halved needs twice that."""


@dataclass(frozen=True, slots=True)
class EnergyBin:
    """Incident energies in [low, high) MeV, or all of them."""

    low: float
    high: float
    overall: bool = False

    @property
    def label(self) -> str:
        """Words for a table."""
        if self.overall:
            return "all energies"
        low, high = f"{self.low / GeV:.3g}", f"{self.high / GeV:.3g}"
        return f"{low} GeV" if low == high else f"{low}-{high} GeV"

    def holds(self, showers: Sample | View) -> NDArray[np.bool_]:
        """Which of the showers are in the bin, with shape (N,)."""
        return (showers.energy >= self.low) & (showers.energy < self.high)


@dataclass(frozen=True, slots=True)
class AngleBin:
    """Angles of incidence to the face in [low, high) degrees, at all energies."""

    low: float
    high: float
    overall: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """Words for a table."""
        return f"{self.low:.0f}-{self.high:.0f} degrees"

    def holds(self, showers: Sample | View) -> NDArray[np.bool_]:
        """Which of the showers are in the bin, with shape (N,)."""
        theta = np.rad2deg(showers.theta)
        return (theta >= self.low) & (theta < self.high)


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Equally large views of all samples.

    Arguments:
        references: The reference, or both of its halves.
        floor: Two disjoint views of the reference.
        candidates: One view per candidate.
    """

    references: tuple[View, ...]
    floor: tuple[View, View]
    candidates: tuple[View, ...]

    @property
    def size(self) -> int:
        """Number of showers in each view."""
        return len(self.floor[0])

    def within(self, bin_: EnergyBin | AngleBin) -> Selection:
        """The showers of one bin, cut to the number that every view has."""
        views = [
            view.where(bin_.holds(view))
            for view in (*self.references, *self.floor, *self.candidates)
        ]
        size = min(len(view) for view in views)
        views = [view.first(size) for view in views]
        count = len(self.references)
        return Selection(
            references=tuple(views[:count]),
            floor=(views[count], views[count + 1]),
            candidates=tuple(views[count + 2 :]),
        )


def select(
    reference: Sample, candidates: Sequence[Sample], floor: Sample | None, seed: int
) -> Selection:
    """Draws showers at random, as many of each sample as the smallest can give.

    There should be `LEAST_SHOWERS` of them.

    Arguments:
        reference: The reference; without `floor` it is split into halves.
        candidates: The candidates.
        floor: A second sample of the reference.
        seed: Seed of the order in which showers are drawn.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(reference))
    if floor is None:
        half = len(reference) // 2
        pair = (View(reference, order[:half]), View(reference, order[half:]))
    else:
        pair = (View(reference, order), View(floor, rng.permutation(len(floor))))
    others = [View(sample, rng.permutation(len(sample))) for sample in candidates]
    size = showers_per_sample(reference, candidates, floor)
    first, second = (view.first(size) for view in pair)
    return Selection(
        references=(first, second) if floor is None else (first,),
        floor=(first, second),
        candidates=tuple(view.first(size) for view in others),
    )


def showers_per_sample(reference: Sized, candidates: Sequence[Sized], floor: Sized | None) -> int:
    """How many showers every sample can give; the reference is halved where `floor` is None."""
    pair = [len(reference) // 2] if floor is None else [len(reference), len(floor)]
    return min([*pair, *(len(each) for each in candidates)])


def energy_bins(energy: Array, count: int) -> tuple[EnergyBin, ...]:
    """All energies, then bins with about equally many showers each.

    The inner edges are quantiles, rounded to two significant digits. Beams of a few energies give
    fewer bins, a beam of one energy none.

    Arguments:
        energy: Incident energies of the reference in MeV, with shape (N,).
        count: Number of bins.
    """
    low, high = float(energy.min()), float(energy.max())
    inner = [
        edge
        for edge in (float(f"{q:.1e}") for q in np.quantile(energy, np.arange(1, count) / count))
        if low < edge <= high
    ]
    edges = [low, *sorted(set(inner)), np.nextafter(high, np.inf)]
    overall = EnergyBin(0.0, np.inf, overall=True)
    if len(edges) == 2:
        return (overall,)
    return (overall, *(EnergyBin(first, second) for first, second in pairwise(edges)))


def angle_bins(theta: Array, count: int) -> tuple[AngleBin, ...]:
    """Bins of angle with about equally many showers each, none for angles within 5 degrees.

    The edges are quantiles, rounded to whole degrees.

    Arguments:
        theta: Angles of the reference to the face in rad, with shape (N,).
        count: Number of bins.
    """
    degrees = np.rad2deg(theta)
    if np.ptp(degrees) <= _ANGLES_APART:
        return ()
    low, *inner, high = np.quantile(degrees, np.linspace(0, 1, count + 1)).tolist()
    # Perpendicular showers belong to the last bin, also after rounding.
    edges = sorted({np.floor(low), *(float(round(edge)) for edge in inner), np.floor(high) + 1})
    return tuple(AngleBin(float(first), float(second)) for first, second in pairwise(edges))
