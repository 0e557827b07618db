"""Training on showers: they are held in memory in sparse form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from heitler.formats import (
    ShowerReader,
    atomic_file,
    create_showers,
    open_showers,
    write_particles,
)
from heitler.hits import Hits
from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.simulators import (
    PARTICLES,
    Blueprint,
    ModelCard,
    NeuralSimulator,
    TrainedSimulator,
    TrainingRange,
)
from heitler.training.criteria import Criterion, Distances, observables_of
from heitler.training.data import Sample, TrainingData
from heitler.training.monitor import PhysicsMonitor

__all__ = ["ShowerData", "SparseDeposits", "read_rows"]

_MAX_HITS = 100_000_000
"""Hits in memory at a time: 800 MB."""


class SparseDeposits:
    """Showers in memory, as lists of hits.

    Arguments:
        parts: Dense showers, batch by batch.
        cells: Number of cells.
    """

    def __init__(self, parts: Iterator[Showers], cells: int) -> None:
        hits, particles = [], []
        for showers in parts:
            hits.append(Hits.of(showers.deposits))
            particles.append(showers.particles)
        self.cells = cells
        self.particles = IncidentParticles.concatenate(particles)
        self.hits = Hits.concatenate(hits)

    def __len__(self) -> int:
        return len(self.particles)

    def dense(self, rows: Tensor) -> Tensor:
        """Deposits of some showers in MeV, with shape (rows, cells)."""
        return self.hits[rows].dense(self.cells)


def read_rows(reader: ShowerReader, rows: Tensor) -> Iterator[Showers]:
    """The showers of some rows (sorted), batch by batch, reading only where there are any."""
    size = 500
    for start in torch.unique(rows // size).tolist():
        inside = rows[(rows >= start * size) & (rows < (start + 1) * size)] - start * size
        yield reader.read(start * size, (start + 1) * size)[inside]


class ShowerData(TrainingData[IncidentParticles, Showers]):
    """A file of showers to train on.

    Arguments:
        reader: The open file.
    """

    rows = "showers"

    def __init__(self, reader: ShowerReader) -> None:
        self.reader = reader
        self.path, self.provenance = reader.path, reader.provenance
        self.particles, self.cells = reader.particles, reader.detector.geometry.cells

    def load(self, rows: Tensor) -> SparseDeposits:
        """Some showers, sorted, in memory."""
        return SparseDeposits(read_rows(self.reader, rows), self.cells)

    def most(self, rows: Tensor) -> int:
        """How many of these showers memory holds at a time, by the hits of the first 500."""
        hits = self.load(rows[:500]).hits
        return int(_MAX_HITS * len(hits) / max(hits.cells.numel(), 1))

    def simulator(self, blueprint: Blueprint, rows: Tensor) -> NeuralSimulator:
        """A simulator of these showers with fresh weights, not yet fitted."""
        detector = self.reader.detector
        conditioning, preprocessing, model = blueprint.build(detector.geometry)
        card = ModelCard(
            name="unfinished",
            family=type(model).__name__,
            detector=detector.definition,
            training_range=TrainingRange.of(self.particles[rows]),
        )
        return NeuralSimulator(
            detector, conditioning, preprocessing, model, card, extrapolate=True
        )

    def monitor(
        self,
        simulator: TrainedSimulator[IncidentParticles, Showers],
        sample: Sample[IncidentParticles],
        criterion: Criterion[Showers] | None = None,
        *,
        seed: int,
    ) -> PhysicsMonitor[IncidentParticles, Showers]:
        """By default distances in a few observables."""
        criterion = criterion or Distances(observables_of)
        deposits = sample.dense(torch.arange(len(sample)))
        showers = Showers(deposits, sample.particles, self.reader.detector)
        return PhysicsMonitor(simulator, sample.particles, showers, criterion, seed=seed)

    def hold_out(self, path: Path, rows: Tensor, origin: dict[str, str]) -> None:
        """Writes showers that training will not see."""
        provenance = {**self.provenance, **origin}
        with create_showers(path, self.reader.detector, provenance=provenance) as writer:
            for showers in read_rows(self.reader, rows):
                writer.write(showers)

    def origin_of(self, path: Path) -> dict[str, Any]:
        """What a file of `hold_out` says about its origin."""
        with open_showers(path) as kept:
            return kept.provenance

    def list_particles(self, folder: Path, rows: Tensor) -> None:
        """Writes incident particles of the training as a CSV table."""
        with atomic_file(folder / PARTICLES) as partial:
            write_particles(partial, self.particles[rows])
