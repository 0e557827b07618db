"""The clusters of `density` in plain numpy: all pairs of hits of a shower at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.density import OUTLIER, Thresholds

__all__ = ["cluster"]


def cluster(
    offsets: NDArray[np.int64],
    points: NDArray[np.float64],
    weights: NDArray[np.float64],
    thresholds: Thresholds,
) -> NDArray[np.int64]:
    """Labels of all hits, (H), as those of `heitler.kernels.density.cluster`."""
    parts = [
        _shower(points[start:stop], weights[start:stop], thresholds)
        for start, stop in pairwise(offsets)
        if stop > start
    ]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _shower(
    points: NDArray[np.float64], weights: NDArray[np.float64], thresholds: Thresholds
) -> NDArray[np.int64]:
    """Labels of the hits of one shower."""
    square = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    near = square <= thresholds.critical**2
    density = 0.5 * (weights + near @ weights)
    order = np.lexsort((np.arange(len(density)), -density))
    rank = np.argsort(order)  # 0 is the highest
    reach = max(thresholds.seed, thresholds.outlier)
    above = (rank[None] < rank[:, None]) & (square <= reach**2)
    far = np.where(above, square, np.inf)
    delta = far.min(axis=1)
    nearest = np.where(above & (far == delta[:, None]), rank[None], len(rank))
    dense = density > thresholds.density
    alone = np.where(dense, thresholds.seed, thresholds.outlier)
    root = delta > alone**2
    labels = np.full(len(weights), OUTLIER, np.int64)
    labels[root & dense] = np.arange(int((root & dense).sum()))
    for i in order:  # a hit's parent comes before it
        if not root[i]:
            labels[i] = labels[order[nearest[i].min()]]
    return labels
