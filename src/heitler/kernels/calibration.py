"""Calibration of the energies of a shower, compiled: step 6 of `compound`."""

from __future__ import annotations

from math import factorial

import numpy as np

from heitler.kernels.numbers import horner, inlined, jit, place, summed

__all__ = ["LIMIT", "NEWTON", "TILT", "calibrate", "distances", "solve"]

NEWTON, LIMIT, TILT = 12, 1.0, 0.9
"""Newton steps of the calibration, the largest exponent that it may use in depth, and the largest
slope in the distance from the axis."""

_SERIES = tuple(1.0 / factorial(k) for k in range(14, -1, -1))


@jit
def calibrate(law, goal, squares, layer, energies, tilt):
    """Step 6: excess over the threshold times exp(quadratic in depth), tilted within layers.

    Arguments:
        law: What is fitted.
        goal: Visible energy in MeV, mean and standard deviation of the layer, mean squared
            distance from the axis in cells, (4).
        squares: Squared distance of each hit from the axis in cells, (H).
        layer: Layer of each hit, (H).
        energies: Changed in place, (H).
        tilt: Room for q of each hit, (H).
    """
    threshold, turn, layers = law.settings[0], law.settings[8], place(law.share.shape[0])
    # Four sums side by side: a processor need not wait for one to add to it again.
    sums = np.zeros((4, layers, 6))
    for i in range(place(energies.shape[0])):
        tilt[i] = squares[i] / (squares[i] + turn)
    for i in range(place(energies.shape[0])):
        excess, into = max(energies[i] - threshold, np.float32(0.0)), place(layer[i])
        row, fixed, far = sums[i & place(3), into], energies[i] - excess, excess * squares[i]
        row[0] += excess
        row[1] += fixed
        row[2] += fixed * squares[i]
        row[3] += excess * tilt[i]
        row[4] += far
        row[5] += far * tilt[i]
    total = sums[0]
    for copy in range(1, 4):
        total += sums[copy]
    factor = _factors(total[:, 0].copy(), total[:, 1].copy(), goal)
    slope = _slope(total, factor, goal)
    more, bent = np.empty(layers, np.float32), np.empty(layers, np.float32)
    for to in range(layers):
        middle = total[to, 3] / total[to, 0] if total[to, 0] > 0.0 else 0.0
        bent[to] = slope * factor[to]
        more[to] = factor[to] - 1.0 - slope * factor[to] * middle
    for i in range(place(energies.shape[0])):
        change = more[place(layer[i])] + bent[place(layer[i])] * tilt[i]
        energies[i] += change * max(energies[i] - threshold, np.float32(0.0))


@jit
def distances(law, todo, n, cells, layers, squares):
    """Squared distances of hits from the axis in cells."""
    columns, per_layer = np.int32(law.columns), np.int32(law.rows * law.columns)
    one, half = np.float32(1.0) / np.float32(law.columns), np.float32(0.5)
    for i in range(place(squares.shape[0])):
        layer = place(layers[i])
        phase = place(todo.phase[n, layer])
        inner = np.int32(cells[i] - np.int32(layer) * per_layer)
        row = np.int32((np.float32(inner) + half) * one)
        dy = np.float32(row - todo.y[n, layer]) - law.middle[phase, 0]
        dx = np.float32(inner - row * columns - todo.x[n, layer]) - law.middle[phase, 1]
        squares[i] = dy * dy + dx * dx


@jit
def _slope(sums, factor, goal):
    """Slope in q that makes the lateral spread what is prescribed; layers keep their energy."""
    have, gain = 0.0, 0.0
    for layer in range(sums.shape[0]):
        above, fixed_far, bent, far, both = (
            sums[layer, 0], sums[layer, 2], sums[layer, 3], sums[layer, 4], sums[layer, 5],
        )  # fmt: skip
        have += fixed_far + factor[layer] * far
        if above > 0.0:
            gain += factor[layer] * (both - bent / above * far)
    if gain <= 0.0:
        return 0.0
    return min(max((goal[0] * goal[3] - have) / gain, -TILT), TILT)


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
