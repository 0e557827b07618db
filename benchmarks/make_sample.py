"""Makes the packaged sample: Geant4 photon showers in the coarse cells of the ILD calorimeter.

    python benchmarks/make_sample.py ild_photons_perpendicular.h5

Sums 3 x 3 cells of `ild_ecal` into one of `ild_ecal_coarse` and keeps deposits to 10 significant
bits (relative error at most 5e-4 per cell), so that 6,000 showers fit in 8 MB.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from heitler.data import __file__ as data_module
from heitler.detectors import load_detector
from heitler.formats import create_showers, open_showers, sha256
from heitler.showers import Showers

NAME = "ild_photons_coarse"
BITS = 10


def round_to_bits(values: Tensor, bits: int) -> Tensor:
    """Float32 values rounded to a number of significant bits."""
    mantissa, exponent = torch.frexp(values)
    return torch.ldexp((mantissa * 2**bits).round() / 2**bits, exponent)


def coarsen(showers: Showers) -> Showers:
    """3 x 3 cells of `ild_ecal` as one of `ild_ecal_coarse`."""
    coarse = load_detector("ild_ecal_coarse")
    n, layers, rows, columns = showers.grid.shape
    sums = showers.grid.reshape(n, layers, rows // 3, 3, columns // 3, 3).sum(dim=(3, 5))
    return Showers(round_to_bits(coarse.geometry.from_grid(sums), BITS), showers.particles, coarse)


def main() -> None:
    """Writes the sample into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="photon showers in ild_ecal, getting_high")
    source = parser.parse_args().source
    target = Path(data_module).with_name(f"{NAME}.h5")
    with open_showers(source) as reader:
        provenance = {
            **reader.provenance,
            "made_by": "benchmarks/make_sample.py",
            "made_from": source.name,
            "made_from_sha256": sha256(source),
            "coarsened": "3 x 3 cells summed",
            "significant_bits": BITS,
        }
        with create_showers(
            target, load_detector("ild_ecal_coarse"), provenance=provenance
        ) as writer:
            parts: Iterator[Showers] = (coarsen(showers) for showers in reader.batches(500))
            for showers in parts:
                writer.write(showers)
    print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
