"""A look at the physics of what a model makes while it trains.

Generated rows answer the causes of the validation rows, and a criterion says how near the two are.
"""

from __future__ import annotations

from typing import Generic

import torch

from heitler.simulators import TrainedSimulator
from heitler.training.criteria import Criterion
from heitler.training.data import C, R

__all__ = ["PhysicsMonitor"]


class PhysicsMonitor(Generic[C, R]):
    """How near generated rows are to validation rows.

    Arguments:
        simulator: The simulator whose model is being trained.
        particles: What caused the validation rows.
        validation: The validation rows.
        criterion: What compares.
        seed: Seed of the generated rows.
    """

    def __init__(
        self,
        simulator: TrainedSimulator[C, R],
        particles: C,
        validation: R,
        criterion: Criterion[R],
        *,
        seed: int,
    ) -> None:
        self.simulator, self.seed = simulator, seed
        self.validation, self.criterion = validation, criterion
        self.particles = particles[torch.arange(len(particles)).repeat(criterion.copies)]

    def __call__(self) -> dict[str, float]:
        """What the criterion finds, by name."""
        training = self.simulator.model.training
        self.simulator.model.eval()
        generated = self.simulator.simulate(self.particles, seed=self.seed)
        self.simulator.model.train(training)
        return self.criterion(self.validation, generated)
