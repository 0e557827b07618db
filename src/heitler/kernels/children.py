"""Children of hits, compiled: step 3 of `compound`."""

from __future__ import annotations

import numpy as np

from heitler.kernels.numbers import CHILDREN, STEP, jit, number, place, uniform, uniforms
from heitler.kernels.points import distinct
from heitler.kernels.rates import RATE

__all__ = ["MOST", "children"]

MOST = 7
"""Children of a hit."""


@jit
def children(law, todo, n, laws, scratch, out, found):
    """Hits next to hits; their number with those found before."""
    k0, k1 = todo.key[n, 0], todo.key[n, 1]
    steps, lives = scratch.number[:found], scratch.other
    uniforms(k0, k1, CHILDREN, out.cell, steps)
    out.alone[:found] = law.settings[4]
    born = _born(out.layer, law.child_number, steps, scratch.chosen)
    chosen = scratch.chosen[:born]
    _fates(chosen, out.cell, k0, k1, scratch.code, lives)
    corner = (todo.y[n], todo.x[n], todo.phase[n])
    _settle(law, corner, laws[RATE], chosen, scratch, out, found)
    stop = distinct(out, found, found + born)
    out.alone[found:stop] = law.settings[3]
    _waves(law, corner, todo.field[n], scratch, out, found, stop)
    return stop


@jit
def _born(layers, distribution, numbers, chosen):
    """For each child its parent, and which of its children it is: 8 parent + child."""
    born = place(0)
    for i in range(place(numbers.shape[0])):
        layer, u, code = place(layers[i]), numbers[i], np.int32(np.int32(i) << 3)
        for k in range(place(3)):
            chosen[born + k] = np.int32(code + np.int32(k))
        few = np.int32(u > distribution[layer, 0]) + np.int32(u > distribution[layer, 1])
        born += place(few + np.int32(u > distribution[layer, 2]))
        if u > distribution[layer, 2]:
            for k in range(3, MOST):
                if u > distribution[layer, k]:
                    chosen[born] = np.int32(code + np.int32(k))
                    born += place(1)
    return np.int64(born)


@jit
def _fates(chosen, cells, k0, k1, steps, lives):
    """Bits of each child's displacement, and a uniform number that says whether it lives."""
    for c in range(place(chosen.shape[0])):
        steps[c] = cells[place(chosen[c] >> 3)]
    for c in range(chosen.shape[0]):
        parent, purpose = np.uint32(steps[c]), np.uint32(STEP + 2 * (chosen[c] & 7))
        steps[c] = np.int32(number(k0, k1, purpose, parent) >> np.uint32(20))
        lives[c] = uniform(number(k0, k1, np.uint32(purpose + np.uint32(1)), parent))


@jit
def _settle(law, corner, rates, chosen, scratch, out, found):
    """Puts children that live into their cells, and others nowhere."""
    rows, columns, phases = corner
    height, width = np.int32(law.rows), np.int32(law.columns)
    bins, together = np.int32(law.share.shape[1]), law.settings[3]
    there, child_dy, child_dx = law.there, law.child_dy, law.child_dx
    down, right = np.int32(there.shape[1] // 2), np.int32(there.shape[2] // 2)
    cells, alone, layers, places = out.cell, out.alone, out.layer, out.bin
    steps, lives, ys, xs = scratch.code, scratch.other, scratch.row, scratch.column
    last, per_layer = np.int32(out.taken.shape[0] - 1), np.int32(height * width)
    for c in range(place(chosen.shape[0])):
        i, step, child = place(chosen[c] >> 3), place(steps[c]), place(found) + c
        layer = place(layers[i])
        inner = place(np.int32(cells[i] - layers[i] * per_layer))
        row, column = np.int32(ys[inner] + child_dy[step]), np.int32(xs[inner] + child_dx[step])
        inside = (np.uint32(row) < np.uint32(height)) & (np.uint32(column) < np.uint32(width))
        phase, some = place(phases[layer]), np.int32(inside)
        v = np.int32(some * np.int32(row - rows[layer] + down))
        h = np.int32(some * np.int32(column - columns[layer] + right))
        at = np.int32(np.int32(layer) * bins + np.int32(there[phase, place(v), place(h)]))
        lived = inside & (lives[c] * rates[place(places[i])] < rates[place(at)])
        alone[i] += np.float32(lived) * (together - alone[i])
        cell = np.int32((np.int32(layer) * height + row) * width + column - last)
        cells[child] = np.int32(last + np.int32(lived) * cell)
        layers[child], places[child] = layer, at


@jit
def _waves(law, corner, field, scratch, out, first, stop):
    """The field of children."""
    rows, columns, phases = corner
    members, record, zones, bins = law.place, law.record, law.zone, np.int32(law.share.shape[1])
    down, right = np.int32(members.shape[1] // 2), np.int32(members.shape[2] // 2)
    waves, layers, places, cells = out.wave, out.layer, out.bin, out.cell
    ys, xs, per_layer = scratch.row, scratch.column, np.int32(law.rows * law.columns)
    for i in range(place(first), place(stop)):
        layer = place(layers[i])
        phase, b = place(phases[layer]), place(np.int32(places[i] - layers[i] * bins))
        inner = place(np.int32(cells[i] - layers[i] * per_layer))
        v, h = place(ys[inner] - rows[layer] + down), place(xs[inner] - columns[layer] + right)
        m, zone = place(members[phase, v, h]), place(zones[b])
        turn = field[place(5) + zone, layer] * record[phase, m, 4]
        turn += field[place(10) + zone, layer] * record[phase, m, 5]
        more = field[place(15) + zone, layer] * record[phase, m, 6]
        more += field[place(20) + zone, layer] * record[phase, m, 7]
        waves[i] = field[zone, layer] + (turn + more)
