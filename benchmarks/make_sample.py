r"""Makes a packaged sample of Geant4 showers from a file of ``heitler simulate``.

    heitler simulate --simulator geant4 --detector ild_ecal --energy 10..100GeV \
        -n 20000 --seed 11 -o ild_photons.h5
    python benchmarks/make_sample.py ild_photons_coarse ild_photons.h5

    heitler simulate --simulator geant4 --detector clic_ecal --particle e- \
        --energy 10..500GeV -n 5000 --seed 21 -o clic_electrons.h5
    python benchmarks/make_sample.py clic_electrons clic_electrons.h5

    heitler simulate --simulator geant4 --detector ild_ecal_tilted --theta 30..90deg \
        --energy 10..100GeV -n 300 --seed 31 -o ild_photons_tilted.h5
    python benchmarks/make_sample.py ild_photons_tilted ild_photons_tilted.h5

    heitler simulate --simulator geant4 --detector ild_ecal --particle e- \
        --energy 10..100GeV -n 1500 --seed 41 -o ild_electrons.h5
    python benchmarks/make_sample.py ild_electrons_coarse ild_electrons.h5 -o electrons_coarse.h5

Takes the first showers of the file and keeps deposits to some significant bits, so that samples
stay small. What the file says of its origin is kept, and the file's checksum is added.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from heitler.data import __file__ as data_module
from heitler.detectors import load_detector
from heitler.formats import ShowerReader, create_showers, open_showers, sha256
from heitler.showers import Showers

_BATCH = 500


@dataclass(frozen=True)
class Sample:
    """What a sample is made of.

    Arguments:
        source: Detector of the showers that it is cut from.
        detector: Its own detector.
        number: How many showers.
        bits: Significant bits of a deposit; the relative error is at most 2^-bits.
        change: What is said of the way from the one detector to the other.
        view: This way.
    """

    source: str
    detector: str
    number: int
    bits: int
    change: str
    view: Callable[[Showers], Tensor]


def coarse(showers: Showers) -> Tensor:
    """Deposits of 3 x 3 cells of a voxel grid summed: (N, layers, rows / 3, columns / 3)."""
    n, layers, rows, columns = showers.grid.shape
    return showers.grid.reshape(n, layers, rows // 3, 3, columns // 3, 3).sum(dim=(3, 5))


def same(showers: Showers) -> Tensor:
    """Deposits as they are: (N, layers, rows, columns)."""
    return showers.grid


SAMPLES = {
    "ild_photons_coarse": Sample(
        "ild_ecal", "ild_ecal_coarse", 6000, 10, "3 x 3 cells summed", coarse
    ),
    "ild_electrons_coarse": Sample(
        "ild_ecal", "ild_ecal_coarse", 1500, 10, "3 x 3 cells summed", coarse
    ),
    "clic_electrons": Sample("clic_ecal", "clic_ecal", 250, 12, "none", same),
    "ild_photons_tilted": Sample("ild_ecal_tilted", "ild_ecal_tilted", 300, 12, "none", same),
}


def round_to_bits(values: Tensor, bits: int) -> Tensor:
    """Float32 values rounded to a number of significant bits."""
    mantissa, exponent = torch.frexp(values)
    return torch.ldexp((mantissa * 2**bits).round() / 2**bits, exponent)


def make(sample: Sample, reader: ShowerReader, source: Path, target: Path) -> None:
    """Writes a sample.

    Arguments:
        sample: What it is made of.
        reader: The file that it is cut from.
        source: Path of this file.
        target: Where the sample goes.

    Raises:
        ValueError: The file is of another detector, has too few showers or is not of Geant4.
    """
    detector = load_detector(sample.detector)
    if reader.detector != load_detector(sample.source) or len(reader) < sample.number:
        msg = (
            f"expected at least {sample.number} showers in {sample.source}, got {len(reader)} in "
            f"{reader.detector.name}: simulate them as the help of this script says"
        )
        raise ValueError(msg)
    if reader.provenance.get("simulator") != "geant4":
        msg = f"{source} was not made by heitler simulate --simulator geant4"
        raise ValueError(msg)
    provenance = {
        **reader.provenance,
        "made_by": "benchmarks/make_sample.py",
        "made_from": source.name,
        "made_from_sha256": sha256(source),
        "change_of_cells": sample.change,
        "significant_bits": sample.bits,
    }
    with create_showers(target, detector, provenance=provenance) as writer:
        for start in range(0, sample.number, _BATCH):
            showers = reader.read(start, min(start + _BATCH, sample.number))
            deposits = round_to_bits(
                detector.geometry.from_grid(sample.view(showers)), sample.bits
            )
            writer.write(Showers(deposits, showers.particles, detector))


def main() -> None:
    """Writes a sample, into the package unless it is told where to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=SAMPLES, help="name of the sample")
    parser.add_argument("source", type=Path, help="file of heitler simulate")
    parser.add_argument("-o", "--output", type=Path, help="file to write (one of the package)")
    arguments = parser.parse_args()
    target = arguments.output or Path(data_module).with_name(f"{arguments.name}.h5")
    try:
        with open_showers(arguments.source) as reader:
            make(SAMPLES[arguments.name], reader, arguments.source, target)
    except (OSError, ValueError) as error:
        print(f"make_sample: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
