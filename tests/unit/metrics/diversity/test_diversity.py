"""Support size, memory, and lost modes: what copies, learning by heart and gaps do to them."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from heitler.metrics import (
    authenticity,
    data_copying,
    memorisation,
    memorisation_auc,
    mode_chi2,
    repeated_pairs,
    support_size,
)


def sample(seed, size=400, columns=3):
    return np.random.default_rng(seed).normal(size=(size, columns))


def test_equal_distributions_have_the_support_of_the_threshold():
    pairs = [support_size(sample(2 * i), sample(2 * i + 1), seed=1) for i in range(25)]
    ratios = np.array([pair.candidate.value / pair.reference.value for pair in pairs])
    assert abs(np.log(ratios).mean()) < 4 * np.log(ratios).std() / 5
    # A thousandth of the pairs are the same: S = 1000.
    assert np.median([pair.reference.value for pair in pairs]) == pytest.approx(1000, rel=0.1)
    scatter = np.std([pair.candidate.value for pair in pairs])
    quoted = np.mean([pair.candidate.error for pair in pairs])
    assert 0.6 < quoted / scatter < 1.6


@pytest.mark.parametrize("different", [20, 100])
def test_the_support_of_copies_is_the_number_of_originals(different):
    originals = sample(3, different, columns=10)
    drawn = originals[np.random.default_rng(4).integers(0, different, 1000)]
    found = support_size(sample(5, 300, columns=10), drawn, seed=1, share=1e-4)
    assert found.candidate.value == pytest.approx(different, rel=0.35)
    assert found.reference.value > 50 * different


def test_where_nothing_is_the_same_the_support_is_unbounded():
    found = support_size(sample(6, 50), 1e6 * sample(7, 50), seed=1)
    assert found.candidate.value == np.inf


def test_a_fresh_sample_remembers_nothing():
    found = [memorisation(sample(1), sample(2 * i), sample(2 * i + 1)) for i in range(5, 35)]
    pulls = np.array([(each.auc.value - 0.5) / each.auc.error for each in found])
    assert abs(pulls.mean()) < 4 / 30**0.5
    assert 0.6 < pulls.std() < 1.5
    assert np.mean([each.p < 0.05 for each in found]) < 0.25


def test_learning_by_heart_is_found_in_proportion():
    training, fresh = sample(8, 1000), sample(9)
    aucs = []
    for share in (0.0, 0.3, 1.0):
        generated = sample(10)
        learnt = int(share * len(generated))
        generated[:learnt] = training[:learnt] * 1.001
        found = memorisation(training, generated, fresh)
        aucs.append(found.auc.value)
    assert aucs == sorted(aucs)
    assert aucs[-1] > 0.95
    assert found.p < 1e-6
    assert found.median_generated < 0.1 * found.median_held_out


def test_the_auc_is_that_of_scikit_learn():
    training, generated, fresh = sample(11), sample(12) * 0.8, sample(13, 200)
    scale = training.std(axis=0)

    def nearest(rows):
        gaps = (rows[:, None] - training[None]) / scale
        return np.sqrt((gaps**2).sum(axis=2)).min(axis=1)

    near, far = nearest(generated), nearest(fresh)
    label = np.repeat([1, 0], [len(near), len(far)])
    oracle = roc_auc_score(label, -np.concatenate([near, far]))
    found = memorisation(training, generated, fresh)
    assert found.auc.value == pytest.approx(oracle, abs=1e-12)


def test_data_copying_in_one_cell_is_the_mann_whitney_score():
    training, generated, fresh = sample(14), sample(15) * 0.9, sample(16, 300)
    scale = training.std(axis=0)

    def nearest(rows):
        gaps = (rows[:, None] - training[None]) / scale
        return np.sqrt((gaps**2).sum(axis=2)).min(axis=1)

    m, n = len(generated), len(fresh)
    u = mannwhitneyu(nearest(generated), nearest(fresh)).statistic
    oracle = (u - n * m / 2) / (n * m * (n + m + 1) / 12) ** 0.5
    found = data_copying(training, generated, fresh, seed=1, cells=1)
    assert found.value == pytest.approx(oracle, abs=1e-9)
    assert found.error == pytest.approx(1.0)


def test_memory_of_equal_laws_scatters_as_quoted():
    training = sample(1000)
    copying = [data_copying(training, sample(2 * i), sample(2 * i + 1), seed=1) for i in range(40)]
    pulls = np.array([each.value / each.error for each in copying])
    assert abs(pulls.mean()) < 4 / 40**0.5
    assert 0.6 < pulls.std() < 1.6
    authentic = [authenticity(training, sample(2 * i)) for i in range(40)]
    scatter = np.std([each.value for each in authentic])
    assert 0.6 < np.mean([each.error for each in authentic]) / scatter < 1.6


def test_copies_are_no_authentic_showers_and_lower_the_statistic():
    training, fresh = sample(18, 1000), sample(19)
    half = np.concatenate([training[:200] + 1e-6, sample(20, 200)])
    assert authenticity(training, training).value == 0.0
    floor = authenticity(training, fresh).value
    assert authenticity(training, half).value == pytest.approx(floor / 2, abs=0.08)
    copied = [
        data_copying(training, made, fresh, seed=1).value for made in (fresh, half, training)
    ]
    assert copied == sorted(copied, reverse=True)
    assert abs(copied[0]) < 1e-12
    assert copied[2] < -5


def test_cells_tell_a_preference_for_dense_regions_from_copying():
    dense, wide = np.array([-20.0, 0.0, 0.0]), np.array([20.0, 0.0, 0.0])

    def law(seed, count):
        return np.concatenate(
            [0.1 * sample(seed, count) + dense, sample(seed + 1, 800 - count) + wide]
        )

    training, fresh, made = law(21, 400), law(23, 400), law(25, 700)
    assert data_copying(training, made, fresh, seed=1, cells=1).value < -5
    assert abs(data_copying(training, made, fresh, seed=1, cells=2).value) < 4
    assert memorisation_auc(training, made, fresh).value > 0.6


def test_repeated_pairs_count_copies():
    reference = sample(26, 600)
    floor = repeated_pairs(reference, sample(27, 600))
    assert abs(floor.value - 1) < 4 * floor.error
    copies = np.repeat(sample(28, 60), 10, axis=0)
    # Of a copy's 599 partners 9 are the same, where a thousandth is of the reference.
    assert repeated_pairs(reference, copies).value > 9 / 599 / 1e-3
    assert repeated_pairs(reference, 1e6 * sample(29, 50)).value == 0.0
    found = [repeated_pairs(reference, sample(i, 600)) for i in range(30, 60)]
    scatter = np.std([each.value for each in found])
    assert 0.6 < np.mean([each.error for each in found]) / scatter < 1.6


def blobs(seed, weights, size=800):
    """Four kinds of showers, far apart."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(4, size, p=weights)
    return rng.normal(size=(size, 2)) * 0.2 + np.array([[0, 0], [0, 5], [5, 0], [5, 5]])[kind]


def test_a_dropped_mode_is_found():
    reference = blobs(1, [0.25] * 4)
    for weights, least in (([1 / 3, 1 / 3, 1 / 3, 0.0], 10), ([0.3, 0.3, 0.3, 0.1], 3)):
        assert mode_chi2(reference, blobs(2, weights), seed=1).value > least


def test_chi2_of_clusters_of_equal_distributions():
    values = [mode_chi2(sample(2 * i), sample(2 * i + 1), seed=1) for i in range(40)]
    chi2 = np.array([value.value for value in values])
    assert abs(chi2.mean() - 1) < 4 * chi2.std() / 40**0.5
    assert 0.6 < np.mean([value.error for value in values]) / chi2.std() < 1.6
