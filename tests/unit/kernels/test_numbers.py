"""Random numbers are random; elementary functions are as good as their docstrings say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from heitler.kernels import EXPONENTIAL, numbers_twin

MANY = 2**20


def bits(k0=12345, k1=67890, purpose=3, i=None):
    """Numbers as the twin makes them, which are those of the compiled function (`test_twin`)."""
    i = torch.arange(MANY) if i is None else i
    words = [torch.as_tensor(a, dtype=torch.int64) for a in (k0, k1, purpose)]
    return numbers_twin.number(*words, i).numpy()


def uniform(words):
    return (words + 0.5) * 2.0**-32


STREAMS = {
    "counters": {},
    "counters of another key": {"k0": 0, "k1": 0},
    "first words of keys": {"k0": torch.arange(MANY), "i": torch.tensor(7)},
    "keys drawn at random": {
        "k0": torch.randint(2**32, (MANY,), generator=torch.Generator().manual_seed(1)),
        "k1": torch.randint(2**32, (MANY,), generator=torch.Generator().manual_seed(2)),
        "i": torch.tensor(1),
    },
}


@pytest.mark.parametrize("name", STREAMS)
def test_numbers_are_uniform(name):
    words = bits(**STREAMS[name])
    counts = np.bincount(words >> 22, minlength=1024)
    assert stats.chisquare(counts).pvalue > 1e-4
    ones = np.array([((words >> bit) & 1).sum() for bit in range(32)])
    z = (ones - MANY / 2) / np.sqrt(MANY / 4)
    assert np.abs(z).max() < 4.5
    assert 1e-4 < stats.chi2.sf((z**2).sum(), 32) < 1 - 1e-4


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("lag", [1, 2, 30, 900])
def test_neighbours_are_independent(name, lag):
    words = bits(**STREAMS[name])
    one, two = words[:-lag], words[lag:]
    table = np.bincount((one >> 27) * 32 + (two >> 27), minlength=1024)
    assert stats.chisquare(table).pvalue > 1e-4
    assert abs(np.corrcoef(uniform(one), uniform(two))[0, 1]) < 4.5 / np.sqrt(len(one))
    flips = np.array([(((one ^ two) >> bit) & 1).mean() for bit in range(32)])
    assert np.abs(flips - 0.5).max() < 4.5 * 0.5 / np.sqrt(len(one))


def test_purposes_are_independent():
    streams = np.stack([uniform(bits(purpose=p)) for p in range(19)])
    off = np.corrcoef(streams) - np.eye(19)
    assert np.abs(off).max() < 5 / np.sqrt(MANY)


def test_exponential_variates_follow_their_law():
    t = numbers_twin.exponential(torch.from_numpy(bits()), torch.tensor(EXPONENTIAL)).numpy()
    assert stats.kstest(t, "expon").pvalue > 1e-3
    for bound in (4.0, 6.0, 9.0):  # parts that the table hands on
        expected = MANY * np.exp(-bound)
        assert abs((t > bound).sum() - expected) < 4.5 * np.sqrt(expected)


def test_distribution_function_of_exponential_variates():
    words = torch.cat([torch.arange(0, 2**32, 9973), torch.tensor([2**32 - 1])])
    t = numbers_twin.exponential(words, torch.tensor(EXPONENTIAL)).double().numpy()
    assert (np.diff(t) >= -1e-6).all()
    wanted = (words.double().numpy() + 0.5) / 2**32
    assert np.abs(-np.expm1(-t) - wanted).max() < 1e-4


@pytest.mark.parametrize(
    ("name", "low", "high", "bound"),
    [
        ("power", -1, 1, 1e-5),
        ("power", -4, 4, 5e-5),
        ("power", -14, 14, 8e-3),
        ("growth", -1, 1, 1e-4),
        ("growth", -2, 2, 2e-3),
    ],
)
def test_powers_of_e_err_by_less_than_they_say(name, low, high, bound):
    x = torch.linspace(low, high, 100_001)
    ratio = getattr(numbers_twin, name)(x).double() / x.double().exp()
    assert float((ratio - 1).abs().max()) < bound


def test_growth_is_bounded_where_it_is_no_power_of_e():
    x = torch.linspace(-20, 20, 100_001)
    growth = numbers_twin.growth(x).double()
    assert bool((growth[x < 0] <= 1.0 + 1e-6).all())
    assert bool((growth[x > 0] <= (1 + 1e-6) * x[x > 0].double().exp()).all())


def test_cells_stay_empty_as_often_as_they_should():
    x = torch.linspace(0, 50, 100_001)
    empty = 1 / numbers_twin.growth(x).double()
    assert float((empty - (-x.double()).exp()).abs().max()) < 3e-4
    assert bool((empty.diff() <= 1e-7).all())
