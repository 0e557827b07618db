"""3DGAN's files, from files that other programs could have written."""

import h5py
import numpy as np
import pytest
import torch

from heitler.formats import create_showers, open_showers
from heitler.formats.threedgan import ThreeDGANWriter


def write(path, image, **columns):
    with h5py.File(path, "w") as file:
        file["ECAL"] = image
        for key, values in columns.items():
            file[key] = np.asarray(values, dtype=np.float32)
    return path


def image_with_one_hit(width, value):
    """A hit at x 3, y 5, z 7."""
    image = np.zeros((1, width, width, 25), dtype=np.float32)
    image[0, 3, 5, 7] = value
    return image


def test_fixed_angle(tmp_path):
    path = write(tmp_path / "x", image_with_one_hit(25, 0.5), target=[[-11, 100.0, 7.0]])
    with open_showers(path) as reader:
        assert reader.detector.name == "clic_ecal"
        assert reader.particles.energy.tolist() == [100000.0]
        assert reader.particles.pdg.tolist() == [-11]
        grid = reader.read(0, 1).grid
        assert grid.nonzero().tolist() == [[0, 7, 5, 3]]
        assert grid.sum() == 500.0


def test_fixed_angle_with_energy_instead_of_target(tmp_path):
    path = write(tmp_path / "x", image_with_one_hit(25, 0.5), energy=[100.0])
    with open_showers(path) as reader:
        assert reader.particles.energy.tolist() == [100000.0]
        assert reader.particles.pdg.tolist() == [11]
        assert reader.read(0, 1).deposits.sum() == 500.0


def test_variable_angle_is_stored_fifty_fold(tmp_path):
    image = image_with_one_hit(51, 25.0)
    path = write(tmp_path / "x", image, energy=[100.0], theta=[1.2], pdgID=[22])
    with open_showers(path) as reader:
        assert reader.detector.name == "clic_ecal_51"
        assert reader.read(0, 1).deposits.sum() == 500.0
        assert reader.particles.theta.tolist() == pytest.approx([1.2])
        assert reader.particles.pdg.tolist() == [22]
        with pytest.raises(ValueError, match="states its particles itself"):
            open_showers(path, pdg=11)


def test_a_target_needs_two_columns(tmp_path):
    path = write(tmp_path / "x", image_with_one_hit(25, 0.5), target=[[100.0]])
    with pytest.raises(ValueError, match=r"'target' must be \(N, 2\)"):
        open_showers(path)


def test_the_first_tilted_shower_changes_the_layout(toy_showers, tmp_path, monkeypatch):
    monkeypatch.setattr("heitler.formats.threedgan.batch_size", lambda cells: 3)
    parts = [toy_showers(), toy_showers(theta=1.0)]
    writer = ThreeDGANWriter(tmp_path / "x", parts[0].detector, {})
    for part in parts:
        writer.write(part)
    writer.close()
    with h5py.File(tmp_path / "x") as file:
        assert set(file) == {"ECAL", "energy", "theta", "pdgID"}
    with open_showers(tmp_path / "x") as reader:
        expected = torch.cat([part.deposits for part in parts])
        torch.testing.assert_close(reader.read(0, 16).deposits, expected, rtol=3e-7, atol=0)


def test_leaning_towards_x_has_no_place(toy_showers, tmp_path):
    showers = toy_showers(theta=1.0)
    showers.particles.direction[:] = torch.tensor([0.6, 0.0, 0.8])
    with (
        pytest.raises(ValueError, match="lean towards x"),
        create_showers(tmp_path / "x", showers.detector, convention="threedgan") as writer,
    ):
        writer.write(showers)
