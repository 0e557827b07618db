"""Separation powers with the challenge's bins, against numpy and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from heitler.detectors import load_detector
from heitler.formats import open_showers
from heitler.validation.calochallenge.data_sets import data_set_of
from heitler.validation.calochallenge.features import collect_features
from heitler.validation.calochallenge.scores import averages, separations, voxel_score

BINS = {  # of layers 0 to 3 and 12 of data set 1, photons: from the challenge's table
    "centre eta": [(-100, 100)] * 2,
    "centre phi": [(-100, 100)] * 2,
    "width eta": [(0, 100)] * 2,
    "width phi": [(0, 100)] * 2,
    "centre r": [(0, 500)] * 4 + [(0, 1500)],
    "width r": [(0, 500)] * 4 + [(0, 1500)],
}

EDGES = np.array([1.0, 10.0, 100.0])


@pytest.fixture(scope="module")
def samples(toy_challenge):
    detector = load_detector("calochallenge_ds1_photons")
    data_set = data_set_of(detector)

    def collect(path):
        with open_showers(path, detector=detector) as reader:
            return collect_features(reader, data_set)

    first, second = toy_challenge(seed=1), toy_challenge(seed=2, scale=1.05)
    return collect(first), collect(second), data_set


def challenge_formula(first, second, edges):
    """Densities times widths: what lies outside is dropped, the rest normalised."""
    h1, h2 = (np.histogram(values, edges, density=True)[0] for values in (first, second))
    h1, h2 = h1 * np.diff(edges), h2 * np.diff(edges)
    return 0.5 * ((h1 - h2) ** 2 / (h1 + h2 + 1e-16)).sum()


def test_every_histogram_matches_plain_numpy(samples):
    first, second, data_set = samples
    scores = {(s.group, s.histogram): s.published for s in separations(first, second, data_set)}
    layers = data_set.geometry.layer_ids
    expected = {}
    ratio = [s.total / s.incident for s in (first, second)]
    expected["E total", ""] = (*ratio, np.linspace(0.5, 1.5, 101))
    for number, energy in enumerate(2.0 ** np.arange(8, 23)):
        at = [r[s.incident == energy] for r, s in zip(ratio, (first, second), strict=True)]
        edges = np.linspace(0.4, 1.4, 21) if number < 4 else np.linspace(0.9, 1.1, 21)
        expected["E total by energy", f"{energy / 1e3:.4g} GeV"] = (*at, edges)
    for place, layer in enumerate(layers):
        one, two = first.layer[:, place], second.layer[:, place]
        expected["E layer", str(layer)] = one, two, np.logspace(0, np.log10(one.max()), 40)
        sparsity = first.sparsity[:, place], second.sparsity[:, place]
        expected["sparsity", str(layer)] = (*sparsity, np.linspace(0, 1, 21))
    for group, ranges in BINS.items():
        kind, axis = group.split()
        one, two = getattr(first, kind)[axis], getattr(second, kind)[axis]
        for place, (low, high) in enumerate(ranges):
            layer = layers[place if axis == "r" else place + 1]
            edges = np.linspace(low, high, 101)
            expected[group, str(layer)] = one[:, place], two[:, place], edges
    assert scores.keys() == expected.keys()
    filled = 0
    for key, arguments in expected.items():
        if scores[key] is not None:
            filled += 1
            assert scores[key].value == pytest.approx(challenge_formula(*arguments), abs=1e-12)
    assert filled > 40
    means = averages(separations(first, second, data_set))
    of_layers = [scores["E layer", str(layer)].value for layer in layers]
    assert means["E layer"] == pytest.approx(np.mean(of_layers))


def test_lost_overflow_is_named_as_what_it_is():
    score = voxel_score(np.array([0.0, 1, 1, 0]), np.array([0.0, 1, 1, 2]), EDGES)
    assert score.published.value == 0.0  # the tail of the candidate is dropped
    # h = (1/2, 1/2, 0) and (1/4, 1/4, 1/2): (1/16)/(3/4) twice and 1/2, halved
    assert score.complete.value == pytest.approx(0.5 * (2 * 0.0625 / 0.75 + 0.5))


def test_a_histogram_without_entries_has_no_value():
    score = voxel_score(np.array([0.0, 1, 1, 0]), np.array([3.0, 0, 0, 2]), EDGES)
    assert score.published is None
    assert averages([score]) == {}
    assert score.complete.value == 1.0


@pytest.mark.parametrize(
    ("name", "energy"), [("ds1_photons", 0.9), ("ds1_pions", 0.4), ("ds2", 0.5)]
)
def test_bins_of_the_response(name, energy):
    data_set = data_set_of(load_detector(f"calochallenge_{name}"))
    assert data_set.response_edges(4)[0] == energy
    assert (data_set.response is None) == (name == "ds2")
    expected = 1.0 if name.startswith("ds1") else 0.01515
    assert data_set.threshold == pytest.approx(expected, abs=5e-6)


def test_another_detector_is_refused():
    with pytest.raises(ValueError, match="ild_ecal is not a detector of the CaloChallenge"):
        data_set_of(load_detector("ild_ecal"))
