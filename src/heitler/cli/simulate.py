"""Make showers with a simulation that needs no training.

    heitler simulate --simulator geant4 --detector ild_ecal --energy 10..100GeV -n 1000 -o g4.h5
    heitler simulate --simulator gflash --detector ild_ecal --energy 10..100GeV -n 1000 -o fast.h5
    heitler simulate --simulator geant4 --detector my_ecal.yaml --energy 50GeV -n 9 -o my.h5
    heitler simulate --simulator geant4 ... --x=-20..20mm --y=5mm --azimuth 0..360deg -o any.h5
    heitler simulate --simulator geant4 ... -n 100000 --workers 8 -o g4.h5
    heitler simulate --simulator geant4 ... -n 100000 --scheduler tcp://host:8786 -o g4.h5
    heitler simulate --simulator rich --momentum 2..100GeV -n 1000000 -o rich.h5

Energies, angles and points of entry are values or ranges (uniform). By default, particles enter at
the detector's point of impact and lean towards +y. The same seed gives the same showers, with any
number of workers, here or of the Dask cluster whose scheduler has the address; the same command
goes on after an interruption. Geant4 needs heitler[geant4], and data files in a folder that
HEITLER_GEANT4_DATA names; several workers need heitler[production].

rich is a Cherenkov detector: it makes no showers but a table of tracks and their likelihoods of
particle identification, by default of all five particles. It begins again after an interruption.
spectrometer is a toy of a whole forward spectrometer about it: acceptance, tracks, RICH, muons.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from heitler.cli.quantities import parse_azimuths, parse_lengths
from heitler.cli.request import add_request, add_workers, asked_workers
from heitler.cli.tracks import add_tracks, refuse, track_table
from heitler.tracks import CHARGED

if TYPE_CHECKING:
    from heitler.detectors import Detector
    from heitler.simulators import ParticleGun

__all__ = ["add_arguments", "run"]

_PARTICLES = {"gamma": 22, "e-": 11, "e+": -11}


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``heitler simulate``."""
    parser.add_argument("--simulator", choices=_SIMULATORS, required=True, help="what simulates")
    parser.add_argument("--detector", help="name (see heitler list detectors) or YAML file")
    parser.add_argument(
        "--particle", choices=[*_PARTICLES, *CHARGED], help="which particles (default gamma)"
    )
    add_request(parser)
    parser.add_argument(
        "--azimuth",
        type=parse_azimuths,
        help="where tilted particles lean, from +x towards +y: 0..360deg (default 90deg)",
    )
    for axis in ("x", "y"):
        parser.add_argument(
            f"--{axis}",
            type=parse_lengths,
            help=f"{axis} of the point of entry: =2.5mm or =-20..20mm (default the detector's)",
        )
    add_workers(parser)
    add_tracks(parser, "rich, spectrometer", "2..100GeV, 1.6..5 and 20..400")


def run(arguments: Namespace) -> int:
    """Simulates and prints the name of the file."""
    from heitler.simulators.geant4 import MissingDataError

    try:
        print(_SIMULATORS[arguments.simulator](arguments))
    except MissingDataError as error:
        print(f"heitler simulate: {error}", file=sys.stderr)  # in its three lines
        return 2
    return 0


def _showers(arguments: Namespace) -> Path:
    """Writes showers of a simulator that is built for a detector."""
    from heitler.detectors import load_detector
    from heitler.production import produce
    from heitler.simulators import recipes

    refuse(arguments, f"--simulator {arguments.simulator}")
    if arguments.detector is None:
        msg = "give the detector with --detector"
        raise ValueError(msg)
    detector = load_detector(arguments.detector)
    return produce(
        partial(getattr(recipes, arguments.simulator), detector),
        _gun(arguments, detector),
        arguments.output,
        number=arguments.number,
        seed=arguments.seed,
        workers=asked_workers(arguments),
        convention=arguments.to,
        progress=sys.stderr.isatty(),
    )


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
    particle = arguments.particle or "gamma"
    if particle not in _PARTICLES:
        msg = f"--simulator {arguments.simulator} knows {', '.join(_PARTICLES)}, got {particle}"
        raise ValueError(msg)
    asked = {"theta": arguments.theta, "azimuth": arguments.azimuth}
    angles = {name: value for name, value in asked.items() if value is not None}
    (x, y), position = detector.impact, (arguments.x, arguments.y)
    return ParticleGun(
        detector,
        arguments.energy,
        pdg=_PARTICLES[particle],
        position=(position[0] or (x, x), position[1] or (y, y)),
        **angles,
    )


_SIMULATORS: dict[str, Callable[[Namespace], Path]] = {
    "geant4": _showers,
    "gflash": _showers,
    "rich": track_table,
    "spectrometer": track_table,
}
"""What writes the file that is asked for."""
