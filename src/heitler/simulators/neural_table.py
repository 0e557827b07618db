"""A trained generative model as a simulator of tables: what a detector says, without its cells."""

from __future__ import annotations

from typing import Any, Self

import torch

from heitler.simulators.blueprint import Blueprint
from heitler.simulators.card import ModelCard, TrainingRange
from heitler.simulators.track_range import TrackRange
from heitler.simulators.trained import C, TrainedSimulator
from heitler.tables import Table

__all__ = ["CAUSES", "NeuralTable"]

CAUSES = "particles.h5"
"""What caused rows of the training, as a table: others than the causes of the held-out rows."""


class NeuralTable(TrainedSimulator[C, Table]):
    """A generative model with everything between it and a table: a `Simulator[C, Table]`.

    C are `IncidentParticles` or `Tracks`: what the conditions are of. The model's cells are the
    columns.

    Arguments:
        conditioning: From causes to the model's conditions.
        preprocessing: Its inverse goes from the model's output to the numbers of the columns.
        model: The generative model.
        card: What the model was trained on; it states the columns.
        extrapolate: Whether to accept causes outside of the card's range.
    """

    @property
    def training_range(self) -> TrainingRange | TrackRange:
        """The causes that the model has seen."""
        seen: TrainingRange | TrackRange = self.card.training_range
        return seen

    def simulate(self, incident: C, *, seed: int) -> Table:
        """One row for each cause; the same for the same causes and seed.

        Raises:
            ValueError: A cause is outside of the range that the card states.
        """
        values = torch.empty(len(incident), len(self.card.columns))
        for part, z, c in self.batches(incident, seed):
            values[part] = self.cells(incident, part, z, c)
        return Table(self.card.columns, values)

    @classmethod
    def _of(
        cls, blueprint: Blueprint, card: ModelCard[Any], source: str, *, extrapolate: bool
    ) -> Self:
        if not card.columns:
            msg = f"{source} makes showers, no table: heitler.simulators.NeuralSimulator loads it"
            raise ValueError(msg)
        parts = blueprint.build_table(len(card.columns))
        return cls(*parts, card, extrapolate=extrapolate)
