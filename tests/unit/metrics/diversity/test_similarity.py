"""Structural similarity: torchmetrics, known answers, and pairs of the same bin."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from heitler.metrics import similarity_of_samples, structural_similarity


def showers(count, seed=1, shape=(9, 10, 11)):
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, 1.0, (count, *shape)) * (rng.random((count, *shape)) < 0.4)


@pytest.mark.parametrize("window", [3, 7])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_torchmetrics_agrees(dimensions, window):
    first, second = (torch.tensor(showers(3, seed)) for seed in (1, 2))
    second = 0.5 * first + 0.5 * second
    images = [x if dimensions == 2 else x[:, None] for x in (first, second)]
    _, oracle = structural_similarity_index_measure(
        *images, gaussian_kernel=False, kernel_size=window, data_range=8.0, return_full_image=True
    )
    border = window // 2  # it pads by reflection
    inside = oracle[(..., *(slice(border, -border) for _ in range(dimensions)))]
    value = structural_similarity(first, second, 8.0, dimensions=dimensions, window=window)
    assert value.numpy() == pytest.approx(inside.flatten(1).mean(dim=1).numpy(), rel=1e-9)


def test_similarity_by_hand_where_the_window_is_the_grid():
    first, second = showers(1, 1, (3, 3, 3)), showers(1, 2, (3, 3, 3))
    x, y = first.ravel(), second.ravel()
    c1, c2 = (0.01 * 5) ** 2, (0.03 * 5) ** 2
    covariance = ((x - x.mean()) * (y - y.mean())).mean()
    hand = (2 * x.mean() * y.mean() + c1) * (2 * covariance + c2)
    hand /= (x.mean() ** 2 + y.mean() ** 2 + c1) * (x.var() + y.var() + c2)
    value = structural_similarity(torch.tensor(first), torch.tensor(second), 5.0, window=3)
    assert float(value) == pytest.approx(hand, rel=1e-9)


def test_equal_showers_are_similar_and_copies_are_seen():
    first, second = showers(200, 1), showers(200, 2)
    same = structural_similarity(torch.tensor(first), torch.tensor(first), 5.0)
    assert same.numpy() == pytest.approx(np.ones(200))
    one_bin = np.zeros(200, dtype=int)
    honest = similarity_of_samples(first, second, bins=(one_bin, one_bin), seed=1, window=3)
    copies = np.repeat(second[:4], 50, axis=0)
    cheat = similarity_of_samples(first, copies, bins=(one_bin, one_bin), seed=1, window=3)
    for estimate in (honest.across, honest.within_candidate):
        gap = estimate.value - honest.within_reference.value
        assert abs(gap) < 4 * np.hypot(estimate.error, honest.within_reference.error)
    gap = cheat.within_candidate.value - cheat.within_reference.value
    assert gap > 5 * cheat.within_candidate.error
    again = similarity_of_samples(first, second, bins=(one_bin, one_bin), seed=1, window=3)
    assert again == honest


def test_pairs_are_of_one_bin():
    """Two kinds of showers: within a kind all are equal."""
    kinds = showers(2, 3)
    bins = np.array([0, 1] * 20)
    found = similarity_of_samples(kinds[bins], kinds[bins], bins=(bins, bins), seed=1)
    for mean in (found.within_reference, found.across, found.within_candidate):
        assert mean.value == pytest.approx(1.0)
    mixed = np.zeros(40, dtype=int)
    found = similarity_of_samples(kinds[bins], kinds[bins], bins=(mixed, mixed), seed=1)
    assert found.across.value < 0.99


def test_the_error_covers_the_scatter():
    one_bin = np.zeros(60, dtype=int)
    means = [
        similarity_of_samples(
            showers(60, seed, (4, 5, 5)),
            showers(60, seed + 100, (4, 5, 5)),
            bins=(one_bin, one_bin),
            seed=1,
            window=3,
            dynamic_range=5.0,
        ).across
        for seed in range(40)
    ]
    scatter = np.std([mean.value for mean in means])
    assert 0.7 < np.mean([mean.error for mean in means]) / scatter < 1.4


def test_what_does_not_fit_is_refused():
    first, one_bin = showers(6), np.zeros(6, dtype=int)
    with pytest.raises(ValueError, match="window of 12 cells does not fit"):
        similarity_of_samples(first, first, bins=(one_bin, one_bin), seed=1, window=12)
    with pytest.raises(ValueError, match="a bin per shower"):
        similarity_of_samples(first, first, bins=(one_bin, one_bin[:3]), seed=1)
    with pytest.raises(ValueError, match="take wider bins"):
        similarity_of_samples(first, first, bins=(np.arange(6), np.arange(6)), seed=1)
