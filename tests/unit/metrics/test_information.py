"""What calibrated probabilities say: divergences of known laws, and whose showers they are."""

import sys
from math import log

import numpy as np
import pytest
from scipy import stats

from heitler.metrics import classifier_jensen_shannon, log_posteriors


def gaussians(seed, size=600, shift=0.0):
    first, second = np.random.default_rng(seed).normal(size=(2, size, 2))
    second[:, 0] += shift
    return first, second


def exact(shift):
    """The Jensen-Shannon divergence of two normal distributions, in bits."""
    x = np.linspace(-8, 8 + shift, 20_001)
    p, q = stats.norm.pdf(x), stats.norm.pdf(x, shift)
    m = (p + q) / 2
    return np.trapezoid(p * np.log2(p / m) + q * np.log2(q / m), x) / 2


def test_the_divergence_of_shifted_normal_distributions_from_below():
    values = [
        classifier_jensen_shannon(*gaussians(1, 1000, s), seed=1, folds=2) for s in (0.0, 1.0, 2.5)
    ]
    for shift, estimate in zip((0.0, 1.0, 2.5), values, strict=True):
        assert estimate.value < exact(shift) + 2 * estimate.error
        assert estimate.value > exact(shift) - 0.06 - 2 * estimate.error
    assert [v.value for v in values] == sorted(v.value for v in values)
    assert classifier_jensen_shannon(*gaussians(1, 1000), seed=1, folds=2) == values[0]


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_error_covers_the_scatter(shift):
    estimates = [
        classifier_jensen_shannon(*gaussians(seed, 150, shift), seed=1, folds=2)
        for seed in range(12)
    ]
    scatter = np.std([estimate.value for estimate in estimates])
    assert 0.5 < np.mean([estimate.error for estimate in estimates]) / scatter < 2.5


def test_samples_of_other_sizes_weigh_the_same():
    first, second = gaussians(2, 1200)
    estimate = classifier_jensen_shannon(first, second[:300], seed=1, folds=2)
    assert -0.15 < estimate.value < 3 * estimate.error


def test_the_candidate_like_the_full_simulation_has_the_largest_posterior():
    rng = np.random.default_rng(3)
    test = rng.normal(size=(500, 2))
    submissions = {
        "far": rng.normal(2.0, 1.0, (600, 2)),
        "near": rng.normal(0.2, 1.0, (900, 2)),
        "wide": rng.normal(0.0, 2.0, (600, 2)),
    }
    found = log_posteriors(submissions, test, seed=1)
    assert list(found) == list(submissions)
    assert max(found, key=lambda name: found[name].value) == "near"
    assert min(found, key=lambda name: found[name].value) == "far"
    assert all(estimate.value < 0 < estimate.error for estimate in found.values())


def test_equal_candidates_have_equal_posteriors():
    rng = np.random.default_rng(4)
    submissions = {name: rng.normal(size=(800, 2)) for name in ("a", "b")}
    found = log_posteriors(submissions, rng.normal(size=(500, 2)), seed=1)
    for estimate in found.values():
        assert estimate.value == pytest.approx(log(1 / 2), abs=0.1)


def test_the_posterior_of_known_laws():
    """Two candidates: ln p(c | x) of the true densities, in the mean over the test showers."""
    rng = np.random.default_rng(5)
    submissions = {"a": rng.normal(0.0, 1.0, (3000, 1)), "b": rng.normal(1.0, 1.0, (3000, 1))}
    test = rng.normal(0.0, 1.0, (2000, 1))
    found = log_posteriors(submissions, test, seed=1)
    density = np.stack([stats.norm.pdf(test[:, 0], mean) for mean in (0.0, 1.0)])
    truth = np.log(density / density.sum(axis=0)).mean(axis=1)
    assert [found[name].value for name in "ab"] == pytest.approx(truth, abs=0.1)


def test_too_little_is_refused():
    first, second = gaussians(6, 10)
    with pytest.raises(ValueError, match="5 parts need 20 showers, got 10 and 10"):
        classifier_jensen_shannon(first, second, seed=1)
    with pytest.raises(ValueError, match="two candidates or more"):
        log_posteriors({"a": first}, second, seed=1)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    first, second = gaussians(7, 40)
    with pytest.raises(ImportError, match=r"heitler\[validate\]"):
        classifier_jensen_shannon(first, second, seed=1)
    with pytest.raises(ImportError, match=r"heitler\[validate\]"):
        log_posteriors({"a": first, "b": second}, first, seed=1)
