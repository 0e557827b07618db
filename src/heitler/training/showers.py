"""Showers on their way into a model.

The training showers are held in sparse form, as many as fit a memory limit; a file with more is
gone through in windows of that size. The order of showers and their noise depend on seed and
epoch only. Each process takes its slice of every global batch and of its noise, so any number of
processes computes the gradient of the same batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from heitler.formats import ShowerReader
from heitler.hits import Hits
from heitler.models import NoiseSpec, Variates, draw, random_generator
from heitler.particles import IncidentParticles
from heitler.preprocessing import Conditioning, Preprocessing
from heitler.showers import Showers
from heitler.simulators import block_seed

__all__ = ["Batch", "ShowerStream", "SparseDeposits", "Split", "read_rows"]

Batch = tuple[Tensor, Tensor, Variates]
"""Features (N, features), conditions (N, conditions), random numbers."""

_MAX_HITS = 100_000_000
"""Hits in memory at a time: 800 MB."""

_ORDER, _NOISE = 2, 3
"""Purposes of seeds, see `block_seed`."""


@dataclass(frozen=True, slots=True)
class Split:
    """Rows of a file for training, validation and test: each sorted, together all."""

    train: Tensor
    validation: Tensor
    test: Tensor

    @classmethod
    def of(cls, showers: int, *, test: int, validation: int) -> Split:
        """Test rows spread evenly over the file, validation rows over what is left.

        Raises:
            ValueError: The file has too few showers.
        """
        if showers < test + validation + 1:
            msg = (
                f"the file has {showers} showers: too few for {test} to test, {validation} to "
                "validate and any to train (data.test, data.validation)"
            )
            raise ValueError(msg)
        rest, test_rows = _spread(torch.arange(showers), test)
        train, validation_rows = _spread(rest, validation)
        return cls(train, validation_rows, test_rows)


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


class ShowerStream(IterableDataset[Batch]):
    """Batches of training showers, a slice of each for every process.

    Arguments:
        reader: The shower file.
        rows: Rows to train on, sorted.
        conditioning: Fitted.
        preprocessing: Fitted.
        noise: What the loss consumes.
        batch_size: Showers per batch, over all processes.
        seed: Seed of order and noise.
    """

    def __init__(
        self,
        reader: ShowerReader,
        rows: Tensor,
        conditioning: Conditioning[IncidentParticles],
        preprocessing: Preprocessing,
        noise: NoiseSpec,
        *,
        batch_size: int,
        seed: int,
    ) -> None:
        super().__init__()
        if rows.numel() < batch_size:
            msg = f"{rows.numel()} training showers do not fill a batch of {batch_size}"
            raise ValueError(msg)
        self.reader, self.rows = reader, rows
        self.conditioning, self.preprocessing, self.noise = conditioning, preprocessing, noise
        self.batch_size, self.seed = batch_size, seed
        self.epoch, self.rank, self.processes = 0, 0, 1
        self._windows: list[Tensor] = []
        self._kept: SparseDeposits | None = None

    def __len__(self) -> int:
        return sum(rows.numel() // self.batch_size for rows in self.windows)

    @property
    def cells(self) -> int:
        """Number of cells of a shower."""
        return self.reader.detector.geometry.cells

    @property
    def windows(self) -> list[Tensor]:
        """The rows that are in memory together."""
        if not self._windows:
            sample = next(read_rows(self.reader, self.rows[:500]))
            hits = float((sample.deposits > 0).sum()) / len(sample)
            size = max(self.batch_size, int(_MAX_HITS / max(hits, 1.0)))
            parts = -(-self.rows.numel() // size)
            self._windows = list(torch.tensor_split(self.rows, parts))
        return self._windows

    def share(self, rank: int, processes: int) -> None:
        """Makes this process number `rank` of several."""
        if self.batch_size % processes:
            msg = f"a batch of {self.batch_size} cannot be shared by {processes} processes"
            raise ValueError(msg)
        self.rank, self.processes = rank, processes

    def __iter__(self) -> Iterator[Batch]:
        order = random_generator(block_seed(self.seed, self.epoch, _ORDER))
        step = 0
        for window in order.permutation(len(self.windows)).tolist():
            showers = self._load(window)
            shuffled = torch.from_numpy(order.permutation(len(showers)))
            for batch in torch.split(shuffled, self.batch_size):
                if batch.numel() == self.batch_size:
                    z = draw(self.noise, self.batch_size, (self.seed, _NOISE, self.epoch, step))
                    step += 1
                    yield self.features(showers, batch[self._mine], self._slice(z))

    def features(self, showers: SparseDeposits, rows: Tensor, z: Variates) -> Batch:
        """What the model sees of some showers."""
        particles = showers.particles[rows]
        x = self.preprocessing(showers.dense(rows), particles.energy.float())
        return x, self.conditioning(particles), z

    def _load(self, window: int) -> SparseDeposits:
        if self._kept is None or len(self.windows) > 1:
            rows = self.windows[window]
            self._kept = SparseDeposits(read_rows(self.reader, rows), self.cells)
        return self._kept

    @property
    def _mine(self) -> slice:
        share = self.batch_size // self.processes
        return slice(self.rank * share, (self.rank + 1) * share)

    def _slice(self, z: Variates) -> Variates:
        return {name: values[self._mine] for name, values in z.items()}


def _spread(rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Rows that stay, and `count` rows spread evenly."""
    chosen = torch.zeros(rows.numel(), dtype=torch.bool)
    chosen[((torch.arange(count, dtype=torch.float64) + 0.5) * rows.numel() / count).long()] = True
    return rows[~chosen], rows[chosen]
