"""Distances between simulated and generated tables of particle identification.

Simulated, generated and a second simulation answer the same tracks: the second one is the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
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

_MISIDENTIFIED = np.geomspace(0.002, 0.5, 60)
"""Shares of pions at which efficiencies are compared."""

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
    return table(["column", "KS", "floor", "W1 / σ", "floor"], rows)


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
        tracks: The tracks.
        tables: Simulated, generated and simulated again.
    """

    particle: str
    column: str
    tracks: Tracks
    tables: tuple[Table, Table, Table]

    def values(self, place: int, name: str, low: float, high: float) -> _Array:
        """The likelihoods of the particles of a type in a bin of momentum, sorted."""
        momentum = self.tracks.momentum / GeV
        mask = (self.tracks.pdg == CHARGED[name]) & (momentum >= low) & (momentum < high)
        return np.sort(self.tables[place].column(self.column)[mask].numpy())

    def curve(self, place: int, low: float, high: float) -> _Array:
        """Efficiency at each share of pions above the cut."""
        pions = self.values(place, "pi", low, high)
        own = self.values(place, self.particle, low, high)
        cuts = np.quantile(pions, 1 - _MISIDENTIFIED)
        # Equal likelihoods, of dark rings, count half.
        sides = [np.searchsorted(own, cuts, side=side) for side in ("left", "right")]
        return np.asarray(1 - (sides[0] + sides[1]) / 2 / len(own))

    def difference(self, place: int, low: float, high: float) -> tuple[float, float, float]:
        """Largest difference of efficiency: at equal share of pions; at equal cut, own and pion."""
        roc = np.abs(self.curve(place, low, high) - self.curve(0, low, high)).max()
        equal = [
            kolmogorov_smirnov(
                self.values(0, name, low, high), self.values(place, name, low, high)
            ).value
            for name in (self.particle, "pi")
        ]
        return 100 * float(roc), 100 * equal[0], 100 * equal[1]

    def rows(self) -> list[list[str]]:
        """One line per bin: differences of the generated and of the floor, in per cent."""
        lines = []
        for low, high in pairwise(EDGES):
            made, again = (self.difference(place, low, high) for place in (1, 2))
            both = [f"{m:.2f} ({a:.2f})" for m, a in zip(made, again, strict=True)]
            lines.append([f"{self.particle}, {low} to {high} GeV", *both])
        return lines

    def worst(self) -> tuple[float, float]:
        """The largest difference of the curves over all bins, and that of the floor."""
        bins = list(pairwise(EDGES))
        return tuple(max(self.difference(p, *b)[0] for b in bins) for p in (1, 2))  # type: ignore[return-value]

    def draw(self, axes: object, colours: Sequence[str]) -> None:
        """Curves of simulated (lines) and generated (dashes) particles."""
        for colour, (low, high) in zip(colours, pairwise(EDGES), strict=True):
            for place, dash in ((0, "-"), (1, "--")):
                label = f"{low} to {high} GeV" if place == 0 else None
                axes.plot(  # type: ignore[attr-defined]
                    100 * _MISIDENTIFIED,
                    100 * self.curve(place, low, high),
                    color=colour,
                    linestyle=dash,
                    label=label,
                )


def differences(cases: Sequence[Identification]) -> str:
    """The table of all bins of several likelihoods."""
    head = ["", "ROC", "at equal cut", "pions at equal cut"]
    return table(head, [row for case in cases for row in case.rows()])
