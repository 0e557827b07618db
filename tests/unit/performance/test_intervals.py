"""Shortest intervals: normal and known values, and how they transform."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heitler.performance import core90, shortest_interval

RATIO = 0.7893  # sigma_90 / sigma of a normal distribution: sqrt(1 - 2 z phi(z) / 0.9), z = 1.645


def test_the_tail_is_left_out():
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 100.0]
    assert shortest_interval(values) == (1.0, 9.0)
    core = core90(values)
    assert (core.mu.value, core.inside) == (5.0, 9)
    assert core.sigma.value == pytest.approx((60 / 9) ** 0.5)
    assert core.mu.error == pytest.approx(core.sigma.value / 3)
    assert core.sigma.error == pytest.approx(core.sigma.value / 18**0.5)
    assert shortest_interval(values, 1.0) == (1.0, 100.0)
    assert shortest_interval(values, 0.2) == (1.0, 2.0)


def test_normal_values():
    core = core90(np.random.default_rng(1).normal(10.0, 2.0, 200_000))
    assert core.sigma.value / 2.0 == pytest.approx(RATIO, abs=0.005)
    assert core.mu.value == pytest.approx(10.0, abs=0.06)
    assert core.resolution.value == pytest.approx(0.2 * RATIO, rel=0.01)
    assert core.inside == 180_000


def test_the_error_of_sigma_covers_its_scatter():
    rng = np.random.default_rng(2)
    cores = [core90(values).sigma for values in rng.normal(size=(300, 500))]
    scatter = np.std([sigma.value for sigma in cores])
    assert scatter == pytest.approx(np.mean([sigma.error for sigma in cores]), rel=0.2)


@given(
    seed=st.integers(0, 1000),
    size=st.integers(1, 200),
    scale=st.floats(0.1, 10.0),
    shift=st.floats(-10.0, 10.0),
)
def test_scaling_shifting_and_shuffling(seed, size, scale, shift):
    rng = np.random.default_rng(seed)
    values = rng.exponential(size=size)
    core, moved = core90(values), core90(rng.permutation(scale * values + shift))
    assert moved.inside == core.inside >= 0.9 * size - 1e-9
    assert moved.mu.value == pytest.approx(scale * core.mu.value + shift, abs=1e-9)
    assert moved.sigma.value == pytest.approx(scale * core.sigma.value, abs=1e-9)


@given(seed=st.integers(0, 1000), share=st.floats(0.05, 1.0))
def test_no_interval_with_as_many_values_is_shorter(seed, share):
    values = np.sort(np.random.default_rng(seed).normal(size=60))
    low, high = shortest_interval(values, share)
    assert ((values >= low) & (values <= high)).mean() >= share - 1e-9
    count = int(((values >= low) & (values <= high)).sum())
    assert high - low <= np.min(values[count - 1 :] - values[: 60 - count + 1]) + 1e-12


def test_what_has_no_core():
    for values in ([], [1.0, np.nan], [[1.0]]):
        with pytest.raises(ValueError, match="finite values"):
            core90(values)
    with pytest.raises(ValueError, match=r"at most 1, got 1\.5"):
        shortest_interval([1.0], 1.5)
    with pytest.raises(ValueError, match="relative to a mean of -1"):
        _ = core90([-1.0, -1.0]).resolution
