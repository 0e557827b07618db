"""Tables of energies: an exponential law is the straight line S(t) = t."""

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.kernels import GRID
from heitler.models.compound_hits.spectra import (
    CLASSES,
    MEANS,
    class_of,
    mapped,
    normal_scores,
    quantiles,
    rank_in,
)

T = np.linspace(0.0, GRID[1], GRID[0]) ** 2
LEVELS = MEANS[2]
TABLES = CLASSES * LEVELS


def test_an_exponential_law_is_the_straight_line():
    ratio = np.random.default_rng(1).exponential(size=200_000)
    tables, source, hits = quantiles(np.full(len(ratio), 30), ratio, None)
    assert tables.shape == (TABLES, GRID[0])
    usual = (T > 0.05) & (T < 6.0)
    np.testing.assert_allclose(tables[30][usual], T[usual], rtol=0.06, atol=0.005)
    # All of its class take it; other classes have no hit and keep the exponential law.
    mine = slice(LEVELS, 2 * LEVELS)
    np.testing.assert_array_equal(source[mine], 30)
    np.testing.assert_array_equal(hits[mine], len(ratio))
    np.testing.assert_array_equal(tables[mine], np.tile(tables[30], (LEVELS, 1)))
    np.testing.assert_allclose(tables[0], np.maximum(T, 1e-5))
    assert hits[0] == 0


@pytest.mark.parametrize("shape", [0.5, 2.0])
def test_tables_are_the_quantiles_of_the_hits(shape):
    law = scipy.stats.gamma(shape)
    ratio = law.rvs(100_000, random_state=1)
    tables, _, _ = quantiles(np.zeros(len(ratio), dtype=np.int64), ratio, None)
    usual = (T > 0.1) & (T < 5.0)
    np.testing.assert_allclose(tables[0][usual], law.isf(np.exp(-T[usual])), rtol=0.1, atol=0.01)


def test_poor_tables_take_the_nearest_rich_one_of_their_class():
    rng = np.random.default_rng(2)
    table = np.repeat([3, 10, 12, LEVELS + 5], [400, 500, 20, 40])
    ratio = rng.exponential(size=len(table)) * np.where(table == 10, 3.0, 1.0)
    tables, source, hits = quantiles(table, ratio, None)
    assert source[:LEVELS].tolist() == [3] * 7 + [10] * (LEVELS - 7)
    assert hits[12] == 500
    # Without a rich one, the richest of the class stands for all.
    assert source[LEVELS : 2 * LEVELS].tolist() == [LEVELS + 5] * LEVELS
    middle = np.searchsorted(T, np.log(2.0))
    assert tables[12, middle] > 2 * tables[0, middle]
    again, same, _ = quantiles(table, 2.0 * ratio, source)
    np.testing.assert_array_equal(same, source)
    np.testing.assert_allclose(again[10], 2.0 * tables[10])


@given(st.integers(0, 1000))
def test_tables_rise_and_are_positive(seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, TABLES, size=3000)
    tables, source, _ = quantiles(table, rng.gamma(0.3, size=3000), None)
    assert (tables > 0).all()
    assert (np.diff(tables, axis=1) >= 0).all()
    assert (source // LEVELS == np.arange(TABLES) // LEVELS).all()


@pytest.mark.parametrize("shape", [0.4, 3.0])
def test_mapped_values_have_the_quantiles_that_are_wanted(shape):
    """Whatever the law of t: here it is not exponential."""
    t = np.random.default_rng(3).gamma(shape, size=20_000)
    law = scipy.stats.weibull_min(0.8)
    rank = -np.expm1(-T)
    table = mapped(T, np.quantile(t, rank), law.ppf(rank), 1.0)
    values = np.interp(np.sqrt(t), np.sqrt(T), table)
    usual = (T > 0.05) & (T < 5.0)
    np.testing.assert_allclose(np.quantile(values, rank)[usual], law.ppf(rank)[usual], rtol=0.03)


@given(st.integers(0, 1000), st.floats(0.0, 1.0))
def test_maps_keep_the_order_and_equal_quantiles_change_nothing(seed, step):
    rng = np.random.default_rng(seed)
    values, got, wanted = np.cumsum(rng.exponential(size=(3, GRID[0])), axis=1)
    there = mapped(values, got, wanted, step)
    assert (np.diff(there) > 0).all()
    np.testing.assert_allclose(mapped(values, got, got, step), values)
    np.testing.assert_allclose(mapped(2 * got[-1:], got, wanted, 1.0), 2 * wanted[-1:])
    np.testing.assert_array_equal(mapped(values, got, wanted, 0.0), values)


@given(st.integers(0, 1000))
def test_ranks_are_the_inverse_of_the_tables(seed):
    rng = np.random.default_rng(seed)
    tables = np.cumsum(0.01 + rng.exponential(size=(TABLES, GRID[0])), axis=1)
    table = rng.integers(0, TABLES, size=500)
    root = rng.uniform(0.0, GRID[1], size=500)
    ratio = np.array(
        [np.interp(r, np.sqrt(T), tables[i]) for r, i in zip(root, table, strict=True)]
    )
    np.testing.assert_allclose(rank_in(tables, table, ratio), root**2, rtol=1e-4, atol=1e-6)


def test_ranks_of_hits_in_their_own_tables_are_exponential():
    ratio = np.random.default_rng(3).gamma(2.0, size=20_000)
    table = np.full(len(ratio), 100)
    tables, _, _ = quantiles(table, ratio, None)
    t = rank_in(tables, table, ratio)
    assert scipy.stats.kstest(t, "expon").statistic < 0.01


@given(st.floats(1e-5, 20.0))
def test_normal_scores_are_those_of_scipy(t):
    wanted = scipy.stats.norm.isf(scipy.stats.expon.sf(t))
    assert float(normal_scores(np.array([t]))[0]) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("layers", [1, 2, 6, 15, 30, 45])
def test_classes_go_by_layer_and_zone(layers):
    classes = class_of(layers)
    assert classes.shape == (layers, 5)
    assert int(classes.min()) >= 0
    assert int(classes.max()) < CLASSES
    # Zones share no class, and classes follow the depth.
    assert len({tuple(sorted(set(zone.tolist()))) for zone in classes.T}) == 5
    used = [set(zone.tolist()) for zone in classes.T]
    assert sum(len(u) for u in used) == len(set().union(*used))
    assert bool((classes.diff(dim=0) >= 0).all())
    if layers >= 15:
        assert set().union(*used) == set(range(CLASSES))
    assert classes.dtype == torch.int64
