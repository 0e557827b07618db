"""The azimuthal profile: known sectors, and what says nothing about the angle."""

from math import pi

import pytest
import torch

from heitler.detectors import load_detector
from heitler.observables import azimuthal_profile, sector_edges
from heitler.particles import IncidentParticles
from heitler.showers import Showers

CENTRE = (0.0, 0.0)  # in the middle of the cell (2, 1)


def test_sectors_are_about_the_axes(toy_detector, single):
    assert sector_edges(toy_detector)[:2].tolist() == [-22.5, 22.5]
    cells = {(0, 2, 2): 1.0, (1, 3, 2): 2.0, (2, 4, 1): 3.0, (3, 1, 0): 4.0, (0, 2, 1): 100.0}
    profile = azimuthal_profile(single(toy_detector, cells, impact=CENTRE))[0]
    assert profile.tolist() == pytest.approx([0.1, 0.2, 0.3, 0.0, 0.0, 0.4, 0.0, 0.0])


def test_turning_a_shower_turns_its_profile(toy_showers):
    detector = load_detector("ild_ecal_coarse")
    assert detector.geometry.rows == detector.geometry.columns
    showers = toy_showers(detector, 5)
    particles = IncidentParticles.beam(showers.particles.energy, impact=CENTRE)
    showers = Showers(showers.deposits, particles, detector)
    grid = showers.grid.rot90(1, dims=(-1, -2))  # from x to y
    turned = Showers(detector.geometry.from_grid(grid).contiguous(), particles, detector)
    torch.testing.assert_close(
        azimuthal_profile(turned), azimuthal_profile(showers).roll(2, dims=-1)
    )


def test_the_plane_leans_with_the_particle(toy_detector, single):
    # A particle that leans towards +y, deeper by as much as the cell is: nothing lies ahead.
    theta = pi / 4
    shower = single(toy_detector, {(2, 2, 2): 1.0}, theta=theta, impact=(0.0, -7.0))
    depth = toy_detector.geometry.layer_z[2] - toy_detector.face_z
    assert float(depth) == pytest.approx(10.25)
    # The axis is at y = 3.25 there, so the cell at y = 0 is 2.3 mm behind and 10 mm beside it.
    assert int(azimuthal_profile(shower)[0].argmax()) == 0


def test_sectors_group_the_angles_of_rings():
    for name, sectors in (("ds2", 8), ("ds3", 5), ("ds1_photons", 5)):
        detector = load_detector(f"calochallenge_{name}")
        assert len(sector_edges(detector)) == sectors + 1
        deposits = torch.ones(1, detector.geometry.cells)
        showers = Showers(deposits, IncidentParticles.beam([1e4]), detector)
        torch.testing.assert_close(
            azimuthal_profile(showers), torch.full((1, sectors), 1 / sectors).double()
        )
