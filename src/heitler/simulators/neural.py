"""A trained generative model as a simulator of showers: MeV in, MeV out."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor

from heitler.detectors import Detector, parse_detector
from heitler.hits import Hits
from heitler.models import GenerativeModel, Variates
from heitler.particles import IncidentParticles
from heitler.preprocessing import Conditioning, Preprocessing
from heitler.showers import Showers, SparseShowers
from heitler.simulators.base import part_number
from heitler.simulators.blueprint import Blueprint
from heitler.simulators.card import ModelCard, TrainingRange
from heitler.simulators.trained import CARD, CONFIGURATION, WEIGHTS, TrainedSimulator

__all__ = ["CARD", "CONFIGURATION", "HELD_OUT", "PARTICLES", "WEIGHTS", "NeuralSimulator"]

HELD_OUT = "held_out.h5"
"""Showers, or rows of a table, that training never saw."""

PARTICLES = "particles.csv"
"""Incident particles of training showers: others than those of the held-out ones."""


class NeuralSimulator(TrainedSimulator[IncidentParticles, Showers]):
    """A generative model with everything between it and physics: a `ShowerSimulator`.

    Arguments:
        detector: The detector whose cells the model fills.
        conditioning: From incident particles to the model's conditions.
        preprocessing: Its inverse goes from the model's output to deposits.
        model: The generative model.
        card: What the model was trained on.
        extrapolate: Whether to accept particles outside of the card's range.
    """

    card: ModelCard[TrainingRange]

    def __init__(
        self,
        detector: Detector,
        conditioning: Conditioning[IncidentParticles],
        preprocessing: Preprocessing,
        model: GenerativeModel,
        card: ModelCard[TrainingRange],
        *,
        extrapolate: bool = False,
    ) -> None:
        super().__init__(conditioning, preprocessing, model, card, extrapolate=extrapolate)
        self.detector = detector

    def simulate(self, incident: IncidentParticles, *, seed: int) -> Showers:
        """One shower for each particle; the same for the same particles and seed.

        Raises:
            ValueError: A particle is outside of the range that the card states.
        """
        if self.model.sparse and self.preprocessing.identity:
            return self.simulate_sparse(incident, seed=seed).dense()
        deposits = torch.empty(len(incident), self.detector.geometry.cells)
        for part, z, c in self.batches(incident, seed):
            deposits[part] = self.cells(incident, part, z, c)
        return Showers(deposits, incident, self.detector)

    def simulate_sparse(
        self, incident: IncidentParticles, *, seed: int, first: int = 0
    ) -> SparseShowers:
        """The showers of `simulate`, from number `first` on, as lists of hits.

        A model that samples hits hands them over as they are, unless there are transforms between
        it and the deposits. Dense rows never exist for more than a batch of the model.

        Raises:
            ValueError: A particle is outside of the range that the card states, or `first` is no
                multiple of `grain`.
        """
        batches = self.batches(incident, seed, part_number(first, self.grain))
        parts = [self._hits(incident, *batch) for batch in batches]
        return SparseShowers(Hits.concatenate(parts), incident, self.detector)

    def _hits(self, incident: IncidentParticles, part: slice, z: Variates, c: Tensor) -> Hits:
        if self.preprocessing.identity:
            return self.model.hits(z, c)
        return Hits.of(self.cells(incident, part, z, c))

    @classmethod
    def _of(
        cls, blueprint: Blueprint, card: ModelCard[Any], source: str, *, extrapolate: bool
    ) -> Self:
        if card.columns:
            msg = f"{source} makes no showers but a table: heitler.simulators.NeuralTable loads it"
            raise ValueError(msg)
        detector = parse_detector(card.detector, source=f"detector of {source}")
        parts = blueprint.build(detector.geometry)
        return cls(detector, *parts, card, extrapolate=extrapolate)
