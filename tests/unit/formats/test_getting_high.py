"""ILD grids, from files that other programs could have written."""

from math import pi

import h5py
import numpy as np
import pytest
import torch

from heitler.detectors import load_detector
from heitler.formats import create_showers, open_showers
from heitler.particles import IncidentParticles
from heitler.showers import Showers

RNG = np.random.default_rng(1)


def write(path, group, **columns):
    with h5py.File(path, "w") as file:
        place = file.create_group(group) if group else file
        for key, values in columns.items():
            place[key] = np.asarray(values, dtype=np.float32)
    return path


def layers(count, rows):
    return RNG.random((count, 30, rows, 30), dtype=np.float32)


def test_a_grid_with_perpendicular_photons(tmp_path):
    grid = layers(2, 30)
    path = write(tmp_path / "x", "30x30", layers=grid, energy=[[10.0], [55.5]])
    with open_showers(path) as reader:
        showers = reader.read(0, 2)
        assert showers.detector.name == "ild_ecal"
        assert np.array_equal(showers.grid.numpy(), grid)
        assert reader.particles.energy.tolist() == [10000.0, 55500.0]
        assert reader.particles.pdg.tolist() == [22, 22]
        assert reader.particles.direction.tolist() == [[0.0, 0.0, 1.0]] * 2
        assert reader.particles.position[0].tolist() == pytest.approx([2.5, 2.5, -2.35])
        assert reader.provenance["assumed"] == [
            "detector ild_ecal, since it alone has 30 x 30 x 30 cells",
            "particle 22, since the file does not name it",
        ]


def test_a_particle_may_be_given(tmp_path):
    path = write(tmp_path / "x", "30x30", layers=layers(1, 30), energy=[[10.0]])
    with open_showers(path, pdg=-11) as reader:
        assert reader.particles.pdg.tolist() == [-11]


def test_one_angle_at_the_root(tmp_path):
    theta = np.array([[0.6], [pi / 2]], dtype=np.float32)
    path = write(tmp_path / "x", "", layers=layers(2, 60), energy=[10.0, 20.0], theta=theta)
    with open_showers(path) as reader:
        assert reader.detector.name == "ild_ecal_tilted"
        expected = [0.0, np.cos(theta[0, 0]), np.sin(theta[0, 0])]
        assert reader.particles.direction[0].tolist() == pytest.approx(expected, abs=1e-6)
        assert reader.particles.theta[0] == pytest.approx(float(theta[0, 0]))
        assert reader.particles.direction[1].tolist() == [0.0, 0.0, 1.0]


def test_two_angles_at_the_root(tmp_path):
    path = write(
        tmp_path / "x", "", layers=layers(1, 60), energy=[10.0], theta=[[1.0]], phi=[[1.2]]
    )
    with open_showers(path) as reader:
        expected = [np.sin(1.0) * np.cos(1.2), np.cos(1.0), np.sin(1.0) * np.sin(1.2)]
        assert reader.particles.direction[0].tolist() == pytest.approx(expected, abs=1e-6)
        assert any("phi" in assumption for assumption in reader.provenance["assumed"])


def test_particles_that_lean_along_both_axes(toy_detector, toy_showers, tmp_path):
    direction = torch.tensor([[0.6, 0.0, 0.8], [0.48, -0.36, 0.8], [0.0, 0.0, 1.0]]).double()
    direction /= direction.norm(dim=1, keepdim=True)
    showers = toy_showers(count=3)
    particles = IncidentParticles(
        showers.particles.energy, showers.particles.pdg, direction, showers.particles.position
    )
    with create_showers(tmp_path / "x", toy_detector, convention="getting_high") as writer:
        writer.write(Showers(showers.deposits, particles, toy_detector))
    with open_showers(tmp_path / "x") as reader:
        torch.testing.assert_close(reader.particles.direction, direction, atol=1e-7, rtol=0)


def test_the_layout_follows_the_angles(toy_detector, toy_showers, tmp_path):
    for theta, keys in ((pi / 2, {"5x3"}), (1.0, {"layers", "energy", "theta"})):
        with create_showers(tmp_path / "x", toy_detector, convention="getting_high") as writer:
            writer.write(toy_showers())
            writer.write(toy_showers(theta=theta))
        with h5py.File(tmp_path / "x") as file:
            assert set(file) == keys


def test_several_grids_are_ambiguous(tmp_path):
    path = write(tmp_path / "x", "30x30", layers=layers(1, 30), energy=[[1.0]])
    with h5py.File(path, "a") as file:
        file.copy("30x30", "15x15")
    with pytest.raises(ValueError, match="several grids in one file"):
        open_showers(path)


def test_counts_must_agree(tmp_path):
    path = write(tmp_path / "x", "30x30", layers=layers(2, 30), energy=[[1.0]])
    with pytest.raises(ValueError, match="1 incident energies but 2 showers"):
        open_showers(path)


@pytest.mark.parametrize("convention", ["getting_high", "threedgan"])
def test_rings_are_no_grid(convention, tmp_path):
    with (
        pytest.raises(ValueError, match="the cells of calochallenge_ds2 are rings"),
        create_showers(tmp_path / "x", load_detector("calochallenge_ds2"), convention=convention),
    ):
        pass
    assert not list(tmp_path.iterdir())
