"""Classifier tests: AUC of known laws, one definition for all, floors, and what betrays."""

import sys
from math import erf

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from heitler.metrics import (
    METRICS,
    classifier_auc,
    cross_fitted_auc,
    neural_classifier_auc,
    permutation_importance,
    voxel_classifier_auc,
)

ON_FEATURES = (classifier_auc, neural_classifier_auc)


def gaussians(shift, *, size=1000, columns=3, seed=1):
    """Two normal samples whose first column is shifted: the best AUC is (1 + erf(shift/2)) / 2."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, size, columns))
    second[:, 0] += shift
    return first, second


def best(shift):
    return 0.5 * (1 + erf(shift / 2))


def test_they_are_metrics():
    kinds = {name: METRICS[name].kind for name in METRICS if "auc" in name}
    assert kinds == {
        "classifier_auc": "features",
        "neural_classifier_auc": "features",
        "voxel_classifier_auc": "voxels",
        "share_classifier_auc": "voxels",
        "convolutional_classifier_auc": "voxels",
        "memorisation_auc": "memory",
    }


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_a_classifier_that_is_given_has_the_analytic_auc(shift):
    first, second = gaussians(shift, size=3000)
    values = np.concatenate([first, second])[:, 0]
    estimate = cross_fitted_auc(
        lambda _, test: values[test], reference=3000, candidate=3000, seed=1, folds=5
    )
    assert abs(estimate.value - best(shift)) < 2 * estimate.error


def test_no_shower_is_scored_by_who_has_seen_it():
    scored = []

    def scorer(train, test):
        assert set(train) | set(test) == set(range(30))
        assert not set(train) & set(test)
        scored.extend(test)
        return test.astype(float)

    assert cross_fitted_auc(scorer, reference=20, candidate=10, seed=1, folds=5).value == 1.0
    assert sorted(scored) == list(range(30))


@pytest.mark.parametrize("metric", ON_FEATURES)
def test_the_auc_of_shifted_gaussians_and_its_seed(metric):
    values = []
    for shift in (0.0, 0.5, 1.5):
        estimate = metric(*gaussians(shift), seed=1)
        assert best(shift) - 0.05 - 2 * estimate.error < estimate.value
        assert estimate.value < best(shift) + 3 * estimate.error
        values.append(estimate)
    assert values == sorted(values, key=lambda estimate: estimate.value)
    assert metric(*gaussians(1.5), seed=1) == values[-1]
    assert metric(*gaussians(1.5), seed=2) != values[-1]


@pytest.mark.parametrize("metric", ON_FEATURES)
def test_units_of_the_features_do_not_matter(metric):
    first, second = gaussians(0.7, size=300)
    scale, offset = np.array([1e6, 1e-3, 1.0]), np.array([5e6, 0.0, -3.0])
    value = metric(first, second, seed=1)
    scaled = metric(first * scale + offset, second * scale + offset, seed=1)
    assert abs(scaled.value - value.value) < 0.3 * value.error


@pytest.mark.parametrize("metric", ON_FEATURES)
def test_columns_that_never_vary_are_harmless(metric):
    first, second = (np.pad(x, ((0, 0), (0, 2))) for x in gaussians(1.0, size=300))
    assert metric(first, second, seed=1).value > 0.65


@pytest.mark.parametrize("metric", [*ON_FEATURES, permutation_importance])
def test_without_scikit_learn_the_extra_is_named(metric, monkeypatch):
    for module in ("ensemble", "neural_network", "model_selection"):
        monkeypatch.setitem(sys.modules, f"sklearn.{module}", None)
    names = {"names": "abc"} if metric is permutation_importance else {}
    with pytest.raises(ImportError, match=r"heitler\[validate\]"):
        metric(*gaussians(0.0, size=20), **names, seed=1)


def test_the_feature_that_betrays_comes_first():
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(2, 1500, 4))
    second[:, 2] += 1.0
    second[:, 1] += 0.4
    drops = permutation_importance(first, second, ["a", "b", "c", "d"], seed=1)
    assert [name for name, _ in drops[:2]] == ["c", "b"]
    assert [drop for _, drop in drops] == sorted((drop for _, drop in drops), reverse=True)
    # Without the column only the other shift is left.
    assert drops[0][1] > 0.1
    assert max(abs(drop) for _, drop in drops[2:]) < 0.02
    assert permutation_importance(first, second, ["a", "b", "c", "d"], seed=1) == drops


def test_equal_samples_are_betrayed_by_nothing():
    drops = permutation_importance(*gaussians(0.0), ["a", "b", "c"], seed=1)
    assert max(abs(drop) for _, drop in drops) < 0.05


def test_every_column_needs_a_name():
    with pytest.raises(ValueError, match="3 columns need as many names, got 2"):
        permutation_importance(*gaussians(0.0, size=20), ["a", "b"], seed=1)


def cells(seed, *, size=400, count=200, scale=1.0):
    """Sparse deposits in MeV and incident energies; `scale` multiplies a tenth of the cells."""
    rng = np.random.default_rng(seed)
    energy = rng.uniform(1e4, 1e5, size)
    deposits = rng.gamma(2.0, 2e-4, (size, count)) * energy[:, None]
    deposits *= rng.random((size, count)) < 0.3
    deposits[:, : count // 10] *= scale
    return deposits.astype(np.float32), energy


def test_voxels_at_the_floor_and_further_off_with_the_distortion():
    reference, energy = cells(1)
    values = []
    for scale in (1.0, 0.5, 0.0):
        candidate, other = cells(2, scale=scale)
        values.append(voxel_classifier_auc(reference, candidate, energies=(energy, other), seed=1))
    assert abs(values[0].value - 0.5) < 3 * values[0].error
    assert values[0].value < values[1].value < values[2].value
    assert values[2].value > 0.9


def test_voxels_may_be_sparse_or_tensors_and_have_a_seed():
    (first, e1), (second, e2) = cells(1, size=150), cells(2, size=150, scale=0.3)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    value = voxel_classifier_auc(first, second, energies=(e1, e2), seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    sparse = voxel_classifier_auc(
        csr_array(first), csr_array(second), energies=(torch.tensor(e1), e2), seed=1
    )
    tensors = voxel_classifier_auc(
        torch.tensor(first), torch.tensor(second), energies=(e1, e2), seed=1
    )
    assert value == sparse == tensors
    assert voxel_classifier_auc(first, second, energies=(e1, e2), seed=2) != value


def test_a_wrong_energy_is_seen_where_the_deposits_are_the_same():
    (first, e1), (second, e2) = cells(1), cells(2)
    value = voxel_classifier_auc(first, second, energies=(e1, e2 * 1.5), seed=1)
    assert value.value > 0.6


def test_voxels_and_energies_must_fit():
    (first, e1), (second, e2) = cells(1, size=20), cells(2, size=20)
    for reference, candidate, energies in (
        (first, second[:, :-1], (e1, e2)),
        (first, second, (e1, e2[:-1])),
    ):
        with pytest.raises(ValueError, match="one energy per shower"):
            voxel_classifier_auc(reference, candidate, energies=energies, seed=1)
    with pytest.raises(ValueError, match="30 parts need 30 showers"):
        voxel_classifier_auc(first, second, energies=(e1, e2), seed=1, folds=30)
