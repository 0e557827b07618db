"""What every trained simulator is made of, and the folder that holds it.

A folder holds all of it: ``config.yaml`` (what it is made of), ``model.safetensors`` (what it has
learned), ``card.json`` (where it holds). A run directory of the trainer is such a folder.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from heitler.causes import Causes
from heitler.data import resolve_model
from heitler.formats import atomic_file, sha256
from heitler.models import GenerativeModel, Variates, draw
from heitler.preprocessing import Conditioning, Preprocessing
from heitler.simulators.blueprint import Blueprint, read_configuration, read_yaml
from heitler.simulators.card import ModelCard

__all__ = ["CARD", "CONFIGURATION", "WEIGHTS", "TrainedSimulator"]

CONFIGURATION = "config.yaml"
WEIGHTS = "model.safetensors"
CARD = "card.json"

_CHUNK = 128
"""Responses that are generated at a time: their cells stay in the cache of a core."""

C = TypeVar("C", bound=Causes)
R_co = TypeVar("R_co", covariant=True)


class TrainedSimulator(ABC, Generic[C, R_co]):
    """A generative model with everything between it and physics.

    Arguments:
        conditioning: From causes to the model's conditions.
        preprocessing: Its inverse goes from the model's output to physical numbers.
        model: The generative model.
        card: What the model was trained on.
        extrapolate: Whether to accept causes outside of the card's range.
    """

    grain: ClassVar[int] = _CHUNK

    def __init__(
        self,
        conditioning: Conditioning[C],
        preprocessing: Preprocessing,
        model: GenerativeModel,
        card: ModelCard[Any],
        *,
        extrapolate: bool = False,
    ) -> None:
        self.conditioning = conditioning
        self.preprocessing = preprocessing
        self.model = model.eval()
        self.card = card
        self.extrapolate = extrapolate

    @abstractmethod
    def simulate(self, incident: C, *, seed: int) -> R_co:
        """One response for each cause; the same for the same causes and seed.

        Raises:
            ValueError: A cause is outside of the range that the card states.
        """

    def check(self, incident: C) -> None:
        """Refuses causes that the model was not trained on, unless it may extrapolate.

        Raises:
            ValueError: Names the range of the training.
        """
        if not self.extrapolate:
            self.card.training_range.check(incident)

    def batches(
        self, incident: C, seed: int, number: int = 0
    ) -> Iterator[tuple[slice, Variates, Tensor]]:
        """Places, random numbers and conditions of each batch of the model.

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
    def cells(self, incident: C, part: slice, z: Variates, c: Tensor) -> Tensor:
        """What the model makes of a batch, in physical units: (n, cells)."""
        energy = incident.energy[part].float()
        return self.preprocessing.inverse(self.model(z, c).cpu(), energy)

    def save(self, folder: Path, configuration: str) -> None:
        """Writes configuration, weights and card into an existing folder.

        The weights of a model that was stripped are those of generation alone.

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
    def load(cls, folder: Path | str, *, extrapolate: bool = False) -> Self:
        """The simulator that a folder holds, or a packaged model.

        Arguments:
            folder: Path of a run directory, or a name of `heitler.data.models()`.
            extrapolate: Whether to accept causes outside of the card's range.

        Raises:
            ValueError: There is none of this kind, or the folder holds no complete simulator.
        """
        folder = resolve_model(folder)
        for name in (CARD, CONFIGURATION, WEIGHTS):
            if not (folder / name).is_file():
                unfinished = (folder / CONFIGURATION).is_file()
                hint = "its training is not finished" if unfinished else "it is not a trained run"
                msg = f"{folder} holds no {name}: {hint}"
                raise ValueError(msg)
        card = ModelCard.read(folder / CARD)
        simulator = cls._untrained(folder, card, extrapolate=extrapolate)
        try:
            weights = load_file(folder / WEIGHTS)
        except SafetensorError as error:
            msg = f"{folder / WEIGHTS} does not fit {CONFIGURATION}: {error}"
            raise ValueError(msg) from error
        return simulator._filled(folder, weights)

    @classmethod
    def of(
        cls,
        folder: Path,
        card: ModelCard[Any],
        weights: dict[str, Tensor],
        *,
        extrapolate: bool = False,
    ) -> Self:
        """The simulator of a card and of weights that are read already.

        Arguments:
            folder: Where the configuration is.
            card: What the model was trained on.
            weights: What it has learned.
            extrapolate: Whether to accept causes outside of the card's range.

        Raises:
            ValueError: The three do not fit each other.
        """
        return cls._untrained(folder, card, extrapolate=extrapolate)._filled(folder, weights)

    @classmethod
    def _untrained(cls, folder: Path, card: ModelCard[Any], *, extrapolate: bool) -> Self:
        settings = read_yaml(folder / CONFIGURATION)
        parts = {key: settings.get(key) for key in ("model", "preprocessing", "conditioning")}
        blueprint, _ = read_configuration(Blueprint, parts, source=str(folder / CONFIGURATION))
        return cls._of(blueprint, card, str(folder), extrapolate=extrapolate)

    def _filled(self, folder: Path, weights: dict[str, Tensor]) -> Self:
        try:
            if not _can_train(self.model, weights):
                self.model.strip()
            self._modules().load_state_dict(weights)
        except RuntimeError as error:
            msg = f"{folder / WEIGHTS} does not fit {CONFIGURATION}: {error}"
            raise ValueError(msg) from error
        return self

    def provenance(self, folder: Path | str) -> dict[str, Any]:
        """What a file of generated responses says about its origin.

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

    @classmethod
    @abstractmethod
    def _of(
        cls, blueprint: Blueprint, card: ModelCard[Any], source: str, *, extrapolate: bool
    ) -> Self:
        """The simulator with fresh weights."""

    def _modules(self) -> nn.ModuleDict:
        return nn.ModuleDict(
            {
                "conditioning": self.conditioning,
                "preprocessing": self.preprocessing,
                "model": self.model,
            }
        )


def _can_train(model: GenerativeModel, weights: Iterable[str]) -> bool:
    """Whether there are weights, by their names, of what only the model's training needs."""
    parts = tuple(f"model.{name}" for name in model.training_only)
    return any(name.startswith(parts) for name in weights)
