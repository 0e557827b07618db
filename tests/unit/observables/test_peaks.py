"""Peaks: scipy's prominence as the oracle, and layers with known cores."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import find_peaks

from heitler.detectors import load_detector
from heitler.observables import layer_peaks, longitudinal_peaks, peak_distance, prominence
from heitler.observables.peaks import neighbours
from heitler.particles import IncidentParticles
from heitler.showers import Showers


@given(seed=st.integers(0, 10_000), length=st.integers(1, 45))
def test_prominences_are_those_of_scipy(seed, length):
    profile = np.random.default_rng(seed).exponential(size=length)
    expected = np.zeros(length)
    places, found = find_peaks(np.pad(profile, 1), prominence=0.0)
    expected[places - 1] = found["prominences"]
    np.testing.assert_allclose(
        prominence(torch.from_numpy(profile)[None])[0], expected, atol=1e-12
    )


def test_a_plateau_is_one_peak():
    profile = torch.tensor([[0.0, 2.0, 2.0, 1.0, 2.0]])
    assert prominence(profile)[0].tolist() == [0.0, 2.0, 0.0, 0.0, 1.0]


def test_longitudinal_peaks_of_a_known_shower(toy_detector, single):
    two = single(toy_detector, {(0, 1, 1): 4.0, (1, 1, 1): 1.0, (3, 1, 1): 3.0})
    assert float(longitudinal_peaks(two)) == 2.0
    assert float(peak_distance(two)) == pytest.approx(3 * 3.5)
    shallow = single(toy_detector, {(0, 1, 1): 4.0, (1, 1, 1): 2.5, (2, 1, 1): 3.0})
    assert float(longitudinal_peaks(shallow)) == 1.0
    assert float(peak_distance(shallow)) == 0.0


def test_peaks_of_a_layer_are_apart_high_and_above_the_threshold(toy_detector, single):
    cells = {
        (0, 0, 0): 2.0,
        (0, 1, 1): 1.9,  # touches the first one at a corner
        (0, 3, 2): 0.3,
        (0, 4, 0): 0.15,  # less than a tenth of the highest
        (1, 0, 0): 0.05,  # no hit
        (2, 0, 0): 1.0,
        (2, 0, 1): 1.0,  # as high as its neighbour: one peak
    }
    assert layer_peaks(single(toy_detector, cells))[0].tolist() == [2.0, 0.0, 1.0, 0.0]


def test_neighbours_go_around_the_axis():
    detector = load_detector("calochallenge_ds2")
    angles, rings = detector.geometry.grid_shape[1:]
    beside = neighbours(detector.geometry)
    assert beside.shape == (detector.geometry.cells, 8)
    # The first cell of the second layer: angle 0 and ring 0 beside the last angle.
    start = angles * rings
    found = set(beside[start].tolist()) - {-1}
    expected = {(i, j) for i in (angles - 1, 0, 1) for j in (0, 1)} - {(0, 0)}
    assert found == {start + i * rings + j for i, j in expected}


def test_beside_is_mutual(toy_detector):
    for geometry in (toy_detector.geometry, load_detector("calochallenge_ds1_photons").geometry):
        beside = neighbours(geometry)
        pairs = {(a, b) for a, row in enumerate(beside.tolist()) for b in row if b >= 0}
        assert pairs == {(b, a) for a, b in pairs}


def test_layers_of_rings_have_a_peak_around_the_seam():
    detector = load_detector("calochallenge_ds2")
    grid = torch.zeros(1, *detector.geometry.grid_shape)
    grid[0, 3, 0, 4], grid[0, 3, 15, 4] = 2.0, 1.0
    shower = Showers(detector.geometry.from_grid(grid), IncidentParticles.beam([1e4]), detector)
    assert float(layer_peaks(shower)[0, 3]) == 1.0
