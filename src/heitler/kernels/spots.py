r"""Spots of showers: drawn about their axes, and summed in cells; compiled (numba).

A spot of a slice lies in the core or in the tail, of median radius R,

    r = R sqrt(s / (1 - s)),   (u, v) = r (cos 2 pi t, sin 2 pi t),

across the axis, and evenly along the slice; then it is moved across the axis, by which it leaves
its depth where the axis leans. It belongs to the slice at the depth where it lies now, and is read
out in the plane of this slice, where it comes to along the axis:

    z = z_i + w (z_{i+1} - z_i) - (lean, (u, v)),
    (x, y) = start + slope plane + stretch (u, v),

with uniform numbers s, t and w. `heitler.kernels.spots_twin` says the same in plain torch: given
the keys of slices both draw the same spots.

Notation: N showers, L slices, M spots, H hits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.cloud import ALONG, CORE, SHARE, TURN, Cloud, Spots
from heitler.kernels.numbers import SOURCES, cached, jit, number, place, sinpi, uniform

__all__ = ["add", "collect", "scatter", "strew"]

_ONE, _TWO, _HALF = np.float32(1.0), np.float32(2.0), np.float32(0.5)


def scatter(cloud: Cloud) -> Spots:
    """Draws the spots of all showers."""
    many = int(cloud.counts.sum())
    spots = Spots(np.empty(many, np.int32), np.empty(many, np.float32), np.empty(many, np.float32))
    strew(cloud, np.empty(int(cloud.counts.max(initial=0)), np.float32), spots)
    return spots


def collect(
    counts: NDArray[np.int64], energy: NDArray[np.float64], cell: NDArray[np.int32], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Sums of spots in cells: lists of the hits of showers.

    Arguments:
        counts: Spots of each slice, (N, L).
        energy: Energy of one of them in MeV, (N, L).
        cell: Cell of each spot, -1 for one that is lost, (M).
        size: Number of cells.

    Returns:
        Where the showers begin and the last one ends, (N + 1); cells and energies of hits, (H).
    """
    offsets = np.zeros(len(counts) + 1, np.int64)
    cells, energies = np.empty(len(cell), np.int32), np.empty(len(cell), np.float32)
    add(counts, energy, cell, np.zeros(size), offsets, cells, energies)
    return offsets, cells[: offsets[-1]], energies[: offsets[-1]]


@jit
def _across(cloud, n, i, u, v):
    """Steps of the spots of a slice across the axis."""
    k0, k1 = cloud.key[n, i]
    core, tail, weight = cloud.core[n, i], cloud.tail[n, i], cloud.weight[n, i]
    for m in range(u.shape[0]):
        median = core if uniform(number(k0, k1, CORE, m)) < weight else tail
        share = uniform(number(k0, k1, SHARE, m))
        radius = median * np.float32(np.sqrt(share / (_ONE - share)))
        half = uniform(number(k0, k1, TURN, m)) - _HALF
        sine, cosine = sinpi(half), sinpi(_HALF - abs(half))
        u[m] = radius * (_ONE - _TWO * sine * sine)
        v[m] = radius * (_TWO * sine * cosine)


@jit
def _depths(cloud, n, i, u, v, depth):
    """Depths of the spots of a slice."""
    k0, k1 = cloud.key[n, i]
    a, b = cloud.lean[n, 0], cloud.lean[n, 1]
    first, length = cloud.edges[i], cloud.edges[i + 1] - cloud.edges[i]
    for m in range(u.shape[0]):
        along = uniform(number(k0, k1, ALONG, m))
        depth[m] = first + along * length - (a * u[m] + b * v[m])


@jit
def _layers(cloud, i, depth, layer):
    """Slices in which spots lie, from their own one on; their depths become those of planes."""
    last = cloud.planes.shape[0] - 1
    for m in range(depth.shape[0]):
        z, to = depth[m], i
        while to >= 0 and z < cloud.edges[to]:
            to -= 1
        while to <= last and z >= cloud.edges[to + 1]:
            to += 1
        layer[m] = to if to <= last else -1
        depth[m] = cloud.planes[min(max(to, 0), last)]


@jit
def _read(cloud, n, depth, x, y):
    """Steps across the axis become places in the plane."""
    x_0, y_0 = cloud.start[n, 0], cloud.start[n, 1]
    along_x, along_y = cloud.slope[n, 0], cloud.slope[n, 1]
    xx, xy, yy = cloud.stretch[n, 0], cloud.stretch[n, 1], cloud.stretch[n, 2]
    for m in range(x.shape[0]):
        u, v = x[m], y[m]
        x[m] = x_0 + depth[m] * along_x + (u * xx + v * xy)
        y[m] = y_0 + depth[m] * along_y + (u * xy + v * yy)


def _build(sources):
    """The loops over showers; see `cached` for why they are in a closure."""

    @cached
    def strew(cloud, room, spots):
        sources  # noqa: B018
        end = 0
        for n in range(cloud.counts.shape[0]):
            for i in range(cloud.counts.shape[1]):
                first, end = end, end + cloud.counts[n, i]
                x, y, depth = spots.x[first:end], spots.y[first:end], room[: end - first]
                _across(cloud, n, i, x, y)
                _depths(cloud, n, i, x, y, depth)
                _layers(cloud, i, depth, spots.layer[first:end])
                _read(cloud, n, depth, x, y)

    return strew


strew = _build(SOURCES)
"""Fills in all spots; `room` is for the depths of one slice."""


@cached
def add(counts, energy, cell, row, offsets, cells, energies):
    """Fills in lists of hits; `row` has a zero for each cell, before and after."""
    hits, m = 0, 0
    for n in range(counts.shape[0]):
        first, seen = hits, hits
        for i in range(counts.shape[1]):
            for _ in range(counts[n, i]):
                if cell[m] >= 0:
                    to = place(cell[m])
                    cells[seen] = to
                    seen += row[to] == 0.0
                    row[to] += energy[n, i]
                m += 1
        # A cell that got nothing may be there more than once.
        for k in range(first, seen):
            to = place(cells[k])
            cells[hits], energies[hits] = to, row[to]
            hits += energies[hits] > 0.0
            row[to] = 0.0
        offsets[n + 1] = hits
