"""Straight lines in the logarithm of the energy."""

import numpy as np
import pytest

from heitler.performance import fit_linear, growth


def test_a_straight_line_comes_back_with_its_errors():
    rng = np.random.default_rng(1)
    pulls = []
    for _ in range(200):
        energy = rng.uniform(1e4, 1e5, 300)
        x = np.log(energy / 8.0)
        found = growth(energy, 0.9 * x + 0.7 + rng.normal(size=300) / x, 8.0)
        pulls.append((found.slope.value - 0.9) / found.slope.error)
        pulls.append((found.constant.value - 0.7) / found.constant.error)
    assert abs(np.mean(pulls)) < 0.2
    assert np.std(pulls) == pytest.approx(1.0, abs=0.12)


def test_the_offset_is_the_constant_of_a_unit_slope():
    energy = np.geomspace(1e3, 1e5, 50)
    found = growth(energy, np.log(energy / 8.0) - 0.5, 8.0)
    assert (found.slope.value, found.constant.value) == pytest.approx((1.0, -0.5))
    assert found.offset.value == pytest.approx(-0.5)
    assert found.offset.error == pytest.approx(0.0, abs=1e-12)


def test_weights_and_combinations():
    x = np.stack([np.ones(4), np.arange(4.0)], axis=1)
    values = np.array([1.0, 3.0, 5.0, 100.0])
    fit = fit_linear(x, values, [1.0, 1.0, 1.0, 1e-12])
    assert fit.parameters.tolist() == pytest.approx([1.0, 2.0])
    assert fit.combine([1.0, 10.0]).value == pytest.approx(21.0)


def test_one_energy_has_no_slope():
    with pytest.raises(ValueError, match="10 values do not fix 2 parameters"):
        growth(np.full(10, 1e4), np.arange(10.0), 8.0)
