r"""Hits of a cluster process with a random field, compiled (numba).

This is the sampler of the compound-hit model; `heitler.models.compound_hits` says what its
ingredients mean and where they come from. `heitler.kernels.compound_twin` says the same in plain
torch. Given the key of a shower both make the same hits, since each decision takes its random
number from a fixed place of the key's stream (SplitMix64: Steele, Lea and Flood 2014), and all
sums that decide are in float64.

For each shower:

1. *Points.* Bins follow each other along a line, layer by layer; bin b of layer l takes

       n_b lambda_b beta_lb (1 + eps) (1 + v min(lambda_b beta_lb (1 + eps), 1) / 2) e^(m - v/2 + r)

   of it, with monopole m, variance v and largest reach r of the field in the bin's zone. Points
   arrive at unit rate; where a point falls says its bin, cell and whether the field keeps it.
2. *Children.* A cell that is hit has a Poisson number of children at random displacements; one in a
   cell of smaller rate lives with the ratio of the rates.
3. *Damping.* Layer by layer, hits are kept with a probability that takes a share gamma of their
   chance excess over the expectation out again (its moments 0 to 2 in depth).
4. *Energies.* An exponential variate t decides the energy by tables; in cells with many particles
   the field shifts it first.
5. *Calibration.* Energies above the threshold are scaled by exp(quadratic in depth), so that
   visible energy, mean depth and depth width are as prescribed.

Notation: N showers, L layers, B bins, H hits.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["FIELD", "GRID", "SCORES", "Law", "Prescription", "Drawn", "sample"]

_F32 = NDArray[np.float32]
_F64 = NDArray[np.float64]
_I64 = NDArray[np.int64]

FIELD = 19
"""Field amplitudes of a layer: monopoles of the zones 0 to 4; cos t and sin t of the zones 1 to 4;
cos 2t and sin 2t of the zones 1 to 3."""

GRID = (64, 3.3)
"""Points and end of the tables of energies, which are even in sqrt(t)."""

SCORES = (512, 4.5, 5.0)
"""Points of the two tables of normal scores; ends in sqrt(t) and in z."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_LOW = np.uint64(0xFFFFFFFF)
_TO_UNIT = 2.0**-32
_RIGID = 0.02
"""The field does not reach energies of cells whose mean energy moves less than this with rate."""

_STEPS, _LIMIT = 12, 1.0
"""Newton steps of the calibration, and the largest exponent that it may use."""


class Law(NamedTuple):
    """What is fitted once: the same for all showers.

    Arguments:
        rows, columns: Cells of a layer.
        first_run: First run of each phase, (P + 1).
        run_bin, run_start: Bin of each run of members and its first member.
        run_size: Sum of the weights of each run.
        dy, dx: Offset of each member, (P, M).
        reach: Sum of the weights of a run up to and including a member, (P, M).
        trig: Harmonics of each member, (P, M, 4).
        place: Member of an offset, (P, 2 R_y - 1, 2 R_x - 1).
        member_bin: Bin of a member, (P, M).
        zone: Zone of a bin, (B).
        share: beta: share of the points among hits, (L, B).
        variance: Of the field by layer and zone, (L, 5).
        lift: Factors of the mean excess and of the height of the threshold, (2, L, B).
        table: Energies above the threshold in units of their mean, (tables, grid).
        spread: Standard deviation of their logarithm, (tables).
        table_of: First table of layer and zone, (L, 5): one for each of `mean_bins` follow.
        mean_range: Range of ln mean that the tables cover, and their number.
        below: Energies below the threshold in MeV, (grid), even in the rank.
        to_normal, to_exponential: Tables between exponential variates and normal scores.
        child_dy, child_dx: Displacement of a child by 12 random bits, (4096).
        child_number: Distribution function of the number of children, (8).
        settings: Threshold in MeV, eps, gamma, factor of t for hits in clusters, and alone.
        depth: Polynomials of degree 0 to 2 in depth, (3, L), and position of layers, (L).
    """

    rows: int
    columns: int
    first_run: _I64
    run_bin: _I64
    run_start: _I64
    run_size: _F64
    dy: _I64
    dx: _I64
    reach: _F64
    trig: _F32
    place: _I64
    member_bin: _I64
    zone: _I64
    share: _F32
    variance: _F32
    lift: _F32
    table: _F32
    spread: _F32
    table_of: _I64
    mean_range: _F64
    below: _F32
    to_normal: _F32
    to_exponential: _F32
    child_dy: _I64
    child_dx: _I64
    child_number: _F64
    settings: _F64
    depth: _F64


class Prescription(NamedTuple):
    """What is to be sampled: one row for each shower.

    Arguments:
        rate: lambda: expected number of points of a cell, (N, L, B).
        mean: ln of the mean energy above threshold in MeV, (N, L, B).
        below: Height of the threshold in units of t, (N, L, B).
        field: Amplitudes of the field, (N, L, FIELD).
        y, x, phase: Where the axis crosses the layers, (N, L).
        expected: Hits expected of a layer at (1 + eps) times the rates, (N, L).
        goal: Visible energy in MeV, mean and standard deviation of the layer, (N, 3).
        key: Names the stream of random numbers, (N) uint64.
    """

    rate: _F32
    mean: _F32
    below: _F32
    field: _F32
    y: _I64
    x: _I64
    phase: _I64
    expected: _F64
    goal: _F64
    key: NDArray[np.uint64]


class Drawn(NamedTuple):
    """Hits of N showers: offsets (N + 1), cells (H), energies in MeV (H)."""

    offsets: _I64
    cells: NDArray[np.int32]
    energies: _F32


def sample(law: Law, prescription: Prescription) -> Drawn:
    """Hits of the showers, in the order in which they are made."""
    count = len(prescription.key)
    room = int(prescription.rate.sum(dtype=np.float64) * 4) + 64 * count + 1024
    while True:
        cells, energies = np.empty(room, np.int32), np.empty(room, np.float32)
        offsets = np.zeros(count + 1, np.int64)
        if _sample(law, prescription, offsets, cells, energies):
            end = offsets[-1]
            return Drawn(offsets, cells[:end], energies[:end])
        room *= 2


_jit = numba.njit(cache=True, nogil=True, error_model="numpy")


@_jit
def _mix(word):  # noqa: ANN001, ANN202 (compiled)
    word = (word ^ (word >> np.uint64(30))) * _MIX_1
    word = (word ^ (word >> np.uint64(27))) * _MIX_2
    return word ^ (word >> np.uint64(31))


@_jit
def _unit(bits):  # noqa: ANN001, ANN202
    """32 bits to the open interval (0, 1)."""
    return (np.float64(bits) + 0.5) * _TO_UNIT


@_jit
def _between(table, place):  # noqa: ANN001, ANN202
    """Linear interpolation at a place in units of the grid's step, held at both ends."""
    last = table.shape[0] - 1
    place = min(max(place, 0.0), last - 1e-6)
    i = int(place)
    f = place - i
    return table[i] * (1.0 - f) + table[i + 1] * f


@_jit
def _softness(rate):  # noqa: ANN001, ANN202
    """rate / (e^rate - 1), about: how much of a change of rate is a change of hits."""
    return 1.0 / (1.0 + rate * (0.5 + rate * (1.0 / 6.0 + rate / 24.0)))


@_jit
def _wave(field, zone, trig):  # noqa: ANN001, ANN202
    """The part of the field that depends on azimuth."""
    value = 0.0
    if zone > 0:
        value += field[4 + zone] * trig[0] + field[8 + zone] * trig[1]
        if zone < 4:
            value += field[12 + zone] * trig[2] + field[15 + zone] * trig[3]
    return value


@_jit
def _crest(field, zone):  # noqa: ANN001, ANN202
    """The largest value that `_wave` can take."""
    if zone == 0:
        return 0.0
    a, b = np.float64(field[4 + zone]), np.float64(field[8 + zone])
    value = np.sqrt(a * a + b * b)
    if zone < 4:
        a, b = np.float64(field[12 + zone]), np.float64(field[15 + zone])
        value += np.sqrt(a * a + b * b)
    return value


@_jit
def _sample(law, todo, offsets, cells, energies):  # noqa: ANN001, ANN202
    count, layers = todo.y.shape
    per_layer = law.rows * law.columns
    size = layers * per_layer
    stamp = np.full(size, -1, np.int32)
    owner = np.empty(size, np.int32)
    bins = np.empty(size, np.int32)
    member = np.empty(size, np.int32)
    keep = np.empty(size, np.float64)
    rank = np.empty(size, np.float64)
    alone = np.empty(size, np.bool_)
    bounds = np.empty((layers, 5), np.float64)
    crests = np.empty((layers, 5), np.float64)
    excess = np.empty(layers, np.float64)
    end = 0
    for n in range(count):
        found = _points(
            law, todo, n, stamp, owner, bins, member, keep, rank, alone, bounds, crests, excess
        )
        if end + found > cells.shape[0]:
            return False
        kept = _energies(
            law, todo, n, found, owner, bins, member, keep, rank, alone, excess,
            cells[end:], energies[end:],
        )
        _calibrate(law, todo, n, per_layer, cells[end : end + kept], energies[end : end + kept])
        end += kept
        offsets[n + 1] = end
    return True


@_jit
def _points(law, todo, n, stamp, owner, bins, member, keep, rank, alone, bounds, crests, excess):  # noqa: ANN001, ANN202, PLR0913
    """Steps 1 and 2: cells that are hit, and the share of each layer's to drop."""
    layers = todo.y.shape[1]
    per_layer = law.rows * law.columns
    key, eps = todo.key[n], law.settings[1]
    reach_y, reach_x = law.place.shape[1] // 2, law.place.shape[2] // 2
    arrivals = np.uint64(1)
    word = _mix(key + arrivals * _GOLDEN)
    at = -np.log(_unit(word >> np.uint64(32)))
    line = 0.0
    found = 0
    for layer in range(layers):
        field = todo.field[n, layer]
        rates = todo.rate[n, layer]
        share = law.share[layer]
        phase = todo.phase[n, layer]
        row, column = todo.y[n, layer], todo.x[n, layer]
        place = law.place[phase]
        first = found
        for zone in range(5):
            v = np.float64(law.variance[layer, zone])
            crest = _crest(field, zone)
            monopole = np.float64(field[zone]) if zone > 0 else 0.0
            crests[layer, zone] = crest
            bounds[layer, zone] = np.exp(monopole - 0.5 * v)
        for run in range(law.first_run[phase], law.first_run[phase + 1]):
            b = law.run_bin[run]
            zone = law.zone[b]
            base = np.float64(rates[b]) * np.float64(share[b]) * (1.0 + eps)
            rate = base * (1.0 + 0.5 * np.float64(law.variance[layer, zone]) * min(base, 1.0))
            rate *= bounds[layer, zone]
            crest = crests[layer, zone]
            if crest > 0.0:
                rate *= np.exp(crest)
            start = line
            line += rate * law.run_size[run]
            while at < line:
                position = (at - start) / rate
                m = law.run_start[run]
                before = 0.0
                while law.reach[phase, m] < position:
                    before = law.reach[phase, m]
                    m += 1
                weight = law.reach[phase, m] - before
                level = (position - before) / weight
                if level < 0.0:
                    level = 0.0
                accepted = True
                if crest > 0.0:
                    wave = _wave(field, zone, law.trig[phase, m])
                    accepted = level < np.exp(wave - crest)
                if accepted:
                    y, x = row + law.dy[phase, m], column + law.dx[phase, m]
                    if 0 <= y < law.rows and 0 <= x < law.columns:
                        cell = layer * per_layer + y * law.columns + x
                        if stamp[cell] != n:
                            second = _mix(key + (arrivals + np.uint64(1)) * _GOLDEN)
                            stamp[cell] = n
                            owner[found], bins[found], member[found] = cell, b, m
                            keep[found] = _unit(word & _LOW)
                            rank[found] = _unit(second >> np.uint64(32))
                            alone[found] = True
                            parent = found
                            found += 1
                            number = _unit(second & _LOW)
                            child = 0
                            while number > law.child_number[child]:
                                child += 1
                                bits = _mix(second + np.uint64(child) * _GOLDEN)
                                step = bits >> np.uint64(52)
                                cy, cx = y + law.child_dy[step], x + law.child_dx[step]
                                if not (0 <= cy < law.rows and 0 <= cx < law.columns):
                                    continue
                                cm = place[cy - row + reach_y, cx - column + reach_x]
                                cb = law.member_bin[phase, cm]
                                live = ((bits >> np.uint64(20)) & _LOW) & np.uint64(0xFFFFFFFF)
                                if _unit(live) * np.float64(rates[b]) >= np.float64(rates[cb]):
                                    continue
                                alone[parent] = False
                                cell = layer * per_layer + cy * law.columns + cx
                                if stamp[cell] == n:
                                    continue
                                third = _mix(bits)
                                stamp[cell] = n
                                owner[found], bins[found], member[found] = cell, cb, cm
                                keep[found] = _unit(third & _LOW)
                                rank[found] = _unit(third >> np.uint64(32))
                                alone[found] = False
                                found += 1
                arrivals += np.uint64(2)
                word = _mix(key + arrivals * _GOLDEN)
                at -= np.log(_unit(word >> np.uint64(32)))
        excess[layer] = found - first - todo.expected[n, layer]
    _damp(law, todo.expected[n], excess)
    return found


@_jit
def _damp(law, expected, excess):  # noqa: ANN001, ANN202
    """Excess of each layer to the relative change that takes gamma of its moments out."""
    layers = excess.shape[0]
    matrix, moments = np.zeros((3, 3)), np.zeros(3)
    for layer in range(layers):
        for i in range(3):
            moments[i] += law.depth[i, layer] * excess[layer]
            for j in range(3):
                matrix[i, j] += law.depth[i, layer] * law.depth[j, layer] * expected[layer]
    for i in range(3):
        matrix[i, i] += 1e-9 * matrix[0, 0] + 1e-12
    a = _solve(matrix, moments)
    gamma, eps = law.settings[2], law.settings[1]
    for layer in range(layers):
        change = 0.0
        for i in range(3):
            change += a[i] * law.depth[i, layer]
        kept = (1.0 - gamma * min(max(change, -0.3), 0.3)) / (1.0 + eps)
        excess[layer] = 1.0 - min(kept, 1.0)


@_jit
def _solve(matrix, right):  # noqa: ANN001, ANN202
    """Solution of three linear equations by Cramer's rule."""
    a, b, c = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    d, e, f = matrix[1, 0], matrix[1, 1], matrix[1, 2]
    g, h, i = matrix[2, 0], matrix[2, 1], matrix[2, 2]
    p, q, r = right[0], right[1], right[2]
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if det == 0.0:
        return 0.0, 0.0, 0.0
    x = p * (e * i - f * h) - b * (q * i - f * r) + c * (q * h - e * r)
    y = a * (q * i - f * r) - p * (d * i - f * g) + c * (d * r - q * g)
    z = a * (e * r - q * h) - b * (d * r - q * g) + p * (d * h - e * g)
    return x / det, y / det, z / det


@_jit
def _energies(law, todo, n, found, owner, bins, member, keep, rank, alone, drop, cells, energies):  # noqa: ANN001, ANN202, PLR0913
    """Steps 3 and 4: which hits stay, and their energies before calibration."""
    per_layer = law.rows * law.columns
    threshold, together, single = law.settings[0], law.settings[3], law.settings[4]
    low, high, levels = law.mean_range[0], law.mean_range[1], int(law.mean_range[2])
    grid, end = GRID
    scores, end_t, end_z = SCORES
    kept = 0
    for i in range(found):
        layer = owner[i] // per_layer
        b = bins[i]
        rate = np.float64(todo.rate[n, layer, b])
        soft = _softness(rate)
        if keep[i] < drop[layer] * soft:
            continue
        zone = law.zone[b]
        mean = np.float64(todo.mean[n, layer, b])
        level = int((mean - low) / (high - low) * levels)
        row = law.table_of[layer, zone] + min(max(level, 0), levels - 1)
        field = todo.field[n, layer]
        if zone == 0:
            t = _between(law.to_exponential, (np.float64(field[0]) + end_z) * (scores - 1) / (2 * end_z))
        else:
            t = -np.log(rank[i])
            if 1.0 - soft > _RIGID:
                load = (1.0 - soft) / np.float64(law.spread[row])
                part = load * load * np.float64(law.variance[layer, zone])
                if part > 1.0:
                    load, part = load / np.sqrt(part), 1.0
                z = _between(law.to_normal, np.sqrt(t) * (scores - 1) / end_t)
                wave = np.float64(field[zone]) + _wave(field, zone, law.trig[todo.phase[n, layer], member[i]])
                z = load * wave + np.sqrt(1.0 - part) * z
                t = _between(law.to_exponential, (z + end_z) * (scores - 1) / (2 * end_z))
            t *= single if alone[i] else together
        height = np.float64(todo.below[n, layer, b]) * np.float64(law.lift[1, layer, b])
        t -= height
        if t < 0.0:
            energy = _between(law.below, (1.0 + t / height) * (grid - 1))
        else:
            ratio = _between(law.table[row], np.sqrt(t) * (grid - 1) / end)
            energy = threshold + np.exp(mean) * np.float64(law.lift[0, layer, b]) * ratio
        cells[kept] = owner[i]
        energies[kept] = energy
        kept += 1
    return kept


@_jit
def _calibrate(law, todo, n, per_layer, cells, energies):  # noqa: ANN001, ANN202
    """Step 5: excess over the threshold times exp(quadratic in depth)."""
    layers = todo.y.shape[1]
    threshold = law.settings[0]
    above, fixed = np.zeros(layers), np.zeros(layers)
    for i in range(cells.shape[0]):
        layer = cells[i] // per_layer
        if energies[i] > threshold:
            above[layer] += np.float64(energies[i]) - threshold
            fixed[layer] += threshold
        else:
            fixed[layer] += np.float64(energies[i])
    factor = _factors(law, above, fixed, todo.goal[n])
    for i in range(cells.shape[0]):
        if energies[i] > threshold:
            excess = np.float64(energies[i]) - threshold
            energies[i] = threshold + excess * factor[cells[i] // per_layer]


@_jit
def _factors(law, above, fixed, goal):  # noqa: ANN001, ANN202
    """Factor of each layer by Newton's method, then one factor for the exact visible energy."""
    layers = above.shape[0]
    visible, mean, width = goal[0], goal[1], goal[2]
    # Moments about the prescribed mean in units of the prescribed width: 1, 0, 1.
    target = np.array((visible, 0.0, visible))
    factor = np.ones(layers)
    a, b, c = 0.0, 0.0, 0.0
    for _ in range(_STEPS):
        miss = target.copy()
        matrix = np.zeros((3, 3))
        for layer in range(layers):
            u = (layer - mean) / width
            part = above[layer] * factor[layer]
            energy = part + fixed[layer]
            miss[0] -= energy
            miss[1] -= energy * u
            miss[2] -= energy * u * u
            matrix[0, 0] += part
            matrix[0, 1] += part * u
            matrix[0, 2] += part * u * u
            matrix[1, 2] += part * u * u * u
            matrix[2, 2] += part * u * u * u * u
        matrix[1, 0], matrix[2, 0], matrix[2, 1] = matrix[0, 1], matrix[0, 2], matrix[1, 2]
        matrix[1, 1] = matrix[0, 2]
        worst = max(abs(miss[0]), abs(miss[1]), abs(miss[2]))
        if worst < 1e-9 * visible:
            break
        for i in range(3):
            matrix[i, i] += 1e-6 * matrix[0, 0] + 1e-12
        da, db, dc = _solve(matrix, miss)
        a += min(max(da, -0.5), 0.5)
        b += min(max(db, -0.5), 0.5)
        c += min(max(dc, -0.5), 0.5)
        for layer in range(layers):
            u = (layer - mean) / width
            factor[layer] = np.exp(min(max(a + u * (b + u * c), -_LIMIT), _LIMIT))
    total, rest = 0.0, visible
    for layer in range(layers):
        total += above[layer] * factor[layer]
        rest -= fixed[layer]
    if total > 0.0 and rest > 0.0:
        for layer in range(layers):
            factor[layer] *= rest / total
    return factor
