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

from heitler.kernels.lists import COPIES
from heitler.kernels.numbers import horner, inlined, jit, place, summed
from heitler.kernels.packing import add

__all__ = ["LIMIT", "NEWTON", "TILT", "calibrate", "solve"]

NEWTON, LIMIT, TILT = 12, 1.0, 0.9
"""Newton steps of the calibration, the largest exponent that it may use in depth, and the largest
slope in the distance from the axis."""

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
    layer, pairs = hits.layer[:count], scratch.pairs
    _axis(todo.y[n], todo.x[n], todo.phase[n], law.middle, pairs)
    _pairs(pairs, layer, scratch.terms)
    _distances(hits.cell, layer, law.rows, law.columns, scratch.terms, squares)
    _tilts(squares, law.settings[8], tilts)
    _terms(energies, squares, tilts, threshold, scratch.terms)
    above, fixed, bent, far, factor, depth = scratch.layers
    _by_layer(scratch.terms, layer, scratch.sums, scratch.layers)
    _factors(above, fixed, goal, depth, factor)
    have = np.float64(_outside(energies, squares, threshold))
    slope = _slope(above, bent, far, turn, factor, goal[0] * goal[3] - have)
    _lines(above, bent, factor, slope, pairs)
    _pairs(pairs, layer, scratch.terms)
    _scale(energies, tilts, scratch.terms, threshold)


@jit
def _axis(rows, columns, phases, middle, at):
    """Where the axis crosses the layers, in cells: y and x, (2 L)."""
    for layer in range(place(rows.shape[0])):
        phase, i = place(phases[layer]), place(2) * layer
        at[i] = np.float32(rows[layer]) + middle[phase, 0]
        at[i + place(1)] = np.float32(columns[layer]) + middle[phase, 1]


@jit
def _distances(cells, layers, height, width, axis, squares):
    """Squared distances of hits from the axis of their layers in cells."""
    per_layer, one = np.int32(height * width), np.float32(1.0) / np.float32(width)
    columns, two = np.int32(width), place(2)
    for i in range(place(squares.shape[0])):
        inner = np.int32(cells[i] - layers[i] * per_layer)
        row = np.int32((np.float32(inner) + np.float32(0.5)) * one)
        dy = np.float32(row) - axis[two * i]
        dx = np.float32(inner - row * columns) - axis[two * i + place(1)]
        squares[i] = dy * dy + dx * dx


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
def _by_layer(terms, layer, sums, total):
    """Sums of the four terms in layers, (4, L)."""
    each, four = place(4 * total.shape[1]), place(4)
    sums[:] = np.float32(0.0)
    for i in range(place(layer.shape[0])):
        add(sums, (i & place(COPIES - 1)) * each + place(layer[i]) * four, terms, i * four)
    for copy in range(place(1), place(COPIES)):
        for k in range(each):
            sums[k] += sums[copy * each + k]
    for to in range(place(total.shape[1])):
        for k in range(four):
            total[k, to] = sums[to * four + k]


@summed
def _outside(energies, squares, threshold):
    """Sum of r^2 times what calibration leaves as it is."""
    total = np.float32(0.0)
    for i in range(place(energies.shape[0])):
        total += min(energies[i], threshold) * squares[i]
    return total


@jit
def _slope(above, bent, far, turn, factor, missing):
    """Slope in q that makes the lateral spread what is prescribed; layers keep their energy.

    Arguments:
        above: Sums of the excess in layers.
        bent: Of it times q.
        far: Of it times r^2.
        turn: R^2.
        factor: Of each layer.
        missing: What sum E r^2 is to be, less what calibration leaves as it is.
    """
    gain = 0.0
    for layer in range(place(above.shape[0])):
        missing -= factor[layer] * far[layer]
        if above[layer] > 0.0:
            both = far[layer] - turn * bent[layer]
            gain += factor[layer] * (both - bent[layer] / above[layer] * far[layer])
    if gain <= 0.0:
        return 0.0
    return min(max(missing / gain, -TILT), TILT)


@jit
def _lines(above, bent, factor, slope, lines):
    """Change of excesses as a line in q: its value at zero and slope in each layer, (2 L)."""
    for layer in range(place(above.shape[0])):
        middle = bent[layer] / above[layer] if above[layer] > 0.0 else 0.0
        lines[place(2) * layer] = factor[layer] - 1.0 - slope * factor[layer] * middle
        lines[place(2) * layer + place(1)] = slope * factor[layer]


@jit
def _scale(energies, tilts, lines, threshold):
    """Changes the excess of each hit by the line of its layer."""
    for i in range(place(energies.shape[0])):
        change = lines[place(2) * i] + lines[place(2) * i + place(1)] * tilts[i]
        energies[i] += change * max(energies[i] - threshold, np.float32(0.0))


@jit
def _factors(above, fixed, goal, depth, factor):
    """Factor of each layer by Newton's method, then one factor for the exact visible energy.

    Arguments:
        above: Sums of what can be scaled in layers.
        fixed: Of the rest.
        goal: What is prescribed.
        depth: Room for depths about the prescribed mean, (L).
        factor: Filled with the factors, (L).
    """
    layers = place(above.shape[0])
    visible, mean, width = goal[0], goal[1], goal[2]
    for layer in range(layers):
        depth[layer], factor[layer] = (np.float64(layer) - mean) / width, 1.0
    a, b, c = 0.0, 0.0, 0.0
    for _ in range(NEWTON):
        # Moments about the prescribed mean in units of the prescribed width are V, 0 and V.
        have, moments = _moments(above, fixed, factor, depth)
        miss = (visible - have[0], -have[1], visible - have[2])
        if max(abs(miss[0]), abs(miss[1]), abs(miss[2])) < 1e-7 * visible:
            break
        da, db, dc = solve(moments, 1e-6 * moments[0] + 1e-12, miss)
        a += min(max(da, -0.5), 0.5)
        b += min(max(db, -0.5), 0.5)
        c += min(max(dc, -0.5), 0.5)
        for layer in range(layers):
            u = depth[layer]
            factor[layer] = _power(min(max(a + u * (b + u * c), -LIMIT), LIMIT))
    total, rest = 0.0, visible
    for layer in range(layers):
        total += above[layer] * factor[layer]
        rest -= fixed[layer]
    if total > 0.0 and rest > 0.0:
        for layer in range(layers):
            factor[layer] *= rest / total


@summed
def _moments(above, fixed, factor, depth):
    """Moments 0 to 2 of all energies, and 0 to 4 of those that can be scaled."""
    e0, e1, e2, s0, s1, s2, s3, s4 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for layer in range(above.shape[0]):
        u, part = depth[layer], above[layer] * factor[layer]
        energy, square = part + fixed[layer], u * u
        e0 += energy
        e1 += energy * u
        e2 += energy * square
        s0 += part
        s1 += part * u
        s2 += part * square
        s3 += part * u * square
        s4 += part * square * square
    return (e0, e1, e2), (s0, s1, s2, s3, s4)


@inlined
def _power(x):
    """e^x within 1e-12 relative for |x| up to `LIMIT`, by its series."""
    return horner(x, _SERIES)


@jit
def solve(moments, ridge, right):
    """Three numbers x with sum_j (m_(i + j) + ridge [i = j]) x_j = y_i, by Cramer's rule.

    Arguments:
        moments: m_0 to m_4.
        ridge: What is added to the diagonal.
        right: y_0 to y_2.
    """
    a, b, c = moments[0] + ridge, moments[1], moments[2]
    e, f, i = moments[2] + ridge, moments[3], moments[4] + ridge
    p, q, r = right
    first, second, third = e * i - f * f, c * f - b * i, b * f - c * e
    det = a * first + b * second + c * third
    if det == 0.0:
        return 0.0, 0.0, 0.0
    x = p * first + q * second + r * third
    y = p * second + q * (a * i - c * c) + r * (b * c - a * f)
    z = p * third + q * (b * c - a * f) + r * (a * e - b * b)
    return x / det, y / det, z / det
