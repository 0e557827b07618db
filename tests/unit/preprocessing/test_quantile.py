"""The map by quantiles: known distributions, ties, an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import QuantileTransformer

from heitler.preprocessing import Features, Quantile


def features(cells):
    return Features(torch.zeros(len(cells), 0), cells)


def fitted(cells, **settings):
    transform = Quantile(**settings)
    transform.fit(features(cells), torch.ones(len(cells)))
    return transform


def forward(transform, cells):
    return transform(features(cells), torch.ones(len(cells))).cells


def inverse(transform, cells):
    return transform.inverse(features(cells), torch.ones(len(cells))).cells


@pytest.fixture(scope="module")
def sample():
    """An exponential, a bimodal and a heavy-tailed column."""
    generator = torch.Generator().manual_seed(1)
    a = torch.empty(20_000, 3).exponential_(generator=generator)
    a[:, 1] = torch.where(a[:, 1] < 0.7, a[:, 1], 1000.0 + a[:, 1])
    a[:, 2] = torch.tan(3.14 * (torch.rand(20_000, generator=generator) - 0.5))
    return a


def test_any_distribution_becomes_normal(sample):
    scores = forward(fitted(sample), sample).double()
    torch.testing.assert_close(scores.mean(dim=0), torch.zeros(3).double(), rtol=0, atol=0.01)
    torch.testing.assert_close(scores.std(dim=0), torch.ones(3).double(), rtol=0.02, atol=0)
    fourth = scores.pow(4).mean(dim=0)
    torch.testing.assert_close(fourth, torch.full((3,), 3.0).double(), rtol=0.05, atol=0)


def test_scores_are_those_of_scikit_learn(sample):
    oracle = QuantileTransformer(n_quantiles=20_000, output_distribution="normal", subsample=None)
    expected = torch.from_numpy(oracle.fit_transform(sample.double().numpy())).float()
    middle = expected.abs() < 3
    got = forward(fitted(sample, knots=2001), sample)
    torch.testing.assert_close(got[middle], expected[middle], rtol=0, atol=0.01)


def test_equal_numbers_have_the_middle_of_their_ranks():
    cells = torch.tensor([0.0] * 600 + [1.0] * 400)[:, None]
    transform = fitted(cells)
    low, high = (float(forward(transform, torch.tensor([[value]]))) for value in (0.0, 1.0))
    assert low == pytest.approx(-0.524, abs=0.02)  # of a share of 0.3
    assert high == pytest.approx(0.842, abs=0.02)  # of a share of 0.8
    generator = torch.Generator().manual_seed(1)
    back = inverse(transform, torch.randn(10_000, 1, generator=generator))
    assert float((back == 0.0).float().mean()) == pytest.approx(0.6, abs=0.02)


@given(st.integers(2, 30), st.integers(2, 50), st.integers(0, 100))
def test_order_is_kept_and_knots_come_back(count, knots, seed):
    generator = np.random.default_rng(seed)
    cells = torch.from_numpy(generator.integers(0, 10, (count, 2)).astype(float))
    transform = fitted(cells, knots=knots)
    scores = forward(transform, cells)
    for x, z in zip(cells.T, scores.T, strict=True):
        order = x.argsort()
        assert bool((z[order].diff() >= 0).all())
    once = inverse(transform, scores)
    # The normal law and its inverse lose digits in the tails.
    again = inverse(transform, forward(transform, once))
    torch.testing.assert_close(again, once, rtol=1e-6, atol=1e-6)
    assert float(once.min()) >= float(cells.min())
    assert float(once.max()) <= float(cells.max())


def test_what_is_beyond_is_cut(sample):
    transform = fitted(sample)
    far = inverse(transform, torch.full((1, 3), 20.0))
    torch.testing.assert_close(far, sample.max(dim=0, keepdim=True).values)
    scores = forward(transform, torch.full((1, 3), 1e9))
    assert bool((scores == scores[0, 0]).all())


def test_a_map_needs_two_knots():
    with pytest.raises(ValueError, match="at least 2 knots, got 1"):
        Quantile(knots=1)
