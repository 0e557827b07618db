"""The package showerdata reads what heitler writes, and the other way round."""

import numpy as np
import pytest
import torch

from heitler.detectors import load_detector
from heitler.formats import create_showers, open_showers

showerdata = pytest.importorskip("showerdata")


@pytest.mark.parametrize("name", ["ild_ecal_coarse", "calochallenge_ds1_photons"])
def test_the_package_reads_our_files(name, toy_showers, tmp_path):
    showers = toy_showers(load_detector(name), 6, pdg=torch.tensor([11, 22] * 3), theta=1.1)
    with create_showers(tmp_path / "x.h5", showers.detector, convention="showerdata") as writer:
        writer.write(showers[:4])
        writer.write(showers[4:])
    theirs = showerdata.load(tmp_path / "x.h5")
    hits = (showers.deposits > 0).sum(dim=1)
    assert showerdata.get_file_shape(tmp_path / "x.h5") == (6, int(hits.max()), 4)
    assert np.array_equal(np.count_nonzero(theirs.points[..., 3], axis=1), hits)
    assert theirs.pdg.tolist() == [11, 22] * 3
    assert theirs.shower_ids.tolist() == list(range(6))
    energy = showers.particles.energy.numpy()[:, None]
    np.testing.assert_allclose(theirs.energies, energy / 1000, rtol=1e-7)
    np.testing.assert_allclose(theirs.directions, showers.particles.direction, atol=1e-7)
    geometry = showers.geometry
    layers = showerdata.observables.calc_energy_per_layer(theirs, num_layers=geometry.layers)
    expected = geometry.sum_layers(showers.deposits).numpy() / 1000
    np.testing.assert_allclose(layers, expected, rtol=1e-5)
    weight = showers.deposits.double()
    mean = (weight @ geometry.cell_centres)[:, :2] / weight.sum(dim=1, keepdim=True)
    got = (theirs.points[..., :2] * theirs.points[..., 3:]).sum(axis=1)
    got /= theirs.points[..., 3].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(got, mean, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("features", [4, 5])
def test_we_read_the_package_s_files(features, tmp_path):
    detector = load_detector("ild_ecal")
    rng = np.random.default_rng(1)
    points = rng.random((7, 50, features), dtype=np.float32)
    points[..., :2] = 148 * points[..., :2] - 74
    points[..., 2] = rng.integers(0, 30, (7, 50))
    points[:, 40:, 3] = 0.0  # padding
    points[2, 1, :2] = 76.0  # outside
    theirs = showerdata.Showers(points, energies=10 + 90 * rng.random((7, 1)), pdg=11)
    showerdata.save(theirs, tmp_path / "x.h5")
    with open_showers(tmp_path / "x.h5", detector=detector) as reader:
        showers = reader.read(0, 7)
        assert reader.left_out["points"] == 1
        assert reader.left_out["energy"] == pytest.approx(1000 * points[2, 1, 3])
    points[2, 1, 3] = 0.0
    np.testing.assert_allclose(
        showers.particles.energy, 1000.0 * theirs.energies[:, 0].astype(float), rtol=1e-12
    )
    assert showers.particles.pdg.tolist() == [11] * 7
    assert showers.particles.direction.tolist() == [[0.0, 0.0, 1.0]] * 7
    inside = showerdata.Showers(points, theirs.energies, 11, num_points=[50] * 7)
    expected = showerdata.observables.calc_energy_per_layer(inside, num_layers=30)
    got = showers.geometry.sum_layers(showers.deposits) / 1000
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
