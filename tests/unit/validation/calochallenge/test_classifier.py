"""The challenge's classifier, made small: two shifted normal distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from heitler.validation.calochallenge import classifier_test

SMALL = {"trainings": 2, "epochs": 8, "width": 32}


def normal(shift, count=2500, seed=1):
    values = np.random.default_rng(seed).normal(size=(count, 2))
    values[:, 0] += shift
    return values


def test_auc_of_shifted_normals():
    result = classifier_test(normal(0.0), normal(1.0, seed=2), seed=1, **SMALL)
    assert result.auc.value == pytest.approx(norm.cdf(1.0 / 2**0.5), abs=0.03)
    assert 0.05 < result.jsd.value < 0.3


def test_equal_distributions_cannot_be_told_apart():
    result = classifier_test(normal(0.0), normal(0.0, seed=2), seed=1, **SMALL)
    assert result.auc.value == pytest.approx(0.5, abs=0.05)
    assert result.jsd.value < 0.02


def test_equal_seeds_give_equal_results():
    samples, few = (normal(0.0, 50), normal(1.0, 50)), SMALL | {"epochs": 1}
    assert classifier_test(*samples, seed=3, **few) == classifier_test(*samples, seed=3, **few)


def test_too_few_showers():
    with pytest.raises(ValueError, match="needs ten showers per sample"):
        classifier_test(normal(0.0, 9), normal(0.0), seed=1)
