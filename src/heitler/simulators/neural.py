"""A trained generative model as a simulator: MeV in, MeV out.

A folder holds all of it: ``config.yaml`` (what it is made of), ``model.safetensors`` (what it has
learned), ``card.json`` (where it holds). A run directory of the trainer is such a folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from heitler.data import resolve_model
from heitler.detectors import Detector, parse_detector
from heitler.formats import atomic_file, sha256
from heitler.hits import Hits
from heitler.models import GenerativeModel, Variates, draw
from heitler.particles import IncidentParticles
from heitler.preprocessing import Conditioning, Preprocessing
from heitler.showers import Showers, SparseShowers
from heitler.simulators.base import part_number
from heitler.simulators.blueprint import Blueprint, read_configuration, read_yaml
from heitler.simulators.card import ModelCard

__all__ = ["CARD", "CONFIGURATION", "HELD_OUT", "PARTICLES", "WEIGHTS", "NeuralSimulator"]

CONFIGURATION = "config.yaml"
WEIGHTS = "model.safetensors"
CARD = "card.json"
HELD_OUT = "held_out.h5"
"""Showers that training never saw."""

PARTICLES = "particles.csv"
"""Incident particles of training showers: others than those of the held-out ones."""

_CHUNK = 128
"""Showers that are generated at a time: their cells stay in the cache of a core."""


class NeuralSimulator:
    """A generative model with everything between it and physics: a `ShowerSimulator`.

    Arguments:
        detector: The detector whose cells the model fills.
        conditioning: From incident particles to the model's conditions.
        preprocessing: Its inverse goes from the model's output to deposits.
        model: The generative model.
        card: What the model was trained on.
        extrapolate: Whether to accept particles outside of the card's range.
    """

    grain: ClassVar[int] = _CHUNK

    def __init__(
        self,
        detector: Detector,
        conditioning: Conditioning[IncidentParticles],
        preprocessing: Preprocessing,
        model: GenerativeModel,
        card: ModelCard,
        *,
        extrapolate: bool = False,
    ) -> None:
        self.detector = detector
        self.conditioning = conditioning
        self.preprocessing = preprocessing
        self.model = model.eval()
        self.card = card
        self.extrapolate = extrapolate

    def simulate(self, incident: IncidentParticles, *, seed: int) -> Showers:
        """One shower for each particle; the same for the same particles and seed.

        Raises:
            ValueError: A particle is outside of the range that the card states.
        """
        if self.model.sparse and self.preprocessing.identity:
            return self.simulate_sparse(incident, seed=seed).dense()
        deposits = torch.empty(len(incident), self.detector.geometry.cells)
        for part, z, c in self._batches(incident, seed):
            deposits[part] = self._deposits(incident, part, z, c)
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
        batches = self._batches(incident, seed, part_number(first, self.grain))
        parts = [self._hits(incident, *batch) for batch in batches]
        return SparseShowers(Hits.concatenate(parts), incident, self.detector)

    def check(self, incident: IncidentParticles) -> None:
        """Refuses particles that the model was not trained on, unless it may extrapolate.

        Raises:
            ValueError: Names the range of the training.
        """
        if not self.extrapolate:
            self.card.training_range.check(incident)

    def _batches(
        self, incident: IncidentParticles, seed: int, number: int = 0
    ) -> Iterator[tuple[slice, Variates, Tensor]]:
        """Showers, random numbers and conditions of each batch of the model.

        The first of them is batch `number` of the seed.
        """
        self.check(incident)
        device = self.model.device
        conditions = self.conditioning(incident).to(device)
        for index, start in enumerate(range(0, len(incident), _CHUNK), start=number):
            part = slice(start, start + _CHUNK)
            c = conditions[part]
            yield part, draw(self.model.noise, len(c), (seed, index), device), c

    @torch.inference_mode()
    def _deposits(
        self, incident: IncidentParticles, part: slice, z: Variates, c: Tensor
    ) -> Tensor:
        energy = incident.energy[part].float()
        return self.preprocessing.inverse(self.model(z, c).cpu(), energy)

    def _hits(self, incident: IncidentParticles, part: slice, z: Variates, c: Tensor) -> Hits:
        if self.preprocessing.identity:
            return self.model.hits(z, c)
        return Hits.of(self._deposits(incident, part, z, c))

    def save(self, folder: Path, configuration: str) -> None:
        """Writes configuration, weights and card into an existing folder.

        Arguments:
            folder: Where to.
            configuration: YAML that holds at least the keys of `Blueprint`.
        """
        with atomic_file(folder / CONFIGURATION) as part:
            part.write_text(configuration)
        with atomic_file(folder / WEIGHTS) as part:
            part.write_bytes(save(self._modules().state_dict()))
        with atomic_file(folder / CARD) as part:
            self.card.write(part)

    @classmethod
    def load(cls, folder: Path | str, *, extrapolate: bool = False) -> NeuralSimulator:
        """The simulator that a folder holds, or a packaged model.

        Arguments:
            folder: Path of a run directory, or a name of `heitler.data.models()`.
            extrapolate: Whether to accept particles outside of the card's range.

        Raises:
            ValueError: There is none, or the folder holds no complete simulator.
        """
        folder = resolve_model(folder)
        for name in (CARD, CONFIGURATION, WEIGHTS):
            if not (folder / name).is_file():
                unfinished = (folder / CONFIGURATION).is_file()
                hint = "its training is not finished" if unfinished else "it is not a trained run"
                msg = f"{folder} holds no {name}: {hint}"
                raise ValueError(msg)
        card = ModelCard.read(folder / CARD)
        detector = parse_detector(card.detector, source=f"detector of {folder}")
        settings = read_yaml(folder / CONFIGURATION)
        parts = {key: settings.get(key) for key in ("model", "preprocessing", "conditioning")}
        blueprint, _ = read_configuration(Blueprint, parts, source=str(folder / CONFIGURATION))
        simulator = cls(
            detector, *blueprint.build(detector.geometry), card, extrapolate=extrapolate
        )
        try:
            simulator._modules().load_state_dict(load_file(folder / WEIGHTS))
        except (RuntimeError, SafetensorError) as error:
            msg = f"{folder / WEIGHTS} does not fit {CONFIGURATION}: {error}"
            raise ValueError(msg) from error
        return simulator

    def provenance(self, folder: Path | str) -> dict[str, Any]:
        """What a file of generated showers says about its origin.

        Arguments:
            folder: Where the simulator was loaded from, or the name of a packaged model.
        """
        return {
            "simulator": self.card.name,
            "family": self.card.family,
            "weights_sha256": sha256(resolve_model(folder) / WEIGHTS),
            "trained_on_sha256": self.card.data.get("sha256"),
            "extrapolate": self.extrapolate,
        }

    def rewrite_card(self, folder: Path, **changes: object) -> None:
        """Replaces fields of the card, here and in the folder."""
        self.card = replace(self.card, **changes)  # type: ignore[arg-type]
        with atomic_file(folder / CARD) as part:
            self.card.write(part)

    def _modules(self) -> nn.ModuleDict:
        return nn.ModuleDict(
            {
                "conditioning": self.conditioning,
                "preprocessing": self.preprocessing,
                "model": self.model,
            }
        )
