"""Damping and energies, compiled: steps 4 and 5 of `compound`."""

from __future__ import annotations

import numpy as np

from heitler.kernels.calibration import solve
from heitler.kernels.law import GRID, SCORES
from heitler.kernels.numbers import KEEP, RANK, exponential, inlined, jit, number, uniform

__all__ = ["END_Z", "TO_GRID", "TO_LOW", "TO_T", "TO_Z", "damp", "energise", "survive"]

TO_LOW = np.float32(GRID[0] - 1)
TO_GRID = np.float32((GRID[0] - 1) / GRID[1])
TO_T = np.float32((SCORES[0] - 1) / SCORES[1])
TO_Z, END_Z = np.float32((SCORES[0] - 1) / (2 * SCORES[2])), np.float32(SCORES[2])


@jit
def damp(depth, settings, ends, expected, dropped):
    """Share of the hits of each layer that goes."""
    layers = dropped.shape[0]
    matrix, moments = np.zeros((3, 3)), np.zeros(3)
    for layer in range(layers):
        excess = np.float32(ends[layer + 1] - ends[layer] - expected[layer])
        for i in range(3):
            moments[i] += depth[i, layer] * excess
            for j in range(3):
                matrix[i, j] += depth[i, layer] * depth[j, layer] * expected[layer]
    for i in range(3):
        matrix[i, i] += 1e-9 * matrix[0, 0] + 1e-12
    a, b, c = solve(matrix, moments)
    gamma, eps = settings[2], settings[1]
    for layer in range(layers):
        change = a + b * depth[1, layer] + c * depth[2, layer]
        kept = (1.0 - gamma * min(max(change, -0.3), 0.3)) / (1.0 + eps)
        dropped[layer] = 1.0 - min(kept, 1.0)


@jit
def survive(key, dropped, laws, scratch, cells):
    """Step 4: the hits that stay, moved together; their number."""
    k0, k1 = key[0], key[1]
    ends, owner, place, wave, alone = (
        scratch.ends, scratch.cell, scratch.bin, scratch.wave, scratch.alone,
    )  # fmt: skip
    kept = 0
    for layer in range(dropped.shape[0]):
        first, share = kept, dropped[layer]
        for i in range(ends[layer], ends[layer + 1]):
            cell, b = owner[i], place[i]
            u = uniform(number(k0, k1, KEEP, cell))
            cells[kept], place[kept], wave[kept], alone[kept] = cell, b, wave[i], alone[i]
            kept += int(u >= share * laws[b, 3])
        ends[layer] = first
    ends[dropped.shape[0]] = kept
    return kept


@inlined
def _between(table, place):
    """Linear interpolation at a place in units of the grid's step, held at both ends."""
    last = table.shape[0] - 1
    place = min(max(place, np.float32(0.0)), np.float32(last) - np.float32(1e-3))
    i = np.int32(place)
    f = place - np.float32(i)
    return table[i] + f * (table[i + 1] - table[i])


@jit
def energise(law, key, laws, scratch, cells, energies):
    """Step 5: energies before calibration."""
    k0, k1 = key[0], key[1]
    threshold, table, points = law.settings[0], law.table, np.uint32(GRID[0])
    place, wave, alone = scratch.bin, scratch.wave, scratch.alone
    for i in range(energies.shape[0]):
        b = place[i]
        t = exponential(number(k0, k1, RANK, cells[i]), law.exponential)
        load = laws[b, 4]
        if load > np.float32(0.0):
            z = load * wave[i] + laws[b, 5] * _between(law.to_normal, np.sqrt(t) * TO_T)
            t = _between(law.to_exponential, (z + END_Z) * TO_Z)
        t = t * alone[i] - laws[b, 2]
        if t < np.float32(0.0):
            energies[i] = _between(law.below, (np.float32(1.0) + t / laws[b, 2]) * TO_LOW)
        else:
            x = min(np.sqrt(t) * TO_GRID, TO_LOW - np.float32(1e-3))
            k = np.uint32(x)
            x -= np.float32(np.int32(k))
            k += np.uint32(laws[b, 6]) * points
            energies[i] = threshold + laws[b, 1] * (table[k] + x * (table[k + 1] - table[k]))
