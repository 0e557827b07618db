"""Features against loops over layers in plain numpy, from the XML-like description of voxels."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from heitler.detectors import load_detector
from heitler.formats import open_showers
from heitler.validation.calochallenge.data_sets import DATA_SETS, data_set_of
from heitler.validation.calochallenge.features import (
    collect_features,
    low_level,
    normalised,
    voxel_counts,
)

THRESHOLD = {"ds1_photons": 1.0, "ds1_pions": 1.0, "ds2": 0.5e-3 / 0.033, "ds3": 0.5e-3 / 0.033}


def by_hand(path, name):
    """Layer by layer: energy, <x>, widths and sparsity, with radius fastest, then angle."""
    definition = load_detector(f"calochallenge_{name}").definition["geometry"]
    with h5py.File(path) as file:
        voxels = file["showers"][...].astype(np.float64)
        energy = file["incident_energies"][:, 0]
    voxels[voxels < THRESHOLD[name]] = 0
    start, layers = 0, []
    count = len(definition["layer_ids"]) if "layer_ids" in definition else 45
    edges, bins = definition["radial_edges"], definition["angular_bins"]
    if len(edges) == 1:
        edges, bins = edges * count, bins * count
    for r_edges, n_alpha in zip(edges, bins, strict=True):
        r = (np.array(r_edges[1:]) + np.array(r_edges[:-1])) / 2
        angles = np.linspace(-np.pi, np.pi, n_alpha + 1)
        alpha = (angles[1:] + angles[:-1]) / 2
        size = r.size * n_alpha
        part = voxels[:, start : start + size]
        start += size
        total = part.sum(axis=1)
        layer = {"E": total, "sparsity": 1 - (part > 0).sum(axis=1) / size, "alpha": n_alpha}
        places = {
            "eta": np.cos(alpha)[:, None] * r,
            "phi": np.sin(alpha)[:, None] * r,
            "r": np.ones(n_alpha)[:, None] * r,
        }
        for axis, grid in places.items():
            place = grid.reshape(-1)
            mean = (place * part).sum(axis=1) / (total + 1e-16)
            square = (place**2 * part).sum(axis=1) / (total + 1e-16)
            layer[axis] = mean, np.sqrt(np.maximum(square - mean**2, 0))
        layers.append(layer)
    return voxels, energy, layers


@pytest.mark.parametrize("name", ["ds1_photons", "ds1_pions", "ds2"])
def test_features_match_a_plain_evaluation(name, toy_challenge):
    path = toy_challenge(name, count=40)
    voxels, energy, layers = by_hand(path, name)
    detector = load_detector(f"calochallenge_{name}")
    with open_showers(path, detector=detector) as reader:
        got = collect_features(reader, data_set_of(detector))
    close = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(got.incident, energy)
    np.testing.assert_allclose(got.total, voxels.sum(axis=1), **close)
    np.testing.assert_allclose(got.layer.T, [layer["E"] for layer in layers], **close)
    np.testing.assert_allclose(got.sparsity.T, [layer["sparsity"] for layer in layers], **close)
    assert got.largest == voxels.max()
    for axis in ("eta", "phi", "r"):
        having = [layer[axis] for layer in layers if axis == "r" or layer["alpha"] > 1]
        np.testing.assert_allclose(got.centre[axis].T, [pair[0] for pair in having], **close)
        # Differences of squares lose half of the digits where the width is small.
        expected = [pair[1] for pair in having]
        np.testing.assert_allclose(got.width[axis].T, expected, rtol=1e-6, atol=1e-5)


def test_the_layers_with_angles_are_those_of_the_data_sets():
    several = {
        data_set.detector: [
            number
            for number, bins in zip(
                data_set.geometry.layer_ids, data_set.geometry.angular_bins, strict=True
            )
            if bins > 1
        ]
        for data_set in DATA_SETS
    }
    assert several["calochallenge_ds1_photons"] == [1, 2]
    assert several["calochallenge_ds1_pions"] == [1, 2, 12, 13]
    assert len(several["calochallenge_ds2"]) == len(several["calochallenge_ds3"]) == 45


def test_inputs_of_the_classifiers(toy_challenge):
    path = toy_challenge("ds1_photons", count=30)
    voxels, energy, layers = by_hand(path, "ds1_photons")
    detector = load_detector("calochallenge_ds1_photons")
    data_set = data_set_of(detector)
    with open_showers(path, detector=detector) as reader:
        low, norm = low_level(reader, data_set), normalised(reader, data_set)
        high = collect_features(reader, data_set).high_level
    log_energy = np.log10(energy)[:, None]
    np.testing.assert_allclose(low, np.hstack([log_energy, voxels / energy[:, None]]))
    sizes = detector.geometry.layer_sizes
    of_layer = np.repeat(np.stack([layer["E"] for layer in layers], axis=1), sizes, axis=1)
    total = np.log10(np.stack([layer["E"] for layer in layers], axis=1) + 1e-8)
    np.testing.assert_allclose(norm, np.hstack([log_energy, voxels / (of_layer + 1e-16), total]))
    # log E_inc, 5 layers, E_tot, centres and widths of 2 + 2 + 5 layers, 5 sparsities
    assert high.shape == (30, 1 + 5 + 1 + 2 * 9 + 5)
    np.testing.assert_allclose(high[:, :1], log_energy)
    np.testing.assert_allclose(high[:, 7], layers[1]["eta"][0] / 100)


def test_voxel_counts_of_even_and_odd_showers(toy_challenge):
    path = toy_challenge("ds1_photons", count=31)
    voxels, _, _ = by_hand(path, "ds1_photons")
    detector = load_detector("calochallenge_ds1_photons")
    edges = np.logspace(0.5, 4, 20)
    with open_showers(path, detector=detector) as reader:
        counts = voxel_counts(reader, data_set_of(detector), edges)
    for half in (0, 1):
        part = voxels[half::2]
        assert counts[half, 1:-1].tolist() == np.histogram(part, edges)[0].tolist()
        assert counts[half, 0] == ((part > 0) & (part < edges[0])).sum()
        assert counts[half, -1] == (part > edges[-1]).sum()
