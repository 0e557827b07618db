"""Skewness and kurtosis: known answers, scipy as the oracle, and how they transform."""

import numpy as np
import pytest
import torch
from scipy.stats import kurtosis, skew

from heitler.observables import OBSERVABLES, kurtosis_x, kurtosis_y, kurtosis_z, skewness_x
from heitler.observables.shape import centroids
from heitler.showers import Showers

MOMENTS = [f"{moment}_{axis}" for moment in ("skewness", "kurtosis") for axis in "xyz"]


def test_two_cells_have_a_known_skewness(toy_detector, single):
    # A share p on one side: skewness (1 - 2 p) / sqrt(p (1 - p)), kurtosis 1 / (p (1 - p)) - 6.
    shower = single(toy_detector, {(0, 2, 2): 1.0, (0, 2, 0): 3.0})
    assert float(skewness_x(shower)) == pytest.approx(0.5 / (3 / 16) ** 0.5)
    assert float(kurtosis_x(shower)) == pytest.approx(16 / 3 - 6)


def test_without_spread_there_are_none(toy_detector, single):
    shower = single(toy_detector, {(1, 3, 2): 0.7})
    for name in MOMENTS:
        assert float(OBSERVABLES[name](shower)) == 0.0


def test_they_are_those_of_scipy(toy_detector, toy_showers):
    showers = toy_showers(count=5)
    counts = (10 * showers.deposits).round()
    whole = Showers(counts, showers.particles, toy_detector)
    for row, shower in enumerate(counts.numpy().astype(int)):
        for axis, name in enumerate("xyz"):
            u = np.repeat(centroids(toy_detector.geometry)[:, axis].numpy(), shower)
            assert float(OBSERVABLES[f"skewness_{name}"](whole)[row]) == pytest.approx(skew(u))
            assert float(OBSERVABLES[f"kurtosis_{name}"](whole)[row]) == pytest.approx(kurtosis(u))


def test_mirroring_turns_the_skewness_only(toy_showers):
    showers = toy_showers(count=50)
    mirrored = Showers(
        showers.geometry.from_grid(showers.grid.flip(-1)), showers.particles, showers.detector
    )
    torch.testing.assert_close(skewness_x(mirrored), -skewness_x(showers))
    for same in (kurtosis_x, kurtosis_y, kurtosis_z):
        torch.testing.assert_close(same(mirrored), same(showers))
