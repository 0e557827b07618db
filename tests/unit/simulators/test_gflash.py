"""Showers of GFLASH: energy, geometry, randomness, refusals."""

from math import pi

import numpy as np
import pytest
import torch

from heitler.detectors import load_detector, parse_detector
from heitler.kernels import scatter
from heitler.particles import IncidentParticles
from heitler.simulators import GflashSimulator, Simulator, SparseSimulator
from heitler.simulators.gflash.medium import Slices
from heitler.simulators.gflash.parameters import Radial, cumulative, longitudinal, radial
from heitler.simulators.gflash.starts import radiations

ILD = load_detector("ild_ecal")


def wide(cell=400.0, side=9, planes=40):
    """A sampling calorimeter that holds whole showers."""
    slabs = [
        {"material": "tungsten", "thickness": 3.0},
        {"material": "silicon", "thickness": 0.5, "active": True},
    ]
    return parse_detector(
        {
            "name": "wide",
            "description": "Deep and wide.",
            "hit_threshold": 0.1,
            "stack": [{"repeat": planes, "slabs": slabs}],
            "geometry": {"type": "VoxelGrid", "rows": side, "columns": side, "cell": [cell, cell]},
        }
    )


def crystal(layers=25):
    slab = {"material": "lead_tungstate", "thickness": 10.0, "active": True}
    return parse_detector(
        {
            "name": "crystal",
            "description": "A block.",
            "hit_threshold": 0.1,
            "stack": [{"repeat": layers, "slabs": [slab]}],
            "geometry": {"type": "VoxelGrid", "rows": 9, "columns": 9, "cell": [1000.0, 1000.0]},
        }
    )


def beam(detector, energies, **kwargs):
    kwargs.setdefault("depth", detector.face_z)
    return IncidentParticles.beam(energies, impact=detector.impact, **kwargs)


def test_a_place_in_the_stack_is_that_of_its_spot():
    """Spots of a slanted particle, by hand: read out in the plane of the slice they lie in."""
    detector = wide(planes=3)
    particles = beam(detector, [1e4], theta=50 * pi / 180, phi=0.4)
    place, read = spots_of(detector, particles, np.array([[0, 4, 0]]), 1e-6)
    axis = particles.position + (place[:, 2:] - detector.face_z) * (
        particles.direction / particles.direction[:, 2:]
    )
    assert read.all()
    assert torch.allclose(place.double(), axis, atol=1e-4)
    assert (place[:, 2] == detector.geometry.layer_z[1]).all()


def test_it_is_a_simulator_of_hits():
    simulator = GflashSimulator(ILD)
    assert isinstance(simulator, Simulator)
    assert isinstance(simulator, SparseSimulator)
    particles = beam(ILD, [1e4, 5e4])
    dense = simulator.simulate(particles, seed=3)
    assert torch.equal(
        dense.deposits, simulator.simulate_sparse(particles, seed=3).dense().deposits
    )


def test_equal_seeds_give_equal_showers_and_others_do_not():
    simulator = GflashSimulator(ILD)
    particles = beam(ILD, [2e4] * 40)
    first, again, other = (simulator.simulate(particles, seed=s).deposits for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[16])
    assert torch.equal(first[:16], simulator.simulate(particles[:16], seed=1).deposits)


@pytest.mark.parametrize("name", ["ild_ecal", "ild_ecal_tilted", "clic_ecal", "calochallenge_ds2"])
@pytest.mark.parametrize("pdg", [22, 11, -11])
def test_detectors_and_particles_of_the_catalogue(name, pdg):
    detector = load_detector(name)
    showers = GflashSimulator(detector).simulate(beam(detector, [1e2, 1e3, 1e5], pdg=pdg), seed=1)
    visible = showers.deposits.sum(1)
    assert (visible[1:] > 0).all()
    assert (visible < showers.particles.energy).all()


def test_no_particles_make_no_showers():
    assert GflashSimulator(ILD).simulate(IncidentParticles.beam([]), seed=1).deposits.numel() == 0


def test_a_homogeneous_calorimeter_sees_all_of_the_energy():
    detector = crystal(layers=60)
    showers = GflashSimulator(detector).simulate(beam(detector, [1e4] * 50, pdg=11), seed=1)
    assert (showers.deposits.sum(1) / 1e4).numpy() == pytest.approx(np.ones(50), abs=0.02)


def test_the_mean_profile_is_the_law_averaged_over_its_fluctuations():
    detector = crystal()
    energy, count = 1e4, 1000
    showers = GflashSimulator(detector).simulate(beam(detector, [energy] * count, pdg=11), seed=2)
    simulator = GflashSimulator(detector)
    law = longitudinal(simulator.medium, np.full((20_000, 1), energy), np.zeros(1))
    generator = np.random.default_rng(5)
    top, alpha = law.fluctuate(*generator.standard_normal((2, 20_000, 1)))
    start = generator.exponential(
        1 / radiations(energy / simulator.medium.critical_energy), 20_000
    )
    slices = Slices.of(detector)
    depth = np.maximum(slices.depth(slices.edges) - start[:, None], 0.0)
    expected = np.diff(cumulative(depth, top, alpha)).mean(0)
    layers = detector.geometry.sum_layers(showers.deposits) / energy
    error = layers.std(0).numpy() / np.sqrt(count) + 1e-3
    assert (np.abs(layers.mean(0).numpy() - expected) < 4 * error).all()


def test_visible_energy_is_the_sampled_share():
    detector = wide()
    simulator = GflashSimulator(detector)
    visible = simulator.simulate(beam(detector, [1e4] * 400, pdg=11), seed=1).deposits.sum(1) / 1e4
    share = 0.5 * 1.664 * 2.329 / (0.5 * 1.664 * 2.329 + 3.0 * 1.145 * 19.3)
    assert float(visible.mean()) == pytest.approx(share * simulator.medium.e_mip, rel=0.02)


def test_sampling_fluctuations_have_the_stated_width():
    detector = wide()
    for c in (0.1, 0.4):
        simulator = GflashSimulator(detector, resolution=c)
        response = simulator.simulate(beam(detector, [1e4] * 500, pdg=11), seed=1).deposits.sum(1)
        width = float(response.std() / response.mean())
        assert width == pytest.approx(c / np.sqrt(10), rel=0.12)


def test_response_scales_all_deposits():
    particles = beam(ILD, [1e4] * 5)
    one, two = (
        GflashSimulator(ILD, response=r).simulate(particles, seed=1).deposits for r in (0.4, 0.8)
    )
    assert torch.allclose(2 * one, two)


def test_a_photon_showers_later_by_its_conversion_less_what_the_pair_shares():
    """9/7 - 0.48 X0, since the depth of a shower goes with about ln E; the Review has 1.0."""
    detector = wide()
    simulator = GflashSimulator(detector)
    depth = {}
    for pdg in (11, 22):
        layers = detector.geometry.sum_layers(
            simulator.simulate(beam(detector, [1e4] * 2000, pdg=pdg), seed=1).deposits
        )
        plane = torch.arange(1, 41) * detector.radiation_lengths / 40
        depth[pdg] = float((layers * plane).sum() / layers.sum())
    assert depth[22] - depth[11] == pytest.approx(9 / 7 - 0.48, abs=0.12)


def test_energy_lies_about_the_axis_as_the_radial_law_says():
    detector = wide(cell=0.5, side=101)
    simulator = GflashSimulator(detector)
    medium, energy = simulator.medium, np.array([1e4])
    count = 60
    deposits = simulator.simulate(beam(detector, [1e4] * count, pdg=11), seed=1).deposits.sum(0)
    radius = detector.geometry.cell_centres[:, :2].norm(dim=1)
    law = longitudinal(medium, energy, medium.spacing)
    depth = np.linspace(0, detector.radiation_lengths, 200)
    top, alpha = np.exp(law.log_t), np.exp(law.log_alpha)
    weight = np.diff(cumulative(depth, top, alpha))
    tau = (depth[1:] + depth[:-1]) / 2 / top
    profile = radial(medium, energy, tau, medium.spacing)
    core, tail = profile.core * medium.moliere_radius, profile.tail * medium.moliere_radius
    whole = simulator.response * Slices.of(detector).shares[1] * 1e4 * count
    for r in (2.0, 4.0, 8.0, 20.0):
        inside = profile.weight * r**2 / (r**2 + core**2)
        inside += (1 - profile.weight) * r**2 / (r**2 + tail**2)
        assert float(deposits[radius < r].sum()) / whole == pytest.approx(
            float((weight * inside).sum()), abs=0.025
        )


@pytest.mark.parametrize("theta", [60.0, 40.0])
def test_a_tilted_shower_follows_its_axis(theta):
    detector = load_detector("ild_ecal_tilted")
    angle = theta * pi / 180
    particles = beam(detector, [5e4] * 100, theta=angle)
    grid = GflashSimulator(detector).simulate(particles, seed=1).grid.mean(0)
    energy = grid.sum((1, 2))
    # The median, since tails are cut at one side of the window before the other.
    rows = (grid.sum(2).cumsum(1) < energy[:, None] / 2).sum(1)
    y = detector.geometry.row_y[rows.clamp(max=59)]
    z = detector.geometry.layer_z
    axis = detector.impact[1] + (z - detector.face_z) / np.tan(angle)
    seen = (energy > 0.3 * energy.max()) & (axis < 100)
    assert (y - axis)[seen].abs().max() < 6.0


def test_a_tilted_shower_ends_in_fewer_layers():
    detector = load_detector("ild_ecal_tilted")
    depth = []
    for theta in (pi / 2, pi / 4):
        showers = GflashSimulator(detector).simulate(
            beam(detector, [2e4] * 200, theta=theta), seed=1
        )
        layers = detector.geometry.sum_layers(showers.deposits).mean(0)
        depth.append(float((layers * torch.arange(30)).sum() / layers.sum()))
    assert depth[1] < 0.85 * depth[0]


def test_a_particle_that_starts_inside_of_the_stack_starts_its_shower_there():
    late = beam(ILD, [1e4] * 50, pdg=11, depth=float(ILD.geometry.layer_z[10]))
    layers = ILD.geometry.sum_layers(GflashSimulator(ILD).simulate(late, seed=1).deposits)
    assert float(layers[:, :8].sum()) == 0.0
    assert float(layers[:, 12:].sum()) > 0.0


def spots_of(detector, particles, counts, radius):
    """Where spots of one radius are read out, and which lie in the stack."""
    simulator = GflashSimulator(detector)
    core = np.full(counts.shape, radius / simulator.medium.moliere_radius)
    profile = Radial(core, core, np.full(counts.shape, 0.5))
    drawn = scatter(simulator._cloud(particles, counts, profile, np.random.default_rng(1)))
    inside = drawn.layer >= 0
    z = detector.geometry.layer_z.numpy()[drawn.layer]
    return torch.from_numpy(np.stack([drawn.x, drawn.y, z], axis=1)), torch.from_numpy(inside)


@pytest.mark.parametrize("azimuth", [0.0, 40.0, 130.0])
def test_spots_keep_their_distance_from_a_slanted_axis(azimuth):
    detector = wide()
    particles = beam(detector, [1e4], theta=40 * pi / 180, phi=azimuth * pi / 180)
    counts = np.zeros((1, 40), dtype=int)
    counts[0, 15:25] = 2000
    place, read = spots_of(detector, particles, counts, 10.0)
    offset = place.double() - particles.position
    direction = particles.direction
    along = (offset * direction).sum(1, keepdim=True)
    radius = (offset - along * direction).norm(dim=1)[read]
    for r in (5.0, 10.0, 20.0):
        assert float((radius < r).double().mean()) == pytest.approx(r**2 / (r**2 + 100), abs=0.02)


def test_energy_before_and_behind_the_stack_is_in_no_cell():
    detector = wide(planes=2)
    leaning = beam(detector, [1e4], theta=pi / 6)
    place, read = spots_of(detector, leaning, np.full((1, 2), 1000), 50.0)
    assert place.isfinite().all()
    assert 0.02 < read.double().mean() < 0.5
    showers = GflashSimulator(detector).simulate(beam(detector, [1e4] * 20, pdg=11), seed=1)
    assert float(showers.deposits.sum(1).max()) < 0.2 * 1e4 * 0.04


def test_bad_input_is_refused():
    simulator = GflashSimulator(ILD)
    with pytest.raises(ValueError, match=r"particle codes 22, 11 and -11, got \[211\]"):
        simulator.simulate(beam(ILD, [1e4], pdg=211), seed=1)
    with pytest.raises(ValueError, match=r"holds from 0.1 to 1000 GeV, got 0.05 GeV \(1 of 2"):
        simulator.simulate(beam(ILD, [1e4, 50.0]), seed=1)
    with pytest.raises(ValueError, match="must fly into the detector"):
        simulator.simulate(beam(ILD, [1e4], theta=-pi / 2), seed=1)
    with pytest.raises(ValueError, match="must not be negative"):
        simulator.simulate(beam(ILD, [1e4]), seed=-1)
    with pytest.raises(ValueError, match="has none"):
        GflashSimulator(load_detector("calochallenge_ds1_photons"))
    with pytest.raises(ValueError, match="must be above 0, got 0"):
        GflashSimulator(ILD, response=0.0)
    with pytest.raises(ValueError, match="must be above 0"):
        GflashSimulator(ILD, resolution=-0.1)
    with pytest.raises(ValueError, match="crystal is homogeneous"):
        GflashSimulator(crystal(), resolution=0.1)
