"""Rates, means and heights of bins, compiled: step 1 of `compound`."""

from __future__ import annotations

import numpy as np

from heitler.kernels.numbers import empty, jit, power

__all__ = ["LAWS", "RIGID", "laws_of", "lines_of"]

LAWS = 8
"""Numbers of a bin that `laws_of` finds."""

RIGID = np.float32(0.02)
"""The field does not reach energies of cells whose mean energy moves less than this with rate."""


@jit
def lines_of(coefficients, bias, basis, ranges, lines):
    """Logarithms ln lambda, ln mu and ln h of a shower, layer by layer: (L, 3 B)."""
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
def laws_of(law, crossing, lines, laws, packed, expected):
    """What follows for points and energies, by layer and bin.

    lambda; mu; h; softness; load and rest of the field; row of the table; rate of points: as
    (LAWS, L B) in `laws` and as (L B, LAWS) in `packed`; `expected` are the hits of layers.
    """
    layers, width = lines.shape
    bins = width // 3
    one, half = np.float32(1.0), np.float32(0.5)
    settings, spread = law.settings, law.spread
    more = one + settings[1]
    low, levels = settings[5], settings[7]
    per_unit = levels / (settings[6] - low)
    for layer in range(layers):
        at = layer * bins
        line, seen, share = lines[layer], law.window[crossing[layer]], law.share[layer]
        rates, soft = laws[0, at : at + bins], laws[3, at : at + bins]
        loads, rows = laws[4, at : at + bins], laws[6, at : at + bins]
        v, tables = law.variance[layer], law.table_of[layer]
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
            x = rate * share[b] * more
            laws[7, at + b] = x * (one + half * v[b] * min(x, one))
        for b in range(bins):
            level = min(max((line[bins + b] - low) * per_unit, np.float32(0.0)), levels - one)
            rows[b] = np.float32(tables[b] + np.int32(level))
        for b in range(bins):
            loads[b] = (one - soft[b]) / spread[np.uint32(rows[b])]
        for b in range(bins):
            part = loads[b] * loads[b] * v[b]
            most = one / np.sqrt(max(part, one))
            stiff = np.float32(one - soft[b] > RIGID)
            loads[b] = loads[b] * most * stiff
            laws[5, at + b] = np.sqrt(one - min(part, one) * stiff)
        for b in law.own:
            # The score of the axis' own cell is its field, with nothing of its own.
            loads[b], laws[5, at + b] = one, np.float32(0.0)
        for b in range(bins):
            for c in range(LAWS):
                packed[at + b, c] = laws[c, at + b]
