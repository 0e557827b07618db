r"""Hits of a cluster process with a random field, compiled (numba).

This is the sampler of the compound-hit model; `heitler.models.compound_hits` says what its
ingredients mean and where they come from. `heitler.kernels.compound_twin` says the same in plain
torch: given the key of a shower, both make the same hits.

For each shower and layer:

1. *Rates.* ln lambda, ln mu and ln h of each bin are products of the shower's coefficients with
   the layer's patterns.
2. *Points.* A cell of bin b has the rate

       r = x (1 + v min(x, 1) / 2) e^(f - v/2),    x = lambda w beta (1 + eps),

   with the field f and its variance v. Near cells are hit with 1 - e^-r one by one. Bins farther
   out follow each other along a line on which points arrive at unit rate; where a point falls says
   its cell, and whether the field keeps it.
3. *Children.* A cell that is hit has a Poisson number of children at random displacements; one in a
   cell of smaller rate lives with the ratio of the rates.
4. *Damping.* Hits are kept with a probability that takes a share gamma of their chance excess over
   the expectation out again (its moments 0 to 2 in depth).
5. *Energies.* An exponential variate t decides the energy by tables; in cells with many particles
   the field shifts it first.
6. *Calibration.* Energies above the threshold are scaled by exp(quadratic in depth), so that
   visible energy, mean depth and depth width are as prescribed.

Notation: N showers, L layers, B bins, K coefficients, P phases, M members, H hits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.numbers import empty, exponential, growth, inlined, jit, number, power

__all__ = ["FIELD", "GRID", "SCORES", "Drawn", "Law", "Prescription", "sample"]

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

_NEAR, _GAP, _KEEP, _RANK, _CHILDREN, _STEP = 0, 1, 2, 3, 4, 5
"""Purposes of random numbers; two for each child from `_STEP` on."""

_TO_UNIT = np.float32(2.0**-32)
_RIGID = np.float32(0.02)
"""The field does not reach energies of cells whose mean energy moves less than this with rate."""

_TO_LOW = np.float32(GRID[0] - 1)
_TO_GRID = np.float32((GRID[0] - 1) / GRID[1])
_TO_T = np.float32((SCORES[0] - 1) / SCORES[1])
_TO_Z, _END_Z = np.float32((SCORES[0] - 1) / (2 * SCORES[2])), np.float32(SCORES[2])

_NEWTON, _LIMIT = 12, 1.0
"""Newton steps of the calibration, and the largest exponent that it may use."""


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
        child_number: Distribution function of the number of children, (8).
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


def sample(law: Law, prescription: Prescription) -> Drawn:
    """Hits of the showers, in the order in which they are made."""
    count, layers = prescription.y.shape
    room = 1600 * count + layers * law.rows * law.columns
    while True:
        cells, energies = np.empty(room, np.int32), np.empty(room, np.float32)
        offsets = np.zeros(count + 1, np.int64)
        if _sample(law, prescription, offsets, cells, energies):
            end = offsets[-1]
            return Drawn(offsets, cells[:end], energies[:end])
        room *= 2


@jit
def _sample(law, todo, offsets, cells, energies):  # noqa: ANN001, ANN202
    count, layers = todo.y.shape
    width = law.bias.shape[1]
    bins = width // 3
    size = layers * law.rows * law.columns
    stamp = np.full(size, -1, np.int32)
    lines = np.empty((layers, width), np.float32)
    laws = np.empty((8, layers * bins), np.float32)
    packed = np.empty((layers * bins, 8), np.float32)
    owner, place = np.empty(size, np.int32), np.empty(size, np.int32)
    wave, alone = np.empty(size, np.float32), np.empty(size, np.float32)
    ends = np.zeros(layers + 1, np.int64)
    excess, expected = np.empty(layers, np.float32), np.empty(layers, np.float32)
    end = 0
    for n in range(count):
        _lines(todo.coefficients[n], law.bias, law.basis, law.ranges, lines)
        _laws(
            lines, law.window, todo.crossing[n], law.share, law.variance, law.table_of,
            law.spread, law.own, law.settings, laws, packed, expected,
        )
        _hits(law, todo, n, laws, stamp, owner, place, wave, alone, ends)
        if end + ends[layers] > cells.shape[0]:
            return False
        for layer in range(layers):
            excess[layer] = ends[layer + 1] - ends[layer] - expected[layer]
        _damp(law.depth, law.settings, expected, excess)
        kept = _survivors(todo.key[n], ends, excess, packed, owner, place, wave, alone, cells[end:])
        _energies(
            todo.key[n], law.settings[0], law.exponential,
            law.to_normal, law.to_exponential, law.below, law.table, packed,
            place, wave, alone, cells[end:], energies[end:], kept,
        )
        _calibrate(law.settings[0], todo.goal[n], ends, energies[end : end + kept])
        end += kept
        offsets[n + 1] = end
    return True


@jit
def _hits(law, todo, n, laws, stamp, owner, place, wave, alone, ends):  # noqa: ANN001, ANN202, PLR0913
    """Steps 2 and 3, layer by layer: cells, their bins and field, and whether they are alone."""
    layers = todo.y.shape[1]
    bins = laws.shape[1] // layers
    p, f = np.empty(law.near, np.float32), np.empty(law.near, np.float32)
    shift, crest = np.empty(5, np.float32), np.empty(5, np.float32)
    key, ways = todo.key[n], law.exponential
    at = np.float64(exponential(number(key[0], key[1], _GAP, 0), ways))
    arrivals, found = 0, 0
    shape = (law.rows, law.columns)
    zones = law.zone
    ends[0] = 0
    for layer in range(layers):
        phase = todo.phase[n, layer]
        field, half = todo.field[n, layer], law.half_variance[layer]
        points = laws[7, layer * bins : (layer + 1) * bins]
        rates = laws[0, layer * bins : (layer + 1) * bins]
        dy, dx, bin_of, weight = law.dy[phase], law.dx[phase], law.bin[phase], law.weight[phase]
        trig, record = law.trig[phase], law.record[phase]
        corner = (np.int32(n), layer, todo.y[n, layer], todo.x[n, layer])
        _field(field, half, shift, crest)
        near = law.near_zones[phase]
        _chances(points, bin_of, weight, trig, near, field, shift, p, f)
        found = _near(
            corner, shape, key, law.near, near[3], p, f, dy, dx, bin_of,
            stamp, owner, place, wave, found,
        )
        runs = (law.first_run[phase], law.first_run[phase + 1])
        found, at, arrivals = _far(
            corner, shape, key, runs, law.run_bin, law.run_start, law.run_count, law.run_most,
            points, zones, field, shift, crest, record, ways,
            stamp, owner, place, wave, found, at, arrivals,
        )
        found = _children(
            corner, shape, key, law.child_number, law.child_dy, law.child_dx, law.place[phase],
            record, rates, zones, field, law.settings,
            stamp, owner, place, wave, alone, ends[layer], found,
        )
        _settle(zones, shift, half, layer * bins, place, wave, ends[layer], found)
        ends[layer + 1] = found


@jit
def _settle(zones, shift, half, start, place, wave, first, found):  # noqa: ANN001, ANN202, PLR0913
    """Adds the monopole to the field of hits, and counts bins over layers."""
    for i in range(first, found):
        zone = zones[place[i]]
        wave[i] += shift[zone] + half[zone]
        place[i] += start


@jit
def _lines(coefficients, bias, basis, ranges, lines):  # noqa: ANN001, ANN202
    """ln lambda, ln mu and ln h of a shower, layer by layer: (L, 3 B)."""
    layers, width = lines.shape
    rank = coefficients.shape[1]
    bins = width // 3
    for layer in range(layers):
        line = lines[layer]
        for b in range(width):
            line[b] = bias[layer, b]
        for k in range(rank):
            a = coefficients[layer, k]
            pattern = basis[layer, k]
            for b in range(width):
                line[b] += a * pattern[b]
        for c in range(3):
            low, high = ranges[c, 0], ranges[c, 1]
            for b in range(c * bins, (c + 1) * bins):
                line[b] = min(max(line[b], low), high)


@jit
def _laws(lines, window, crossing, share, variance, table_of, spread, own, settings, laws, packed, expected):  # noqa: ANN001, ANN202, PLR0913
    """Step 1, and what follows from it for energies, by layer and bin, (8, L B).

    lambda; mu; h; softness; load and rest of the field; row of the table; rate of points.
    """
    layers, width = lines.shape
    bins = width // 3
    one, half = np.float32(1.0), np.float32(0.5)
    more = one + settings[1]
    low, levels = settings[5], settings[7]
    per_unit = levels / (settings[6] - low)
    for layer in range(layers):
        at = layer * bins
        line, seen = lines[layer], window[crossing[layer]]
        rates, soft = laws[0, at : at + bins], laws[3, at : at + bins]
        loads, rows = laws[4, at : at + bins], laws[6, at : at + bins]
        v, tables = variance[layer], table_of[layer]
        for b in range(bins):
            rates[b] = power(line[b])
        means, heights = laws[1, at : at + bins], laws[2, at : at + bins]
        for b in range(bins):
            means[b] = power(line[bins + b])
        for b in range(bins):
            heights[b] = power(line[2 * bins + b])
        total = np.float32(0.0)
        for b in range(bins):
            total += seen[b] * (one - empty(rates[b] * more))
        expected[layer] = total
        for b in range(bins):
            rate = rates[b]
            soft[b] = one / (
                one + rate * (half + rate * (np.float32(1 / 6) + rate * np.float32(1 / 24)))
            )
            x = rate * share[layer, b] * more
            laws[7, at + b] = x * (one + half * v[b] * min(x, one))
        for b in range(bins):
            level = min(max((line[bins + b] - low) * per_unit, np.float32(0.0)), levels - one)
            rows[b] = np.float32(tables[b] + np.int32(level))
        for b in range(bins):
            loads[b] = (one - soft[b]) / spread[np.uint32(rows[b])]
        for b in range(bins):
            part = loads[b] * loads[b] * v[b]
            most = one / np.sqrt(max(part, one))
            stiff = np.float32(one - soft[b] > _RIGID)
            loads[b] = loads[b] * most * stiff
            laws[5, at + b] = np.sqrt(one - min(part, one) * stiff)
        for b in own:
            # The score of the axis' own cell is its field, with nothing of its own.
            loads[b], laws[5, at + b] = one, np.float32(0.0)
        for b in range(bins):
            for c in range(8):
                packed[at + b, c] = laws[c, at + b]


@inlined
def _field(field, half_variance, shift, crest):  # noqa: ANN001, ANN202
    """Monopole less half of the variance, and the largest value of the rest, by zone."""
    shift[0], crest[0] = field[0], 0.0
    for zone in range(1, 5):
        shift[zone] = field[zone] - half_variance[zone]
        a, b = field[4 + zone], field[8 + zone]
        value = np.sqrt(a * a + b * b)
        if zone < 4:
            a, b = field[12 + zone], field[15 + zone]
            value += np.sqrt(a * a + b * b)
        crest[zone] = value


@inlined
def _wave(field, zone, member):  # noqa: ANN001, ANN202
    """The part of the field that depends on azimuth, for the record of a member."""
    value = np.float32(0.0)
    if zone > 0:
        value += field[4 + zone] * member[4] + field[8 + zone] * member[5]
        if zone < 4:
            value += field[12 + zone] * member[6] + field[15 + zone] * member[7]
    return value


@jit
def _chances(points, bins, weight, trig, zones, field, shift, p, f):  # noqa: ANN001, ANN202, PLR0913
    """Field and probability of a hit of near cells; zones[q] is the first cell of zone q."""
    for zone in range(3):
        first, stop = zones[zone], zones[zone + 1]
        a, b, c, d = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
        if zone > 0:
            a, b = field[4 + zone], field[8 + zone]
            c, d = field[12 + zone], field[15 + zone]
        s = shift[zone] if zone > 0 else np.float32(0.0)
        for j in range(first, stop):
            turn = a * trig[0, j] + b * trig[1, j] + c * trig[2, j] + d * trig[3, j]
            f[j] = turn
            p[j] = points[bins[j]] * weight[j] * growth(s + turn)
    for j in range(zones[3]):
        p[j] = np.float32(1.0) - empty(p[j])


@jit
def _near(corner, shape, key, most, count, p, f, dy, dx, bin_of, stamp, owner, place, wave, found):  # noqa: ANN001, ANN202, PLR0913
    """Step 2 for cells near the axis, one by one."""
    n, layer, row, column = corner
    rows, columns = shape
    k0, k1 = key[0], key[1]
    start = np.int32(layer * rows * columns)
    for j in range(count):
        if np.float32(np.int64(number(k0, k1, _NEAR, layer * most + j))) * _TO_UNIT < p[j]:
            y, x = row + dy[j], column + dx[j]
            if 0 <= y < rows and 0 <= x < columns:
                cell = start + y * columns + x
                stamp[cell] = n
                owner[found], place[found], wave[found] = cell, bin_of[j], f[j]
                found += 1
    return found


@jit
def _far(corner, shape, key, runs, run_bin, run_start, run_count, run_most, points, zones, field, shift, crest, record, ways, stamp, owner, place, wave, found, at, arrivals):  # noqa: ANN001, ANN202, E501, PLR0913
    """Step 2 for cells farther out, point by point; `at` is the way to the next one."""
    n, layer, row, column = corner
    rows, columns = shape
    k0, k1 = key[0], key[1]
    start = np.int32(layer * rows * columns)
    for run in range(runs[0], runs[1]):
        b = run_bin[run]
        zone = zones[b]
        most, count = run_most[run], run_count[run]
        amount = np.float64(points[b] * growth(shift[zone] + crest[zone]) * most) * count
        while at < amount:
            position = np.float32(at / amount) * np.float32(count)
            m = min(np.int32(position), count - np.int32(1))
            level = position - np.float32(m)
            m += run_start[run]
            turn = _wave(field, zone, record[m])
            if level * most < record[m, 2] * growth(turn - crest[zone]):
                y, x = row + np.int32(record[m, 0]), column + np.int32(record[m, 1])
                if 0 <= y < rows and 0 <= x < columns:
                    cell = start + y * columns + x
                    if stamp[cell] != n:
                        stamp[cell] = n
                        owner[found], place[found], wave[found] = cell, b, turn
                        found += 1
            arrivals += 1
            at += np.float64(exponential(number(k0, k1, _GAP, arrivals), ways))
        at -= amount
    return found, at, arrivals


@jit
def _children(corner, shape, key, numbers, child_dy, child_dx, members, record, rates, zones, field, settings, stamp, owner, place, wave, alone, first, found):  # noqa: ANN001, ANN202, E501, PLR0913
    """Step 3."""
    n, layer, row, column = corner
    rows, columns = shape
    k0, k1 = key[0], key[1]
    start = np.int32(layer * rows * columns)
    down, right = members.shape[0] // 2 - row, members.shape[1] // 2 - column
    together, single = settings[3], settings[4]
    none, parents = numbers[0], found
    for i in range(first, parents):
        parent = owner[i]
        alone[i] = single
        u = np.float32(np.int64(number(k0, k1, _CHILDREN, parent))) * _TO_UNIT
        if u <= none:
            continue
        inside = np.uint32(parent - start)
        y = np.int32(inside // np.uint32(columns))
        x = np.int32(inside) - y * np.int32(columns)
        rate = rates[place[i]]
        child = 0
        while child < 7 and u > numbers[child]:
            bits = number(k0, k1, _STEP + 2 * child, parent)
            live = np.float32(np.int64(number(k0, k1, _STEP + 2 * child + 1, parent))) * _TO_UNIT
            child += 1
            step = np.uint32(bits) >> np.uint32(20)
            cy, cx = y + child_dy[step], x + child_dx[step]
            if 0 <= cy < rows and 0 <= cx < columns:
                m = members[cy + down, cx + right]
                b = np.int32(record[m, 3])
                if live * rate < rates[b]:
                    alone[i] = together
                    cell = start + cy * columns + cx
                    if stamp[cell] != n:
                        stamp[cell] = n
                        owner[found], place[found], alone[found] = cell, b, together
                        wave[found] = _wave(field, zones[b], record[m])
                        found += 1
    return found


@jit
def _damp(depth, settings, expected, excess):  # noqa: ANN001, ANN202
    """Excess of each layer to the share of its hits that goes."""
    layers = excess.shape[0]
    matrix, moments = np.zeros((3, 3)), np.zeros(3)
    for layer in range(layers):
        for i in range(3):
            moments[i] += depth[i, layer] * excess[layer]
            for j in range(3):
                matrix[i, j] += depth[i, layer] * depth[j, layer] * expected[layer]
    for i in range(3):
        matrix[i, i] += 1e-9 * matrix[0, 0] + 1e-12
    a, b, c = _solve(matrix, moments)
    gamma, eps = settings[2], settings[1]
    for layer in range(layers):
        change = a + b * depth[1, layer] + c * depth[2, layer]
        kept = (1.0 - gamma * min(max(change, -0.3), 0.3)) / (1.0 + eps)
        excess[layer] = 1.0 - min(kept, 1.0)


@jit
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


@inlined
def _between(table, place):  # noqa: ANN001, ANN202
    """Linear interpolation at a place in units of the grid's step, held at both ends."""
    last = table.shape[0] - 1
    place = min(max(place, np.float32(0.0)), np.float32(last) - np.float32(1e-3))
    i = np.int32(place)
    f = place - np.float32(i)
    return table[i] + f * (table[i + 1] - table[i])


@jit
def _survivors(key, ends, drop, laws, owner, place, wave, alone, cells):  # noqa: ANN001, ANN202, PLR0913
    """Step 4: the hits that stay, moved together."""
    k0, k1 = key[0], key[1]
    kept = 0
    for layer in range(drop.shape[0]):
        first, share = kept, drop[layer]
        for i in range(ends[layer], ends[layer + 1]):
            cell, b = owner[i], place[i]
            u = np.float32(np.int64(number(k0, k1, _KEEP, cell))) * _TO_UNIT
            cells[kept], place[kept], wave[kept], alone[kept] = cell, b, wave[i], alone[i]
            kept += np.int64(u >= share * laws[b, 3])
        ends[layer] = first
    ends[drop.shape[0]] = kept
    return kept


@jit
def _energies(key, threshold, ways, to_normal, to_exponential, below, table, laws, place, wave, alone, cells, energies, kept):  # noqa: ANN001, ANN202, E501, PLR0913
    """Step 5: energies before calibration."""
    k0, k1 = key[0], key[1]
    points = np.uint32(GRID[0])
    for i in range(kept):
        b = place[i]
        t = exponential(number(k0, k1, _RANK, cells[i]), ways)
        load = laws[b, 4]
        if load > np.float32(0.0):
            z = load * wave[i] + laws[b, 5] * _between(to_normal, np.sqrt(t) * _TO_T)
            t = _between(to_exponential, (z + _END_Z) * _TO_Z)
        t = t * alone[i] - laws[b, 2]
        if t < np.float32(0.0):
            energies[i] = _between(below, (np.float32(1.0) + t / laws[b, 2]) * _TO_LOW)
        else:
            x = min(np.sqrt(t) * _TO_GRID, _TO_LOW - np.float32(1e-3))
            k = np.uint32(x)
            x -= np.float32(np.int32(k))
            k += np.uint32(laws[b, 6]) * points
            energies[i] = threshold + laws[b, 1] * (table[k] + x * (table[k + 1] - table[k]))


@jit
def _calibrate(threshold, goal, ends, energies):  # noqa: ANN001, ANN202
    """Step 6: excess over the threshold times exp(quadratic in depth)."""
    layers = ends.shape[0] - 1
    above, fixed = np.zeros(layers), np.zeros(layers)
    for layer in range(layers):
        high, low = np.float64(0.0), np.float64(0.0)
        for i in range(ends[layer], ends[layer + 1]):
            excess = max(energies[i] - threshold, np.float32(0.0))
            high += excess
            low += energies[i] - excess
        above[layer], fixed[layer] = high, low
    factor = _factors(above, fixed, goal)
    for layer in range(layers):
        scale = np.float32(factor[layer] - 1.0)
        for i in range(ends[layer], ends[layer + 1]):
            energies[i] += scale * max(energies[i] - threshold, np.float32(0.0))


@jit
def _factors(above, fixed, goal):  # noqa: ANN001, ANN202
    """Factor of each layer by Newton's method, then one factor for the exact visible energy."""
    layers = above.shape[0]
    visible, mean, width = goal[0], goal[1], goal[2]
    factor = np.ones(layers)
    a, b, c = 0.0, 0.0, 0.0
    miss, matrix = np.empty(3), np.empty((3, 3))
    for _ in range(_NEWTON):
        # Moments about the prescribed mean in units of the prescribed width are V, 0 and V.
        miss[0], miss[1], miss[2] = visible, 0.0, visible
        s0, s1, s2, s3, s4 = 0.0, 0.0, 0.0, 0.0, 0.0
        for layer in range(layers):
            u = (layer - mean) / width
            part = above[layer] * factor[layer]
            energy = part + fixed[layer]
            miss[0] -= energy
            miss[1] -= energy * u
            miss[2] -= energy * u * u
            s0 += part
            s1 += part * u
            s2 += part * u * u
            s3 += part * u * u * u
            s4 += part * u * u * u * u
        if max(abs(miss[0]), abs(miss[1]), abs(miss[2])) < 1e-7 * visible:
            break
        ridge = 1e-6 * s0 + 1e-12
        matrix[0, 0], matrix[0, 1], matrix[0, 2] = s0 + ridge, s1, s2
        matrix[1, 0], matrix[1, 1], matrix[1, 2] = s1, s2 + ridge, s3
        matrix[2, 0], matrix[2, 1], matrix[2, 2] = s2, s3, s4 + ridge
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

