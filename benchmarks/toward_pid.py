"""Features of proton and pion showers as a table to train on.

    python benchmarks/toward_pid.py features.h5

The files proton.csv.gz and pion.csv.gz are third_party/toward_pid of the shared data. Their beam
energy is not stated: the table says 1 GeV, which no condition looks at. Five of the 28 features
follow from the others and are not learned; `complete` brings them back.
"""

from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from heitler.formats import create_table, sha256
from heitler.particles import IncidentParticles
from heitler.tables import Column, Table
from heitler.units import GeV

CODES = {"proton": 2212, "pion": 211}
DERIVED = ("DeltaEcell_secondMax", "RatioEcell", "Asymmetry", "Asymmetry_plain", "R1")
_MANY = 2000
"""Columns of fewer values than this are counts or distances between cells."""

_Array = NDArray[np.float64]


def sources() -> dict[str, Path]:
    """The two files."""
    folder = Path(os.environ["HEITLER_SHARED"]) / "data" / "third_party" / "toward_pid"
    return {name: folder / f"{name}.csv.gz" for name in CODES}


def read(path: Path) -> tuple[list[str], _Array]:
    """Names of the features, and their values: (N, 28)."""
    with gzip.open(path, "rt") as file:
        names = file.readline().strip().split(",")[2:]
        return names, np.loadtxt(file, delimiter=",", usecols=range(2, 2 + len(names)))


def write(output: Path) -> Path:
    """Writes both particles, in turn, with the features that do not follow from others."""
    parts, names = [], []
    for name, path in sources().items():
        names, values = read(path)
        kept = [i for i, feature in enumerate(names) if feature not in DERIVED]
        columns = tuple(Column(names[i], names[i]) for i in kept)
        beam = IncidentParticles.beam([GeV] * len(values), pdg=CODES[name], impact=(0.0, 0.0))
        parts.append(beam.table().beside(Table(columns, torch.from_numpy(values[:, kept]))))
    both = Table.concatenate(parts)
    mixed = torch.arange(len(both)).view(2, -1).T.reshape(-1)
    origin = {"simulator": "Geant4", **{path.name: sha256(path) for path in sources().values()}}
    with create_table(output, both.columns, provenance=origin) as writer:
        writer.write(both[mixed])
    return output


def complete(features: Table) -> Table:
    """The features with those that follow from them."""
    largest, second = (features.column(f"{n}MaxEnergyInCell") for n in ("", "Second"))
    derived = {
        "DeltaEcell_secondMax": largest - second,
        "RatioEcell": (largest - second) / (largest + second),
        **{
            f"Asymmetry{kind}": torch.hypot(
                features.column(f"AsymmetryX{kind}"), features.column(f"AsymmetryY{kind}")
            )
            for kind in ("", "_plain")
        },
        "R1": features.column("E1") / features.column("TotalEnergy"),
    }
    columns = tuple(Column(name, name) for name in derived)
    return features.beside(Table(columns, torch.stack(list(derived.values()), dim=1)))


def snapped(generated: Table, seen: Table) -> Table:
    """Generated rows with counts, and distances between cells, moved to the nearest value seen."""
    values = generated.values.clone()
    for place, column in enumerate(seen.values.T):
        allowed = column.unique()
        if len(allowed) < _MANY:
            middle = (allowed[1:] + allowed[:-1]) / 2
            values[:, place] = allowed[torch.searchsorted(middle, values[:, place].contiguous())]
    return Table(generated.columns, values)


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
