"""Puts trained models into the package: weights, card and what it takes to build the model.

    python benchmarks/package_models.py RUN...

A run directory's name is the name of the packaged model. Only the parts of the configuration that
build the model are kept; where the data were on the machine that trained it is nobody's business.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import yaml

from heitler.simulators.neural import CARD, CONFIGURATION, WEIGHTS

MODELS = Path(__file__).parents[1] / "src" / "heitler" / "data" / "models"
PARTS = ("model", "preprocessing", "conditioning")


def package(run: Path) -> Path:
    """Copies a run into the package.

    Raises:
        ValueError: The run was not assessed: a packaged model states its fidelity and speed.
    """
    card = json.loads((run / CARD).read_text())
    if not (card["fidelity"] and card["speed"]):
        msg = f"{run} was not assessed; run heitler train again"
        raise ValueError(msg)
    folder = MODELS / run.name
    folder.mkdir(parents=True, exist_ok=True)
    settings = yaml.safe_load((run / CONFIGURATION).read_text())
    text = yaml.safe_dump({part: settings[part] for part in PARTS}, sort_keys=False)
    (folder / CONFIGURATION).write_text(text)
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n")
    shutil.copyfile(run / WEIGHTS, folder / WEIGHTS)
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", help="run directories")
    for path in parser.parse_args().runs:
        print(package(path).name)
