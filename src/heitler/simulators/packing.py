"""From the run directories of many small models to one bank, and which of them are the best."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save
from torch import Tensor

from heitler.formats import atomic_file
from heitler.simulators.bank import BANK, Bank
from heitler.simulators.blueprint import read_yaml
from heitler.simulators.card import ModelCard, TrainingRange
from heitler.simulators.neural import CARD, CONFIGURATION, WEIGHTS
from heitler.simulators.slices import Slices

__all__ = ["pack_bank", "ranking"]

_PARTS = ("model", "preprocessing", "conditioning")


def pack_bank(slices: Slices, runs: Sequence[Path], folder: Path) -> Path:
    """Puts trained members into one folder, which needs nothing of their run directories.

    ``bank.json`` is written last: without it the folder is no bank.

    Arguments:
        slices: What each member answers.
        runs: Run directory of each member, in the order of the slices.
        folder: An existing folder with the ``config.yaml`` of the members.

    Raises:
        ValueError: A member is made of other parts, or of showers of another detector.
    """
    wanted = read_yaml(folder / CONFIGURATION)
    weights: dict[str, Tensor] = {}
    cards: list[ModelCard[TrainingRange]] = []
    for member, run in zip(slices.members, runs, strict=True):
        found, card = read_yaml(run / CONFIGURATION), ModelCard.read(run / CARD)
        unlike = [part for part in _PARTS if found.get(part) != wanted.get(part)]
        if cards and card.detector != cards[0].detector:
            unlike.append("detector")
        if unlike:
            msg = f"the member {run.name} has another {unlike[0]} than the bank; train it again"
            raise ValueError(msg)
        # All of a slice is the member's, also what lies between its showers and the edge.
        seen = replace(card.training_range, theta=member.theta)
        cards.append(replace(card, training_range=seen))
        weights |= {f"{member.name}/{key}": v for key, v in load_file(run / WEIGHTS).items()}
    bank = Bank(folder, slices, cards, _card(folder.resolve().name, slices, cards))
    with atomic_file(folder / WEIGHTS) as part:
        part.write_bytes(save(weights))
    with atomic_file(folder / CARD) as part:
        bank.card.write(part)
    with atomic_file(folder / BANK) as part:
        part.write_text(json.dumps(bank.statement(), indent=2) + "\n")
    return folder


def ranking(slices: Slices, cards: Sequence[ModelCard[Any]]) -> list[dict[str, Any]]:
    """Score, epoch and seconds of each member, the best first.

    The score is what chose the weights of its last stage, such as the mean chi2 of
    `heitler.training.EnergyChi2`; members without one come last.
    """
    rows = [
        _row(each.name, card.training) for each, card in zip(slices.members, cards, strict=True)
    ]
    return sorted(rows, key=lambda row: (row["score"] is None, row["score"], row["member"]))


def _row(name: str, training: Mapping[str, Any]) -> dict[str, Any]:
    chosen: list[dict[str, float]] = list(training.get("selected", {}).values())
    last = chosen[-1] if chosen else {}
    return {
        "member": name,
        "score": last.get("score"),
        "epoch": last.get("epoch"),
        "seconds": training["seconds"],
    }


def _card(
    name: str, slices: Slices, cards: Sequence[ModelCard[TrainingRange]]
) -> ModelCard[TrainingRange]:
    """The card of the whole: ranges of all members together, and what they took."""
    first = cards[0]
    numbers = ("train", "validation", "test")
    return ModelCard(
        name=name,
        family=f"Bank of {first.family}",
        detector=first.detector,
        training_range=TrainingRange.union([card.training_range for card in cards]),
        data={
            **{key: sum(card.data[key] for card in cards) for key in numbers},
            "provenance": first.data["provenance"],
        },
        training={
            "seconds": round(sum(card.training["seconds"] for card in cards), 1),
            "parameters": sum(card.training["parameters"] for card in cards),
            "members": ranking(slices, cards),
        },
    )
