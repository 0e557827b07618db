"""Puts trained models into the package: weights, card and what it takes to build the model.

    python benchmarks/package_models.py RUN...

A run directory's name, with that of its detector behind it unless it is in it, is the name of the
packaged model. A run that nobody has assessed is assessed first, since a packaged model says how
good and how fast it is. Only the weights that generation needs are kept, and of the configuration
only what builds the model; where the data were on the machine that trained it is nobody's
business.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import yaml

from heitler.data import __file__ as data_module
from heitler.simulators import ModelCard, NeuralSimulator, NeuralTable, TrainingRange, read_yaml
from heitler.simulators.neural import CARD, CONFIGURATION, WEIGHTS
from heitler.validation import assess, assess_table

MODELS = Path(data_module).with_name("models")
PARTS = ("model", "preprocessing", "conditioning")
LARGEST = 4_000_000
"""Bytes of the weights of a packaged model."""

LICENCE = "Apache-2.0"
"""That of the package."""


def package(run: Path, models: Path = MODELS) -> Path:
    """Copies a run into the package.

    Arguments:
        run: Directory of a finished training.
        models: Folder of the packaged models.

    Raises:
        ValueError: There is no such run, or its weights are too large.
    """
    card = ModelCard.read(run / CARD)
    if not (card.fidelity and card.speed):
        _assess(run, card)
    simulator = (NeuralTable if card.columns else NeuralSimulator).load(run)
    simulator.model.strip()
    simulator.card = renamed(simulator.card, name_of(run.name, simulator.card))
    settings = read_yaml(run / CONFIGURATION)
    folder = models / simulator.card.name
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({part: settings[part] for part in PARTS}, sort_keys=False)
    simulator.save(folder, text)
    if (size := (folder / WEIGHTS).stat().st_size) > LARGEST:
        msg = f"the weights of {run} take {size:,} bytes, at most {LARGEST:,} are packaged"
        raise ValueError(msg)
    return folder


def _assess(run: Path, card: ModelCard[Any]) -> None:
    if card.columns:
        assess_table(run, complete_card=True)
    else:
        assess(run, complete_card=True, progress=False)


def name_of(run: str, card: ModelCard[TrainingRange]) -> str:
    """Name of a packaged model: that of its run and, of a model of showers, its detector."""
    detector = card.detector.get("name", "")
    return run if detector in run else f"{run}_{detector}"


def renamed(card: ModelCard[TrainingRange], name: str) -> ModelCard[TrainingRange]:
    """The card under another name, with the licence of the package."""
    fidelity = {**card.fidelity, "values": _of(card.fidelity["values"], name)}
    speed = {**card.speed, "rows": _of(card.speed["rows"], name)}
    return replace(card, name=name, licence=LICENCE, fidelity=fidelity, speed=speed)


def _of(rows: list[Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
    return [{**row, "candidate": name} for row in rows]


if __name__ == "__main__":
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", help="run directories")
    for path in parser.parse_args().runs:
        print(package(path).name)
