"""Every model family on the same Geant4 showers: writes docs/results/families.md.

    python benchmarks/families.py --runs RUNS
    python benchmarks/families.py --runs RUNS --only vae gflash
    python benchmarks/families.py --runs RUNS --only page

A family is a configuration ``*_ild_ecal_coarse*.yaml`` of configs/experiments; whatever its data
are, it is trained and tested on the same packaged photons as all others. Each section (floor,
gflash, a family, images, regression) leaves a JSON file in docs/results/families/, from which the
page is assembled; one that is there is not made again unless --only names it. Run directories stay
in RUNS, and an interrupted training goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

import torch

from families_images import images
from families_page import body
from families_regression import regression
from families_scores import SEED, Look, scores
from heitler.data import resolve
from heitler.deployment import time_simulator
from heitler.detectors import Detector
from heitler.formats import open_showers, sha256
from heitler.particles import PHOTON, IncidentParticles
from heitler.reconstruction import ReferenceNetwork, train_network
from heitler.showers import Showers, SparseShowers
from heitler.simulators import (
    BLOCK,
    GflashSimulator,
    NeuralSimulator,
    ParticleList,
    ShowerSimulator,
    machine,
    simulate_sparse,
)
from heitler.training import Split, read_rows
from heitler.validation import contest
from results import RESULTS, write_page

DATA = "ild_photons_coarse"
TEST, VALIDATION = 2000, 300
CONFIGS = Path(__file__).parents[1] / "configs" / "experiments"
KEPT = RESULTS / "families"
_COARSE = "_ild_ecal_coarse"
_UNTRAINED = "wgan_gp"
"""The family whose start is a row of its own."""


@dataclass(frozen=True)
class Geant4:
    """Showers of Geant4, in parts that have none in common.

    Arguments:
        reference: What every candidate is compared with; no family saw it.
        floor: As many showers of the training, whose particles the candidates answer.
        judge: The reference regressor, trained on the other showers of the training.
        known: Those other showers, on which GFLASH is calibrated.
        cpu_milliseconds: Geant4's recorded CPU time of a shower.
    """

    reference: Look
    floor: Look
    judge: ReferenceNetwork
    known: SparseShowers
    cpu_milliseconds: float

    @property
    def detector(self) -> Detector:
        """Where the showers are."""
        return self.known.detector

    @property
    def particles(self) -> IncidentParticles:
        """What candidates answer."""
        return self.floor.showers.particles


@cache
def geant4() -> Geant4:
    """The packaged photons, divided as in every training."""
    with open_showers(resolve(DATA)) as reader:
        split = Split.of(len(reader), test=TEST, validation=VALIDATION)
        seconds = float(reader.provenance["geant4_cpu_seconds_per_shower"])
        parts = [
            Showers.concatenate(list(read_rows(reader, rows))).sparse()
            for rows in (split.test, split.train[:TEST], split.train[TEST:])
        ]
    judge = ReferenceNetwork(parts[2].detector, (PHOTON,))
    train_network(judge, parts[2], seed=SEED)
    return Geant4(Look(parts[0]), Look(parts[1]), judge, parts[2], 1e3 * seconds)


def families() -> dict[str, Path]:
    """Configurations of the families in the detector of the packaged photons, by name."""
    paths = sorted(CONFIGS.glob(f"*{_COARSE}*.yaml"))
    return {path.stem.replace(_COARSE, ""): path for path in paths}


def trained(name: str, folder: Path, *words: str) -> NeuralSimulator:
    """A family's simulator, trained unless its run directory is complete.

    Arguments:
        name: Name of the family.
        folder: Its run directory.
        words: Overrides of the configuration.
    """
    same = {"data.file": DATA, "data.test": TEST, "data.validation": VALIDATION, "seed": SEED}
    overrides = [*(f"--{key}={value}" for key, value in same.items()), *words]
    contest.trained(families()[name], folder, overrides=overrides, progress=False)
    return NeuralSimulator.load(folder)


def gflash() -> GflashSimulator:
    """GFLASH with the mean response of showers that are in no comparison."""
    known = geant4().known
    plain = GflashSimulator(known.detector)
    trial = plain.simulate_sparse(known.particles, seed=SEED + 1)
    factor = _response(known) / _response(trial)
    return GflashSimulator(known.detector, response=plain.response * factor)


def _response(showers: SparseShowers) -> float:
    return float((showers.dense().deposits.double().sum(1) / showers.particles.energy).mean())


def assessed(simulator: ShowerSimulator) -> dict[str, Any]:
    """Scores and times of a simulator."""
    full = geant4()
    made = Look(simulate_sparse(simulator, full.particles, seed=SEED))
    found = {"scores": scores(full.reference, made, full.judge)}
    source = ParticleList(
        IncidentParticles.concatenate([full.particles] * (250 * BLOCK // len(full.particles)))
    )
    times = {
        str(batch): time_simulator(simulator, source, batch=batch, seed=SEED) for batch in (1, 100)
    }
    found["milliseconds"] = {
        batch: [timing.milliseconds, timing.spread] for batch, timing in times.items()
    }
    found["speed_up"] = {
        batch: full.cpu_milliseconds / timing.cpu_milliseconds for batch, timing in times.items()
    }
    return found


def floor_section(_: Path) -> dict[str, Any]:
    """Geant4 against itself."""
    full = geant4()
    return {
        "scores": scores(full.reference, full.floor, full.judge),
        "showers": TEST,
        "geant4_cpu_milliseconds": full.cpu_milliseconds,
    }


def gflash_section(_: Path) -> dict[str, Any]:
    """GFLASH, for which nothing is trained."""
    return {"family": "GFLASH", **assessed(gflash())}


def family_section(name: str, runs: Path) -> dict[str, Any]:
    """A trained family."""
    simulator = trained(name, runs / name)
    facts = simulator.card.training
    return {
        "family": simulator.card.family,
        "parameters": facts["parameters"],
        "training_seconds": facts["seconds"],
        **assessed(simulator),
    }


def linear_section(runs: Path) -> dict[str, Any]:
    """What adversarial families start at: a Wasserstein GAN that is not trained."""
    stage = "--training.stages.adversarial."
    words = f"{stage}epochs=1", f"{stage}learning_rate=1e-12"
    simulator = trained(_UNTRAINED, runs / "linear_start", *words)
    parameters = simulator.card.training["parameters"]
    return {"family": "linear start", "parameters": parameters, **assessed(simulator)}


def sections() -> dict[str, Callable[[Path], dict[str, Any]]]:
    """What makes the file of each section, by its name."""
    makers: dict[str, Callable[[Path], dict[str, Any]]] = {
        "floor": floor_section,
        "gflash": gflash_section,
        "linear_start": linear_section,
    }
    for name in families():
        makers[name] = lambda runs, name=name: family_section(name, runs)
    makers["images"] = lambda runs: images(families(), runs / "images")
    makers["regression"] = lambda runs: regression(DATA, runs / "regression")
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
    makers = sections()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=Path, required=True, help="folder of run directories")
    parser.add_argument("--only", nargs="+", choices=[*makers, "page"], help="sections to make")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    for name, make in makers.items():
        if name in options.only if options.only else kept(name) is None:
            with reported(name):
                content = {**make(options.runs), "made": made()}
            (KEPT / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    found = {name: content for name in makers if (content := kept(name)) is not None}
    title, command = "Every family on the same showers", "families.py --runs runs"
    print(write_page("families", title, body(found), [resolve(DATA)], command))


if __name__ == "__main__":
    main()
