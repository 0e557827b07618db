"""Calibration of the energies of a shower, compiled: step 6 of `compound`."""

from __future__ import annotations

from math import factorial

import numpy as np

from heitler.kernels.numbers import horner, inlined, jit, place, summed

__all__ = ["LIMIT", "NEWTON", "calibrate", "solve"]

NEWTON, LIMIT = 12, 1.0
"""Newton steps of the calibration, and the largest exponent that it may use."""

_SERIES = tuple(1.0 / factorial(k) for k in range(14, -1, -1))


@jit
def calibrate(threshold, goal, layers, layer, energies):
    """Step 6: excess over the threshold times exp(quadratic in depth).

    Arguments:
        threshold: MeV.
        goal: Visible energy in MeV, mean and standard deviation of the layer, (3).
        layers: Their number L.
        layer: Layer of each hit, (H).
        energies: Changed in place, (H).
    """
    # Four sums side by side: a processor need not wait for one to add to it again.
    above, fixed = np.zeros((4, layers)), np.zeros((4, layers))
    for i in range(place(energies.shape[0])):
        excess, into = max(energies[i] - threshold, np.float32(0.0)), place(layer[i])
        above[i & place(3), into] += excess
        fixed[i & place(3), into] += energies[i] - excess
    for copy in range(1, 4):
        for to in range(layers):
            above[0, to] += above[copy, to]
            fixed[0, to] += fixed[copy, to]
    factor = _factors(above[0], fixed[0], goal)
    more = (factor - 1.0).astype(np.float32)
    for i in range(place(energies.shape[0])):
        energies[i] += more[place(layer[i])] * max(energies[i] - threshold, np.float32(0.0))


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
