"""Axes of showers of a known direction."""

from __future__ import annotations

import pytest
import torch

from heitler.detectors import load_detector
from heitler.hits import Hits
from heitler.particles import IncidentParticles
from heitler.reconstruction import centre_of_gravity, core_axis, principal_axis
from heitler.showers import SparseShowers


def tracks(theta, *, halo=0, seed=1):
    """Straight tracks through all layers, energy 1 MeV in each; a halo of evenly spread hits."""
    detector = load_detector("ild_ecal_tilted")
    particles = IncidentParticles.beam(
        [1e4] * len(theta), theta=torch.tensor(theta), impact=(2.5, 0.0), depth=0.0
    )
    geometry = detector.geometry
    generator = torch.Generator().manual_seed(seed)
    rows = torch.zeros(len(theta), geometry.cells)
    for row, direction in zip(rows, particles.direction, strict=True):
        z = geometry.layer_z
        points = torch.tensor([[2.5, 0.0, 0.0]]) + z[:, None] * direction / direction[2]
        cells = geometry.locate(points)
        row[cells[cells >= 0]] = 1.0
        row[torch.randint(geometry.cells, (halo,), generator=generator)] += 0.02
    return SparseShowers(Hits.of(rows), particles, detector)


def degrees_between(axis, showers):
    cosine = (axis * showers.particles.direction).sum(dim=-1).clamp(-1.0, 1.0)
    return torch.rad2deg(torch.arccos(cosine))


@pytest.mark.parametrize("find", [principal_axis, lambda s: core_axis(s, 10.0)])
def test_the_axis_of_a_track_is_its_direction(find):
    """Cells of 5 mm over 195 mm of depth: the cell's width is 0.4 degrees over the lever."""
    showers = tracks([1.5707963, 1.4, 1.2, 1.0])
    axis = find(showers)
    torch.testing.assert_close(axis.norm(dim=1), torch.ones(4, dtype=torch.float64))
    assert float(degrees_between(axis, showers).max()) < 0.5


def test_the_core_does_not_see_the_halo():
    showers = tracks([1.4, 1.2, 1.0], halo=300)
    assert float(degrees_between(principal_axis(showers), showers).min()) > 2.0
    assert float(degrees_between(core_axis(showers, 10.0), showers).max()) < 0.7


def test_turning_the_shower_turns_the_axis():
    """Rows and columns change places: x and y of the axis do."""
    showers = tracks([1.2, 1.0], halo=50)
    grid = showers.dense().grid[:, :, 15:45, :].clone()  # square
    detector = load_detector("ild_ecal")

    def axis_of(values):
        hits = Hits.of(values.reshape(2, -1))
        return core_axis(SparseShowers(hits, showers.particles, detector), 10.0)

    one, two = axis_of(grid), axis_of(grid.transpose(2, 3).contiguous())
    torch.testing.assert_close(two, one[:, [1, 0, 2]])


def test_centre_of_gravity_by_hand(toy_showers):
    showers = toy_showers(count=3)
    weights = showers.deposits.double()
    wanted = weights @ showers.geometry.cell_centres / weights.sum(dim=1, keepdim=True)
    torch.testing.assert_close(centre_of_gravity(showers.sparse()), wanted)


def test_without_hits_it_points_into_the_depth(toy_showers):
    showers = toy_showers(count=2)
    empty = SparseShowers(Hits.of(torch.zeros(2, 60)), showers.particles, showers.detector)
    upright = torch.tensor([[0.0, 0.0, 1.0]] * 2, dtype=torch.float64)
    torch.testing.assert_close(core_axis(empty, 10.0), upright)
    torch.testing.assert_close(centre_of_gravity(empty), torch.zeros_like(upright))
    with pytest.raises(ValueError, match="radius"):
        core_axis(empty, 0.0)
