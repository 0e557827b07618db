"""Random numbers are random; elementary functions are as good as their docstrings say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from heitler.kernels import numbers_twin

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


def words():
    ends = [0, 1, 511, 512, 2**32 - 512, 2**32 - 1]
    return torch.cat([torch.arange(0, 2**32, 9973), torch.tensor(ends)])


def test_uniform_numbers_are_the_upper_bits():
    u = numbers_twin.uniform(words()).double().numpy()
    assert u.min() == 0.0
    assert u.max() < 1.0
    assert np.abs(u - words().numpy() / 2**32).max() < 2**-24


def test_normal_variates_have_the_rank_of_their_bits():
    z = numbers_twin.normal(words()).double().numpy()
    rank = ((words().numpy() >> 9) + 0.5) / 2**23
    np.testing.assert_allclose(z, stats.norm.ppf(rank), rtol=1e-6, atol=2e-6)


def test_normal_variates_follow_their_law():
    z = numbers_twin.normal(torch.from_numpy(bits())).numpy()
    assert stats.kstest(z, "norm").pvalue > 1e-3
    for bound in (2.0, 3.0, 4.0):
        expected = MANY * stats.norm.sf(bound)
        for tail in (z > bound, z < -bound):
            assert abs(tail.sum() - expected) < 4.5 * np.sqrt(expected)


def test_exponential_variates_have_the_rank_of_their_normal_ones():
    z = torch.linspace(-5.5, 9.0, 100_001)
    t = numbers_twin.to_exponential(z).double().numpy()
    wanted = -stats.norm.logsf(z.double().numpy())
    np.testing.assert_allclose(t, wanted, rtol=1e-5, atol=3e-7)


@pytest.mark.parametrize(("reach", "bound"), [(1, 4e-6), (87, 4e-6)])
def test_powers_of_e_err_by_less_than_they_say(reach, bound):
    x = torch.linspace(-reach, reach, 100_001)
    ratio = numbers_twin.power(x).double() / x.double().exp()
    assert float((ratio - 1).abs().max()) < bound


def test_powers_of_e_have_ends():
    low, high = numbers_twin.power(torch.tensor([-1e30, 1e30])).tolist()
    assert 0.0 < low < 1e-37
    assert 1e38 < high < float("inf")
