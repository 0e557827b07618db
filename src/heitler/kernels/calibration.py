r"""Calibration of the energies of a shower, compiled: step 6 of `compound`.

A hit's energy has an excess over the threshold, e, and the rest. Four sums in each layer are all
that calibration asks for: those of e, of the rest, of e q and of e r^2. Since
q = r^2 / (r^2 + R^2),

    sum e r^2 q = sum e r^2 - R^2 sum e q.

Sums are float32: they are of some ten hits each, and of one part in 10^6 nothing depends.
"""

from __future__ import annotations

from math import factorial

import numpy as np

from heitler.kernels.numbers import horner, inlined, jit, place, summed
from heitler.kernels.packing import add

__all__ = ["LIMIT", "NEWTON", "TILT", "calibrate", "solve"]

NEWTON, LIMIT, TILT = 12, 1.0, 0.9
"""Newton steps of the calibration, the largest exponent that it may use in depth, and the largest
slope in the distance from the axis."""

_COPIES = 8
"""Sums of a layer side by side; a power of two."""

_SERIES = tuple(1.0 / factorial(k) for k in range(14, -1, -1))


@jit
def calibrate(law, todo, n, hits, scratch, energies):
    """Step 6: excess over the threshold times exp(quadratic in depth), tilted within layers.

    Arguments:
        law: What is fitted.
        todo: What is prescribed.
        n: The shower.
        hits: `Found`, of which the first H count.
        scratch: Room for what comes in between.
        energies: Changed in place, (H).
    """
    count, goal = energies.shape[0], todo.goal[n]
    threshold, turn = law.settings[0], np.float64(law.settings[8])
    squares, tilts = scratch.number[:count], scratch.other[:count]
    _distances(law, todo, n, hits, scratch.terms, squares)
    _tilts(squares, law.settings[8], tilts)
    _terms(energies, squares, tilts, threshold, scratch.terms)
    above, fixed, bent, far = _by_layer(scratch.terms, hits.layer[:count], law.share.shape[0])
    factor = _factors(above, fixed, goal)
    have = np.float64(_outside(energies, squares, threshold))
    slope = _slope((above, bent, far), turn, factor, goal[0] * goal[3] - have)
    _pairs(_lines(above, bent, factor, slope), hits.layer[:count], scratch.terms)
    _scale(energies, tilts, scratch.terms, threshold)


@jit
def _distances(law, todo, n, hits, room, squares):
    """Squared distances of hits from the axis in cells."""
    count, columns, two = squares.shape[0], np.int32(law.columns), place(2)
    per_layer, one = np.int32(law.rows * law.columns), np.float32(1.0) / np.float32(law.columns)
    cells, layers = hits.cell[:count], hits.layer[:count]
    _pairs(_axis(todo.y[n], todo.x[n], todo.phase[n], law.middle), layers, room)
    for i in range(place(count)):
        inner = np.int32(cells[i] - layers[i] * per_layer)
        row = np.int32((np.float32(inner) + np.float32(0.5)) * one)
        dy = np.float32(row) - room[two * i]
        dx = np.float32(inner - row * columns) - room[two * i + place(1)]
        squares[i] = dy * dy + dx * dx


@jit
def _axis(rows, columns, phases, middle):
    """Where the axis crosses the layers, in cells: y and x, (2 L)."""
    at = np.empty(2 * rows.shape[0], np.float32)
    for layer in range(place(rows.shape[0])):
        phase, i = place(phases[layer]), place(2) * layer
        at[i] = np.float32(rows[layer]) + middle[phase, 0]
        at[i + place(1)] = np.float32(columns[layer]) + middle[phase, 1]
    return at


@jit
def _pairs(of_layer, layers, of_hit):
    """Two float32 of each layer, copied to its hits as if they were one number of 64 bits."""
    source, target = of_layer.view(np.int64), of_hit.view(np.int64)
    for i in range(place(layers.shape[0])):
        target[i] = source[place(layers[i])]


@jit
def _tilts(squares, turn, tilts):
    """The q of each hit."""
    for i in range(place(squares.shape[0])):
        tilts[i] = squares[i] / (squares[i] + turn)


@jit
def _terms(energies, squares, tilts, threshold, terms):
    """What is summed in layers: excess, the rest, excess times q, excess times r^2."""
    for i in range(place(energies.shape[0])):
        excess, at = max(energies[i] - threshold, np.float32(0.0)), i * place(4)
        terms[at], terms[at + place(1)] = excess, energies[i] - excess
        terms[at + place(2)], terms[at + place(3)] = excess * tilts[i], excess * squares[i]


@jit
def _by_layer(terms, layer, layers):
    """Sums of the four terms in layers."""
    # Copies side by side: a processor need not wait for one to add to it again.
    sums, each, four = np.zeros(_COPIES * layers * 4, np.float32), place(4 * layers), place(4)
    for i in range(place(layer.shape[0])):
        add(sums, (i & place(_COPIES - 1)) * each + place(layer[i]) * four, terms, i * four)
    for copy in range(place(1), place(_COPIES)):
        for k in range(each):
            sums[k] += sums[copy * each + k]
    total = np.empty((4, layers))
    for to in range(place(layers)):
        for k in range(four):
            total[k, to] = sums[to * four + k]
    return total[0], total[1], total[2], total[3]


@summed
def _outside(energies, squares, threshold):
    """Sum of r^2 times what calibration leaves as it is."""
    total = np.float32(0.0)
    for i in range(place(energies.shape[0])):
        total += min(energies[i], threshold) * squares[i]
    return total


@jit
def _slope(sums, turn, factor, missing):
    """Slope in q that makes the lateral spread what is prescribed; layers keep their energy.

    Arguments:
        sums: In layers, of the excess and of it times q and r^2.
        turn: R^2.
        factor: Of each layer.
        missing: What sum E r^2 is to be, less what calibration leaves as it is.
    """
    gain, (above, bent, far) = 0.0, sums
    for layer in range(place(above.shape[0])):
        missing -= factor[layer] * far[layer]
        if above[layer] > 0.0:
            both = far[layer] - turn * bent[layer]
            gain += factor[layer] * (both - bent[layer] / above[layer] * far[layer])
    if gain <= 0.0:
        return 0.0
    return min(max(missing / gain, -TILT), TILT)


@jit
def _lines(above, bent, factor, slope):
    """Change of excesses as a line in q: its value at zero and slope in each layer, (2 L)."""
    lines = np.empty(2 * above.shape[0], np.float32)
    for layer in range(place(above.shape[0])):
        middle = bent[layer] / above[layer] if above[layer] > 0.0 else 0.0
        lines[place(2) * layer] = factor[layer] - 1.0 - slope * factor[layer] * middle
        lines[place(2) * layer + place(1)] = slope * factor[layer]
    return lines


@jit
def _scale(energies, tilts, lines, threshold):
    """Changes the excess of each hit by the line of its layer."""
    for i in range(place(energies.shape[0])):
        change = lines[place(2) * i] + lines[place(2) * i + place(1)] * tilts[i]
        energies[i] += change * max(energies[i] - threshold, np.float32(0.0))


@jit
def _factors(above, fixed, goal):
    """Factor of each layer by Newton's method, then one factor for the exact visible energy."""
    layers = above.shape[0]
    visible, mean, width = goal[0], goal[1], goal[2]
    factor, place_of, sums = np.ones(layers), np.empty(layers), np.empty(8)
    for layer in range(layers):
        place_of[layer] = (layer - mean) / width
    a, b, c = 0.0, 0.0, 0.0
    miss, matrix = np.empty(3), np.empty((3, 3))
    for _ in range(NEWTON):
        # Moments about the prescribed mean in units of the prescribed width are V, 0 and V.
        _sums(above, fixed, factor, place_of, sums)
        miss[0], miss[1], miss[2] = visible - sums[0], -sums[1], visible - sums[2]
        if max(abs(miss[0]), abs(miss[1]), abs(miss[2])) < 1e-7 * visible:
            break
        s0, s1, s2, s3, s4 = sums[3], sums[4], sums[5], sums[6], sums[7]
        ridge = 1e-6 * s0 + 1e-12
        matrix[0, 0], matrix[0, 1], matrix[0, 2] = s0 + ridge, s1, s2
        matrix[1, 0], matrix[1, 1], matrix[1, 2] = s1, s2 + ridge, s3
        matrix[2, 0], matrix[2, 1], matrix[2, 2] = s2, s3, s4 + ridge
        da, db, dc = solve(matrix, miss)
        a += min(max(da, -0.5), 0.5)
        b += min(max(db, -0.5), 0.5)
        c += min(max(dc, -0.5), 0.5)
        for layer in range(layers):
            u = place_of[layer]
            factor[layer] = _power(min(max(a + u * (b + u * c), -LIMIT), LIMIT))
    total, rest = 0.0, visible
    for layer in range(layers):
        total += above[layer] * factor[layer]
        rest -= fixed[layer]
    if total > 0.0 and rest > 0.0:
        for layer in range(layers):
            factor[layer] *= rest / total
    return factor


@summed
def _sums(above, fixed, factor, place_of, sums):
    """Moments 0 to 2 of all energies, and 0 to 4 of those that can be scaled."""
    e0, e1, e2, s0, s1, s2, s3, s4 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for layer in range(above.shape[0]):
        u, part = place_of[layer], above[layer] * factor[layer]
        energy, square = part + fixed[layer], u * u
        e0 += energy
        e1 += energy * u
        e2 += energy * square
        s0 += part
        s1 += part * u
        s2 += part * square
        s3 += part * u * square
        s4 += part * square * square
    sums[0], sums[1], sums[2] = e0, e1, e2
    sums[3], sums[4], sums[5], sums[6], sums[7] = s0, s1, s2, s3, s4


@inlined
def _power(x):
    """e^x within 1e-12 relative for |x| up to `LIMIT`, by its series."""
    return horner(x, _SERIES)


@jit
def solve(matrix, right):
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
