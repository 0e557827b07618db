"""A look at the physics of generated showers while a model trains.

For a few observables, the Wasserstein-1 distance between generated and validation showers in
units of the validation showers' standard deviation. The generated showers answer the incident
particles of the validation showers.
"""

from __future__ import annotations

import torch

from heitler.metrics import wasserstein
from heitler.observables import OBSERVABLES
from heitler.showers import Showers
from heitler.simulators import NeuralSimulator

__all__ = ["MONITORED", "PhysicsMonitor"]

MONITORED = ("response", "hits", "centre_z", "width_z", "width_x", "width_y", "maximum_energy")
"""Observables with one number per shower."""


class PhysicsMonitor:
    """Distances of generated from validation showers.

    Arguments:
        simulator: The simulator whose model is being trained.
        validation: Validation showers.
        seed: Seed of the generated showers.
    """

    def __init__(self, simulator: NeuralSimulator, validation: Showers, *, seed: int) -> None:
        self.simulator, self.validation, self.seed = simulator, validation, seed
        self.reference = {name: OBSERVABLES[name](validation) for name in MONITORED}

    def __call__(self) -> dict[str, float]:
        """Distances by observable, and their mean as "mean"."""
        training = self.simulator.model.training
        self.simulator.model.eval()
        generated = self.simulator.simulate(self.validation.particles, seed=self.seed)
        self.simulator.model.train(training)
        distances = {}
        for name, reference in self.reference.items():
            spread = reference.std().clamp(min=1e-12)
            candidate = OBSERVABLES[name](generated)
            distances[name] = wasserstein(reference / spread, candidate / spread).value
        return {**distances, "mean": float(torch.tensor(list(distances.values())).mean())}
