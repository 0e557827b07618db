"""Points, compiled: step 2 of `compound`.

Loops over many cells or points are kept apart by what they do: arithmetic, which compilers
vectorise; look-ups; and lists that grow, which have no branches. That is where the speed is.
"""

from __future__ import annotations

import numpy as np

from heitler.kernels.law import RUN
from heitler.kernels.lists import LARGEST, PARTS
from heitler.kernels.numbers import COUNT, NEAR, POINT, jit, number, place, power, uniform
from heitler.kernels.packing import sift
from heitler.kernels.rates import POINTS

__all__ = ["far", "near"]

_EIGHT = 8
"""Points of a run that are counted and written at once."""


@jit
def near(law, todo, n, laws, scratch, out):
    """Hits of the cells near the axis, each tried by itself; their number."""
    phases, field, width = todo.phase[n], todo.field[n], place(law.near)
    chance = scratch.chance[: place(phases.shape[0]) * width]
    wave = scratch.wave[: chance.shape[0]]
    _waves(field, phases, law.near_zones, law.trig, law.near, wave)
    _rates(
        laws[POINTS], phases, law.near_bin, law.near_start, law.weight, law.near, scratch.chance
    )
    _try(wave, chance, todo.key[n, 0], todo.key[n, 1])
    for layer in range(place(phases.shape[0])):
        wave[layer * width] = field[0, layer]
    out.taken[:] = np.uint8(0)
    _lay(law, todo.y[n], todo.x[n], phases, chance, scratch)
    found = _note(scratch, chance.shape[0], out, place(0))
    _take(out.cell, place(0), found, out.taken)
    return np.int64(found)


@jit
def _waves(field, phases, near_zones, trig, near, wave):
    """The field of near cells: none in the axis' own, where it shifts the energy, not the rate."""
    for layer in range(place(phases.shape[0])):
        phase, at = phases[layer], layer * place(near)
        wave[at] = np.float32(0.0)
        for zone in range(1, 4):
            first, stop = place(near_zones[phase, zone]), place(near_zones[phase, zone + 1])
            level, a, b = field[zone, layer], field[5 + zone, layer], field[10 + zone, layer]
            c, d = field[15 + zone, layer], field[20 + zone, layer]
            for j in range(first, stop):
                turn = a * trig[phase, 0, j] + b * trig[phase, 1, j]
                wave[at + j] = level + (turn + (c * trig[phase, 2, j] + d * trig[phase, 3, j]))


@jit
def _rates(points, phases, bins, starts, weight, near, chance):
    """Rates of near cells where the field is zero, eight cells of a bin at once.

    What is written behind the last cell of a run is written over by the next one.
    """
    width = place(points.shape[0] // phases.shape[0])
    for layer in range(place(phases.shape[0])):
        phase, at, first = place(phases[layer]), layer * place(near), layer * width
        for r in range(place(bins.shape[1])):
            rate, start = points[first + place(bins[phase, r])], place(starts[phase, r])
            for k in range(place(RUN)):
                chance[at + start + k] = rate * weight[phase, start + k]


@jit
def _try(wave, chance, k0, k1):
    """Turns rates without the field into chances of a hit less random numbers."""
    for i in range(chance.shape[0]):
        u, rate = uniform(number(k0, k1, NEAR, i)), chance[i] * power(wave[i])
        chance[i] = (np.float32(1.0) - power(-rate)) - u


@jit
def _lay(law, rows, columns, phases, chance, scratch):
    """Where near cells are, and whether they are hit and in the readout window."""
    flags, cells, bins, layers = scratch.flag, scratch.cell, scratch.bin, scratch.layer
    height, width, near = np.int32(law.rows), np.int32(law.columns), place(law.near)
    dy, dx, bin_of, per_layer = law.dy, law.dx, law.bin, np.int32(law.share.shape[1])
    for layer in range(place(phases.shape[0])):
        phase, at, y, x = phases[layer], layer * near, rows[layer], columns[layer]
        start, first = np.int32(layer) * height * width, np.int32(layer) * per_layer
        for j in range(near):
            row, column = np.int32(y + dy[phase, j]), np.int32(x + dx[phase, j])
            inside = (np.uint32(row) < np.uint32(height)) & (np.uint32(column) < np.uint32(width))
            cells[at + j] = np.int32(start + row * width + column)
            flags[at + j] = np.uint8(inside & (chance[at + j] > np.float32(0.0)))
        for j in range(near):
            bins[at + j], layers[at + j] = first + bin_of[phase, j], np.int32(layer)


@jit
def _note(scratch, size, out, found):
    """Adds what is flagged to the hits; their number then."""
    listed = (scratch.cell, scratch.bin, scratch.layer, scratch.wave)
    hits = (out.cell, out.bin, out.layer, out.wave)
    return sift(listed, scratch.flag, place(0), place(size), hits, found)


@jit
def _take(cells, first, stop, taken):
    for i in range(first, stop):
        taken[place(cells[i])] = np.uint8(1)


@jit
def far(law, todo, n, laws, scratch, out, found):
    """Hits of the cells farther out, as points of runs of like cells; their number."""
    phases, field = todo.phase[n], todo.field[n]
    k0, k1 = todo.key[n, 0], todo.key[n, 1]
    _amounts(laws[POINTS], phases, field, law, scratch.amount)
    _counts(scratch.amount, k0, k1, scratch.other)
    runs = law.run_bin.shape[1]
    points = place(_repeat(scratch.amount, scratch.other, runs, k0, k1, scratch.chosen))
    _spots(k0, k1, scratch.number[:points])
    _scatter(law, todo.y[n], todo.x[n], phases, field, scratch, points)
    return np.int64(_fall(scratch, out, place(found), points))


@jit
def _amounts(points, phases, field, law, amount):
    """Points that each run can expect where the field is highest."""
    bins, count, most = law.run_bin, law.run_count, law.run_most
    runs, width = place(bins.shape[1]), place(law.share.shape[1])
    for layer in range(place(phases.shape[0])):
        phase, a, b = phases[layer], field[9, layer], field[14, layer]
        crest = power(field[4, layer] + np.float32(np.sqrt(a * a + b * b)))
        for r in range(runs):
            i = layer * width + place(bins[phase, r])
            amount[layer * runs + r] = points[i] * crest * (most[phase, r] * count[phase, r])


@jit
def _counts(amount, k0, k1, counts):
    """Poisson numbers by their distribution function: up to eight, where more may follow."""
    for i in range(amount.shape[0]):
        mean = min(amount[i], LARGEST)
        u = uniform(number(k0, k1, COUNT, i))
        term = power(-mean)
        total, count = term, np.int32(u >= term)
        for k in range(1, _EIGHT):
            term = term * (mean * np.float32(1 / k))
            total = total + term
            count = np.int32(count + np.int32(u >= total))
        counts[i] = np.float32(count)


@jit
def _repeat(amount, counts, runs, k0, k1, chosen):
    """Each run, as 2^16 layer + run, as often as it has points; how many there are."""
    got, i = place(0), place(0)
    for layer in range(place(amount.shape[0] // runs)):
        for r in range(place(runs)):
            code = np.int32(np.int32(layer << place(16)) + np.int32(r))
            for k in range(place(_EIGHT)):
                chosen[got + k] = code
            count = place(np.int32(counts[i]))
            if count == place(_EIGHT):
                count = place(_beyond(amount[i], k0, k1, i, amount.shape[0]))
                for k in range(place(_EIGHT), count):
                    chosen[got + k] = code
            got += count
            i += place(1)
    return np.int64(got)


@jit
def _spots(k0, k1, spots):
    for i in range(spots.shape[0]):
        spots[i] = uniform(number(k0, k1, POINT, i))


@jit
def _beyond(mean, k0, k1, run, runs):
    """A Poisson number of eight or more, in parts."""
    count, part = 0, 0
    while part < PARTS and mean > np.float32(0.0):
        u = uniform(number(k0, k1, COUNT, run + part * runs))
        count += _poisson(min(mean, LARGEST), u)
        mean -= LARGEST
        part += 1
    return count


@jit
def _poisson(mean, u):
    """A Poisson number by its distribution function; it stays below twice `LARGEST`."""
    term = power(-mean)
    total, count = term, 0
    while u >= total and (np.float32(count) < mean or term > np.float32(1e-9)):
        count += 1
        term = term * (mean * np.float32(np.float32(1.0) / np.float32(count)))
        total = total + term
    return count


@jit
def _scatter(law, rows, columns, phases, field, scratch, points):
    """Puts points on the members of their runs, or nowhere if the field does not keep them."""
    chosen, spots, lefts, heights = scratch.chosen, scratch.number, scratch.other, scratch.third
    cells, bins, layers, waves = scratch.cell, scratch.bin, scratch.layer, scratch.wave
    flags, weights = scratch.flag, scratch.fourth
    height, width = np.int32(law.rows), np.int32(law.columns)
    run_bin, starts, counts, most = law.run_bin, law.run_start, law.run_count, law.run_most
    record, per_layer = law.record, np.int32(law.share.shape[1])
    for i in range(points):
        layer, r = place(chosen[i] >> 16), place(chosen[i] & 0xFFFF)
        phase = place(phases[layer])
        level, a, b = field[4, layer], field[9, layer], field[14, layer]
        spot = spots[i] * counts[phase, r]
        step = min(np.floor(spot), counts[phase, r] - np.float32(1.0))
        lefts[i] = (spot - step) * most[phase, r]
        m = place(np.int32(starts[phase, r]) + np.int32(step))
        turn = a * record[phase, m, 4] + b * record[phase, m, 5]
        heights[i] = turn - np.float32(np.sqrt(a * a + b * b))
        weights[i] = record[phase, m, 2]
        row = np.int32(rows[layer] + np.int32(record[phase, m, 0]))
        column = np.int32(columns[layer] + np.int32(record[phase, m, 1]))
        inside = (np.uint32(row) < np.uint32(height)) & (np.uint32(column) < np.uint32(width))
        flags[i] = np.uint8(inside)
        cells[i] = np.int32(np.int32(inside) * ((np.int32(layer) * height + row) * width + column))
        waves[i], layers[i] = level + turn, np.int32(layer)
        bins[i] = np.int32(layer) * per_layer + run_bin[phase, r]


@jit
def _fall(scratch, out, found, points):
    """Adds points that stay and fall into empty cells to the hits; how many there are then."""
    flags, cells, taken = scratch.flag, scratch.cell, out.taken
    lefts, heights, weights = scratch.other, scratch.third, scratch.fourth
    for i in range(points):
        flags[i] &= np.uint8(lefts[i] < weights[i] * power(heights[i]))
    for i in range(points):
        cell = place(cells[i])
        flags[i] &= np.uint8(1) - taken[cell]
        taken[cell] |= flags[i]
    return _note(scratch, points, out, found)
