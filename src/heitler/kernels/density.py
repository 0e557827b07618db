r"""Clusters of hits by the density of their energy, compiled (numba).

With w_j the weight of hit j, d_ij the distance of two hits, and hits ordered by their density, of
equal ones the first in the list above the later,

    rho_i = w_i + 1/2 sum_{0 < d_ij <= d_c} w_j,
    h(i)  = the nearest hit above i within d_m, of equally near ones the highest,
    delta_i = d_{i h(i)}, infinite where there is none,

    seed      rho_i > rho_c and delta_i > delta_c,
    outlier   rho_i <= rho_c and delta_i > delta_o,
    follower  of h(i) otherwise,

where d_m = max(delta_c, delta_o). A cluster is a seed with all that follow it, directly or not;
what follows an outlier is one. `heitler.kernels.density_twin` says the same in plain numpy.

Reference: Rovere et al. 2020, CLUE, arXiv:2001.09761, section 2. There equally near hits are taken
as they come; in a grid they are the rule, so here the order is part of the definition.

Notation: N showers, H hits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.numbers import SOURCES, cached, jit, summed

__all__ = ["OUTLIER", "Thresholds", "cluster"]

OUTLIER = -1
"""The label of a hit of no cluster."""


class Thresholds(NamedTuple):
    """What decides about clusters.

    Arguments:
        critical: d_c in mm.
        density: rho_c in the unit of the weights.
        seed: delta_c in mm.
        outlier: delta_o in mm.
    """

    critical: float
    density: float
    seed: float
    outlier: float


def cluster(
    offsets: NDArray[np.int64],
    points: NDArray[np.float64],
    weights: NDArray[np.float64],
    thresholds: Thresholds,
) -> NDArray[np.int64]:
    """Labels of all hits, (H): 0, 1, ... for each shower in the order of seeds, -1 for outliers.

    Arguments:
        offsets: Where the showers begin, and where the last one ends, (N + 1).
        points: x, y and z of the hits in mm, (H, 3); within a shower z does not fall.
        weights: Positive, (H).
        thresholds: What decides.
    """
    labels = np.empty(len(weights), np.int64)
    columns = (np.ascontiguousarray(column) for column in points.T)
    most = int(np.diff(offsets).max(initial=0))
    room = np.empty(most), np.empty(most), np.empty(most, np.int64)
    label_all(offsets, *columns, weights, thresholds, *room, labels)
    return labels


@summed
def _density(x, y, z, weights, i, window, critical):
    """The density of hit i from the hits of its window in depth."""
    total = np.float64(0.0)
    for j in range(window[0], window[1]):
        a, b, c = x[j] - x[i], y[j] - y[i], z[j] - z[i]
        near = a * a + b * b + c * c <= critical * critical
        total += weights[j] if near else 0.0
    return 0.5 * (total + weights[i])


@jit
def _densities(x, y, z, weights, critical, density):
    """The densities of the hits of a shower."""
    low = high = 0
    for i in range(len(weights)):
        while z[i] - z[low] > critical:
            low += 1
        while high < len(weights) and z[high] - z[i] <= critical:
            high += 1
        density[i] = _density(x, y, z, weights, i, (low, high), critical)


@jit
def _above(i, j, density):
    """Whether hit i is above hit j."""
    return density[i] > density[j] or (density[i] == density[j] and i < j)


@jit
def _search(x, y, z, density, i, step, square, parent):
    """The hit above i that is nearest, from i on in one direction of depth, if any is nearer."""
    j = i + step
    while 0 <= j < len(density):
        a, b, c = x[j] - x[i], y[j] - y[i], z[j] - z[i]
        if c * c > square:
            break
        distance = a * a + b * b + c * c
        if distance <= square and _above(j, i, density):
            tie = distance == square
            if not tie or parent == i or _above(j, parent, density):
                square, parent = distance, j
        j += step
    return square, parent


@jit
def _parents(x, y, z, density, reach, nearest, parent):
    """Square of delta, and h, of the hits of a shower; infinite, and the hit, without any."""
    for i in range(len(density)):
        square, above = _search(x, y, z, density, i, -1, reach * reach, i)
        square, above = _search(x, y, z, density, i, 1, square, above)
        nearest[i], parent[i] = (np.inf if above == i else square), above


@jit
def _label(density, nearest, parent, thresholds, label):
    """Numbers seeds as they come, then hands labels down from hit to hit."""
    seeds = 0
    for i in range(len(density)):
        dense = density[i] > thresholds.density
        alone = thresholds.seed if dense else thresholds.outlier
        if nearest[i] > alone * alone:
            parent[i] = i
            label[i] = seeds if dense else OUTLIER
            seeds += dense
    for i in range(len(density)):
        root = i
        while parent[root] != root:
            root = parent[root]
        label[i] = label[root]


def _build(sources):
    """The loop over showers; see `cached` for why it is in a closure."""

    @cached
    def label_all(offsets, x, y, z, weights, thresholds, density, nearest, parent, labels):
        sources  # noqa: B018
        reach = max(thresholds.seed, thresholds.outlier)
        for n in range(len(offsets) - 1):
            start, stop = offsets[n], offsets[n + 1]
            size = stop - start
            here, own = slice(start, stop), slice(0, size)
            place = x[here], y[here], z[here]
            _densities(*place, weights[here], thresholds.critical, density[own])
            _parents(*place, density[own], reach, nearest[own], parent[own])
            _label(density[own], nearest[own], parent[own], thresholds, labels[here])

    return label_all


label_all = _build(SOURCES)
"""Fills in the labels; the three lists before them are room for one shower."""
