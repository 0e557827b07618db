"""What all sections on the compound-hit model share: data sets, trainings, tables of showers.

Trained models are kept in a folder of runs, below a digest of the code and the configurations, so
that a section finds the models of another one and never those of other code. Numbers of a section
are kept as JSON beside the page, with their provenance.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256 as sha256_of
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from heitler.formats import create_showers, open_showers, read_particles, sha256
from heitler.models import random_generator
from heitler.observables import OBSERVABLES, high_level_features, lateral_features
from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.simulators import PARTICLES, NeuralSimulator, machine
from heitler.training import Split, read_rows, train

Array = NDArray[np.float64]

ROOT = Path(__file__).parents[1]
QUICK = {
    "ild_ecal": (700, 200, 50),
    "clic_ecal": (500, 150, 50),
    "ild_ecal_tilted": (600, 200, 50),
    "clic_ecal_more": (500, 150, 50),
    "ild_ecal_tilted_more": (600, 200, 50),
    "ild_ecal_more": (700, 200, 50),
    "ild_ecal_types": (700, 200, 50),
}
"""Showers, test and validation of a trial of the script that says nothing about the model."""

_QUICK_WORDS = ("--training.stages.rates.epochs=1", "--training.stages.prior.epochs=1")
_CHUNK = 100
_SOURCES = (
    "models/base.py",
    "models/compound_hits",
    "kernels",
    "networks/mlp.py",
    "networks/splines.py",
    "simulators/neural.py",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A data set with its configuration and bars.

    Arguments:
        name: Name of the detector.
        title: Words for a heading.
        file: Name of the shower file.
        energies: Edges of three bins of incident energy in GeV.
        bars: Largest AUC by classifier.
        speed: Smallest speed-up over Geant4; None without a bar.
        seconds: Longest training; None without a bar.
        recipe: Name of the configuration, that of the data set if empty.
        words: Overrides of the configuration.
        test: Number of held-out showers, that of the configuration if 0.
    """

    name: str
    title: str
    file: str
    energies: tuple[int, int, int, int]
    bars: Mapping[str, float]
    speed: float | None = None
    seconds: float | None = None
    recipe: str = ""
    words: tuple[str, ...] = ()
    test: int = 0

    @property
    def config(self) -> Path:
        """Configuration of the training."""
        return ROOT / "configs" / "experiments" / f"compound_hits_{self.recipe or self.name}.yaml"

    @property
    def tilted(self) -> bool:
        """Whether its particles come at many angles."""
        return "tilted" in self.name

    @property
    def settings(self) -> dict[str, Any]:
        """Content of the configuration."""
        return dict(yaml.safe_load(self.config.read_text()))


_OTHERS = {"A trees": 0.65, "A network": 0.65, "B trees": 0.70, "B network": 0.70}
CASES = {
    case.name: case
    for case in (
        Case(
            "ild_ecal",
            "photons in `ild_ecal`",
            "ild_photons_perpendicular.h5",
            (10, 40, 70, 100),
            {
                "A trees": 0.60, "A network": 0.64, "B trees": 0.65, "B network": 0.65,
                "voxels": 0.53,
            },
            speed=4500,
            seconds=180,
        ),
        Case(
            "clic_ecal",
            "electrons in `clic_ecal`",
            "clic_electrons.h5",
            (10, 173, 337, 500),
            _OTHERS,
            speed=10000,
        ),
        Case(
            "ild_ecal_tilted",
            "tilted photons in `ild_ecal_tilted`",
            "ild_photons_tilted.h5",
            (10, 40, 70, 100),
            _OTHERS,
        ),
        Case(
            "clic_ecal_more",
            "electrons in `clic_ecal`, with showers of `heitler simulate`",
            "clic_electrons_joined.h5",
            (10, 173, 337, 500),
            {"A trees": 0.57, "B trees": 0.60} | {
                name: bar for name, bar in _OTHERS.items() if name.endswith("network")
            },
            recipe="clic_ecal",
            test=1500,
            # Fewer epochs of more showers.
            words=(
                "--training.stages.rates.epochs=10",
                "--training.stages.prior.epochs=28",
            ),
        ),
        Case(
            "ild_ecal_more",
            "photons in `ild_ecal`, of `heitler simulate`",
            "ild_photons_20000.h5",
            (10, 40, 70, 100),
            {"A trees": 0.57, "B trees": 0.60},
            recipe="ild_ecal",
            words=(
                "--training.stages.rates.epochs=5",
                "--training.stages.prior.epochs=14",
            ),
        ),
        Case(
            "ild_ecal_tilted_more",
            "tilted photons in `ild_ecal_tilted`, with showers of `heitler simulate`",
            "ild_photons_tilted_joined.h5",
            (10, 40, 70, 100),
            _OTHERS,
            recipe="ild_ecal_tilted",
            test=1500,
        ),
        Case(
            "ild_ecal_types",
            "photons and electrons in `ild_ecal`, one model",
            "ild_photons_electrons.h5",
            (10, 40, 70, 100),
            _OTHERS,
        ),
    )
}  # fmt: skip

TIMED = ("ild_ecal", "clic_ecal", "ild_ecal_tilted")
"""Data sets of all sections; the others are looked at for their fidelity only."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Observables and cells of N showers.

    Arguments:
        energy: Incident energies in MeV, (N,).
        theta: Angles to the face in rad, (N,).
        values: Values of observables, (N,) or (N, k).
        a, b: Feature sets A and B.
        cells: Deposits in MeV, (N, cells), sparse.
    """

    energy: Array
    theta: Array
    values: Mapping[str, Array]
    a: Array
    b: Array
    cells: csr_array

    def __len__(self) -> int:
        return len(self.energy)

    def __getitem__(self, rows: NDArray[Any] | slice) -> Table:
        return Table(
            self.energy[rows],
            self.theta[rows],
            {name: value[rows] for name, value in self.values.items()},
            self.a[rows],
            self.b[rows],
            self.cells[rows],
        )

    @classmethod
    def of(cls, parts: Iterable[Showers]) -> Table:
        """The table of showers that come batch by batch."""
        columns: dict[str, list[Any]] = {}
        for batch in parts:
            for start in range(0, len(batch), _CHUNK):
                for name, value in _columns(batch[start : start + _CHUNK]).items():
                    columns.setdefault(name, []).append(value)
        cells = vstack(columns.pop("cells"), format="csr")
        full = {name: np.concatenate(value) for name, value in columns.items()}
        own = {name: full.pop(name) for name in ("energy", "theta", "a", "b")}
        return cls(values=full, cells=cells, **own)


def _columns(showers: Showers) -> dict[str, Any]:
    values = {name: entry(showers) for name, entry in OBSERVABLES.items()}
    energy, hits = showers.particles.energy, showers.sparse().hits
    return {
        **{name: value.numpy() for name, value in values.items()},
        "energy": energy.numpy(),
        "theta": showers.particles.theta.numpy(),
        "a": high_level_features(energy, values).numpy(),
        "b": lateral_features(energy, values).numpy(),
        "cells": csr_array(
            (hits.energies.numpy(), hits.cells.numpy(), hits.offsets.numpy()),
            shape=showers.deposits.shape,
        ),
    }


@dataclass(frozen=True, slots=True)
class Study:
    """Where data are, where models go, where numbers go.

    Arguments:
        data: Folder of the shower files.
        runs: Folder of the trained models.
        output: Folder of the numbers.
        repetitions: Trainings of each data set, with the seeds 1, 2, ...
        quick: Whether this is a trial of the script on few showers.
        workers: Processes that share trainings and scores.
    """

    data: Path
    runs: Path
    output: Path
    repetitions: int = 3
    quick: bool = False
    workers: int = 1

    def share(
        self, function: Callable[..., dict[str, Any]], tasks: Sequence[tuple[Any, ...]]
    ) -> list[dict[str, Any]]:
        """The function of each task's arguments, in their order, by all workers."""
        if self.workers == 1:
            return [function(*task) for task in tasks]
        context = get_context("spawn")
        with ProcessPoolExecutor(self.workers, mp_context=context) as pool:
            return list(pool.map(function, *zip(*tasks, strict=True)))

    def file(self, case: Case) -> Path:
        """The shower file of a data set, cut short in a trial."""
        full = self.data / case.file
        if not self.quick:
            return full
        path = self.home(case) / case.file
        if not path.exists():
            rows = torch.arange(QUICK[case.name][0])
            write_subset(full, rows, path)
        return path

    def home(self, case: Case) -> Path:
        """The folder of what was made of a data set: other data have another one."""
        mark = sha256(self.data / case.file)[:8]
        return self.runs / f"{case.name}_{mark}{'_quick' if self.quick else ''}"

    def split(self, case: Case) -> Split:
        """Training, validation and test rows of `file`."""
        test, validation = self.counts(case)
        with open_showers(self.file(case)) as reader:
            return Split.of(len(reader), test=test, validation=validation)

    def counts(self, case: Case) -> tuple[int, int]:
        """Numbers of test and validation showers."""
        data = case.settings["data"]
        if self.quick:
            return QUICK[case.name][1:]
        return case.test or data["test"], data["validation"]

    def trained(
        self,
        case: Case,
        seed: int,
        *,
        name: str = "full",
        file: Path | None = None,
        words: Sequence[str] = (),
    ) -> tuple[Path, dict[str, float]]:
        """The run directory of a training and what it cost; trained unless it is there.

        Arguments:
            case: The data set.
            seed: Seed of the training.
            name: What sets it apart from other trainings of this data set and seed.
            file: Showers, by default those of the data set.
            words: Overrides of the configuration; the last one of a key counts.
        """
        home = self.home(case) / digest()
        folder = home / f"{case.name}_{name}_{seed}"
        cost = folder / "cost.json"
        if not cost.exists():
            shutil.rmtree(folder, ignore_errors=True)
            test, validation = self.counts(case)
            overrides = [
                f"--data.file={file or self.file(case)}",
                f"--seed={seed}",
                f"--data.test={test}",
                f"--data.validation={validation}",
                *case.words,
                *words,
                *(_QUICK_WORDS if self.quick else ()),
            ]
            home.mkdir(parents=True, exist_ok=True)
            start, busy = perf_counter(), process_time()
            train(
                case.settings, folder, overrides=overrides, source=case.config.name, progress=False
            )
            spent = {"wall": perf_counter() - start, "cpu": process_time() - busy}
            epochs = NeuralSimulator.load(folder).card.training["seconds"]
            cost.write_text(json.dumps({**spent, "epochs": epochs, "threads": 1}))
            say(f"{folder.name}: trained in {spent['wall']:.0f} s")
        return folder, json.loads(cost.read_text())

    def keep(self, name: str, content: Mapping[str, Any], data: Sequence[Path]) -> None:
        """Writes numbers with their provenance."""
        words = [Path(sys.argv[0]).name, *(Path(word).name for word in sys.argv[1:])]
        facts = machine()
        origin = {
            "command": f"python benchmarks/{shlex.join(words)}",
            "data": {path.name: sha256(path) for path in data},
            "commit": _commit(),
            "code": digest(),
            "hardware": facts["hardware"],
            "versions": {key: facts[key] for key in ("heitler", "torch", "python")},
            "date": f"{datetime.now(tz=UTC):%Y-%m-%d %H:%M} UTC",
            "quick": self.quick,
        }
        self.output.mkdir(parents=True, exist_ok=True)
        path = self.output / f"{name}.json"
        path.write_text(json.dumps({"origin": origin, **content}, indent=1) + "\n")
        say(f"wrote {path.name}")

    def kept(self, name: str) -> dict[str, Any] | None:
        """Numbers that were written, if they were."""
        path = self.output / f"{name}.json"
        return dict(json.loads(path.read_text())) if path.exists() else None


def say(text: str) -> None:
    """Reports progress."""
    print(text, file=sys.stderr, flush=True)


@cache
def digest() -> str:
    """Names the state of the code and of the configurations that decide what a model is."""
    package = ROOT / "src" / "heitler"
    paths = sorted({case.config for case in CASES.values()})
    for name in _SOURCES:
        path = package / name
        paths += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return sha256_of(b"".join(path.read_bytes() for path in paths)).hexdigest()[:10]


@cache
def full_table(path: Path) -> Table:
    """The table of all showers of a file."""
    with open_showers(path) as reader:
        return Table.of(reader.batches(500))


def geant4(study: Study, case: Case) -> tuple[Table, Table]:
    """Held-out and training showers of a data set."""
    table, split = full_table(study.file(case)), study.split(case)
    return table[split.test.numpy()], table[split.train.numpy()]


def incident(run: Path, simulator: NeuralSimulator, number: int, seed: int) -> IncidentParticles:
    """Some of the incident particles of the training showers, each once while they last."""
    particles = read_particles(run / PARTICLES, simulator.detector)
    generator = random_generator(seed)
    orders = [generator.permutation(len(particles)) for _ in range(-(-number // len(particles)))]
    return particles[torch.from_numpy(np.concatenate(orders)[:number])]


def generated(simulator: NeuralSimulator, particles: IncidentParticles, seed: int) -> Table:
    """Showers of a model that answer these particles."""

    def parts() -> Iterator[Showers]:
        sparse = simulator.simulate_sparse(particles, seed=seed)
        for start in range(0, len(particles), _CHUNK):
            some = slice(start, start + _CHUNK)
            deposits = sparse.hits[some].dense(simulator.detector.geometry.cells)
            yield Showers(deposits, particles[some], simulator.detector)

    return Table.of(parts())


def write_subset(source: Path, rows: torch.Tensor, path: Path) -> Path:
    """Some showers of a file, in the order of `rows`, as a file of their own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered, back = rows.unique(return_inverse=True)
    with open_showers(source) as reader:
        showers = Showers.concatenate(list(read_rows(reader, ordered)))[back]
        with create_showers(path, reader.detector, provenance=reader.provenance) as writer:
            writer.write(showers)
    return path


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation; the latter is 0 for one value."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _commit() -> str:
    words = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() or "unknown"
