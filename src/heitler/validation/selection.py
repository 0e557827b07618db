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

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from heitler.units import GeV
from heitler.validation.sample import Array, Sample, View

__all__ = ["LEAST_SHOWERS", "EnergyBin", "Selection", "energy_bins", "select"]

LEAST_SHOWERS = 100
"""Showers that each sample of a comparison needs; a reference that is halved needs twice that."""


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

    def within(self, energies: EnergyBin) -> Selection:
        """The showers of one bin, cut to the number that every view has."""
        views = [
            view.within(energies.low, energies.high)
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

    Arguments:
        reference: The reference; without `floor` it is split into halves.
        candidates: The candidates.
        floor: A second sample of the reference.
        seed: Seed of the order in which showers are drawn.

    Raises:
        ValueError: There are fewer than 100 showers to compare.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(reference))
    if floor is None:
        half = len(reference) // 2
        pair = (View(reference, order[:half]), View(reference, order[half:]))
    else:
        pair = (View(reference, order), View(floor, rng.permutation(len(floor))))
    others = [View(sample, rng.permutation(len(sample))) for sample in candidates]
    size = min(len(view) for view in (*pair, *others))
    if size < LEAST_SHOWERS:
        counts = ", ".join(f"{len(s)} in {s.file}" for s in (reference, *candidates))
        msg = (
            f"a comparison needs {LEAST_SHOWERS} showers per sample, got {size} (showers: "
            f"{counts}); the reference is halved unless a second one is given for the floor"
        )
        raise ValueError(msg)
    first, second = (view.first(size) for view in pair)
    return Selection(
        references=(first, second) if floor is None else (first,),
        floor=(first, second),
        candidates=tuple(view.first(size) for view in others),
    )


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
