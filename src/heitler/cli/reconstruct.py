"""Reconstruct particles from showers: a table of energies, directions, clusters.

    heitler reconstruct showers.h5 --calibration geant4.h5 -o table.h5

Deposits are digitised (half a MIP, noise of a tenth), clustered by density, and their energy is
calibrated on the showers of another file, by default on those of FILE itself: give the Geant4
showers of the training when you compare. The table is HDF5, one column per data set, and says in
its attributes how it was made.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heitler.formats import ShowerReader
    from heitler.reconstruction import Reconstruction

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``heitler reconstruct``."""
    parser.add_argument("file", metavar="FILE", help="shower file, or name of a packaged sample")
    parser.add_argument("-o", "--output", type=Path, required=True, help="table to write")
    parser.add_argument(
        "--calibration", metavar="FILE", help="showers to calibrate on (default: those of FILE)"
    )
    parser.add_argument("--detector", metavar="NAME", help="detector where the file does not say")
    parser.add_argument(
        "--mip", type=float, metavar="MEV", help="MeV of a MIP (default: the detector's)"
    )
    parser.add_argument("--threshold", type=float, default=0.5, help="in MIPs (default 0.5)")
    parser.add_argument("--noise", type=float, default=0.1, help="of a cell in MIPs (default 0.1)")
    parser.add_argument("--saturation", type=float, help="in MIPs (default: none)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the noise (default 1)")


def run(arguments: Namespace) -> int:
    """Reconstructs and prints what was found."""
    from heitler.data import resolve
    from heitler.detectors import load_detector
    from heitler.formats import create_table, open_showers, sha256
    from heitler.reconstruction import batches_of

    detector = load_detector(arguments.detector) if arguments.detector else None
    path = resolve(arguments.file)
    training = resolve(arguments.calibration) if arguments.calibration else path
    with open_showers(path, detector=detector) as reader:
        with open_showers(training, detector=detector) as known:
            if known.detector != reader.detector:
                msg = (
                    f"{training} holds showers of {known.detector.name}, {path} of "
                    f"{reader.detector.name}: calibrate on showers of the same detector"
                )
                raise ValueError(msg)
            chain = _calibrated(_chain(arguments, known), known, arguments.seed)
        provenance = {
            "showers": str(path.name),
            "showers_sha256": sha256(path),
            "calibrated_on": str(training.name),
            "calibrated_on_sha256": sha256(training),
            "seed": arguments.seed,
            "reconstruction": chain.content,
        }
        columns = chain.columns(reader.detector)
        with create_table(arguments.output, columns, provenance=provenance) as writer:
            for table in chain.tables(batches_of(reader), seed=arguments.seed):
                writer.write(table)
    if training == path:
        print("heitler reconstruct: calibrated on the showers of FILE itself", file=sys.stderr)
    print(arguments.output)
    return 0


def _chain(arguments: Namespace, reader: ShowerReader) -> Reconstruction:
    """What is done to showers, but for the calibration."""
    from heitler.reconstruction import Digitisation, Reconstruction

    settings = {"threshold": arguments.threshold, "noise": arguments.noise}
    if arguments.saturation is not None:
        settings["saturation"] = arguments.saturation
    if arguments.mip is None:
        readout = Digitisation.of(reader.detector, **settings)
    else:
        readout = Digitisation(arguments.mip, **settings)
    return Reconstruction.of(reader.detector, readout)


def _calibrated(chain: Reconstruction, reader: ShowerReader, seed: int) -> Reconstruction:
    """The same, calibrated on all showers of a file."""
    from heitler.reconstruction import batches_of
    from heitler.tables import Table

    # Another seed: the noise of the calibration is not that of the showers.
    return chain.calibrated(
        Table.concatenate(list(chain.tables(batches_of(reader), seed=seed + 1)))
    )
