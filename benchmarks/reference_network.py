"""The reference network on Geant4 and candidates: writes docs/results/reference-network.md.

    python benchmarks/reference_network.py ild_photons_perpendicular.h5 ild_electrons_1500.h5

It learns photons and electrons of Geant4 and judges photons: reference, floor and candidates are
those of benchmarks/reconstruction.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import process_time

import torch

from heitler.formats import open_showers
from heitler.hits import Hits
from heitler.particles import ELECTRON, PHOTON, IncidentParticles
from heitler.reconstruction import ReferenceNetwork, agreement, confusion, train_network
from heitler.showers import SparseShowers
from heitler.simulators import NeuralSimulator
from reconstruction import CASES, SEED, divide, gflash
from results import table, write_page

_HELD_OUT = 400
"""Electrons that the network does not see."""


def joined(*parts: SparseShowers) -> SparseShowers:
    """Showers of one detector below each other."""
    hits = Hits.concatenate([part.hits for part in parts])
    particles = IncidentParticles.concatenate([part.particles for part in parts])
    return SparseShowers(hits, particles, parts[0].detector)


def main() -> None:
    """Trains, judges, writes the page."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photons", type=Path, help="Geant4 photons in ild_ecal")
    parser.add_argument("electrons", type=Path, help="Geant4 electrons in ild_ecal")
    options = parser.parse_args()
    case = CASES["perpendicular"]
    parts = divide(options.photons, case, case.test)
    with open_showers(options.electrons) as reader:
        electrons = reader.read(0, len(reader)).sparse()
    known = joined(parts["calibration"], electrons[_HELD_OUT:])
    network = ReferenceNetwork(known.detector, (PHOTON, ELECTRON))
    start = process_time()
    train_network(network, known, seed=SEED)
    seconds = process_time() - start
    incident = parts["floor"].particles
    candidates = {
        "floor": parts["floor"],
        "compound hits": NeuralSimulator.load(case.model).simulate_sparse(incident, seed=SEED),
        "GFLASH": gflash(incident, parts["calibration"]),
    }
    found = {name: agreement(network, parts["reference"], s) for name, s in candidates.items()}
    first = found["floor"]
    rows = [
        [
            row.name,
            str(row.reference) if row.reference else "",
            *(str(entries[i].candidate) for entries in found.values()),
        ]
        for i, row in enumerate(first)
    ]
    shares = confusion(network, joined(parts["reference"], electrons[:_HELD_OUT]))
    names = ("photon", "electron")
    taken = [
        [name, *(f"{float(share):.3f}" for share in line)]
        for name, line in zip(names, shares, strict=True)
    ]
    body = [
        _INTRODUCTION.format(
            photons=len(parts["calibration"]),
            electrons=len(electrons) - _HELD_OUT,
            seconds=seconds,
            test=case.test,
        ),
        table(("photons", "Geant4", *found), rows),
        f"What Geant4's {case.test:,} held-out photons and {_HELD_OUT} electrons are taken for:",
        table(("true", *names), taken),
    ]
    title = "The reference network: one judge of type, energy and angle"
    print(write_page("reference-network", title, body, [options.photons, options.electrons]))


_INTRODUCTION = """\
One small network (`heitler.reconstruction.ReferenceNetwork`) learns to tell photons from electrons
and to measure their energy on {photons:,} photons and {electrons:,} electrons of Geant4 in
`ild_ecal`, 10 to 100 GeV, perpendicular; that took {seconds:.0f} s of one core. It then judges
{test:,} photons of each sample, whose deposits it sees as they are. Reference, floor and
candidates are those of [the reconstruction](reconstruction.md). A candidate is good where its
column is the floor's; the network need not be good itself. (The angle is always 90 degrees here,
and learnt as such.)"""


if __name__ == "__main__":
    main()
