"""Children of hits, compiled: step 3 of `compound`."""

from __future__ import annotations

import numpy as np

from heitler.kernels.numbers import CHILDREN, STEP, jit, number, place, uniform, uniforms
from heitler.kernels.packing import sift
from heitler.kernels.rates import RATE

__all__ = ["MOST", "children"]

MOST = 7
"""Children of a hit."""

_HALF = np.float32(0.5)


@jit
def children(law, todo, n, laws, scratch, brood, out, found):
    """Hits next to hits; their number with those found before."""
    k0, k1 = todo.key[n, 0], todo.key[n, 1]
    first = place(found)
    _origins(law.there, todo.y[n], todo.x[n], todo.phase[n], brood.origin)
    uniforms(k0, k1, CHILDREN, out.cell, scratch.number[:found])
    out.alone[:found] = law.settings[4]
    born = _born(law.child_number, k0, k1, scratch, brood, out, first)
    _look_up(law.child_dy, law.child_dx, laws[RATE], brood, born)
    _move(law.there.shape[2], law.rows, law.columns, brood, scratch.flag, born)
    _arrive(law.there.ravel(), law.share.shape[1], laws[RATE], brood, scratch.other, born)
    stop = _settle(law.settings[3], brood, scratch, out, first, born)
    out.alone[found:stop] = law.settings[3]
    _waves(law, todo.phase[n], todo.field[n], brood, out, first, stop)
    return np.int64(stop)


@jit
def _origins(there, rows, columns, phases, origin):
    height, width = np.int32(there.shape[1]), np.int32(there.shape[2])
    for layer in range(place(phases.shape[0])):
        down = np.int32(phases[layer] * height + height // np.int32(2) - rows[layer])
        origin[layer] = np.int32(down * width + width // np.int32(2) - columns[layer])


@jit
def _born(distribution, k0, k1, scratch, brood, out, found):
    """Lists all first children, then all second ones, and so on: how many there are.

    Those who have one more are among those who had the one before, at the end of the list.
    """
    listed = (brood.cell, brood.layer, brood.bin, brood.parent, brood.number)
    hits = (out.cell, out.layer, out.bin, brood.order, scratch.number)
    start, stop = place(0), _list(distribution, 0, hits, place(0), found, listed, scratch.flag)
    for child in range(1, MOST + 1):
        _fates(brood.cell, k0, k1, STEP + 2 * child - 2, start, stop, brood.step, brood.life)
        if child == MOST or start == stop:
            break
        end = _list(distribution, child, listed, start, stop, listed, scratch.flag)
        start, stop = stop, end
    return stop


@jit
def _list(distribution, child, parents, start, stop, listed, flags):
    """Adds parents that have so many children to the end of the list: where it ends then."""
    layers, numbers = parents[1], parents[4]
    for i in range(start, stop):
        flags[i] = np.uint8(numbers[i] > distribution[place(layers[i]), child])
    return sift(parents, flags, start, stop, listed, stop if child else place(0))


@jit
def _fates(cells, k0, k1, purpose, start, stop, steps, lives):
    for c in range(start, stop):
        steps[c] = np.int32(number(k0, k1, purpose, cells[c]) >> np.uint32(20))
        lives[c] = uniform(number(k0, k1, purpose + 1, cells[c]))


@jit
def _look_up(child_dy, child_dx, rates, brood, born):
    """Displacements, rates of parents, and where their layers are in `Law.there`."""
    steps, bins, layers, origin = brood.step, brood.bin, brood.layer, brood.origin
    downs, rights, parents, there = brood.down, brood.right, brood.rate, brood.there
    for c in range(born):
        step = place(steps[c])
        downs[c], rights[c] = np.int32(child_dy[step]), np.int32(child_dx[step])
        parents[c], there[c] = rates[place(bins[c])], origin[place(layers[c])]


@jit
def _move(width, height, columns, brood, inside, born):
    """Cells of children, and whether they are in the readout window."""
    cells, layers, there, downs, rights = (
        brood.cell, brood.layer, brood.there, brood.down, brood.right,
    )  # fmt: skip
    rows, columns, width = np.int32(height), np.int32(columns), np.int32(width)
    per_layer, one = np.int32(rows * columns), np.float32(1.0) / np.float32(columns)
    for c in range(born):
        inner = np.int32(cells[c] - layers[c] * per_layer)
        above = np.int32((np.float32(inner) + _HALF) * one)
        row, column = np.int32(above + downs[c]), np.int32(inner - above * columns + rights[c])
        held = (np.uint32(row) < np.uint32(rows)) & (np.uint32(column) < np.uint32(columns))
        inside[c] = np.uint8(held)
        cells[c] = np.int32(cells[c] + downs[c] * columns + rights[c])
        there[c] = np.int32(np.int32(held) * (there[c] + row * width + column))


@jit
def _arrive(there, bins, rates, brood, others, born):
    """Bins of children and their rates."""
    places, layers, bin_, width = brood.there, brood.layer, brood.bin, np.int32(bins)
    for c in range(born):
        b = np.int32(layers[c] * width + np.int32(there[place(places[c])]))
        bin_[c], others[c] = b, rates[place(b)]


@jit
def _settle(together, brood, scratch, out, found, born):
    """Adds children that live in empty cells to the hits; how many there are then."""
    flags, others, alone, taken = scratch.flag, scratch.other, out.alone, out.taken
    lives, rates, cells, parents = brood.life, brood.rate, brood.cell, brood.parent
    for c in range(born):
        flags[c] &= np.uint8(lives[c] * rates[c] < others[c])
    listed = (cells, brood.bin, brood.layer, brood.there, parents)
    live = sift(listed, flags, place(0), born, listed, place(0))
    for c in range(live):
        cell = place(cells[c])
        flags[c] = np.uint8(1) - taken[cell]
        taken[cell], alone[place(parents[c])] = np.uint8(1), together
    sift((brood.there,), flags, place(0), live, (brood.there,), place(0))
    hits = (out.cell, out.bin, out.layer)
    return sift((cells, brood.bin, brood.layer), flags, place(0), live, hits, found)


@jit
def _waves(law, phases, field, brood, out, first, stop):
    """The field of children."""
    members, record, zones, bins = law.place.ravel(), law.record, law.zone, law.share.shape[1]
    waves, layers, places, there = out.wave, out.layer, out.bin, brood.there
    for c in range(stop - first):
        i = first + c
        layer = place(layers[i])
        phase, zone = place(phases[layer]), place(zones[place(places[i]) - layer * place(bins)])
        m = place(members[place(there[c])])
        turn = field[place(5) + zone, layer] * record[phase, m, 4]
        turn += field[place(10) + zone, layer] * record[phase, m, 5]
        more = field[place(15) + zone, layer] * record[phase, m, 6]
        more += field[place(20) + zone, layer] * record[phase, m, 7]
        waves[i] = field[zone, layer] + (turn + more)
