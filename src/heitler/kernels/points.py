"""Points, compiled: step 2 of `compound`.

Loops over many cells or points are kept apart by what they do: arithmetic, which compilers
vectorise; look-ups; and lists that grow, which have no branches. That is where the speed is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.law import Law
from heitler.kernels.numbers import COUNT, NEAR, POINT, jit, number, place, power, uniform
from heitler.kernels.rates import POINTS

__all__ = ["LARGEST", "PARTS", "Found", "Scratch", "distinct", "far", "near", "room"]

_F32 = NDArray[np.float32]
_I32 = NDArray[np.int32]

_EIGHT = 8
"""Points of a run that are counted and written at once."""

LARGEST = np.float32(80.0)
"""Expected points that a run can have at once, so that e^-a is a number: more come in parts."""

PARTS = 10
"""How many parts there can be."""


class Found(NamedTuple):
    """Hits of the shower in work.

    Arguments:
        taken: Whether a cell is hit; the last one, which always is, stands for nowhere.
        cell: Cell of each hit.
        layer: Its layer.
        bin: Its bin, counted over layers.
        wave: Its field.
        alone: Factor of its t.
        number: Hits of each layer, (L).
    """

    taken: NDArray[np.uint8]
    cell: _I32
    layer: _I32
    bin: _I32
    wave: _F32
    alone: _F32
    number: _I32


class Scratch(NamedTuple):
    """Room for what comes in between.

    Arguments:
        wave, chance: Field, and chance of a hit less a random number, of the near cells of all
            layers, (L near).
        amount: Expected points of each run of all layers, (L runs).
        chosen: Indices, or runs of points.
        code: Whole numbers that go with them.
        number, other, third: Random numbers that go with them, or how many there are.
        row, column: Of each cell of a layer.
    """

    wave: _F32
    chance: _F32
    amount: _F32
    chosen: _I32
    code: _I32
    number: _F32
    other: _F32
    third: _F32
    row: NDArray[np.int16]
    column: NDArray[np.int16]


def room(law: Law) -> tuple[Found, Scratch]:
    """Lists as long as they can become: memory that is not written costs nothing."""
    layers, size = len(law.share), len(law.share) * law.rows * law.columns
    near, runs = layers * law.near, layers * law.run_bin.shape[1]
    many = 8 * size + 2 * int(LARGEST) * PARTS * runs + 64

    def whole() -> _I32:
        return np.empty(many, np.int32)

    def real() -> _F32:
        return np.empty(many, np.float32)

    row, column = np.indices((law.rows, law.columns), np.int16).reshape(2, -1)
    found = Found(
        np.ones(size + 1, np.uint8), whole(), whole(), whole(), real(), real(),
        np.zeros(layers, np.int32),
    )  # fmt: skip
    scratch = Scratch(
        np.zeros(near, np.float32), np.zeros(near, np.float32), np.empty(runs, np.float32),
        whole(), whole(), real(), real(), real(), row, column,
    )  # fmt: skip
    return found, scratch


@jit
def near(law, todo, n, laws, scratch, out):
    """Hits of the cells near the axis, each tried by itself; their number."""
    wave, chance, phases = scratch.wave, scratch.chance, todo.phase[n]
    _waves(todo.field[n], phases, law.near_zones, law.trig, law.near, wave)
    _rates(laws[POINTS], phases, law.near_zones, law.bin, law.weight, law.near, chance)
    _risk(wave, chance)
    width, bins = place(law.near), place(law.share.shape[1])
    for layer in range(place(phases.shape[0])):
        # The field of the axis' own cell shifts its energy, not its rate.
        phase = phases[layer]
        own = layer * bins + place(law.bin[phase, 0])
        chance[layer * width] = laws[POINTS, own] * law.weight[phase, 0]
    _try(chance, todo.key[n, 0], todo.key[n, 1])
    out.taken[:-1] = np.uint8(0)
    return _hit(law, todo.y[n], todo.x[n], phases, wave, chance, scratch.chosen, out)


@jit
def _waves(field, phases, near_zones, trig, near, wave):
    """The field of near cells."""
    for layer in range(place(phases.shape[0])):
        phase, at = phases[layer], layer * place(near)
        wave[at] = field[0, layer]
        for zone in range(1, 4):
            first, stop = place(near_zones[phase, zone]), place(near_zones[phase, zone + 1])
            level, a, b = field[zone, layer], field[5 + zone, layer], field[10 + zone, layer]
            c, d = field[15 + zone, layer], field[20 + zone, layer]
            for j in range(first, stop):
                wave[at + j] = level + (a * trig[phase, 0, j] + b * trig[phase, 1, j])
            for j in range(first, stop):
                wave[at + j] += c * trig[phase, 2, j] + d * trig[phase, 3, j]


@jit
def _rates(points, phases, near_zones, bins, weight, near, chance):
    """Rates of near cells where the field is zero."""
    width = points.shape[0] // phases.shape[0]
    for layer in range(place(phases.shape[0])):
        phase, at, first = phases[layer], layer * place(near), layer * place(width)
        for j in range(place(near_zones[phase, 4])):
            chance[at + j] = points[first + place(bins[phase, j])] * weight[phase, j]


@jit
def _risk(wave, chance):
    """Rates with the field."""
    for i in range(chance.shape[0]):
        chance[i] *= power(wave[i])


@jit
def _try(chance, k0, k1):
    """Turns rates into chances of a hit less random numbers."""
    for i in range(chance.shape[0]):
        u = uniform(number(k0, k1, NEAR, i))
        chance[i] = (np.float32(1.0) - power(-chance[i])) - u


@jit
def _hit(law, rows, columns, phases, wave, chance, chosen, out):
    """Notes near cells that are hit and in the readout window; their number."""
    taken, cells, bins, waves, layers = out.taken, out.cell, out.bin, out.wave, out.layer
    height, width, near = np.int32(law.rows), np.int32(law.columns), place(law.near)
    dy, dx, bin_of, zones, number_of = law.dy, law.dx, law.bin, law.near_zones, out.number
    per_layer, last = np.int32(law.share.shape[1]), np.int32(taken.shape[0] - 1)
    found = place(0)
    for layer in range(place(phases.shape[0])):
        phase, at, got, before = phases[layer], layer * near, place(0), found
        for k in range(place(zones[phase, 4])):
            chosen[got] = np.int32(k)
            got += place(chance[at + k] > np.float32(0.0))
        y, x, first = rows[layer], columns[layer], np.int32(layer) * per_layer
        start = np.int32(layer) * height * width
        for i in range(got):
            j = place(chosen[i])
            row, column = np.int32(y + dy[phase, j]), np.int32(x + dx[phase, j])
            inside = (np.uint32(row) < np.uint32(height)) & (np.uint32(column) < np.uint32(width))
            cell = np.int32(start + row * width + column - last)
            cell = np.int32(last + np.int32(inside) * cell)
            taken[place(cell)] = np.uint8(1)
            cells[found], layers[found] = cell, layer
            bins[found], waves[found] = first + bin_of[phase, j], wave[at + j]
            found += place(inside)
        number_of[layer] = found - before
    return np.int64(found)


@jit
def far(law, todo, n, laws, scratch, out, found):
    """Hits of the cells farther out, as points of runs of like cells; their number."""
    phases, field = todo.phase[n], todo.field[n]
    k0, k1 = todo.key[n, 0], todo.key[n, 1]
    _amounts(laws[POINTS], phases, field, law, scratch.amount)
    _counts(scratch.amount, k0, k1, scratch.other)
    runs = law.run_bin.shape[1]
    points = _repeat(scratch.amount, scratch.other, runs, k0, k1, scratch.chosen)
    chosen, spots = scratch.chosen[:points], scratch.number[:points]
    _spots(k0, k1, spots)
    corner = (todo.y[n], todo.x[n], phases, field)
    _scatter(law, corner, chosen, spots, out, found)
    return distinct(out, found, found + points)


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
def _scatter(law, corner, chosen, spots, out, found):
    """Puts points on the members of their runs, or nowhere if the field does not keep them."""
    rows, columns, phases, field = corner
    height, width = np.int32(law.rows), np.int32(law.columns)
    run_bin, starts, counts, most = law.run_bin, law.run_start, law.run_count, law.run_most
    record, per_layer = law.record, np.int32(law.share.shape[1])
    cells, bins, waves, layers = out.cell, out.bin, out.wave, out.layer
    last = np.int32(out.taken.shape[0] - 1)
    for i in range(place(chosen.shape[0])):
        layer, r, at = place(chosen[i] >> 16), place(chosen[i] & 0xFFFF), place(found) + i
        phase = place(phases[layer])
        level, a, b = field[4, layer], field[9, layer], field[14, layer]
        crest = np.float32(np.sqrt(a * a + b * b))
        spot = spots[i] * counts[phase, r]
        step = min(np.floor(spot), counts[phase, r] - np.float32(1.0))
        m = place(np.int32(starts[phase, r]) + np.int32(step))
        turn = a * record[phase, m, 4] + b * record[phase, m, 5]
        kept = (spot - step) * most[phase, r] < record[phase, m, 2] * power(turn - crest)
        row = np.int32(rows[layer] + np.int32(record[phase, m, 0]))
        column = np.int32(columns[layer] + np.int32(record[phase, m, 1]))
        inside = (np.uint32(row) < np.uint32(height)) & (np.uint32(column) < np.uint32(width))
        cell = np.int32((np.int32(layer) * height + row) * width + column - last)
        cells[at], layers[at] = np.int32(last + np.int32(inside & kept) * cell), layer
        waves[at] = level + turn
        bins[at] = np.int32(layer) * per_layer + run_bin[phase, r]


@jit
def distinct(out, found, stop):
    """Moves hits from the first on that fall into empty cells together; how many there are then.

    This is apart from where they are made: there, all would wait for the one before to be noted.
    """
    taken, cells, layers, bins, waves = out.taken, out.cell, out.layer, out.bin, out.wave
    count = out.number
    found = place(found)
    for i in range(found, place(stop)):
        cell, layer = cells[i], layers[i]
        cells[found], layers[found], bins[found] = cell, layer, bins[i]
        waves[found] = waves[i]
        new = np.uint8(1) - taken[place(cell)]
        taken[place(cell)] = np.uint8(1)
        count[place(layer)] += np.int32(new)
        found += place(new)
    return np.int64(found)
