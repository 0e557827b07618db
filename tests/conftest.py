"""What all tests share: one thread, toy showers, and the folder of data outside the package.

The folder is `HEITLER_SHARED`, by default ``../shared`` beside the repository. Tests that need a
file of it skip with the file's name where it is absent.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from math import pi
from pathlib import Path

import pytest
import torch

from heitler.detectors import Detector, parse_detector
from heitler.particles import IncidentParticles
from heitler.showers import Showers

torch.set_num_threads(1)

_ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """`shared_data("geant4/clic_electrons.h5")`: the path of a data set, or a skip."""
    shared = Path(os.environ.get("HEITLER_SHARED", _ROOT.parent / "shared"))

    def find(name: str) -> Path:
        path = shared / "data" / name
        if not path.exists():
            pytest.skip(f"data set {name} is not in {shared / 'data'} (set HEITLER_SHARED)")
        return path

    return find


@pytest.fixture(scope="session")
def toy_detector() -> Detector:
    """4 layers of 5 x 3 cells (y, x), not in the catalogue; the beam enters off centre."""
    return parse_detector(
        {
            "name": "toy",
            "description": "A toy.",
            "hit_threshold": 0.1,
            "impact": [10.0, -20.0],
            "stack": [
                {
                    "repeat": 4,
                    "slabs": [
                        {"material": "tungsten", "thickness": 3.0},
                        {"material": "silicon", "thickness": 0.5, "active": True},
                    ],
                }
            ],
            "geometry": {"type": "VoxelGrid", "rows": 5, "columns": 3, "cell": [10.0, 10.0]},
        }
    )


@pytest.fixture(scope="session")
def toy_showers(toy_detector: Detector) -> Callable[..., Showers]:
    """`toy_showers(detector, count, seed=, pdg=, theta=)`: random showers, sparse."""

    def make(
        detector: Detector = toy_detector,
        count: int = 8,
        *,
        seed: int = 1,
        pdg: int | torch.Tensor = 22,
        theta: float | torch.Tensor = pi / 2,
    ) -> Showers:
        generator = torch.Generator().manual_seed(seed)
        cells = detector.geometry.cells
        hit = torch.rand(count, cells, generator=generator) < 0.1
        energy = torch.empty(count, cells).exponential_(generator=generator)
        particles = IncidentParticles.beam(
            1e4 + 9e4 * torch.rand(count, dtype=torch.float64, generator=generator),
            pdg=pdg,
            theta=theta,
            impact=detector.impact,
            depth=detector.face_z,
        )
        return Showers(torch.where(hit, energy, 0.0), particles, detector)

    return make
