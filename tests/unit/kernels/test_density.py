"""Clusters by density: the compiled kernel and the plain one, hit by hit, and known answers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from heitler.kernels import OUTLIER, Thresholds, density, density_twin

THRESHOLDS = Thresholds(critical=12.0, density=3.0, seed=20.0, outlier=25.0)
BOTH = pytest.mark.parametrize("kernel", [density, density_twin], ids=["compiled", "plain"])


def hits_of(seed, count=120, showers=6, reach=60.0):
    """Hits on a grid of 5 mm with random energies, in the order of depth; one shower is empty."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, count, showers)
    sizes[2] = 0
    points = []
    for size in sizes:
        cells = rng.choice(13**3, size, replace=False)
        points.append(np.stack(np.unravel_index(np.sort(cells), (13, 13, 13)), axis=1)[:, ::-1])
    offsets = np.concatenate([[0], sizes.cumsum()])
    return offsets, np.concatenate(points) * (reach / 12), rng.exponential(1.0, offsets[-1])


@pytest.mark.parametrize("seed", range(5))
def test_both_find_the_same_clusters(seed):
    offsets, points, weights = hits_of(seed)
    one = density.cluster(offsets, points, weights, THRESHOLDS)
    two = density_twin.cluster(offsets, points, weights, THRESHOLDS)
    np.testing.assert_array_equal(one, two)
    assert one.max() > 0
    assert (one == OUTLIER).any()


@pytest.mark.parametrize("name", Thresholds._fields)
def test_every_threshold_matters(name):
    """The comparison would see a twin that leaves one out."""
    offsets, points, weights = hits_of(1)
    changed = THRESHOLDS._replace(**{name: 0.6 * getattr(THRESHOLDS, name)})
    one = density.cluster(offsets, points, weights, THRESHOLDS)
    assert (one != density_twin.cluster(offsets, points, weights, changed)).any()


@BOTH
def test_a_chain_by_hand(kernel):
    """Five hits in a row: densities 4, 5.5, 2.5, 1, 1.5; two clusters and an outlier."""
    points = np.array([[0, 0, 0], [5, 0, 0], [10, 0, 0], [60, 0, 0], [200, 0, 0]], float)
    weights = np.array([2.0, 4.0, 1.0, 4.0, 0.5])
    thresholds = Thresholds(critical=6.0, density=3.0, seed=30.0, outlier=30.0)
    labels = kernel.cluster(np.array([0, 5]), points, weights, thresholds)
    np.testing.assert_array_equal(labels, [0, 0, 0, 1, OUTLIER])


@BOTH
def test_two_showers_that_touch_are_told_apart(kernel):
    """What DBSCAN sees as one: two dense cores with a bridge of soft hits between them."""
    x = np.arange(0.0, 101.0, 5.0)
    weights = 10 * np.exp(-(((x - 20) / 8) ** 2)) + 8 * np.exp(-(((x - 80) / 8) ** 2)) + 0.2
    points = np.stack([x, 0 * x, 0 * x], axis=1)
    labels = kernel.cluster(np.array([0, len(x)]), points, weights, THRESHOLDS)
    assert set(labels) == {0, 1}
    assert (np.diff(labels) >= 0).all()
    assert set(DBSCAN(eps=6.0, min_samples=2).fit_predict(points)) == {0}


@BOTH
def test_blobs_far_apart_are_those_of_dbscan(kernel):
    """An independent algorithm finds the same groups where there is no doubt."""
    rng = np.random.default_rng(3)
    centres = np.array([[0, 0, 0], [300, 0, 0], [0, 300, 50], [300, 300, 100]], float)
    points = (centres[:, None] + rng.normal(0, 4, (4, 60, 3))).reshape(-1, 3)
    points = points[np.argsort(points[:, 2], kind="stable")]
    thresholds = Thresholds(critical=15.0, density=3.0, seed=60.0, outlier=60.0)
    labels = kernel.cluster(np.array([0, 240]), points, np.ones(240), thresholds)
    other = DBSCAN(eps=20.0, min_samples=2).fit_predict(points)
    pairs = set(zip(labels.tolist(), other.tolist(), strict=True))
    assert len(pairs) == len(set(labels)) == len(set(other)) == 4
