"""Calibration of the energies of a shower, compiled: step 6 of `compound`."""

from __future__ import annotations

import numpy as np

from heitler.kernels.numbers import jit

__all__ = ["LIMIT", "NEWTON", "calibrate", "solve"]

NEWTON, LIMIT = 12, 1.0
"""Newton steps of the calibration, and the largest exponent that it may use."""


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
    for i in range(energies.shape[0]):
        excess = max(energies[i] - threshold, np.float32(0.0))
        above[i & 3, layer[i]] += excess
        fixed[i & 3, layer[i]] += energies[i] - excess
    factor = _factors(above.sum(axis=0), fixed.sum(axis=0), goal)
    for i in range(energies.shape[0]):
        scale = np.float32(factor[layer[i]] - 1.0)
        energies[i] += scale * max(energies[i] - threshold, np.float32(0.0))


@jit
def _factors(above, fixed, goal):
    """Factor of each layer by Newton's method, then one factor for the exact visible energy."""
    layers = above.shape[0]
    visible, mean, width = goal[0], goal[1], goal[2]
    factor = np.ones(layers)
    a, b, c = 0.0, 0.0, 0.0
    miss, matrix = np.empty(3), np.empty((3, 3))
    for _ in range(NEWTON):
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
        da, db, dc = solve(matrix, miss)
        a += min(max(da, -0.5), 0.5)
        b += min(max(db, -0.5), 0.5)
        c += min(max(dc, -0.5), 0.5)
        for layer in range(layers):
            u = (layer - mean) / width
            factor[layer] = np.exp(min(max(a + u * (b + u * c), -LIMIT), LIMIT))
    total, rest = 0.0, visible
    for layer in range(layers):
        total += above[layer] * factor[layer]
        rest -= fixed[layer]
    if total > 0.0 and rest > 0.0:
        for layer in range(layers):
            factor[layer] *= rest / total
    return factor


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
