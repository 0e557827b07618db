"""CPU time of Geant4 with cells and scorer, without scorer, and bare, in the same run.

The three take turns on the same particles and seeds, one process, so that what else the machine
does meets them alike. Their histories differ where cells are missing: a step ends at a wall.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heitler.detectors import Detector
from heitler.simulators.geant4 import Geant4Data, Geant4Simulator, worker
from heitler.simulators.geant4.children import Children
from heitler.units import GeV

_BARE = Path(__file__).with_name("geant4_bare.py")
VARIANTS = ("cells and scorer", "cells, no scorer", "no cells, no scorer")
SEED = 1


@dataclass(frozen=True)
class Times:
    """CPU seconds of each round, with shape (rounds,), of showers of one energy.

    Arguments:
        detector: Name of the detector.
        energy: Incident energy in MeV.
        count: Showers in a round.
        seconds: By variant.
    """

    detector: str
    energy: float
    count: int
    seconds: dict[str, list[float]]

    def milliseconds(self, variant: str) -> float:
        """The median round, per shower."""
        return float(1e3 * np.median(self.seconds[variant]) / self.count)

    def ratio(self, variant: str) -> tuple[float, float]:
        """To the bare recipe, mean over rounds and its error."""
        ratios = np.divide(self.seconds[variant], self.seconds[VARIANTS[-1]])
        return float(ratios.mean()), float(ratios.std(ddof=1) / len(ratios) ** 0.5)


def measure(detector: Detector, energy: float, *, count: int, rounds: int, pdg: int) -> Times:
    """Times the three variants in turn.

    Arguments:
        detector: What is built.
        energy: Incident energy in MeV.
        count: Showers in a round.
        rounds: How often each variant has its turn.
        pdg: Particle code.
    """
    with Geant4Simulator(detector) as simulator:
        setup = simulator._setup
    passive = setup._replace(plates=tuple(plate._replace(layer=-1) for plate in setup.plates))
    bare = [sys.executable, "-P", str(_BARE), worker.__file__]
    programs = (
        ([sys.executable, "-P", worker.__file__], setup),
        (bare, setup),
        (bare, passive),
    )
    environment = Geant4Data.find().environment
    crews = [
        Children(command, environment=environment, setup=built.message, workers=1)
        for command, built in programs
    ]
    seconds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    try:
        for turn in range(-1, rounds):  # the first one makes tables
            for name, crew in zip(VARIANTS, crews, strict=True):
                (answer,) = crew.work([_task(detector, energy, count, pdg, turn + 1)])
                if turn >= 0:
                    seconds[name].append(worker.Hits(*answer).seconds)
    finally:
        for crew in crews:
            crew.close()
    return Times(detector.name, energy, count, seconds)


def _task(
    detector: Detector, energy: float, count: int, pdg: int, turn: int
) -> tuple[object, ...]:
    x, y = detector.impact
    words = [np.random.SeedSequence((SEED, turn, i)).generate_state(4) for i in range(count)]
    return tuple(
        worker.Task(
            np.full(count, energy),
            np.full(count, pdg),
            np.tile([0.0, 0.0, 1.0], (count, 1)),
            np.tile([x, y, detector.face_z], (count, 1)),
            np.array(words, dtype=np.uint32),
        )
    )


def rows(times: list[Times]) -> list[list[str]]:
    """Of a table: detector, energy, variant, ms per shower and per GeV, ratio to bare."""
    lines = []
    for one in times:
        for name in VARIANTS:
            ratio, error = one.ratio(name)
            each = one.milliseconds(name)
            shown = "1" if name == VARIANTS[-1] else f"{ratio:.3f} ± {error:.3f}"
            per_gev = f"{each / (one.energy / GeV):.2f}"
            lines.append(
                [one.detector, f"{one.energy / GeV:g}", name, f"{each:.1f}", per_gev, shown]
            )
    return lines
