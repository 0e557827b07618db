"""Linearity, resolution and sampling fraction of toys whose terms are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heitler.performance import (
    Curve,
    fit_resolution,
    linearity,
    resolution,
    sampling_fraction,
)

RATIO = 0.7893


def toy(count, *, a, b, c, seed=1, energies=None):
    """Incident and visible energies in MeV of a calorimeter that sees 3 %."""
    rng = np.random.default_rng(seed)
    energy = rng.choice(energies, count) if energies else rng.uniform(1e4, 1e5, count)
    gev = energy / 1e3
    spread = np.sqrt(a**2 / gev + b**2 / gev**2 + c**2)
    return energy, 0.03 * energy * (1 + spread * rng.normal(size=count))


def exact(a, b, c):
    """A curve without scatter, at ten energies of 1 to 100 GeV."""
    gev = np.geomspace(1, 100, 10)
    value = np.sqrt(a**2 / gev + b**2 / gev**2 + c**2)
    return Curve(1e3 * gev, value, 0.01 * value, np.full(10, 5000))


@given(a=st.floats(0.05, 0.5), b=st.floats(0.05, 0.5), c=st.floats(0.005, 0.05))
def test_an_exact_curve_gives_its_terms(a, b, c):
    fit = fit_resolution(exact(a, b, c))
    found = (fit.stochastic.value, fit.noise.value, fit.constant.value)
    assert found == pytest.approx((a, b, c), rel=1e-4)
    assert fit.chi2 < 1e-8
    assert fit.ndf == 7


def test_a_term_that_is_not_there_has_a_limit():
    fit = fit_resolution(exact(0.2, 0.0, 0.01))
    assert fit.stochastic.value == pytest.approx(0.2)
    assert fit.noise.value == pytest.approx(0.0, abs=1e-3)
    assert 0 < fit.noise.error < 0.2


def test_the_terms_of_a_toy_come_back():
    pulls = []
    for seed in range(30):
        sample = toy(20_000, a=0.16, b=0.3, c=0.01, seed=seed, energies=[2e3, 4e3, 1e4, 3e4, 1e5])
        fit = fit_resolution(resolution(*sample))
        truth = zip((fit.stochastic, fit.noise, fit.constant), (0.16, 0.3, 0.01), strict=True)
        pulls.append([(term.value - RATIO * true) / term.error for term, true in truth])
    assert np.abs(np.mean(pulls, axis=0)).max() < 0.8
    assert (np.std(pulls, axis=0) > 0.6).all()
    assert (np.std(pulls, axis=0) < 1.6).all()


def test_continuous_energies_do_not_widen_the_response():
    curve = resolution(*toy(50_000, a=0.16, b=0.0, c=0.0))
    fit = fit_resolution(curve)
    assert fit.stochastic.value == pytest.approx(0.16 * RATIO, abs=3 * fit.stochastic.error)
    assert len(curve) == 9
    assert curve.count.sum() == 50_000


def test_a_linear_calorimeter_has_one_response():
    energy, visible = toy(20_000, a=0.16, b=0.0, c=0.01)
    curve = linearity(energy, visible)
    # The error is a convention that is too small by up to a factor of three for normal values.
    assert np.abs(curve.value - 0.03).max() < 6 * curve.error.max()
    bent = linearity(energy, visible * (1 - energy / 1e6))
    assert (np.diff(bent.value) < 0).all()


def test_energies_of_a_beam_are_bins_and_ends_can_be_left_out():
    sample = toy(2000, a=0.2, b=0.0, c=0.01, energies=[1e4, 2e4, 5e4, 1e5])
    assert linearity(*sample).at.tolist() == pytest.approx([1e4, 2e4, 5e4, 1e5])
    assert linearity(*sample, ends=False).at.tolist() == pytest.approx([2e4, 5e4])
    two = linearity(*sample, edges=[5e3, 3e4, 1e5])
    assert two.count.sum() == 2000  # the last bin holds its upper edge


@settings(max_examples=20)
@given(seed=st.integers(0, 100), scale=st.floats(0.1, 10.0))
def test_scaling_and_shuffling(seed, scale):
    energy, visible = toy(500, a=0.2, b=0.1, c=0.01, seed=seed)
    order = np.random.default_rng(seed).permutation(500)
    before, after = resolution(energy, visible), resolution(energy[order], scale * visible[order])
    np.testing.assert_allclose(after.value, before.value, rtol=1e-9)
    np.testing.assert_allclose(
        linearity(energy, scale * visible).value, scale * linearity(energy, visible).value
    )


def test_the_sampling_fraction_is_a_polynomial():
    rng = np.random.default_rng(3)
    coefficients = np.array([0.022, -0.0028, 0.0011, -0.00023, 0.000018])
    pulls = []
    for _ in range(40):
        energy = rng.uniform(1e4, 5e5, 2000)
        truth = (energy[:, None] / 1e5) ** np.arange(5) @ coefficients
        visible = energy * truth * (1 + 0.2 / np.sqrt(energy / 1e3) * rng.normal(size=2000))
        found = sampling_fraction(energy, visible)
        for at in (2e4, 2e5, 4.5e5):
            estimate = found.at(at)
            expected = float((at / 1e5) ** np.arange(5) @ coefficients)
            pulls.append((estimate.value - expected) / estimate.error)
    assert abs(np.mean(pulls)) < 0.5
    assert 0.7 < np.std(pulls) < 1.3


def test_what_cannot_be_fitted():
    with pytest.raises(ValueError, match="four bins of energy or more, got 2"):
        fit_resolution(resolution(*toy(500, a=0.2, b=0.0, c=0.0, energies=[1e4, 2e4])))
    with pytest.raises(ValueError, match="do not fix 5 parameters"):
        sampling_fraction(*toy(500, a=0.2, b=0.0, c=0.0, energies=[1e4, 2e4]))
    with pytest.raises(ValueError, match="no bin holds 10 showers"):
        linearity(*toy(9, a=0.2, b=0.0, c=0.0))
