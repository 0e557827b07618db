"""Points and their children, compiled: steps 2 and 3 of `compound`.

Functions append hits to a `Scratch` behind those found so far, and return how many there are then.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.numbers import (
    CHILDREN,
    GAP,
    NEAR,
    STEP,
    empty,
    exponential,
    growth,
    inlined,
    jit,
    number,
    uniform,
)

__all__ = ["Scratch", "hits_of"]


class Scratch(NamedTuple):
    """Hits of the shower in work.

    Arguments:
        stamp: Last shower that has hit a cell, by cell.
        cell: Cell of each hit.
        bin: Its bin; counted over layers once a layer is done.
        wave: Its field.
        alone: Factor of its t.
        ends: First hit of each layer, and the one behind the last, (L + 1).
    """

    stamp: NDArray[np.int32]
    cell: NDArray[np.int32]
    bin: NDArray[np.int32]
    wave: NDArray[np.float32]
    alone: NDArray[np.float32]
    ends: NDArray[np.int64]


@jit
def hits_of(law, todo, n, laws, scratch):
    """Steps 2 and 3, layer by layer."""
    layers = todo.y.shape[1]
    bins = laws.shape[1] // layers
    p, turns = np.empty(law.near, np.float32), np.empty(law.near, np.float32)
    shift, crest = np.empty(5, np.float32), np.empty(5, np.float32)
    key, ends = todo.key[n], scratch.ends
    at = np.float64(exponential(number(key[0], key[1], GAP, 0), law.exponential))
    arrivals, found = 0, 0
    ends[0] = 0
    for layer in range(layers):
        phase = todo.phase[n, layer]
        field, half = todo.field[n, layer], law.half_variance[layer]
        rates = laws[0, layer * bins : (layer + 1) * bins]
        points = laws[7, layer * bins : (layer + 1) * bins]
        corner = (np.int32(n), layer, todo.y[n, layer], todo.x[n, layer])
        _shifts(field, half, shift, crest)
        _chances(law, phase, points, field, shift, p, turns)
        found = _near(law, phase, corner, key, p, turns, scratch, found)
        found, at, arrivals = _far(
            law, phase, corner, key, points, field, shift, crest, scratch, found, at, arrivals
        )
        found = _children(law, phase, corner, key, rates, field, scratch, found)
        _settle(law.zone, shift, half, layer * bins, scratch, ends[layer], found)
        ends[layer + 1] = found


@inlined
def _shifts(field, half_variance, shift, crest):
    """Monopole less half of the variance, and the largest value of the rest, by zone."""
    shift[0], crest[0] = field[0], 0.0
    for zone in range(1, 5):
        shift[zone] = field[zone] - half_variance[zone]
        a, b = field[4 + zone], field[8 + zone]
        value = np.sqrt(a * a + b * b)
        if zone < 4:
            a, b = field[12 + zone], field[15 + zone]
            value += np.sqrt(a * a + b * b)
        crest[zone] = value


@inlined
def _turn(field, zone, member):
    """The part of the field that depends on azimuth, for the record of a member."""
    value = np.float32(0.0)
    if zone > 0:
        value += field[4 + zone] * member[4] + field[8 + zone] * member[5]
        if zone < 4:
            value += field[12 + zone] * member[6] + field[15 + zone] * member[7]
    return value


@inlined
def _chances(law, phase, points, field, shift, p, turns):
    """Probability of a hit of near cells, and their field."""
    zones, bins = law.near_zones[phase], law.bin[phase]
    weight, trig = law.weight[phase], law.trig[phase]
    for zone in range(3):
        first, stop = zones[zone], zones[zone + 1]
        a, b, c, d = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
        if zone > 0:
            a, b = field[4 + zone], field[8 + zone]
            c, d = field[12 + zone], field[15 + zone]
        s = shift[zone] if zone > 0 else np.float32(0.0)
        for j in range(first, stop):
            turn = a * trig[0, j] + b * trig[1, j] + c * trig[2, j] + d * trig[3, j]
            turns[j] = turn
            p[j] = points[bins[j]] * weight[j] * growth(s + turn)
    for j in range(zones[3]):
        p[j] = np.float32(1.0) - empty(p[j])


@inlined
def _near(law, phase, corner, key, p, turns, scratch, found):
    """Step 2 for cells near the axis, one by one."""
    n, layer, row, column = corner
    k0, k1 = key[0], key[1]
    rows, columns, most = law.rows, law.columns, law.near
    dy, dx, bins = law.dy[phase], law.dx[phase], law.bin[phase]
    stamp, owner, place, wave = scratch.stamp, scratch.cell, scratch.bin, scratch.wave
    start = np.int32(layer * rows * columns)
    for j in range(law.near_zones[phase, 3]):
        if uniform(number(k0, k1, NEAR, layer * most + j)) < p[j]:
            y, x = row + dy[j], column + dx[j]
            if 0 <= y < rows and 0 <= x < columns:
                cell = start + y * columns + x
                stamp[cell] = n
                owner[found], place[found], wave[found] = cell, bins[j], turns[j]
                found += 1
    return found


@inlined
def _far(law, phase, corner, key, points, field, shift, crest, scratch, found, at, arrivals):
    """Step 2 for cells farther out, point by point; `at` is the way to the next one."""
    n, layer, row, column = corner
    k0, k1 = key[0], key[1]
    rows, columns = law.rows, law.columns
    record, ways = law.record[phase], law.exponential
    stamp, owner, place, wave = scratch.stamp, scratch.cell, scratch.bin, scratch.wave
    start = np.int32(layer * rows * columns)
    for run in range(law.first_run[phase], law.first_run[phase + 1]):
        b = law.run_bin[run]
        zone = law.zone[b]
        most, count = law.run_most[run], law.run_count[run]
        amount = np.float64(points[b] * growth(shift[zone] + crest[zone]) * most) * count
        while at < amount:
            position = np.float32(at / amount) * np.float32(count)
            m = min(np.int32(position), count - np.int32(1))
            level = position - np.float32(m)
            m += law.run_start[run]
            turn = _turn(field, zone, record[m])
            if level * most < record[m, 2] * growth(turn - crest[zone]):
                y, x = row + np.int32(record[m, 0]), column + np.int32(record[m, 1])
                if 0 <= y < rows and 0 <= x < columns:
                    cell = start + y * columns + x
                    if stamp[cell] != n:
                        stamp[cell] = n
                        owner[found], place[found], wave[found] = cell, b, turn
                        found += 1
            arrivals += 1
            at += np.float64(exponential(number(k0, k1, GAP, arrivals), ways))
        at -= amount
    return found, at, arrivals


@inlined
def _children(law, phase, corner, key, rates, field, scratch, found):
    """Step 3."""
    n, layer, row, column = corner
    k0, k1 = key[0], key[1]
    rows, columns = law.rows, law.columns
    members, record, numbers = law.place[phase], law.record[phase], law.child_number[layer]
    stamp, owner, place, wave = scratch.stamp, scratch.cell, scratch.bin, scratch.wave
    alone = scratch.alone
    start = np.int32(layer * rows * columns)
    down, right = members.shape[0] // 2 - row, members.shape[1] // 2 - column
    together, single = law.settings[3], law.settings[4]
    none, parents = numbers[0], found
    for i in range(scratch.ends[layer], parents):
        parent = owner[i]
        alone[i] = single
        u = uniform(number(k0, k1, CHILDREN, parent))
        if u <= none:
            continue
        inside = np.uint32(parent - start)
        y = np.int32(inside // np.uint32(columns))
        x = np.int32(inside) - y * np.int32(columns)
        rate = rates[place[i]]
        child = 0
        while child < 7 and u > numbers[child]:
            bits = number(k0, k1, STEP + 2 * child, parent)
            live = uniform(number(k0, k1, STEP + 2 * child + 1, parent))
            child += 1
            step = np.uint32(bits) >> np.uint32(20)
            cy, cx = y + law.child_dy[step], x + law.child_dx[step]
            if 0 <= cy < rows and 0 <= cx < columns:
                m = members[cy + down, cx + right]
                b = np.int32(record[m, 3])
                if live * rate < rates[b]:
                    alone[i] = together
                    cell = start + cy * columns + cx
                    if stamp[cell] != n:
                        stamp[cell] = n
                        owner[found], place[found], alone[found] = cell, b, together
                        wave[found] = _turn(field, law.zone[b], record[m])
                        found += 1
    return found


@inlined
def _settle(zones, shift, half, start, scratch, first, found):
    """Adds the monopole to the field of hits, and counts bins over layers."""
    place, wave = scratch.bin, scratch.wave
    for i in range(first, found):
        zone = zones[place[i]]
        wave[i] += shift[zone] + half[zone]
        place[i] += start
