"""Compares showers with a reference: report.html and metrics.json.

    heitler validate geant4.h5 generated.h5 -o report/
    heitler validate geant4.h5 vae.h5 gan.h5 --floor geant4_again.h5 --threshold 0.1MeV -o report/
    heitler validate geant4.h5 generated.h5 -o report/ --figures paper/

Every value is printed beside its floor, the same metric between two samples of the reference: of
its halves, or of the reference and the file that --floor names.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from heitler.cli.quantities import parse_energy

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    parser.add_argument("reference", type=Path, help="showers of the full simulation")
    parser.add_argument("candidates", type=Path, nargs="+", help="showers to compare with them")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the report")
    parser.add_argument("--floor", type=Path, help="a second, independent sample of the reference")
    parser.add_argument("--detector", help="name of the detector, if the files do not say it")
    parser.add_argument(
        "--threshold",
        type=parse_energy,
        help="set deposits up to this energy to 0 in all files, such as 0.1MeV",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of random choices (default 1)")
    parser.add_argument(
        "--energy-bins", type=int, default=3, help="bins of incident energy (default 3)"
    )
    parser.add_argument(
        "--figures", type=Path, help="folder for every figure as PDF and PNG, for a paper"
    )


def run(arguments: Namespace) -> int:
    """Writes the report and prints its table."""
    from heitler.data import resolve
    from heitler.validation import validate
    from heitler.validation.summary import table

    comparison = validate(
        resolve(arguments.reference),
        arguments.candidates,
        arguments.output,
        floor=arguments.floor,
        detector=arguments.detector,
        threshold=arguments.threshold,
        seed=arguments.seed,
        energy_bins=arguments.energy_bins,
        figures=arguments.figures,
        progress=sys.stderr.isatty(),
    )
    for note in comparison.notes:
        print(f"note: {note}", file=sys.stderr)
    print("\n".join(table(comparison)))
    print(arguments.output / "report.html")
    return 0
