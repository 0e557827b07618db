"""Distances between simulated and generated tables of particle identification.

Simulated, generated and a second simulation answer the same tracks: the second one is the floor.
Where tracks may be lost each has its own of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from heitler.metrics import classifier_auc, kolmogorov_smirnov, wasserstein
from heitler.tables import Table
from heitler.tracks import CHARGED, Tracks
from heitler.units import GeV
from results import table

EDGES = (2, 5, 10, 20, 35, 60, 100)
"""Bins of momentum in GeV."""

JUDGED = 20_000
"""Rows of each kind that classifiers see."""

_MISIDENTIFIED = np.geomspace(0.005, 0.5, 60)
"""Shares of pions at which efficiencies are compared."""

_LOOSE = 0.05
"""Share of pions from which a cut is loose."""

_Array = NDArray[np.float64]


def of_columns(reference: Table, generated: Table, floor: Table) -> str:
    """KS and W1 in units of the spread of every column, each beside its floor."""
    rows = []
    for name in reference.names:
        real, made, again = (t.column(name).numpy() for t in (reference, generated, floor))
        spread = real.std() or 1.0
        pair = [
            f"{metric(real / scale, other / scale).value:.4f}"
            for metric, scale in ((kolmogorov_smirnov, 1.0), (wasserstein, spread))
            for other in (made, again)
        ]
        rows.append([f"`{name}`", *pair])
    return table(["column", "KS", "floor", "W1 over spread", "floor"], rows)


def told_apart(reference: Table, other: Table, tracks: Tracks | None, seed: int) -> str:
    """AUC of boosted trees that see the columns and, if there are any, the tracks."""
    features = [t.values[:JUDGED] for t in (reference, other)]
    if tracks is not None:
        features = [torch.cat([f, tracks.table().values[:JUDGED]], dim=1) for f in features]
    auc = classifier_auc(*(f.numpy() for f in features), seed=seed)
    return f"{auc.value:.4f} ± {auc.error:.4f}"


@dataclass(frozen=True)
class Identification:
    """Kaons or protons against pions by one likelihood.

    Arguments:
        particle: "K" or "p".
        column: Name of the likelihood.
        tracks: The tracks that were simulated, generated and simulated again.
        tables: What each says of them.
    """

    particle: str
    column: str
    tracks: tuple[Tracks, Tracks, Tracks]
    tables: tuple[Table, Table, Table]

    def values(self, place: int, name: str, low: float, high: float) -> _Array:
        """The likelihoods of the particles of a type in a bin of momentum, sorted."""
        tracks = self.tracks[place]
        momentum = tracks.momentum / GeV
        mask = (tracks.pdg == CHARGED[name]) & (momentum >= low) & (momentum < high)
        return np.sort(self.tables[place].column(self.column)[mask].numpy())

    def curve(self, place: int, low: float, high: float) -> _Array:
        """Efficiency at each share of pions, straight between cuts: rings may be dark alike."""
        pions = self.values(place, "pi", low, high)
        own = self.values(place, self.particle, low, high)
        cuts = np.unique(np.concatenate([pions, own, [np.inf]]))[::-1]
        above = [1 - np.searchsorted(kind, cuts) / len(kind) for kind in (pions, own)]
        return np.interp(_MISIDENTIFIED, *above)

    def difference(self, place: int, low: float, high: float) -> tuple[float, ...]:
        """Largest differences in per cent, in the order of `differences`."""
        roc = np.abs(self.curve(place, low, high) - self.curve(0, low, high))
        equal = [
            kolmogorov_smirnov(
                self.values(0, name, low, high), self.values(place, name, low, high)
            ).value
            for name in (self.particle, "pi")
        ]
        return tuple(
            100 * float(x) for x in (roc.max(), roc[_MISIDENTIFIED >= _LOOSE].max(), *equal)
        )

    @cached_property
    def bins(self) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
        """Differences of the generated and of the floor in each bin of momentum."""
        return [
            (self.difference(1, low, high), self.difference(2, low, high))
            for low, high in pairwise(EDGES)
        ]

    def rows(self) -> list[list[str]]:
        """One line per bin: differences of the generated and of the floor, in per cent."""
        lines = []
        for (low, high), (made, again) in zip(pairwise(EDGES), self.bins, strict=True):
            both = [f"{m:.2f} ({a:.2f})" for m, a in zip(made, again, strict=True)]
            lines.append([f"{self.particle}, {low} to {high} GeV", *both])
        return lines

    def worst(self, place: int) -> float:
        """The largest difference of the curves over all bins in per cent, of 1 or 2."""
        return max(pair[place - 1][0] for pair in self.bins)

    def draw(self, axes: Axes, colours: Sequence[str]) -> None:
        """Curves of simulated (lines) and generated (dashes) particles."""
        for colour, (low, high) in zip(colours, pairwise(EDGES), strict=True):
            for place, dash in ((0, "-"), (1, "--")):
                label = f"{low} to {high} GeV" if place == 0 else None
                axes.plot(
                    100 * _MISIDENTIFIED,
                    100 * self.curve(place, low, high),
                    color=colour,
                    linestyle=dash,
                    label=label,
                )


def differences(cases: Sequence[Identification]) -> str:
    """The table of all bins of several likelihoods."""
    head = ["", "ROC", f"from {_LOOSE:.0%} of pions", "at equal cut", "pions at equal cut"]
    return table(head, [row for case in cases for row in case.rows()])
