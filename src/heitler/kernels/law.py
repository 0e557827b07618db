"""What the sampler of compound hits is given, and what it gives back.

What is looked up at random is as small as it can be, so that it stays in the fastest cache.

Notation: N showers, L layers, B bins, K coefficients, P phases, M members, H hits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIELD", "GRID", "RUN", "Drawn", "Law", "Prescription"]

_F32 = NDArray[np.float32]
_F64 = NDArray[np.float64]
_I32 = NDArray[np.int32]
_I16 = NDArray[np.int16]

FIELD = 25
"""Field amplitudes of a layer: monopole, cos t, sin t, cos 2t and sin 2t of the zones 0 to 4."""

GRID = (64, 3.3)
"""Points and end of the tables of energies, which are even in sqrt(t)."""

RUN = 8
"""Near members of one bin that are looked after at once."""


class Law(NamedTuple):
    """What is fitted once: the same for all showers.

    Arguments:
        rows, columns: Cells of a layer.
        near: Number of near members of a phase; they come first, zone by zone.
        near_zones: First near member of the zones 0 to 3, and the one behind the last, (P, 5).
        dy, dx, bin: Offset and bin of each near member, (P, near).
        weight: Its weight, (P, near + RUN).
        near_bin, near_start: Bin and first member of each run of at most `RUN` near members, in
            order, (P, near runs).
        trig: Their harmonics, (P, 4, near).
        record: dy, dx, weight, bin and harmonics of each member side by side, (P, M, 8).
        run_bin, run_start: Bin and first member of each run of far members, (P, runs).
        run_count, run_most: Their number and their largest weight, 0 where a phase has no more
            runs, (P, runs).
        place, there: Member of an offset, and its bin, (P, 2 R_y - 1, 2 R_x - 1) int16.
        window: Weights of each bin inside of the window, by crossing, (crossings, B).
        zone: Zone of a bin, (B).
        own: Bins of the axis' own cell.
        bias, basis: Of ln lambda, ln mu and ln h: (L, 3 B) and (L, K, 3 B).
        share: beta: share of the points among hits, (L, B).
        variance: Variance of the field, (L, B); of the monopole's score none.
        table: Energies above the threshold in units of their mean, even in sqrt(t); behind them
            energies below the threshold in MeV, even in the rank: ((tables + 1) x grid).
        spread: Standard deviation of their logarithm, (tables).
        table_of: First table of layer and bin, (L, B): one for each bin of the mean follow.
        child_dy, child_dx: Displacement of a child by 12 random bits, (4096) int8.
        child_number: Distribution function of the number of children by layer, (L, 8).
        middle: Where the axis crosses its cell in each phase, in cells along y and x, (P, 2).
        settings: Threshold in MeV, eps, gamma, factor of t for hits in clusters, and alone; range
            of ln mean excess that the tables cover, and their number; R^2 of the calibration in
            squared cells.
        ranges: Lowest and highest ln lambda, ln mu and ln h, (3, 2).
        depth: Polynomials of degree 0 to 2 in depth, (3, L).
    """

    rows: int
    columns: int
    near: int
    near_zones: _I32
    dy: _I32
    dx: _I32
    bin: _I32
    weight: _F32
    near_bin: _I32
    near_start: _I32
    trig: _F32
    record: _F32
    run_bin: _I32
    run_start: _I32
    run_count: _F32
    run_most: _F32
    place: _I16
    there: _I16
    window: _F32
    zone: _I32
    own: _I32
    bias: _F32
    basis: _F32
    share: _F32
    variance: _F32
    table: _F32
    spread: _F32
    table_of: _I32
    child_dy: NDArray[np.int8]
    child_dx: NDArray[np.int8]
    child_number: _F32
    middle: _F32
    settings: _F32
    ranges: _F32
    depth: _F32


class Prescription(NamedTuple):
    """What is to be sampled: one row for each shower.

    Arguments:
        coefficients: Of the patterns of rates, means and heights, (N, L, K).
        field: Amplitudes of the field, (N, FIELD, L).
        y, x, phase: Where the axis crosses the layers, (N, L).
        crossing: Row of `Law.window`, (N, L).
        goal: Visible energy in MeV, mean and standard deviation of the layer, mean squared
            distance from the axis in cells, (N, 4).
        key: Names the stream of random numbers, (N, 2) uint32.
    """

    coefficients: _F32
    field: _F32
    y: _I32
    x: _I32
    phase: _I32
    crossing: _I32
    goal: _F64
    key: NDArray[np.uint32]


class Drawn(NamedTuple):
    """Hits of N showers: offsets (N + 1), cells (H), energies in MeV (H)."""

    offsets: NDArray[np.int64]
    cells: _I32
    energies: _F32
