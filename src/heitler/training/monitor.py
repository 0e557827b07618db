"""A look at the physics of what a model makes while it trains.

For a few numbers, observables of showers or columns of a table, the Wasserstein-1 distance between
generated and validation rows in units of the validation rows' standard deviation. The generated
rows answer the incident particles of the validation rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic

import torch
from torch import Tensor

from heitler.metrics import wasserstein
from heitler.observables import OBSERVABLES
from heitler.showers import Showers
from heitler.simulators import TrainedSimulator
from heitler.tables import Table
from heitler.training.data import C, R

__all__ = ["MONITORED", "PhysicsMonitor", "columns_of", "observables_of"]

MONITORED = ("response", "hits", "centre_z", "width_z", "width_x", "width_y", "maximum_energy")
"""Observables with one number per shower."""


def observables_of(showers: Showers) -> dict[str, Tensor]:
    """The monitored observables of showers by name, (N,)."""
    return {name: OBSERVABLES[name](showers) for name in MONITORED}


def columns_of(table: Table) -> dict[str, Tensor]:
    """The columns of a table by name, (N,)."""
    return dict(zip(table.names, table.values.T, strict=True))


class PhysicsMonitor(Generic[C, R]):
    """Distances of generated from validation rows.

    Arguments:
        simulator: The simulator whose model is being trained.
        particles: What caused the validation rows.
        validation: The validation rows.
        numbers: The numbers to look at, by name.
        seed: Seed of the generated rows.
    """

    def __init__(
        self,
        simulator: TrainedSimulator[C, R],
        particles: C,
        validation: R,
        numbers: Callable[[R], Mapping[str, Tensor]],
        *,
        seed: int,
    ) -> None:
        self.simulator, self.particles, self.seed = simulator, particles, seed
        self.numbers, self.reference = numbers, numbers(validation)

    def __call__(self) -> dict[str, float]:
        """Distances by name, and their mean as "mean"."""
        training = self.simulator.model.training
        self.simulator.model.eval()
        generated = self.numbers(self.simulator.simulate(self.particles, seed=self.seed))
        self.simulator.model.train(training)
        distances = {}
        for name, reference in self.reference.items():
            spread = reference.std().clamp(min=1e-12)
            distances[name] = wasserstein(reference / spread, generated[name] / spread).value
        return {**distances, "mean": float(torch.tensor(list(distances.values())).mean())}
