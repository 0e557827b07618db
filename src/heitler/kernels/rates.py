"""Rates, means and heights of bins, compiled: step 1 of `compound`."""

from __future__ import annotations

import numpy as np

from heitler.kernels.law import GRID
from heitler.kernels.numbers import jit, place, power, softness, summed

__all__ = [
    "HEIGHT", "LAWS", "LOAD", "MEAN", "POINTS", "RATE", "REST", "RIGID", "ROW", "SOFT", "laws_of",
]  # fmt: skip

RATE, MEAN, HEIGHT, SOFT, LOAD, REST, ROW, POINTS = range(8)
LAWS = 8
"""Numbers of a bin that `laws_of` finds: lambda; mu; h; softness; load and rest of the field;
first place of its table; rate of points."""

RIGID = np.float32(0.02)
"""The field does not reach energies of cells whose mean energy moves less than this with rate."""

_ONE, _HALF = np.float32(1.0), np.float32(0.5)


@jit
def laws_of(law, coefficients, crossing, line, laws, expected):
    """What is prescribed for points and energies.

    Arguments:
        law: What is fitted.
        coefficients: Of the patterns, (L, K).
        crossing: Row of `Law.window`, (L).
        line: Room for one layer's logarithms, (3 B).
        laws: Filled by layer and bin, (LAWS, L B).
        expected: Filled with the hits of each layer, (L).
    """
    more = _ONE + law.settings[1]
    _lines(coefficients, law.bias, law.basis, law.ranges, line, laws)
    _tables(law.settings, laws[MEAN], law.table_of, laws[ROW])
    for which in range(3):
        _powers(laws[which])
    _points(laws[RATE], law.share, law.variance, more, laws[POINTS])
    _stay(laws[RATE], more, laws[REST])
    _expect(laws[REST], law.window, crossing, expected)
    _softness(laws[RATE], laws[SOFT])
    _spreads(law.spread, laws[ROW], laws[LOAD])
    _loads(law.variance, laws[SOFT], laws[LOAD], laws[REST])
    bins = place(law.share.shape[1])
    for layer in range(place(law.share.shape[0])):
        for b in law.own:
            # The score of the axis' own cell is its field, with nothing of its own.
            i = layer * bins + place(b)
            laws[LOAD, i], laws[REST, i] = _ONE, np.float32(0.0)


@jit
def _lines(coefficients, bias, basis, ranges, line, laws):
    """Ln lambda, ln mu and ln h, held in their ranges."""
    width, bins, rank = place(line.shape[0]), place(line.shape[0] // 3), place(basis.shape[1])
    for layer in range(place(bias.shape[0])):
        for b in range(width):
            line[b] = bias[layer, b]
        k, one, two, three = place(0), place(1), place(2), place(3)
        while k + three < rank:  # four at a time: the line is read and written less often
            a, c = coefficients[layer, k], coefficients[layer, k + one]
            d, e = coefficients[layer, k + two], coefficients[layer, k + three]
            for b in range(width):
                first = a * basis[layer, k, b] + c * basis[layer, k + one, b]
                second = d * basis[layer, k + two, b] + e * basis[layer, k + three, b]
                line[b] += first + second
            k += place(4)
        while k < rank:
            a = coefficients[layer, k]
            for b in range(width):
                line[b] += a * basis[layer, k, b]
            k += one
        at = layer * bins
        for which in range(place(3)):
            low, high, first = ranges[which, 0], ranges[which, 1], which * bins
            for b in range(bins):
                laws[which, at + b] = min(max(line[first + b], low), high)


@jit
def _powers(values):
    for i in range(values.shape[0]):
        values[i] = power(values[i])


@jit
def _tables(settings, mean, first, rows):
    """Place of the table of each bin in all tables."""
    low, levels = settings[5], settings[7]
    per_unit, last = levels / (settings[6] - low), levels - _ONE
    first = first.ravel()
    for i in range(rows.shape[0]):
        level = min(max((mean[i] - low) * per_unit, np.float32(0.0)), last)
        rows[i] = np.float32(np.int32((first[i] + np.int32(level)) * np.int32(GRID[0])))


@jit
def _spreads(spread, rows, loads):
    """Spread of the table of each bin."""
    for i in range(loads.shape[0]):
        loads[i] = spread[np.uint32(rows[i]) // np.uint32(GRID[0])]


@jit
def _stay(rates, more, empty):
    """How often a cell stays empty."""
    for i in range(empty.shape[0]):
        empty[i] = power(-rates[i] * more)


@summed
def _expect(empty, window, crossing, expected):
    """Hits of layers."""
    bins = place(window.shape[1])
    for layer in range(place(expected.shape[0])):
        row, at, total = place(crossing[layer]), layer * bins, np.float32(0.0)
        for b in range(bins):
            total += window[row, b] * (_ONE - empty[at + b])
        expected[layer] = total


@jit
def _points(rates, share, variance, more, points):
    """Rate of points where the field is zero."""
    share, variance = share.ravel(), variance.ravel()
    for i in range(points.shape[0]):
        x = rates[i] * share[i] * more
        points[i] = x * (_ONE + _HALF * variance[i] * min(x, _ONE))
    for i in range(points.shape[0]):
        points[i] *= power(-_HALF * variance[i])


@jit
def _softness(rates, soft):
    """Near one where hits are single particles, near zero where a cell is always hit."""
    for i in range(soft.shape[0]):
        soft[i] = softness(rates[i])


@jit
def _loads(variance, soft, loads, rests):
    """Share of the field and of chance in the normal score of an energy."""
    variance = variance.ravel()
    for i in range(loads.shape[0]):
        load = (_ONE - soft[i]) / loads[i]
        part = load * load * variance[i]
        stiff = np.float32(_ONE - soft[i] > RIGID)
        loads[i] = load * (_ONE / np.sqrt(max(part, _ONE))) * stiff
        rests[i] = np.sqrt(_ONE - min(part, _ONE) * stiff)
