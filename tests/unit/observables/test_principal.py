"""Principal axes: lines of cells, the sign of the axis, and the angle's residual."""

from math import pi

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.detectors import load_detector
from heitler.observables import (
    axis_angle,
    axis_angle_residual,
    principal_widths,
    width_x,
    width_y,
    width_z,
)
from heitler.particles import IncidentParticles
from heitler.showers import Showers


def test_a_line_of_cells_has_its_angle(toy_detector, single):
    # One row of 10 mm further in each layer, which are 3.5 mm apart.
    lean = np.rad2deg(np.arctan(10.0 / 3.5))
    for sign in (1, -1):
        line = {(layer, 2 + sign * (layer - 2), 1): 1.0 for layer in range(4)}
        assert float(axis_angle(single(toy_detector, line))) == pytest.approx(90.0 - lean)


@pytest.mark.parametrize("cells", [{}, {(1, 0, 0): 2.0}, {(1, 0, 0): 2.0, (1, 4, 2): 1.0}])
def test_energy_in_one_layer_has_no_direction(toy_detector, single, cells):
    shower = single(toy_detector, cells, theta=1.0)
    assert float(axis_angle(shower)) == 90.0
    assert float(axis_angle_residual(shower)) == 0.0


def test_the_residual_has_both_signs(toy_detector, single):
    # Particles lean towards +y: rows that rise with the depth are too flat, rows that fall too
    # steep by the same angle.
    lean = np.rad2deg(np.arctan(10.0 / 3.5))
    for sign in (1, -1):
        line = {(layer, 2 + sign * (layer - 2), 1): 1.0 for layer in range(4)}
        residual = float(axis_angle_residual(single(toy_detector, line)))
        assert residual == pytest.approx(-sign * lean)


@pytest.mark.parametrize("theta", [40.0, 60.0, 90.0])
def test_tilted_lines_have_no_residual(theta):
    detector = load_detector("ild_ecal_tilted")
    centres, layers = detector.geometry.cell_centres, detector.geometry.layer_z
    particles = IncidentParticles.beam(
        [1e4], theta=theta * pi / 180, impact=detector.impact, depth=detector.face_z
    )
    direction, entry = particles.direction[0], particles.position[0]
    deposits = torch.zeros(1, detector.geometry.cells)
    for z in layers[:20]:
        point = entry + direction * (z - detector.face_z) / direction[2]
        deposits[0, (centres - point).norm(dim=-1).argmin()] = 1.0
    shower = Showers(deposits, particles, detector)
    # Cells of 5 mm over a lever of 100 mm.
    assert abs(float(axis_angle_residual(shower))) < 2.0
    assert float(axis_angle(shower)) == pytest.approx(theta, abs=2.0)


@given(seed=st.integers(0, 1000))
def test_turning_the_axes_keeps_the_variance(seed, toy_showers):
    showers = toy_showers(seed=seed)
    total = sum(width(showers) ** 2 for width in (width_x, width_y, width_z))
    widths = principal_widths(showers)
    torch.testing.assert_close((widths**2).sum(dim=-1), total, rtol=1e-6, atol=1e-6)
    assert bool((widths.diff(dim=-1) <= 0).all())
