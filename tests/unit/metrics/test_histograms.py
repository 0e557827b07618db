"""Histograms, chi2, Jensen-Shannon divergence, and the separation power of counts."""

from math import erf, log, log2, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from heitler.metrics import (
    binned_jensen_shannon,
    binned_separation,
    chi2_of_histograms,
    chi2_per_degree,
    jensen_shannon,
    pair_jensen_shannon,
    quantile_edges,
    separation_power,
)

counts = st.lists(st.integers(0, 50), min_size=4, max_size=30)


@given(first=counts, seed=st.integers(0, 1000))
def test_scipy_agrees(first, seed):
    first = np.array([*first, 3])
    second = np.random.default_rng(seed).permutation(first) + 1
    oracle = jensenshannon(first, second, base=2) ** 2
    assert binned_jensen_shannon(first, second).value == pytest.approx(oracle, abs=1e-12)


def test_chi2_is_that_of_a_contingency_table():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=900), rng.normal(0.1, size=400)
    edges = np.linspace(-1.5, 1.5, 9)
    table = [
        np.histogram(sample, [-np.inf, *edges, np.inf])[0].tolist() for sample in (first, second)
    ]
    oracle = stats.chi2_contingency(table, correction=False)
    value = chi2_per_degree(first, second, edges=edges).value
    assert value == pytest.approx(oracle.statistic / oracle.dof, rel=1e-12)


def test_chi2_of_equal_distributions_is_that_of_theory():
    rng = np.random.default_rng(2)
    values = [chi2_per_degree(*rng.exponential(size=(2, 1000))) for _ in range(300)]
    chi2 = np.array([each.value for each in values])
    assert abs(chi2.mean() - 1) < 4 * chi2.std() / sqrt(len(chi2))
    assert chi2.std() == pytest.approx(values[0].error, rel=0.3)


def test_histograms_with_errors_are_compared_bin_by_bin():
    estimate = chi2_of_histograms([1, 2, 5], [0.3, 0.4, 0], [1.5, 2, 7], [0.4, 0.3, 0])
    assert estimate.value == pytest.approx((0.5**2 / 0.25 + 0) / 2)
    with pytest.raises(ValueError, match="same bins are needed, got 2, 2, 3, 3"):
        chi2_of_histograms([1, 2], [1, 1], [1, 2, 3], [1, 1, 1])
    with pytest.raises(ValueError, match="no bin has an error"):
        chi2_of_histograms([1, 2], [0, 0], [1, 2], [0, 0])


def test_quantile_bins_hold_equally_many():
    values = np.random.default_rng(3).lognormal(size=2000)
    inside, _ = np.histogram(values, quantile_edges(values, bins=10))
    assert np.abs(inside - 200).max() <= 1


@pytest.mark.parametrize("metric", [jensen_shannon, chi2_per_degree])
def test_values_that_are_found_often_have_bins(metric):
    constant = np.full(100, 3.0)
    assert metric(constant, constant).value == 0
    assert metric(constant, constant + 1).value >= 1
    assert metric(constant, constant - 1).value >= 1
    few, many = (np.repeat([0.0, 1.0], parts) for parts in ((70, 30), (30, 70)))
    assert metric(few, many).value > 0.1


def test_jensen_shannon_of_normal_distributions_against_its_integral():
    rng = np.random.default_rng(4)
    first, second = rng.normal(size=(2, 200_000))
    x = np.linspace(-8, 9, 20_001)
    p, q = stats.norm.pdf(x), stats.norm.pdf(x, 1.0)
    m = (p + q) / 2
    exact = np.trapezoid(p * np.log2(p / m) + q * np.log2(q / m), x) / 2
    fine = jensen_shannon(first, second + 1.0, edges=np.linspace(-4, 5, 100))
    assert abs(fine.value - exact) < 3 * fine.error < 0.03 * exact
    # Quantile bins lose a little of it.
    assert 0.95 * exact < jensen_shannon(first, second + 1.0).value < exact
    near = np.linspace(-3, 3, 40)
    small = [f(first, second + 0.05, edges=near).value for f in (jensen_shannon, separation_power)]
    assert small[0] == pytest.approx(small[1] / (2 * log(2)), rel=0.02)


def test_pairs_see_a_correlation_that_no_feature_shows():
    rng = np.random.default_rng(5)
    first, same, other = rng.normal(size=(3, 3000, 3))
    other[:, 1] = 0.6 * other[:, 0] + 0.8 * other[:, 1]
    floor, value = pair_jensen_shannon(first, same), pair_jensen_shannon(first, other)
    assert value.value > 2 * floor.value
    for a, b in zip(first.T, other.T, strict=True):
        assert jensen_shannon(a, b).value < 0.01
    with pytest.raises(ValueError, match="two features or more"):
        pair_jensen_shannon(first[:, :1], same[:, :1])


def test_features_that_never_vary_do_not_differ():
    rng = np.random.default_rng(7)
    constant = np.zeros((100, 2))
    assert pair_jensen_shannon(constant, constant).value == 0.0
    moving = np.column_stack([constant, rng.normal(size=100)])
    # Two of three pairs: eight equal bins against the last of them.
    exact = 2 / 3 * (7 / 8 - 1 / 8 * log2(9 / 2) + log2(16 / 9)) / 2
    value = pair_jensen_shannon(moving, moving + np.array([0.0, 0.0, 9.0])).value
    assert value == pytest.approx(exact, abs=0.01)


def test_pairs_are_two_dimensional_histograms():
    rng = np.random.default_rng(6)
    first, second = rng.normal(size=(2, 500, 2))
    edges = [np.quantile(column, np.linspace(0, 1, 9)) for column in first.T]
    for cut in edges:
        cut[[0, -1]] = -np.inf, np.inf
    tables = [np.histogram2d(*sample.T, bins=edges)[0].ravel() for sample in (first, second)]
    oracle = jensenshannon(*tables, base=2) ** 2
    assert pair_jensen_shannon(first, second).value == pytest.approx(oracle, abs=1e-12)


def test_the_error_of_pairs_covers_the_scatter():
    rng = np.random.default_rng(7)
    values = [pair_jensen_shannon(*rng.normal(size=(2, 400, 4))) for _ in range(60)]
    scatter = np.std([each.value for each in values])
    assert 0.7 < np.mean([each.error for each in values]) / scatter < 4


def test_separation_of_counts_is_that_of_the_values():
    rng = np.random.default_rng(8)
    first, second = rng.normal(size=500), rng.normal(0.3, size=400)
    edges = np.linspace(-2, 2, 20)
    for overflow, outer in ((True, [-np.inf, *edges, np.inf]), (False, edges)):
        tables = [np.histogram(sample, outer)[0] for sample in (first, second)]
        value = separation_power(first, second, edges=edges, overflow=overflow)
        assert binned_separation(*tables) == value
    with pytest.raises(ValueError, match="got 2 and 3 bins"):
        binned_separation([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="with an entry"):
        binned_separation([1, 2], [0, 0])


def test_without_overflow_a_tail_is_forgiven():
    inside = np.linspace(0.1, 0.9, 100)
    tail = np.append(inside, np.full(100, 50.0))
    edges = [0.0, 0.5, 1.0]
    assert separation_power(inside, tail, edges=edges, overflow=False).value == 0
    assert separation_power(inside, tail, edges=edges).value == pytest.approx(1 / 3)


def test_separation_of_shifted_normal_distributions_in_two_bins():
    rng = np.random.default_rng(9)
    first, second = rng.normal(size=50_000), rng.normal(1.0, size=50_000)
    h2 = (1 - erf(1 / sqrt(2))) / 2  # below 0; h1 = 1/2
    exact = 0.5 * ((0.5 - h2) ** 2 / (0.5 + h2) + (0.5 - h2) ** 2 / (1.5 - h2))
    estimate = separation_power(first, second, edges=[-50.0, 0.0, 50.0])
    assert abs(estimate.value - exact) < 3 * estimate.error
