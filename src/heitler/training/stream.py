"""Rows of a file on their way into a model.

As many rows are held in memory as fit a limit; a file with more is gone through in windows of that
size. The order of rows and their noise depend on seed and epoch only. Each process takes its slice
of every global batch and of its noise, so any number of processes computes the gradient of the
same batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from heitler.models import NoiseSpec, Variates, draw, random_generator
from heitler.preprocessing import Conditioning, Preprocessing
from heitler.simulators import block_seed
from heitler.training.data import C, Sample, TrainingData
from heitler.training.growth import EnergyGrowth

__all__ = ["Batch", "TrainingStream"]

Batch = tuple[Tensor, Tensor, Variates]
"""Features (N, features), conditions (N, conditions), random numbers."""

_ORDER, _NOISE = 2, 3
"""Purposes of seeds, see `block_seed`."""


class TrainingStream(IterableDataset[Batch], Generic[C]):
    """Batches of training rows, a slice of each for every process.

    Arguments:
        data: The file.
        rows: Rows to train on, sorted.
        conditioning: Fitted.
        preprocessing: Fitted.
        noise: What the loss consumes.
        batch_size: Rows per batch, over all processes.
        seed: Seed of order and noise.
        growth: Which energies each epoch has; all of them by default.
    """

    def __init__(
        self,
        data: TrainingData[C, Any],
        rows: Tensor,
        conditioning: Conditioning[C],
        preprocessing: Preprocessing,
        noise: NoiseSpec,
        *,
        batch_size: int,
        seed: int,
        growth: EnergyGrowth | None = None,
    ) -> None:
        super().__init__()
        if rows.numel() < batch_size:
            msg = f"{rows.numel()} training {data.rows} do not fill a batch of {batch_size}"
            raise ValueError(msg)
        self.data, self.rows = data, rows
        self.conditioning, self.preprocessing, self.noise = conditioning, preprocessing, noise
        self.batch_size, self.seed, self.growth = batch_size, seed, growth
        self.epoch, self.rank, self.processes = 0, 0, 1
        self._windows: list[Tensor] = []
        self._kept: Sample[C] | None = None

    def __len__(self) -> int:
        return sum(rows.numel() // self.batch_size for rows in self.windows)

    @property
    def windows(self) -> list[Tensor]:
        """The rows that are in memory together."""
        if not self._windows:
            size = max(self.batch_size, self.data.most(self.rows))
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
            sample = self._load(window)
            for batch in torch.split(self._shuffled(sample, order), self.batch_size):
                if batch.numel() == self.batch_size:
                    z = draw(self.noise, self.batch_size, (self.seed, _NOISE, self.epoch, step))
                    step += 1
                    yield self.features(sample, batch[self._mine], self._slice(z))

    def features(self, sample: Sample[C], rows: Tensor, z: Variates) -> Batch:
        """What the model sees of some rows."""
        particles = sample.particles[rows]
        x = self.preprocessing(sample.dense(rows), particles.energy.float())
        return x, self.conditioning(particles), z

    def _shuffled(self, sample: Sample[C], order: np.random.Generator) -> Tensor:
        """As many places as the sample has rows: all of them once, few of them more often."""
        rows = torch.arange(len(sample))
        if self.growth is not None:
            widest = float(self.growth.away(self.data.particles[self.rows].energy).max())
            rows = self.growth.rows(sample.particles.energy, self.epoch, widest=widest)
        turns = -(-len(sample) // rows.numel())
        places = [rows[torch.from_numpy(order.permutation(rows.numel()))] for _ in range(turns)]
        return torch.cat(places)[: len(sample)]

    def _load(self, window: int) -> Sample[C]:
        if self._kept is None or len(self.windows) > 1:
            self._kept = self.data.load(self.windows[window])
        return self._kept

    @property
    def _mine(self) -> slice:
        share = self.batch_size // self.processes
        return slice(self.rank * share, (self.rank + 1) * share)

    def _slice(self, z: Variates) -> Variates:
        return {name: values[self._mine] for name, values in z.items()}
