"""Joins files of showers of one detector into one file, all on the same terms.

    python benchmarks/join_showers.py OUT FILE... [--least 1keV]

Some files leave out the smallest deposits: those below `--least` are left out of all, so that a
model sees one law. Showers keep their order; the provenance names each file by its checksum.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from heitler.cli.quantities import parse_energies
from heitler.formats import create_showers, open_showers, sha256
from heitler.showers import Showers, SparseShowers

_BATCH = 500


def above(showers: SparseShowers, least: float) -> Showers:
    """The same showers without deposits below `least` in MeV."""
    dense = showers.dense()
    return Showers(
        dense.deposits.where(dense.deposits >= least, 0.0), dense.particles, dense.detector
    )


def main() -> None:
    """Joins the files of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--least", type=parse_energies, default=parse_energies("1keV"))
    arguments = parser.parse_args()
    least = arguments.least[0]
    with open_showers(arguments.files[0]) as reader:
        detector, origin = reader.detector, dict(reader.provenance)
    origin = {
        "simulation": origin.get("simulation", "unknown"),
        "geant4_cpu_seconds_per_shower": origin.get("geant4_cpu_seconds_per_shower"),
        "joined": {path.name: sha256(path) for path in arguments.files},
        "least_deposit_MeV": least,
    }
    with create_showers(arguments.output, detector, provenance=origin) as writer:
        for path in arguments.files:
            with open_showers(path) as reader:
                for start in range(0, len(reader), _BATCH):
                    stop = min(start + _BATCH, len(reader))
                    writer.write(above(reader.read_sparse(start, stop), least))
    print(arguments.output)


if __name__ == "__main__":
    main()
