"""What a folder of a trained model holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from heitler.data import resolve_model
from heitler.simulators.bank import Bank, is_bank
from heitler.simulators.card import ModelCard
from heitler.simulators.neural import CARD, NeuralSimulator
from heitler.simulators.neural_table import NeuralTable
from heitler.simulators.stack import STACK, StackedSimulator

__all__ = ["Trained", "load_trained"]

Trained = NeuralSimulator | Bank | NeuralTable[Any] | StackedSimulator
"""Whatever training makes."""


def load_trained(folder: Path | str, *, extrapolate: bool = False) -> Trained:
    """The trained simulator of a folder: of showers or of tables, one model or many.

    Arguments:
        folder: Path of a folder, or the name of a packaged model.
        extrapolate: Whether to accept causes outside of the training.

    Raises:
        ValueError: There is none, or it is not complete.
    """
    folder = resolve_model(folder)
    return _kind(folder).load(folder, extrapolate=extrapolate)


def _kind(folder: Path) -> type[Trained]:
    if (folder / STACK).is_file():
        return StackedSimulator
    if is_bank(folder):
        return Bank
    # Where there is no card, the simulator of showers says so.
    card = folder / CARD
    return NeuralTable if card.is_file() and ModelCard.read(card).columns else NeuralSimulator
