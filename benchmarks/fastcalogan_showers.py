"""Geant4 showers for the FastCaloGAN bank: discrete energies, all slices in |eta|, two particles.

    python benchmarks/fastcalogan_showers.py showers.h5

The showers of a member follow each other, sorted by energy; |eta| is uniform within a slice. High
energies have fewer showers, as in AtlFast3. The same command goes on after an interruption.
"""

from __future__ import annotations

import itertools
import sys
from math import exp
from pathlib import Path

import torch

from heitler.detectors import load_detector
from heitler.models import random_generator
from heitler.particles import IncidentParticles
from heitler.simulators import ParticleList, generate
from heitler.simulators.geant4 import Geant4Simulator
from heitler.simulators.voxels import VoxelisedSimulator, fine_detector

PARTICLES = (22, 11)
EDGES = [slice_ / 20 for slice_ in range(25)]  # |eta| of 0 to 1.2
SHOWERS = {256.0: 300, 512.0: 300, 1024.0: 300, 2048.0: 300, 4096.0: 240}
"""Number of showers of a member for each energy in MeV."""

SEED = 1
CELL = 2.5  # mm, of the cells whose hits become voxels


def particles(depth: float) -> IncidentParticles:
    """All of them, member by member."""
    draw = random_generator(SEED)
    energies = torch.cat([torch.full((n,), energy) for energy, n in SHOWERS.items()])
    parts = []
    for pdg in PARTICLES:
        for low, high in itertools.pairwise(EDGES):
            eta = torch.from_numpy(draw.uniform(low, high, len(energies)))
            theta = 2.0 * torch.atan(torch.exp(-eta))
            parts.append(IncidentParticles.beam(energies, pdg=pdg, theta=theta, depth=depth))
    return IncidentParticles.concatenate(parts)


def main() -> None:
    """Simulates what is missing."""
    detector = load_detector("barrel_ecal")
    flattest = 2.0 * float(torch.atan(torch.tensor(exp(-EDGES[-1]), dtype=torch.float64)))
    fine = fine_detector(detector, theta=flattest, cell=CELL)
    incident = particles(detector.face_z)
    with Geant4Simulator(fine) as geant4:
        path = generate(
            VoxelisedSimulator(geant4, detector),
            ParticleList(incident),
            Path(sys.argv[1]),
            number=len(incident),
            seed=SEED,
            provenance={**geant4.provenance(), "fine_cell_mm": CELL},
            progress=False,
        )
    print(path)


if __name__ == "__main__":
    main()
