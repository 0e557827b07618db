"""Write a shower file in another convention.

The convention of IN is recognised by its keys and shapes. Its detector is taken from the file,
or from the catalogue where exactly one detector has its cells; otherwise name it.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from heitler.data import resolve
from heitler.detectors import Detector, load_detector
from heitler.formats import CONVENTIONS, Conversion, convert, read_binning
from heitler.particles import ELECTRON, PHOTON, POSITRON
from heitler.units import GeV

__all__ = ["add_arguments", "run"]

_CODES = {"photon": PHOTON, "electron": ELECTRON, "positron": POSITRON, "pion": 211}


def add_arguments(parser: ArgumentParser) -> None:
    """Declares the arguments of the verb."""
    parser.add_argument("source", metavar="IN", help="the file to read")
    parser.add_argument("target", metavar="OUT", help="the file to write")
    written = [name for name, entry in CONVENTIONS.items() if entry.writer]
    parser.add_argument("--to", required=True, choices=written, help="convention of OUT")
    parser.add_argument(
        "--from", dest="convention", choices=list(CONVENTIONS), help="convention of IN"
    )
    cells = parser.add_mutually_exclusive_group()
    cells.add_argument("--detector", metavar="NAME", help="detector of IN, or its YAML file")
    cells.add_argument("--binning", metavar="XML", help="CaloChallenge binning file of IN")
    parser.add_argument(
        "--particle",
        metavar="NAME",
        help=f"particle of IN where the file does not say: {', '.join(_CODES)} or a PDG code",
    )


def run(arguments: Namespace) -> int:
    """Converts and says what was done."""
    detector, pdg = _detector_and_particle(arguments)
    done = convert(
        resolve(arguments.source),
        arguments.target,
        to=arguments.to,
        convention=arguments.convention,
        detector=detector,
        pdg=pdg,
        progress=True,
    )
    _report(arguments.target, done)
    return 0


def _detector_and_particle(arguments: Namespace) -> tuple[Detector | None, int | None]:
    if arguments.binning:
        return read_binning(arguments.binning, arguments.particle)
    pdg = None if arguments.particle is None else _code(arguments.particle)
    return (load_detector(arguments.detector) if arguments.detector else None, pdg)


def _code(particle: str) -> int:
    if particle in _CODES:
        return _CODES[particle]
    try:
        return int(particle)
    except ValueError:
        msg = f"unknown particle '{particle}'; known are {', '.join(_CODES)} and PDG codes"
        raise ValueError(msg) from None


def _report(target: str, done: Conversion) -> None:
    print(f"{target}: {done.showers} showers of {done.detector}")
    print(f"  convention  {done.source_convention} -> {done.target_convention}")
    for assumption in done.assumed:
        print(f"  assumed     {assumption}")
    for thing in done.not_carried:
        print(f"  lost        {thing}, for which {done.target_convention} has no place")
    if done.left_out.get("points"):
        energy = done.left_out["energy"] / GeV
        print(f"  outside     {done.left_out['points']} points with {energy:.6g} GeV")
        for reason in sorted(done.left_out.keys() - {"points", "energy"}):
            print(f"              {reason}: {done.left_out[reason]:.6g}")
