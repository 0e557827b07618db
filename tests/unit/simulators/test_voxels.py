"""Voxels about the line of flight: nothing is lost, and the line is where it should be."""

from __future__ import annotations

from math import pi

import pytest
import torch

from heitler.detectors import load_detector, parse_detector
from heitler.hits import Hits
from heitler.particles import IncidentParticles
from heitler.showers import SparseShowers
from heitler.simulators import GflashSimulator
from heitler.simulators.voxels import VoxelisedSimulator, fine_detector

BARREL = load_detector("barrel_ecal")


def beam(count, theta, phi=pi / 2):
    return IncidentParticles.beam(
        [1000.0] * count, theta=theta, phi=phi, depth=BARREL.face_z, impact=(0.0, 0.0)
    )


class Pencil:
    """Deposits 1 MeV in each layer, beside the line of flight at a distance in the plate."""

    grain = 1

    def __init__(self, detector, away=(0.0, 0.0)):
        self.detector, self.away = detector, torch.tensor([*away, 0.0], dtype=torch.float64)

    def simulate(self, incident, *, seed):
        return self.simulate_sparse(incident, seed=seed).dense()

    def simulate_sparse(self, incident, *, seed, first=0):
        layers = self.detector.geometry.layer_z
        steps = (layers - incident.position[:, 2:]) / incident.direction[:, 2:]
        points = incident.position[:, None] + steps[..., None] * incident.direction[:, None]
        cells = self.detector.geometry.locate(points + self.away)
        offsets = torch.arange(len(incident) + 1) * len(layers)
        energies = torch.ones(cells.numel())
        hits = Hits(offsets, cells.reshape(-1).int(), energies)
        return SparseShowers(hits, incident, self.detector)


@pytest.mark.parametrize("theta", [pi / 2, 0.8])
@pytest.mark.parametrize("phi", [pi / 2, -1.0])
def test_voxels_follow_the_line_of_flight(theta, phi):
    fine = fine_detector(BARREL, theta=0.7, cell=1.0)
    showers = VoxelisedSimulator(Pencil(fine), BARREL).simulate(beam(5, theta, phi), seed=1)
    grid = showers.grid
    assert torch.equal(grid[..., 0].sum(dim=2), torch.ones(5, 6))
    assert float(grid[..., 1:].sum()) == 0.0


def test_distances_are_perpendicular_to_the_flight():
    # 60 mm along the tilt are 60 sin(theta) mm from the line; across it they stay 60 mm.
    fine = fine_detector(BARREL, theta=0.5, cell=1.0)
    edges = torch.tensor([0.0, 5.0, 10.0, 20.0, 40.0, 80.0])
    for away, radius in (((0.0, 60.0), 30.0), ((60.0, 0.0), 60.0), ((0.0, -30.0), 15.0)):
        simulator = VoxelisedSimulator(Pencil(fine, away), BARREL)
        rings = simulator.simulate(beam(3, pi / 6), seed=1).grid.sum(dim=2)
        ring = int((edges <= radius).sum()) - 1
        assert torch.equal(rings[..., ring], torch.ones(3, 6))


def test_energy_is_only_lost_outside_of_the_voxels():
    wide = {**BARREL.definition["geometry"], "radial_edges": [[0.0, 1e4]] * 6}
    detector = parse_detector({**BARREL.definition, "geometry": wide})
    incident = beam(20, 0.9)
    inner = GflashSimulator(fine_detector(BARREL, theta=0.8))
    simulator = VoxelisedSimulator(inner, detector)
    fine = inner.simulate_sparse(simulator._moved(incident, 3, 0), seed=3)
    kept = simulator.simulate(incident, seed=3).deposits.double().sum(dim=1)
    total = torch.tensor([float(fine.hits[i : i + 1].energies.double().sum()) for i in range(20)])
    assert torch.allclose(kept, total.double(), rtol=1e-5)
    inside = VoxelisedSimulator(inner, BARREL).simulate(incident, seed=3).deposits.sum(dim=1)
    assert bool((inside <= total * (1 + 1e-5)).all())


def test_showers_do_not_depend_on_where_their_list_is_cut():
    inner = GflashSimulator(fine_detector(BARREL, theta=0.8))
    simulator, incident = VoxelisedSimulator(inner, BARREL), beam(32, 0.9)
    whole = simulator.simulate_sparse(incident, seed=3).dense().deposits
    part = simulator.simulate_sparse(incident[16:], seed=3, first=16).dense().deposits
    assert torch.equal(part, whole[16:])
    assert not torch.equal(simulator.simulate(incident, seed=4).deposits, whole)


def test_other_plates_and_cells_are_refused():
    ild = load_detector("ild_ecal")
    with pytest.raises(ValueError, match="have other plates"):
        VoxelisedSimulator(GflashSimulator(ild), BARREL)
    with pytest.raises(ValueError, match="ild_ecal has none"):
        VoxelisedSimulator(GflashSimulator(ild), ild)
    with pytest.raises(ValueError, match="needs cylindrical layers and an angle"):
        fine_detector(ild, theta=1.0)
