"""Reconstruction of Geant4, compound hits and GFLASH: writes docs/results/reconstruction.md.

    python benchmarks/reconstruction.py FOLDER

FOLDER holds ild_photons_perpendicular.h5 and ild_photons_tilted.h5. The reference are the showers
that the packaged models held out; of those that they were trained on, as many are the floor, and
on the others the energy is calibrated. Candidates answer the particles of the floor. Numbers of
the curves stand in docs/results/reconstruction.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import reconstruction_page as page
from heitler.formats import open_showers
from heitler.models import random_generator
from heitler.observables import OBSERVABLES
from heitler.particles import IncidentParticles
from heitler.performance import MipPeak, mip_peak
from heitler.reconstruction import Calibration, Reconstruction
from heitler.showers import Showers, SparseShowers
from heitler.simulators import GflashSimulator, NeuralSimulator
from heitler.tables import Table
from heitler.training import Split, read_rows
from results import RESULTS, write_page

SEED, NOISE_SEED = 1, 7
_CHUNK = 100
_SPECTRUM = np.linspace(0.0, 0.6, 121)
"""Bins of the cell spectrum in MeV."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A data set, the model that was trained on it, and its held-out showers."""

    file: str
    model: str
    test: int
    validation: int


CASES = {
    "perpendicular": Case("ild_photons_perpendicular.h5", "compound_hits_ild_ecal", 1500, 300),
    "tilted": Case("ild_photons_tilted.h5", "compound_hits_ild_ecal_tilted", 1000, 200),
}


@dataclass(frozen=True)
class Sample:
    """What is compared of showers.

    Arguments:
        found: What the reconstruction finds, by column.
        layers: Clustered energy of each layer in MeV, (N, layers).
        deposits: Observables of the deposits before it, by name.
        milliseconds: CPU time of the reconstruction per shower.
    """

    found: dict[str, Array]
    layers: Array
    deposits: dict[str, Array]
    milliseconds: float

    @property
    def energy(self) -> Array:
        """Incident energies in MeV."""
        return self.found["true_energy"]


_BEFORE = ("visible_energy", "hits", "layer_energy", "axis_angle_residual")


def sample(chain: Reconstruction, showers: SparseShowers) -> Sample:
    """Reconstructs showers in chunks, and observes their deposits."""
    tables, layers, deposits, spent = [], [], [], 0.0
    for start in range(0, len(showers), _CHUNK):
        some = showers[start : start + _CHUNK]
        busy = process_time()
        tables.append(chain(some, seed=NOISE_SEED, first=start))
        spent += process_time() - busy
        read = chain.digitisation(some, seed=NOISE_SEED, first=start)
        clustered = chain.clustering(read).clustered().dense()
        layers.append(OBSERVABLES["layer_energy"](clustered).numpy())
        dense = some.dense()
        deposits.append({name: OBSERVABLES[name](dense).numpy() for name in _BEFORE})
    table = Table.concatenate(tables)
    found = {name: table.column(name).numpy() for name in table.names}
    before = {name: np.concatenate([part[name] for part in deposits]) for name in _BEFORE}
    return Sample(found, np.concatenate(layers), before, 1e3 * spent / len(showers))


def rows_of(path: Path, rows: torch.Tensor) -> SparseShowers:
    """Showers of a file as lists of hits, in the order of the file."""
    with open_showers(path) as reader:
        return Showers.concatenate(list(read_rows(reader, rows.sort().values))).sparse()


def divide(path: Path, case: Case, test: int) -> dict[str, SparseShowers]:
    """Reference, floor and calibration showers."""
    with open_showers(path) as reader:
        split = Split.of(len(reader), test=case.test, validation=case.validation)
    order = torch.from_numpy(random_generator(SEED).permutation(len(split.train)))
    train = split.train[order]
    return {
        "reference": rows_of(path, split.test[:test]),
        "floor": rows_of(path, train[:test]),
        "calibration": rows_of(path, torch.cat([train[case.test :], split.validation])),
    }


def gflash(incident: IncidentParticles, known: SparseShowers) -> SparseShowers:
    """GFLASH with the mean response of known showers, answering particles."""
    plain = GflashSimulator(known.detector)
    trial = plain.simulate_sparse(known.particles, seed=SEED + 1)
    factor = _response(known) / _response(trial)
    simulator = GflashSimulator(known.detector, response=plain.response * factor)
    return simulator.simulate_sparse(incident, seed=SEED)


def _response(showers: SparseShowers) -> float:
    sums = torch.zeros(len(showers), dtype=torch.float64)
    sums.index_add_(0, showers.hits.showers, showers.hits.energies.double())
    return float((sums / showers.particles.energy).mean())


def mip_of(showers: SparseShowers) -> MipPeak:
    """The MIP peak of the cells."""
    counts = np.histogram(showers.hits.energies.numpy(), _SPECTRUM)[0]
    return mip_peak(_SPECTRUM, counts, expected=float(showers.detector.mip or 0.0))


def measure(path: Path, case: Case, test: int) -> dict[str, Any]:
    """All samples of a data set, with the calibration and the MIP peak."""
    parts = divide(path, case, test)
    known, incident = parts["calibration"], parts["floor"].particles
    plain = Reconstruction.of(known.detector)
    training = Table.concatenate(
        [
            plain(known[i : i + _CHUNK], seed=NOISE_SEED + 1, first=i)
            for i in range(0, len(known), _CHUNK)
        ]
    )
    chain = plain.calibrated(training)
    linear = replace(chain, calibration=_linear(training))
    model = NeuralSimulator.load(case.model)
    made: dict[str, Callable[[], SparseShowers]] = {
        "Geant4": lambda: parts["reference"],
        "floor": lambda: parts["floor"],
        "compound hits": lambda: model.simulate_sparse(incident, seed=SEED),
        "GFLASH": lambda: gflash(incident, known),
    }
    samples = {}
    for name, showers in made.items():
        samples[name] = sample(chain, showers())
        print(f"{path.name}: {name}", file=sys.stderr, flush=True)
    return {
        "samples": samples,
        "chain": chain,
        "linear": linear,
        "calibrated_on": len(known),
        "mip": mip_of(parts["reference"]),
    }


def _linear(training: Table) -> Calibration:
    """The calibration without its correction of what is not linear."""
    names = [name for name in training.names if name.startswith("group_energy_")]
    energy = training.column("true_energy")
    return Calibration.fit(training.select(names).values, energy, order=0)


def main() -> None:
    """Measures and writes the page."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the shower files are")
    parser.add_argument("--quick", type=int, help="showers per sample, to try the script")
    options = parser.parse_args()
    paths = {name: options.folder / case.file for name, case in CASES.items()}
    found = {
        name: measure(paths[name], case, options.quick or case.test)
        for name, case in CASES.items()
    }
    body, curves = page.body(found)
    if options.quick:
        print("\n\n".join(body))
        return
    (RESULTS / "reconstruction.json").write_text(json.dumps(curves, indent=1) + "\n")
    title = "Reconstruction: Geant4 and fast simulation side by side"
    print(write_page("reconstruction", title, body, list(paths.values())))


if __name__ == "__main__":
    main()
