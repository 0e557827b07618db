"""Training on tables: their columns are the cells of a row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from heitler.causes import Causes, kind_of
from heitler.formats import TableReader, create_table, open_table, write_table
from heitler.measured import MeasuredTracks
from heitler.particles import IncidentParticles
from heitler.simulators import (
    CAUSES,
    Blueprint,
    ModelCard,
    NeuralTable,
    TrackRange,
    TrainedSimulator,
    TrainingRange,
)
from heitler.tables import Table
from heitler.tracks import Tracks
from heitler.training.criteria import Criterion, Distances, columns_of
from heitler.training.data import Sample, TrainingData
from heitler.training.monitor import PhysicsMonitor

__all__ = ["TableData", "TableRows"]

_MAX_NUMBERS = 50_000_000
"""Numbers in memory at a time: 400 MB."""

_BLOCK = 50_000
"""Rows that are read at a time."""


class TableRows:
    """Rows of a table in memory.

    Arguments:
        particles: What caused them.
        table: The columns that a model is to make.
    """

    def __init__(self, particles: Causes, table: Table) -> None:
        self.particles, self.table = particles, table

    def __len__(self) -> int:
        return len(self.table)

    def dense(self, rows: Tensor) -> Tensor:
        """Numbers of some rows, float32, with shape (rows, columns)."""
        return self.table.values[rows].float()


class TableData(TrainingData[Any, Table]):
    """A file of a table to train on, which states what caused its rows.

    Arguments:
        reader: The open file.
        columns: Names of the columns that a model is to make; by default all but the causes and
            what is known.
        known: Names of the columns that are known of tracks.

    Raises:
        ValueError: The table states no causes, or does not have such columns.
    """

    rows = "rows"

    def __init__(
        self,
        reader: TableReader,
        columns: Sequence[str] | None = None,
        known: Sequence[str] = (),
    ) -> None:
        self.reader, self.path, self.provenance = reader, reader.path, reader.provenance
        self.particles = _causes(reader, known)
        found = {column.name: column for column in reader.columns}
        stated = {column.name for column in self.particles.columns} | set(known)
        chosen = [name for name in found if name not in stated]
        if columns is not None:
            if unknown := [name for name in columns if name not in chosen]:
                msg = f"data.columns: no '{unknown[0]}' to make; there are {', '.join(chosen)}"
                raise ValueError(msg)
            chosen = list(columns)
        if not chosen:
            msg = f"{self.path} has no columns beside the causes of its rows: nothing to make"
            raise ValueError(msg)
        self.columns = tuple(found[name] for name in chosen)
        self.cells = len(self.columns)

    def load(self, rows: Tensor) -> TableRows:
        """Some rows, sorted, in memory."""
        return TableRows(self.particles[rows], Table.concatenate(self._read(rows)))

    def most(self, rows: Tensor) -> int:  # noqa: ARG002
        """How many of these rows memory holds at a time."""
        return _MAX_NUMBERS // self.cells

    def simulator(self, blueprint: Blueprint, rows: Tensor) -> NeuralTable[Any]:
        """A simulator of these columns with fresh weights, not yet fitted."""
        parts = blueprint.build_table(self.cells)
        card = ModelCard(
            name="unfinished",
            family=type(parts[-1]).__name__,
            detector={},
            training_range=_range(self.particles[rows]),
            columns=self.columns,
        )
        return NeuralTable(*parts, card, extrapolate=True)

    def monitor(
        self,
        simulator: TrainedSimulator[Any, Table],
        sample: Sample[Any],
        criterion: Criterion[Any] | None = None,
        *,
        seed: int,
    ) -> PhysicsMonitor[Any, Table]:
        """Distances in every column."""
        if criterion is not None:
            name = type(criterion).__name__
            msg = f"training.physics: {name} compares showers, {self.path} holds a table"
            raise ValueError(msg)
        table = Table(self.columns, sample.dense(torch.arange(len(sample))))
        return PhysicsMonitor(simulator, sample.particles, table, Distances(columns_of), seed=seed)

    def hold_out(self, path: Path, rows: Tensor, origin: dict[str, str]) -> None:
        """Writes rows that training will not see, behind their causes."""
        provenance = {**self.provenance, **origin}
        columns = (*self.particles.table().columns, *self.columns)
        with create_table(path, columns, provenance=provenance) as writer:
            kept = self.load(rows)
            writer.write(kept.particles.table().beside(kept.table))

    def origin_of(self, path: Path) -> dict[str, Any]:
        """What a file of `hold_out` says about its origin."""
        with open_table(path) as kept:
            return kept.provenance

    def list_particles(self, folder: Path, rows: Tensor) -> None:
        """Writes causes of the training as a table."""
        write_table(folder / CAUSES, self.particles[rows].table())

    def _read(self, rows: Tensor) -> list[Table]:
        """The chosen columns of some rows, reading only where there are any."""
        parts = []
        for start in (torch.unique(rows // _BLOCK) * _BLOCK).tolist():
            inside = rows[(rows >= start) & (rows < start + _BLOCK)] - start
            block = self.reader.read(start, start + _BLOCK, columns=self.columns)
            parts.append(block[inside])
        return parts


def _causes(reader: TableReader, known: Sequence[str]) -> Causes:
    """What caused the rows, with what is known of them already."""
    kind = kind_of(reader.columns)
    if not known:
        return kind.of(reader.read(columns=kind.columns))
    found = {column.name: column for column in reader.columns}
    if kind is not Tracks or not set(known) <= set(found):
        msg = f"data.known: {reader.path} has no tracks with {', '.join(known)}"
        raise ValueError(msg)
    columns = (*kind.columns, *(found[name] for name in known))
    return MeasuredTracks.of(reader.read(columns=columns))


def _range(particles: IncidentParticles | Tracks) -> TrainingRange | TrackRange:
    if isinstance(particles, Tracks):
        return TrackRange.of(particles)
    return TrainingRange.of(particles)
