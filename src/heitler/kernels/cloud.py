"""What the spots of showers are given, and what they are: energy that lies about an axis.

Notation: N showers, L slices of the depth, M spots; lengths in mm.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALONG", "CORE", "SHARE", "TURN", "Cloud", "Spots"]

_F32 = NDArray[np.float32]

CORE, SHARE, TURN, ALONG = 0, 1, 2, 3
"""Purposes of random numbers."""


class Cloud(NamedTuple):
    """How spots lie in each slice of each shower, and where the axes of the showers are.

    Arguments:
        key: Names the stream of random numbers of each slice, (N, L, 2) uint32.
        counts: Number of spots, (N, L) int64, below 2^22.
        core, tail: Median radius of the core and of the tail, (N, L).
        weight: Share of the spots in the core, (N, L).
        edges: Depths between the slices, (L + 1).
        planes: Depth at which each slice is read out, (L).
        start: x and y of the axis at the depth 0, (N, 2).
        slope: What x and y of the axis grow with the depth, (N, 2).
        lean: Depth that a spot loses for a step (u, v) across the axis, (N, 2).
        stretch: What x grows with u, x with v (and y with u), y with v, (N, 3).
    """

    key: NDArray[np.uint32]
    counts: NDArray[np.int64]
    core: _F32
    tail: _F32
    weight: _F32
    edges: _F32
    planes: _F32
    start: _F32
    slope: _F32
    lean: _F32
    stretch: _F32


class Spots(NamedTuple):
    """Where spots are read out, shower by shower and slice by slice.

    Arguments:
        layer: Slice in which a spot lies, -1 in front of the first and behind the last: (M) int32.
        x, y: Where it is read out, (M).
    """

    layer: NDArray[np.int32]
    x: _F32
    y: _F32
