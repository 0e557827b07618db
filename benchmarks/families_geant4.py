"""The showers of Geant4 that judge families, for benchmarks/families.py.

A file is divided as in every training, so that no family saw the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from families_scores import SEED, Look, scores
from heitler.deployment import time_simulator
from heitler.detectors import Detector
from heitler.formats import open_showers
from heitler.particles import IncidentParticles
from heitler.reconstruction import ReferenceNetwork, train_network
from heitler.showers import Showers, SparseShowers
from heitler.simulators import (
    BLOCK,
    GflashSimulator,
    ParticleList,
    ShowerSimulator,
    simulate_sparse,
)
from heitler.training import Split, read_rows

TEST, VALIDATION = 2000, 300


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
def geant4(file: Path) -> Geant4:
    """The showers of a file, divided as in every training."""
    with open_showers(file) as reader:
        split = Split.of(len(reader), test=TEST, validation=VALIDATION)
        seconds = float(reader.provenance["geant4_cpu_seconds_per_shower"])
        taken = first_of_each(reader.particles.pdg[split.train], TEST)
        parts = [
            Showers.concatenate(list(read_rows(reader, rows))).sparse()
            for rows in (split.test, split.train[taken], split.train[~taken])
        ]
    types = tuple(sorted(set(parts[2].particles.pdg.tolist()), reverse=True))
    judge = ReferenceNetwork(parts[2].detector, types)
    train_network(judge, parts[2], seed=SEED)
    return Geant4(Look(parts[0]), Look(parts[1]), judge, parts[2], 1e3 * seconds)


def first_of_each(pdg: Tensor, number: int) -> Tensor:
    """Which of some particles are taken: the first of each type, as many as its share of `number`.

    A file may hold one type behind the other.
    """
    taken = torch.zeros(len(pdg), dtype=torch.bool)
    for code in pdg.unique():
        (rows,) = torch.where(pdg == code)
        taken[rows[: round(number * len(rows) / len(pdg))]] = True
    return taken


def gflash(known: SparseShowers) -> GflashSimulator:
    """GFLASH with the mean response of showers that are in no comparison."""
    plain = GflashSimulator(known.detector)
    trial = plain.simulate_sparse(known.particles, seed=SEED + 1)
    factor = _response(known) / _response(trial)
    return GflashSimulator(known.detector, response=plain.response * factor)


def _response(showers: SparseShowers) -> float:
    return float((showers.dense().deposits.double().sum(1) / showers.particles.energy).mean())


def floor(full: Geant4) -> dict[str, Any]:
    """Geant4 against itself."""
    return {
        "scores": scores(full.reference, full.floor, full.judge),
        "showers": TEST,
        "geant4_cpu_milliseconds": full.cpu_milliseconds,
    }


def answers(simulator: ShowerSimulator, full: Geant4) -> Look:
    """What a simulator makes of the particles of the floor."""
    return Look(simulate_sparse(simulator, full.particles, seed=SEED))


def assessed(simulator: ShowerSimulator, full: Geant4) -> dict[str, Any]:
    """Scores and times of a simulator."""
    made = answers(simulator, full)
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
