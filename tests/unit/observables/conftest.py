"""Showers cell by cell."""

from math import pi

import pytest
import torch

from heitler.particles import IncidentParticles
from heitler.showers import Showers


@pytest.fixture(scope="session")
def single():
    """`single(detector, {(layer, y, x): MeV})`: one shower with the given deposits."""

    def make(detector, cells, *, energy=1000.0, theta=pi / 2, impact=None):
        grid = torch.zeros(1, *detector.geometry.grid_shape)
        for place, deposit in cells.items():
            grid[0][place] = deposit
        particles = IncidentParticles.beam(
            [energy], theta=theta, impact=impact or detector.impact, depth=detector.face_z
        )
        return Showers(detector.geometry.from_grid(grid), particles, detector)

    return make
