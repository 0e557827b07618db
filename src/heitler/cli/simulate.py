"""Make showers with a simulation that needs no training.

    heitler simulate --simulator geant4 --detector ild_ecal --energy 10..100GeV -n 1000 -o g4.h5
    heitler simulate --simulator gflash --detector ild_ecal --energy 10..100GeV -n 1000 -o fast.h5
    heitler simulate --simulator geant4 --detector my_ecal.yaml --energy 50GeV -n 9 -o my.h5

Energies and angles are values or ranges (uniform). Particles enter at the detector's point of
impact and lean towards +y. The same seed gives the same showers, with any number of workers; the
same command goes on after an interruption. Geant4 needs heitler[geant4], and data files in a
folder that HEITLER_GEANT4_DATA names.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from heitler.cli.request import add_request

if TYPE_CHECKING:
    from heitler.detectors import Detector
    from heitler.simulators import ParticleGun, ShowerSimulator

__all__ = ["add_arguments", "run"]

_PARTICLES = {"gamma": 22, "e-": 11, "e+": -11}


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``heitler simulate``."""
    parser.add_argument("--simulator", choices=_SIMULATORS, required=True, help="what simulates")
    parser.add_argument(
        "--detector", required=True, help="name (see heitler list detectors) or YAML file"
    )
    parser.add_argument(
        "--particle", choices=_PARTICLES, default="gamma", help="which particles (default gamma)"
    )
    add_request(parser)
    parser.add_argument(
        "--workers", type=int, default=1, help="number of Geant4 processes (default 1)"
    )


def run(arguments: Namespace) -> int:
    """Simulates and prints the name of the file."""
    from heitler.detectors import load_detector
    from heitler.simulators import generate
    from heitler.simulators.geant4 import MissingDataError

    detector = load_detector(arguments.detector)
    gun = _gun(arguments, detector)
    try:
        simulator, provenance = _SIMULATORS[arguments.simulator](detector, arguments.workers)
    except MissingDataError as error:
        print(f"heitler simulate: {error}", file=sys.stderr)  # in its three lines
        return 2
    print(
        generate(
            simulator,
            gun,
            arguments.output,
            number=arguments.number,
            seed=arguments.seed,
            convention=arguments.to,
            provenance=provenance,
            progress=sys.stderr.isatty(),
        )
    )
    return 0


def _gun(arguments: Namespace, detector: Detector) -> ParticleGun:
    """The incident particles."""
    from heitler.simulators import ParticleGun

    for value, what in (
        (arguments.energy, "the energies with --energy"),
        (arguments.number, "the number of showers with -n"),
    ):
        if value is None:
            msg = f"give {what}"
            raise ValueError(msg)
    angles = {} if arguments.theta is None else {"theta": arguments.theta}
    return ParticleGun(detector, arguments.energy, pdg=_PARTICLES[arguments.particle], **angles)


def _geant4(detector: Detector, workers: int) -> tuple[ShowerSimulator, dict[str, Any]]:
    from heitler.simulators.geant4 import Geant4Simulator

    simulator = Geant4Simulator(detector, workers=workers)
    return simulator, simulator.provenance()


def _gflash(detector: Detector, workers: int) -> tuple[ShowerSimulator, dict[str, Any]]:
    from heitler.simulators import GflashSimulator

    if workers != 1:
        msg = "gflash runs in one process: leave --workers out"
        raise ValueError(msg)
    simulator = GflashSimulator(detector)
    origin = {
        "simulator": "gflash",
        "response": simulator.response,
        "resolution": simulator.medium.resolution,
    }
    return simulator, origin


_SIMULATORS: dict[str, Callable[[Detector, int], tuple[ShowerSimulator, dict[str, Any]]]] = {
    "geant4": _geant4,
    "gflash": _gflash,
}
"""A simulator for a detector, with so many workers, and what a file says of its origin."""
