"""What the sampler of compound hits is given, and what it gives back.

Notation: N showers, L layers, B bins, K coefficients, P phases, M members, H hits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIELD", "GRID", "SCORES", "Drawn", "Law", "Prescription"]

_F32 = NDArray[np.float32]
_F64 = NDArray[np.float64]
_I32 = NDArray[np.int32]

FIELD = 19
"""Field amplitudes of a layer: monopoles of the zones 0 to 4; cos t and sin t of the zones 1 to 4;
cos 2t and sin 2t of the zones 1 to 3."""

GRID = (64, 3.3)
"""Points and end of the tables of energies, which are even in sqrt(t)."""

SCORES = (512, 4.5, 5.0)
"""Points of the two tables of normal scores; ends in sqrt(t) and in z."""


class Law(NamedTuple):
    """What is fitted once: the same for all showers.

    Arguments:
        rows, columns: Cells of a layer.
        near: Number of near members of a phase; they come first, zone by zone.
        near_zones: First near member of the zones 0 to 2, and the one behind the last, (P, 4).
        dy, dx, bin, weight: Offset, bin and weight of each member, (P, M).
        trig: Harmonics of each near member, (P, 4, M).
        record: dy, dx, weight, bin and harmonics of each member side by side, (P, M, 8).
        first_run: First run of far members of each phase, (P + 1).
        run_bin, run_start, run_count: Bin of each run, its first member and their number.
        run_most: Largest weight in each run.
        place: Member of an offset, (P, 2 R_y - 1, 2 R_x - 1).
        window: Weights of each bin inside of the window, by crossing, (crossings, B).
        zone: Zone of a bin, (B).
        own: Bins of the axis' own cell.
        bias, basis: Of ln lambda, ln mu and ln h: (L, 3 B) and (L, K, 3 B).
        share: beta: share of the points among hits, (L, B).
        half_variance: Half of the variance of the field by layer and zone, (L, 5).
        variance: The variance by layer and bin, (L, B).
        table: Energies above the threshold in units of their mean, (tables x grid).
        spread: Standard deviation of their logarithm, (tables).
        table_of: First table of layer and bin, (L, B): one for each bin of the mean follow.
        below: Energies below the threshold in MeV, (grid), even in the rank.
        to_normal, to_exponential: Tables between exponential variates and normal scores.
        exponential: Table of exponential variates.
        child_dy, child_dx: Displacement of a child by 12 random bits, (4096).
        child_number: Distribution function of the number of children by layer, (L, 8).
        settings: Threshold in MeV, eps, gamma, factor of t for hits in clusters, and alone; range
            of ln mean excess that the tables cover, and their number.
        ranges: Lowest and highest ln lambda, ln mu and ln h, (3, 2).
        depth: Polynomials of degree 0 to 2 in depth, (3, L).
    """

    rows: int
    columns: int
    near: int
    near_zones: _I32
    dy: _I32
    dx: _I32
    bin: NDArray[np.uint32]
    weight: _F32
    trig: _F32
    record: _F32
    first_run: _I32
    run_bin: _I32
    run_start: _I32
    run_count: _I32
    run_most: _F32
    place: _I32
    window: _F32
    zone: _I32
    own: _I32
    bias: _F32
    basis: _F32
    share: _F32
    half_variance: _F32
    variance: _F32
    table: _F32
    spread: _F32
    table_of: _I32
    below: _F32
    to_normal: _F32
    to_exponential: _F32
    exponential: _F32
    child_dy: _I32
    child_dx: _I32
    child_number: _F32
    settings: _F32
    ranges: _F32
    depth: _F32


class Prescription(NamedTuple):
    """What is to be sampled: one row for each shower.

    Arguments:
        coefficients: Of the patterns of rates, means and heights, (N, L, K).
        field: Amplitudes of the field, (N, L, FIELD).
        y, x, phase: Where the axis crosses the layers, (N, L).
        crossing: Row of `Law.window`, (N, L).
        goal: Visible energy in MeV, mean and standard deviation of the layer, (N, 3).
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
