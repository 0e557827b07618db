"""Metrics: laws, known answers, independent implementations, and errors that cover the scatter."""

import sys
from math import erf, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heitler.metrics import (
    METRICS,
    Estimate,
    classifier_auc,
    kolmogorov_smirnov,
    kolmogorov_smirnov_p,
    largest_deviation,
    mean_ratio,
    metric,
    profile_ratio,
    separation_edges,
    separation_power,
    spectrum_separation,
    wasserstein,
    width_ratio,
)

DISTANCES = [entry for entry in METRICS.values() if entry.kind == "distribution"]
seeds = st.integers(0, 10_000)
law = settings(deadline=None, max_examples=50)


def normal(seed, size=400, shift=0.0, width=1.0):
    return np.random.default_rng(seed).normal(5 + shift, width, size)


def test_there_is_something_to_test():
    assert {"separation_power", "wasserstein", "kolmogorov_smirnov"} <= set(METRICS)


@pytest.mark.parametrize("entry", DISTANCES, ids=lambda entry: entry.name)
@law
@given(seed=seeds)
def test_laws_of_distances(entry, seed):
    first, second = normal(seed), normal(seed + 1, shift=0.3)
    order = np.random.default_rng(seed).permutation(len(first))
    value = entry.function(first, second)
    assert value.value > 0
    assert entry.function(first, first).value == 0
    assert entry.function(first[order], second).value == pytest.approx(value.value, abs=1e-12)
    if not entry.in_units:
        assert value.value <= 1 or entry.name == "chi2_per_degree"
        scaled = entry.function(7 * first, 7 * second)
        assert scaled.value == pytest.approx(value.value, abs=1e-9)
    else:
        assert entry.function(7 * first, 7 * second).value == pytest.approx(7 * value.value)


@law
@given(seed=seeds, size=st.integers(2, 300), whole=st.booleans())
def test_scipy_agrees(seed, size, whole):
    first, second = normal(seed, size), normal(seed + 1, 100, shift=0.2)
    if whole:  # many equal values
        first, second = first.round(), second.round()
    oracle = stats.wasserstein_distance(first, second)
    assert wasserstein(first, second).value == pytest.approx(oracle, abs=1e-12)
    oracle = stats.ks_2samp(first, second).statistic
    assert kolmogorov_smirnov(first, second).value == pytest.approx(oracle, abs=1e-12)


def test_separation_power_by_hand():
    # h1 = (0, 1/2, 1/2, 0), h2 = (1/4, 1/4, 1/4, 1/4) with under- and overflow.
    value = separation_power([0.5, 1.5], [-1.0, 0.5, 1.5, 9.0], edges=[0.0, 1.0, 2.0]).value
    assert value == pytest.approx(0.5 * (1 / 4 + 1 / 12 + 1 / 12 + 1 / 4))


def test_separation_power_keeps_what_lies_beyond_the_bins():
    inside = np.linspace(0.1, 0.9, 100)
    tail = np.append(inside, np.full(100, 50.0))
    assert separation_power(inside, tail, edges=[0.0, 0.5, 1.0]).value > 0.3
    assert separation_power([0.0, 1.0], [7.0, 8.0], edges=[0.0, 2.0]).value == 1.0


def test_an_upper_edge_belongs_to_the_last_bin():
    assert separation_power([0.5, 1.0], [0.6, 0.9], edges=[0.0, 1.0]).value == 0.0


def test_edges_of_a_constant_are_about_it():
    edges = separation_edges([3.0, 3.0, 3.0])
    assert (edges[0], edges[-1]) == (2.5, 3.5)
    assert separation_power([3.0, 3.0], [3.0, 3.0]).value == 0.0


def test_distances_between_shifted_normal_distributions():
    first, second = normal(1, 40_000), normal(2, 40_000, shift=0.5)
    assert wasserstein(first, second).value == pytest.approx(0.5, abs=0.02)
    assert kolmogorov_smirnov(first, second).value == pytest.approx(erf(0.25 / sqrt(2)), abs=0.01)


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.5])
@pytest.mark.parametrize("entry", [*DISTANCES, METRICS["mean_ratio"], METRICS["width_ratio"]])
def test_the_error_covers_the_scatter(entry, shift):
    pairs = [(normal(2 * i), normal(2 * i + 1, shift=shift)) for i in range(60)]
    estimates = [entry.function(*pair) for pair in pairs]
    scatter = np.std([estimate.value for estimate in estimates])
    quoted = np.mean([estimate.error for estimate in estimates])
    assert 0.75 < quoted / scatter < 2.2


@law
@given(seed=seeds)
def test_p_value_is_that_of_scipy(seed):
    first, second = normal(seed), normal(seed + 1, shift=0.1)
    oracle = stats.ks_2samp(first, second, method="asymp").pvalue
    assert kolmogorov_smirnov_p(first, second) == oracle


def test_ratios_of_known_samples():
    first = np.linspace(1.0, 3.0, 1001)
    assert mean_ratio(first, 1.1 * first).value == pytest.approx(1.1)
    assert width_ratio(first, 2 + 1.5 * first).value == pytest.approx(1.5)
    assert width_ratio(first, first, seed=3) == width_ratio(first, first, seed=3)
    with pytest.raises(ValueError, match="mean of the reference is 0"):
        mean_ratio([-1.0, 1.0], first)
    with pytest.raises(ValueError, match="width of the reference is 0"):
        width_ratio([1.0, 1.0], first)


def test_largest_deviation_is_that_of_a_layer_that_matters():
    profile = np.tile([[100.0, 50.0, 0.1, 0.0]], (50, 1))
    spoilt = profile * [1.0, 0.9, 5.0, 1.0]
    assert largest_deviation(profile, spoilt).value == pytest.approx(0.1)
    ratio, _ = profile_ratio(profile, spoilt)
    assert ratio[:3] == pytest.approx([1.0, 0.9, 5.0])
    assert np.isnan(ratio[3])


def poisson(seed, tilt=0.0, size=300):
    rng = np.random.default_rng(seed)
    mean = 50 * np.exp(-np.arange(20) / 5 * (1 + tilt))
    return rng.poisson(rng.gamma(5, 0.2, (size, 1)) * mean)


@pytest.mark.parametrize("tilt", [0.0, 0.1])
def test_the_error_of_a_spectrum_covers_the_scatter_of_showers(tilt):
    pairs = [(poisson(2 * i), poisson(2 * i + 1, tilt)) for i in range(40)]
    estimates = [spectrum_separation(*pair) for pair in pairs]
    scatter = np.std([estimate.value for estimate in estimates])
    quoted = np.mean([estimate.error for estimate in estimates])
    assert 0.7 < quoted / scatter < 2.2


def test_spectra_without_entries():
    counts = poisson(1)
    assert spectrum_separation(counts, counts).value == 0.0
    assert spectrum_separation(counts, 0 * counts).value == 1.0
    assert spectrum_separation(0 * counts, 0 * counts).value == 0.0


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_auc_of_shifted_normal_distributions(shift):
    rng = np.random.default_rng(1)
    first = rng.normal(size=(1000, 2))
    second = rng.normal((shift, 0.0), 1.0, size=(1000, 2))
    estimate = classifier_auc(first, second, seed=1)
    best = 0.5 * (1 + erf(shift / 2))  # of the likelihood ratio
    assert estimate.error < 0.03
    # Trees do not reach the likelihood ratio on a finite sample.
    assert best - 0.03 - 2 * estimate.error < estimate.value < best + 3 * estimate.error
    assert classifier_auc(first, second, seed=1) == estimate


def test_the_error_of_the_auc_covers_the_scatter():
    rng = np.random.default_rng(2)
    estimates = [
        classifier_auc(rng.normal(size=(200, 3)), rng.normal(size=(200, 3)), seed=1)
        for _ in range(15)
    ]
    values = np.array([estimate.value for estimate in estimates])
    assert abs(values.mean() - 0.5) < 0.03
    assert values.std() < 1.6 * estimates[0].error


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(ImportError, match=r"heitler\[validate\]"):
        classifier_auc(normal(1).reshape(-1, 2), normal(2).reshape(-1, 2), seed=1)


@pytest.mark.parametrize("sample", [[1.0], [[1.0, 2.0]], [1.0, np.nan]])
def test_bad_samples_are_refused(sample):
    with pytest.raises(ValueError, match=r"two or more entries|not finite"):
        wasserstein(sample, [1.0, 2.0])


def test_tensors_are_taken_as_they_are():
    first, second = torch.tensor(normal(1)), torch.tensor(normal(2))
    assert wasserstein(first, second) == wasserstein(first.numpy(), second.numpy())


def test_an_estimate_is_written_to_the_second_digit_of_its_error():
    assert str(Estimate(0.87512, 0.0131)) == "0.875 ± 0.013"
    assert str(Estimate(1441.23, 22.1)) == "1441 ± 22"
    assert str(Estimate(3.37e-5, 2.04e-6)) == "3.4e-05 ± 2.0e-06"
    assert str(Estimate(0.0, 0.0)) == "0 ± 0"


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="'wasserstein' already"):
        metric("again")(wasserstein)
