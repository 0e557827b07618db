"""Damping and energies, compiled: steps 4 and 5 of `compound`."""

from __future__ import annotations

import numpy as np

from heitler.kernels.calibration import solve
from heitler.kernels.law import GRID
from heitler.kernels.lists import COPIES
from heitler.kernels.numbers import (
    KEEP,
    RANK,
    jit,
    normal,
    number,
    place,
    to_exponential,
    uniforms,
)
from heitler.kernels.packing import sift
from heitler.kernels.rates import HEIGHT, LOAD, MEAN, REST, ROW

__all__ = ["END", "LAST", "TO_GRID", "damp", "energise", "survive"]

LAST = np.float32(GRID[0] - 1)
TO_GRID = np.float32((GRID[0] - 1) / GRID[1])
END = np.float32(LAST - np.float32(1e-3))
"""Last point of a table; points per unit of sqrt(t); where interpolation ends."""


@jit
def damp(law, expected, hit_layers, tally, dropped):
    """Share of the hits of each layer that goes.

    Arguments:
        law: What is fitted.
        expected: Hits that each layer was to have, (L).
        hit_layers: Layer of each hit.
        tally: Room for counts, (`COPIES`, L).
        dropped: Filled with the shares, (L).
    """
    layers, depth = place(dropped.shape[0]), law.depth
    tally[:] = np.int32(0)
    for i in range(place(hit_layers.shape[0])):
        tally[i & place(COPIES - 1), place(hit_layers[i])] += np.int32(1)
    e0, e1, e2, m0, m1, m2, m3, m4 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for layer in range(layers):
        hits = np.int32(0)
        for copy in range(place(COPIES)):
            hits += tally[copy, layer]
        x, part = np.float64(depth[1, layer]), np.float64(expected[layer])
        excess, square = np.float64(np.float32(hits) - expected[layer]), x * x
        e0 += excess
        e1 += x * excess
        e2 += square * excess
        m0 += part
        m1 += x * part
        m2 += square * part
        m3 += x * square * part
        m4 += square * square * part
    a, b, c = solve((m0, m1, m2, m3, m4), 1e-9 * m0 + 1e-12, (e0, e1, e2))
    gamma, eps = law.settings[2], law.settings[1]
    for layer in range(layers):
        change = a + b * depth[1, layer] + c * depth[2, layer]
        kept_share = (1.0 - gamma * min(max(change, -0.3), 0.3)) / (1.0 + eps)
        dropped[layer] = 1.0 - min(kept_share, 1.0)


@jit
def survive(k0, k1, dropped, soft, scratch, out, found):
    """Step 4: the hits that stay, moved together; their number."""
    share = scratch.other
    for layer in range(place(dropped.shape[0])):
        bins_of = place(soft.shape[0]) // place(dropped.shape[0])
        for b in range(layer * bins_of, (layer + place(1)) * bins_of):
            share[b] = dropped[layer] * soft[b]
    numbers, flags = scratch.number, scratch.flag
    cell, layer, bins, wave, alone = out.cell, out.layer, out.bin, out.wave, out.alone
    uniforms(k0, k1, KEEP, cell, numbers[:found])
    for i in range(place(found)):
        flags[i] = np.uint8(numbers[i] >= share[place(bins[i])])
    hits = (cell, layer, bins, wave, alone)
    return np.int64(sift(hits, flags, place(0), place(found), hits, place(0)))


@jit
def energise(law, k0, k1, laws, scratch, out, energies):
    """Step 5: energies before calibration."""
    hits = energies.shape[0]
    t, parts, rows = scratch.number[:hits], scratch.other[:hits], scratch.code[:hits]
    means = scratch.third[:hits]
    _normals(out.cell, k0, k1, t)
    _bend(laws, out.bin, out.wave, t)
    _variates(t)
    _above(laws, out.bin[:hits], out.alone, t, means, rows)
    _places(t, np.int32(law.table.shape[0] - GRID[0]), rows, parts)
    _read(law.table, rows, parts)
    _energies(law.settings[0], t, means, parts, energies)


@jit
def _normals(cells, k0, k1, z):
    for i in range(z.shape[0]):
        z[i] = normal(number(k0, k1, RANK, cells[i]))


@jit
def _bend(laws, bins, wave, z):
    """Normal scores with the field."""
    for i in range(place(z.shape[0])):
        b = place(bins[i])
        z[i] = laws[LOAD, b] * wave[i] + laws[REST, b] * z[i]


@jit
def _variates(t):
    for i in range(t.shape[0]):
        t[i] = to_exponential(t[i])


@jit
def _above(laws, bins, alone, t, means, rows):
    """Exponential variates less the height of the threshold, in units of it below zero.

    What else is looked up by bin goes along: mean energies and places of tables.
    """
    for i in range(place(bins.shape[0])):
        b = place(bins[i])
        above, height = t[i] * alone[i] - laws[HEIGHT, b], laws[HEIGHT, b]
        t[i] = above / (height if above < np.float32(0.0) else np.float32(1.0))
        means[i], rows[i] = laws[MEAN, b], np.int32(laws[ROW, b])


@jit
def _places(t, below, rows, parts):
    """Points of tables, and how far it is from there to the next ones."""
    for i in range(t.shape[0]):
        low = (np.float32(1.0) + t[i]) * LAST
        high = np.float32(np.sqrt(max(t[i], np.float32(0.0)))) * TO_GRID
        under = t[i] < np.float32(0.0)
        x = min(max(low if under else high, np.float32(0.0)), END)
        k = np.int32(x)
        parts[i] = x - np.float32(k)
        rows[i] = np.int32(k + (below if under else rows[i]))


@jit
def _read(table, rows, parts):
    """Values between points of tables."""
    for i in range(place(parts.shape[0])):
        first = place(rows[i])
        parts[i] = table[first] + parts[i] * (table[first + place(1)] - table[first])


@jit
def _energies(threshold, t, means, values, energies):
    """Energies in MeV."""
    for i in range(energies.shape[0]):
        above = threshold + means[i] * values[i]
        energies[i] = values[i] if t[i] < np.float32(0.0) else above
