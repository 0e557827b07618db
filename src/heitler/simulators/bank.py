"""Many small trained models as one simulator: each answers one type of particle in one slice.

A folder holds ``card.json``, ``config.yaml`` and ``model.safetensors`` as that of any trained
simulator, the weights of all members in one file, and ``bank.json``: the slices and the card of
each member. Members are made of the same parts; what they have learned is read when the first
particle of their slice comes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import safe_open
from torch import Tensor

from heitler.data import resolve_model
from heitler.detectors import Detector, parse_detector
from heitler.formats import sha256
from heitler.hits import Hits
from heitler.particles import IncidentParticles
from heitler.showers import Showers, SparseShowers
from heitler.simulators.card import ModelCard, TrainingRange
from heitler.simulators.neural import CARD, CONFIGURATION, WEIGHTS, NeuralSimulator
from heitler.simulators.slices import Slices
from heitler.simulators.sources import block_seed

__all__ = ["BANK", "Bank", "is_bank", "load_showers"]

BANK = "bank.json"

_MEMBER = 13
"""Purpose of the seeds of members, see `block_seed`."""


class Bank:
    """Members that share the work by particle type and |eta|: a `SparseSimulator`.

    Arguments:
        folder: Where the weights are.
        slices: What each member answers.
        cards: The card of each member, in the order of the slices.
        card: The card of the whole.
        extrapolate: Whether to accept energies outside of a member's training; there is no
            member for other particles and other |eta| in any case.
    """

    def __init__(
        self,
        folder: Path,
        slices: Slices,
        cards: list[ModelCard[TrainingRange]],
        card: ModelCard[TrainingRange],
        *,
        extrapolate: bool = False,
    ) -> None:
        self.folder, self.slices, self.cards, self.card = folder, slices, cards, card
        self.extrapolate = extrapolate
        self.detector: Detector = parse_detector(card.detector, source=f"detector of {folder}")
        self._members: dict[int, NeuralSimulator] = {}

    def __len__(self) -> int:
        return len(self.slices)

    def member(self, place: int) -> NeuralSimulator:
        """The member at a place of `slices.members`."""
        if place not in self._members:
            name = self.slices.members[place].name
            with safe_open(self.folder / WEIGHTS, framework="pt") as file:
                keys = [key for key in file.keys() if key.startswith(f"{name}/")]  # noqa: SIM118
                weights = {key.removeprefix(f"{name}/"): file.get_tensor(key) for key in keys}
            self._members[place] = NeuralSimulator.of(
                self.folder, self.cards[place], weights, extrapolate=self.extrapolate
            )
        return self._members[place]

    def check(self, incident: IncidentParticles) -> None:
        """Refuses particles that no member answers.

        Raises:
            ValueError: Names what there are members for, or the range of a member's training.
        """
        for place, rows in self._shared(incident):
            if not self.extrapolate:
                self.cards[place].training_range.check(incident[rows])

    def simulate(self, incident: IncidentParticles, *, seed: int) -> Showers:
        """One shower for each particle; the same for the same particles and seed.

        Raises:
            ValueError: A particle is answered by no member, or outside of its training.
        """
        return self.simulate_sparse(incident, seed=seed).dense()

    def simulate_sparse(self, incident: IncidentParticles, *, seed: int) -> SparseShowers:
        """The showers of `simulate` as lists of hits.

        Each member has a seed of its own, and makes the showers of its particles in their order.

        Raises:
            ValueError: A particle is answered by no member, or outside of its training.
        """
        self.check(incident)
        rows, parts = [torch.zeros(0, dtype=torch.int64)], []
        for place, mine in self._shared(incident):
            member, own = self.member(place), block_seed(seed, place, _MEMBER)
            parts.append(member.simulate_sparse(incident[mine], seed=own).hits)
            rows.append(mine)
        order = torch.argsort(torch.cat(rows))
        return SparseShowers(Hits.concatenate(parts)[order], incident, self.detector)

    def provenance(self, folder: Path | str) -> dict[str, Any]:
        """What a file of generated showers says about its origin.

        Arguments:
            folder: Where the bank was loaded from, or the name of a packaged one.
        """
        return {
            "simulator": self.card.name,
            "family": self.card.family,
            "members": len(self),
            "weights_sha256": sha256(resolve_model(folder) / WEIGHTS),
            "extrapolate": self.extrapolate,
        }

    def statement(self) -> dict[str, Any]:
        """What ``bank.json`` says: slices, and cards without the detector that they share."""
        names = [each.name for each in self.slices.members]
        cards = [{**asdict(card), "detector": {}} for card in self.cards]
        return {"slices": asdict(self.slices), "members": dict(zip(names, cards, strict=True))}

    @classmethod
    def load(cls, folder: Path | str, *, extrapolate: bool = False) -> Self:
        """The bank that a folder holds.

        Arguments:
            folder: Path of a folder, or the name of a packaged model.
            extrapolate: Whether to accept energies outside of a member's training.

        Raises:
            ValueError: There is none, or its training is not finished.
        """
        folder = resolve_model(folder)
        for name in (BANK, CARD, CONFIGURATION, WEIGHTS):
            if not (folder / name).is_file():
                msg = f"{folder} holds no {name}: it is no bank, or its training is not finished"
                raise ValueError(msg)
        content = json.loads((folder / BANK).read_text())
        slices, card = Slices(**content["slices"]), ModelCard.read(folder / CARD)
        source = f"{folder / BANK}, member"
        cards = [
            ModelCard.of({**_member(content, each.name), "detector": card.detector}, source)
            for each in slices.members
        ]
        return cls(folder, slices, cards, card, extrapolate=extrapolate)

    def _shared(self, incident: IncidentParticles) -> Iterator[tuple[int, Tensor]]:
        """Places of the members that have work, and which particles are theirs."""
        places = self.slices.locate(incident)
        for place in torch.unique(places).tolist():
            yield place, (places == place).nonzero()[:, 0]


def is_bank(folder: Path) -> bool:
    """Whether a folder holds a bank."""
    return (folder / BANK).is_file()


def load_showers(folder: Path | str, *, extrapolate: bool = False) -> NeuralSimulator | Bank:
    """The trained simulator of showers that a folder holds: one model, or a bank of them.

    Arguments:
        folder: Path of a folder, or the name of a packaged model.
        extrapolate: Whether to accept particles outside of the training.

    Raises:
        ValueError: There is none, or it is not complete.
    """
    kind: type[NeuralSimulator | Bank] = (
        Bank if is_bank(resolve_model(folder)) else NeuralSimulator
    )
    return kind.load(folder, extrapolate=extrapolate)


def _member(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if name not in content["members"]:
        msg = f"{BANK} has no member {name}: train the bank again"
        raise ValueError(msg)
    card: Mapping[str, Any] = content["members"][name]
    return card
