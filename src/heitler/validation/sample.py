"""The showers of a file as a table of observables: what a comparison keeps of them.

A file is read once, in batches. A table has a few hundred numbers per shower (3.5 MB per 1000
showers of 30 layers), however many cells the detector has. Feature matrices are made of it where
they are asked for: kept, they would take as much again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from heitler.detectors import Detector
from heitler.formats import ShowerReader, sha256
from heitler.observables import (
    HIGH_LEVEL,
    LATERAL,
    OBSERVABLES,
    high_level_features,
    lateral_features,
)
from heitler.showers import Showers

__all__ = ["FEATURES", "LATERAL_FEATURES", "Example", "Sample", "View", "collect"]

Array = NDArray[np.float64]

FEATURES = "high-level features"
"""What stands for the observable where a classifier has seen all of feature set A."""

LATERAL_FEATURES = "lateral features"
"""The same for feature set B: A with centre and width of every layer."""

_SETS = {FEATURES: high_level_features, LATERAL_FEATURES: lateral_features}
_OBSERVABLES = {FEATURES: HIGH_LEVEL, LATERAL_FEATURES: LATERAL}

_BATCH = 100
"""Showers at a time: where all cells have energy, an observable may need 200 bytes per cell."""


@dataclass(frozen=True, slots=True)
class Example:
    """One shower in full.

    Arguments:
        energy: Incident energy in MeV.
        cells: Indices of the cells with energy, with shape (n,).
        deposits: Their energies in MeV, with shape (n,).
    """

    energy: float
    cells: NDArray[np.int64]
    deposits: Array


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Observables of the N showers of one file.

    Arguments:
        name: What tables and figures call it.
        file: Name of the file.
        checksum: SHA-256 of the file.
        energy: Incident energies in MeV, with shape (N,).
        theta: Angles to the calorimeter face in rad, with shape (N,).
        pdg: Particle codes, with shape (N,).
        values: Values of each observable, with shape (N,) or (N, k).
        examples: A few showers in full.
        provenance: What the file says about its origin.
        kept: The first showers of the file in full, as many as were asked for; None for none.
    """

    name: str
    file: str
    checksum: str
    energy: Array
    theta: Array
    pdg: NDArray[np.int64]
    values: dict[str, Array]
    examples: tuple[Example, ...]
    provenance: dict[str, Any]
    kept: Showers | None = None

    def __len__(self) -> int:
        return self.energy.size


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Some of the showers of a sample, by index."""

    sample: Sample
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return self.index.size

    @property
    def energy(self) -> Array:
        """Incident energies in MeV."""
        return self.sample.energy[self.index]

    @property
    def theta(self) -> Array:
        """Angles to the calorimeter face in rad."""
        return self.sample.theta[self.index]

    def features(self, name: str) -> Array:
        """A feature set, `FEATURES` or `LATERAL_FEATURES`, with shape (N, features)."""
        values = {key: torch.from_numpy(self.values(key)) for key in _OBSERVABLES[name]}
        return np.asarray(_SETS[name](torch.from_numpy(self.energy), values).numpy())

    def values(self, observable: str) -> Array:
        """Values of an observable."""
        return self.sample.values[observable][self.index]

    @property
    def kept(self) -> int:
        """How many of its showers the sample keeps in full."""
        kept = 0 if self.sample.kept is None else len(self.sample.kept)
        return int((self.index < kept).sum())

    def showers(self) -> Showers:
        """Those of its showers that the sample keeps in full.

        Raises:
            ValueError: The sample keeps none.
        """
        if self.sample.kept is None:
            msg = f"{self.sample.name} keeps no showers in full: collect it with some"
            raise ValueError(msg)
        inside = self.index[self.index < len(self.sample.kept)]
        return self.sample.kept[torch.from_numpy(inside)]

    def where(self, chosen: NDArray[np.bool_]) -> View:
        """The showers that are chosen, with shape (N,)."""
        return View(self.sample, self.index[chosen])

    def first(self, count: int) -> View:
        """The first `count` showers of the view."""
        return View(self.sample, self.index[:count])


def collect(
    name: str,
    reader: ShowerReader,
    *,
    detector: Detector,
    threshold: float | None,
    examples: Sequence[float],
    keep: int = 0,
    progress: bool = False,
) -> Sample:
    """Computes every observable of every shower of a file, in one pass.

    Arguments:
        name: What tables and figures call the sample.
        reader: The file.
        detector: Whose cells and hit threshold count, for all samples alike.
        threshold: Energy in MeV; deposits up to it are set to 0 first. None leaves them.
        examples: Incident energies in MeV; for each the shower nearest in energy is kept.
        keep: Number of showers that are kept in full.
        progress: Whether to show a bar on standard error.
    """
    kept: list[Showers] = []
    table: dict[str, Array] = {}
    with tqdm(total=len(reader), desc=name, unit=" showers", disable=not progress) as bar:
        for start in range(0, len(reader), _BATCH):
            batch = reader.read(start, start + _BATCH)
            showers = prepare(batch, detector, threshold)
            for key, entry in OBSERVABLES.items():
                values = entry(showers).numpy()
                # In place: parts that are joined at the end would be held twice.
                if key not in table:
                    table[key] = np.empty((len(reader), *values.shape[1:]))
                table[key][start : start + _BATCH] = values
            missing = keep - sum(map(len, kept))
            kept += [showers[:missing]] if missing > 0 else []
            bar.update(len(showers))
    return Sample(
        name=name,
        file=reader.path.name,
        checksum=sha256(reader.path),
        energy=reader.particles.energy.numpy(),
        theta=reader.particles.theta.numpy(),
        pdg=reader.particles.pdg.numpy(),
        values=table,
        examples=tuple(_example(reader, energy, detector, threshold) for energy in examples),
        provenance=dict(reader.provenance),
        kept=Showers.concatenate(kept) if kept else None,
    )


def prepare(showers: Showers, detector: Detector, threshold: float | None) -> Showers:
    """The showers as seen by `detector` with deposits up to `threshold` MeV set to 0."""
    if threshold is None:
        return Showers(showers.deposits, showers.particles, detector)
    deposits = torch.threshold(showers.deposits, threshold, 0.0)
    return Showers(deposits, showers.particles, replace(detector, hit_threshold=threshold))


def _example(
    reader: ShowerReader, energy: float, detector: Detector, threshold: float | None
) -> Example:
    nearest = int((reader.particles.energy - energy).abs().argmin())
    shower = prepare(reader.read(nearest, nearest + 1), detector, threshold)
    cells = shower.deposits[0].nonzero()[:, 0]
    return Example(
        energy=float(shower.particles.energy[0]),
        cells=cells.numpy(),
        deposits=shower.deposits[0, cells].double().numpy(),
    )
