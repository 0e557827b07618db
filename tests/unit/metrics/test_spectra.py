"""Chi2 of spectra to which a shower gives many entries: expectation, error, what it sees."""

import numpy as np
import pytest

from heitler.metrics import spectrum_chi2

SHAPE = np.linspace(2.0, 1.0, 12)


def showers(seed, size=300, shape=SHAPE):
    """Counts of showers whose sizes differ and whose bins fluctuate together."""
    rng = np.random.default_rng(seed)
    tilt = np.exp(0.2 * rng.normal(size=(size, 1)) * np.linspace(-1, 1, shape.size))
    return rng.poisson(shape * tilt * rng.uniform(5, 50, size=(size, 1))).astype(float)


def test_equal_laws_have_the_expectation_and_the_error_that_are_quoted():
    found = [spectrum_chi2(showers(2 * i), showers(2 * i + 1)) for i in range(60)]
    values = np.array([each.value for each in found])
    assert abs(values.mean() - 1) < 4 * values.std() / 60**0.5
    assert 0.6 < np.mean([each.error for each in found]) / values.std() < 1.6


def test_the_size_of_showers_is_no_part_of_the_shape():
    first = showers(1)
    assert spectrum_chi2(first, first * 3).value == pytest.approx(0.0, abs=1e-12)
    assert spectrum_chi2(first, first).value == 0.0


def test_a_bump_is_seen_in_proportion():
    bump = np.eye(12)[4]
    values = [
        spectrum_chi2(showers(1), showers(2, shape=SHAPE * (1 + size * bump)))
        for size in (0.0, 0.05, 0.2)
    ]
    excess = [(each.value - 1) / each.error for each in values]
    assert abs(excess[0]) < 3
    assert excess[0] < excess[1] < excess[2]
    assert excess[2] > 5


def test_where_nothing_is_counted_there_is_nothing_to_see():
    empty = np.zeros((10, 3))
    assert spectrum_chi2(empty, empty).value == 1.0
    with pytest.raises(ValueError, match="same features"):
        spectrum_chi2(showers(1), empty)


def test_rare_and_constant_bins_do_not_count():
    first, second = showers(1), showers(2)
    rare = np.zeros((300, 1))
    rare[:5] = 1.0
    more = spectrum_chi2(np.hstack([first, rare]), np.hstack([second, 0 * rare]))
    assert more.value == pytest.approx(spectrum_chi2(first, second).value, rel=0.05)
