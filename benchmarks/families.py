"""Every model family on the same Geant4 showers: writes docs/results/families.md.

    python benchmarks/families.py --runs RUNS
    python benchmarks/families.py --runs RUNS --only vae gflash
    python benchmarks/families.py --runs RUNS --only page
    python benchmarks/families.py --runs RUNS --only types --types FILE

A family is a configuration ``*_ild_ecal_coarse*.yaml`` of configs/experiments; whatever its data
are, it is trained and tested on the same packaged photons as all others. The exception is the one
of several types of particles: its showers are given with --types, and its configuration says how
to make them. Each section (floor, gflash, a family, images, regression, types) leaves a JSON file
in docs/results/families/, from which the page is assembled; one that is there is not made again
unless --only names it. Run directories stay in RUNS, and an interrupted training goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import torch

from families_geant4 import TEST, VALIDATION, Geant4, assessed, floor, geant4, gflash
from families_images import images
from families_page import body
from families_regression import regression
from families_scores import SEED
from families_types import known_types
from heitler.data import resolve
from heitler.formats import sha256
from heitler.simulators import NeuralSimulator, machine
from heitler.validation import contest
from results import RESULTS, write_page

DATA = "ild_photons_coarse"
CONFIGS = Path(__file__).parents[1] / "configs" / "experiments"
KEPT = RESULTS / "families"
_COARSE = "_ild_ecal_coarse"
_UNTRAINED = "wgan_gp"
"""The family whose start is a row of its own."""

_TYPES = "acgan_types"
"""The family of several types of particles, which needs data of its own."""


def families() -> dict[str, Path]:
    """Configurations of the families in the detector of the packaged photons, by name."""
    paths = sorted(CONFIGS.glob(f"*{_COARSE}*.yaml"))
    return {path.stem.replace(_COARSE, ""): path for path in paths}


def trained(name: str, data: Path | str, folder: Path, *words: str) -> NeuralSimulator:
    """A family's simulator, trained unless its run directory is complete.

    Arguments:
        name: Name of the family.
        data: Its showers.
        folder: Its run directory.
        words: Overrides of the configuration.
    """
    same = {"data.file": data, "data.test": TEST, "data.validation": VALIDATION, "seed": SEED}
    overrides = [*(f"--{key}={value}" for key, value in same.items()), *words]
    contest.trained(families()[name], folder, overrides=overrides, progress=False)
    return NeuralSimulator.load(folder)


def photons() -> Geant4:
    """The packaged showers."""
    return geant4(resolve(DATA))


def gflash_section(_: Path) -> dict[str, Any]:
    """GFLASH, for which nothing is trained."""
    return {"family": "GFLASH", **assessed(gflash(photons().known), photons())}


def family_section(name: str, runs: Path) -> dict[str, Any]:
    """A trained family."""
    return _section(trained(name, DATA, runs / name), photons())


def _section(simulator: NeuralSimulator, full: Geant4) -> dict[str, Any]:
    facts = simulator.card.training
    return {
        "family": simulator.card.family,
        "parameters": facts["parameters"],
        "training_seconds": facts["seconds"],
        **assessed(simulator, full),
    }


def linear_section(runs: Path) -> dict[str, Any]:
    """What adversarial families start at: a Wasserstein GAN that is not trained."""
    return _start(_UNTRAINED, DATA, runs / "linear_start", photons())


def _start(name: str, data: Path | str, folder: Path, full: Geant4) -> dict[str, Any]:
    stage = "--training.stages.adversarial."
    words = f"{stage}epochs=1", f"{stage}learning_rate=1e-12"
    simulator = trained(name, data, folder, *words)
    parameters = simulator.card.training["parameters"]
    return {"family": "linear start", "parameters": parameters, **assessed(simulator, full)}


def types_section(data: Path, runs: Path) -> dict[str, Any]:
    """The family of several types on showers of these types, with rows for comparison."""
    full = geant4(data)
    simulator = trained(_TYPES, data, runs / _TYPES)
    rows = {
        "floor": floor(full),
        "gflash": assessed(gflash(full.known), full),
        "linear_start": _start(_TYPES, data, runs / f"{_TYPES}_start", full),
        "acgan": _section(simulator, full),
    }
    facts = {"file": data.name, "sha256": sha256(data), "train": simulator.card.data["train"]}
    return {"rows": rows, "known": known_types(full, simulator), "data": facts}


def sections(types: Path | None = None) -> dict[str, Callable[[Path], dict[str, Any]]]:
    """What makes the file of each section, by its name.

    Arguments:
        types: Showers of several types of particles.
    """
    makers: dict[str, Callable[[Path], dict[str, Any]]] = {
        "floor": lambda _: floor(photons()),
        "gflash": gflash_section,
        "linear_start": linear_section,
    }
    for name in families():
        if name != _TYPES:
            makers[name] = partial(family_section, name)
    makers["images"] = lambda runs: images(families(), runs / "images")
    makers["regression"] = lambda runs: regression(DATA, runs / "regression")
    if types is not None:
        makers["types"] = partial(types_section, types)
    return makers


def made() -> dict[str, str]:
    """Where, when and of what a section was made."""
    facts = machine()
    return {
        "data_sha256": sha256(resolve(DATA)),
        "seed": str(SEED),
        "hardware": str(facts["hardware"]),
        "date": f"{datetime.now(tz=UTC):%Y-%m-%d}",
    }


def kept(name: str) -> dict[str, Any] | None:
    """What a section has left; None if that is nothing, or of other data."""
    path = KEPT / f"{name}.json"
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text())
    return content if content["made"]["data_sha256"] == sha256(resolve(DATA)) else None


@contextmanager
def reported(name: str) -> Iterator[None]:
    """Says what a section cost."""
    start = process_time()
    yield
    print(f"{name}: {process_time() - start:.0f} s of CPU", flush=True)


def main() -> None:
    """Makes the sections that are missing or asked for, writes the page."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=Path, required=True, help="folder of run directories")
    parser.add_argument("--types", type=Path, help="showers of photons and electrons")
    names = [*sections(), "types"]
    parser.add_argument("--only", nargs="+", choices=[*names, "page"], help="sections to make")
    options = parser.parse_args()
    makers = sections(options.types)
    options.runs.mkdir(parents=True, exist_ok=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    for name, make in makers.items():
        if name in options.only if options.only else kept(name) is None:
            with reported(name):
                content = {**make(options.runs), "made": made()}
            (KEPT / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    found = {name: content for name in names if (content := kept(name)) is not None}
    title = "Every family on the same showers"
    command = "families.py --runs runs --types ild_photons_electrons_coarse.h5"
    print(write_page("families", title, body(found), [resolve(DATA)], command))


if __name__ == "__main__":
    main()
