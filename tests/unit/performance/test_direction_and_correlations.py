"""Angles and layers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heitler.performance import angular_resolution, angular_response, layer_correlations

RATIO = 0.7893


def test_bias_and_width_of_known_angles():
    rng = np.random.default_rng(1)
    theta = rng.uniform(30, 90, 50_000)
    residual = 0.1 * (90 - theta) + 0.02 * theta * rng.normal(size=theta.size)
    response, width = angular_response(theta, residual), angular_resolution(theta, residual)
    np.testing.assert_allclose(response.value, 0.1 * (90 - response.at), atol=0.25)
    np.testing.assert_allclose(width.value, RATIO * 0.02 * width.at, rtol=0.1)
    assert angular_response(theta, residual, edges=[30, 60, 90]).at.size == 2


@given(seed=st.integers(0, 1000))
def test_correlations_are_those_of_numpy(seed):
    rng = np.random.default_rng(seed)
    layers = rng.exponential(size=(50, 6)) @ rng.uniform(size=(6, 6))
    found = layer_correlations(layers)
    np.testing.assert_allclose(found.matrix, np.corrcoef(layers.T), atol=1e-12)
    np.testing.assert_allclose(
        layer_correlations(rng.permutation(3 * layers)).matrix, found.matrix
    )
    assert (found.error.diagonal() == 0).all()


def test_a_silent_layer_has_no_correlation():
    layers = np.random.default_rng(1).exponential(size=(100, 3))
    layers[:, 1] = 0.3
    matrix = layer_correlations(layers).matrix
    assert matrix[1].tolist() == matrix[:, 1].tolist() == [0.0, 1.0, 0.0]
    with pytest.raises(ValueError, match="two or more showers"):
        layer_correlations(layers[:1])


def test_the_error_covers_the_scatter():
    rng = np.random.default_rng(2)
    found = []
    for _ in range(200):
        first = rng.normal(size=200)
        found.append(layer_correlations(np.stack([first, first + rng.normal(size=200)], axis=1)))
    scatter = np.std([each.matrix[0, 1] for each in found])
    assert scatter == pytest.approx(np.mean([each.error[0, 1] for each in found]), rel=0.2)
