"""The spots of `spots` in plain torch: the same numbers and formulae, all at once.

Given the keys of slices both draw the same spots.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heitler.kernels.cloud import ALONG, CORE, SHARE, TURN, Cloud, Spots
from heitler.kernels.numbers_twin import number, root, sinpi, uniform

__all__ = ["collect", "scatter"]


def scatter(cloud: Cloud) -> Spots:
    """Draws the spots of all showers."""
    counts = torch.from_numpy(cloud.counts).reshape(-1)
    slice_of = torch.repeat_interleave(counts)
    index = torch.arange(len(slice_of)) - (counts.cumsum(0) - counts)[slice_of]
    shower, i = slice_of // cloud.counts.shape[1], slice_of % cloud.counts.shape[1]
    key = torch.from_numpy(cloud.key.astype(np.int64)).reshape(-1, 2)[slice_of]

    def draw(purpose: int) -> Tensor:
        return uniform(number(key[:, 0], key[:, 1], purpose, index))

    core, tail, weight = (
        torch.from_numpy(values).reshape(-1)[slice_of]
        for values in (cloud.core, cloud.tail, cloud.weight)
    )
    lean, start, slope, stretch = (
        torch.from_numpy(values)[shower].unbind(1)
        for values in (cloud.lean, cloud.start, cloud.slope, cloud.stretch)
    )
    share, half = draw(SHARE), draw(TURN) - 0.5
    radius = torch.where(draw(CORE) < weight, core, tail) * root(share / (1.0 - share))
    sine, cosine = sinpi(half), sinpi(0.5 - half.abs())
    u, v = radius * (1.0 - 2.0 * sine * sine), radius * (2.0 * sine * cosine)
    edges, planes = torch.from_numpy(cloud.edges), torch.from_numpy(cloud.planes)
    depth = edges[i] + draw(ALONG) * edges.diff()[i] - (lean[0] * u + lean[1] * v)
    layer = torch.bucketize(depth, edges, right=True) - 1
    z = planes[layer.clamp(0, len(planes) - 1)]
    x = start[0] + z * slope[0] + (u * stretch[0] + v * stretch[1])
    y = start[1] + z * slope[1] + (u * stretch[1] + v * stretch[2])
    layer = torch.where(layer < len(planes), layer, -1)
    return Spots(layer.int().numpy(), x.numpy(), y.numpy())


def collect(
    counts: NDArray[np.int64], energy: NDArray[np.float64], cell: NDArray[np.int32], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Sums of spots in cells: lists of the hits of showers, cells in ascending order."""
    shower = np.repeat(np.arange(len(counts)), counts.sum(axis=1))
    each, kept = np.repeat(energy.reshape(-1), counts.reshape(-1)), cell >= 0
    places = shower[kept] * size + cell[kept]
    rows = np.bincount(places, each[kept], len(counts) * size).astype(np.float32)
    hit = np.flatnonzero(rows)
    offsets = np.searchsorted(hit, np.arange(len(counts) + 1) * size)
    return offsets, (hit % size).astype(np.int32), rows[hit]
