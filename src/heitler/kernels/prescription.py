"""What is to be sampled, compiled: from conditions and random numbers to a `Prescription`.

The prior's splines, the network of the rates and the field, for `LANES` showers side by side and
without the overhead of many small tensors. `CompoundHits` does the same in torch, for training and
as the twin.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.law import FIELD, Prescription
from heitler.kernels.linear import LANES, evaluate, multiply
from heitler.kernels.numbers import SOURCES, cached, jit, logarithm, place, power

__all__ = ["MOST_WOBBLE", "Recipe", "prescribe"]

_F32 = NDArray[np.float32]
_F64 = NDArray[np.float64]
_I64 = NDArray[np.int64]

_ROWS = ((0, 5), (6, 4), (11, 4), (16, 3), (21, 3))
"""First row of a harmonic in the field, and how many zones follow."""

_ONE, _WORD, _LARGE = np.float32(1.0), np.float32(2**24), np.float32(20.0)


MOST_WOBBLE = 0.8
"""Largest share of the wobble in the variance of the first harmonic."""


class Recipe(NamedTuple):
    """Weights of the networks between conditions and the sampler.

    Arguments:
        layers: Weights and bias of linear layers, (outputs, inputs + 1) each: of the couplings of
            the prior, its affine map, the network of the rates, and the three factors of the
            field.
        first: First layer of each of these, and the one behind the last.
        told: Columns of conditions that the networks see.
        axis: First of the four columns that say where the axis is: x, y in mm at the first layer
            and slopes.
        kept, changed: Numbers that a coupling leaves and changes; -1 stands for none.
        spline: Bound, least share, and the slope before normalisation that stands for one.
        edges: Lowest and highest standardised summaries, (2, S).
        centre: Summaries that conditions predict: a constant and factors of the conditions and of
            their squares less one, (1 + 2 C, S).
        scale: Scatter of summaries about that, (S).
        wobble: Visible energy in MeV at which all variance of the field's first harmonic would be
            the wobble's, were it not limited.
        origin, pitch: Centre of the first cell and pitch in mm, x before y, (2).
        depth: Depths of the layers in mm from the first one, (L).
        phases: Phases told apart along x and y, (2).
        reach: Offsets along columns and rows are smaller than this, (2).
        cells: Columns and rows, (2).
    """

    layers: tuple[_F32, ...]
    first: _I64
    told: _I64
    axis: int
    kept: _I64
    changed: _I64
    spline: _F32
    edges: _F32
    centre: _F64
    scale: _F64
    wobble: float
    origin: _F64
    pitch: _F64
    depth: _F64
    phases: _I64
    reach: _I64
    cells: _I64


class _Room(NamedTuple):
    """Room for what comes in between, for some showers side by side.

    Arguments:
        one, other: Features, (widest layer, showers).
        summaries: Standardised summaries, (S, showers).
        told: Conditions and their squares less one, (2 C, showers).
        spline: Edges of bins and slopes between them along the values and along the results,
            (3 bins + 3, showers).
        found: The bin of each value: its edges and slopes, (6, showers).
    """

    one: _F32
    other: _F32
    summaries: _F32
    told: _F32
    spline: _F32
    found: _F32


@jit
def _copy(source, count, target, first):
    """Copies rows."""
    for i in range(place(count)):
        for n in range(target.shape[1]):
            target[place(first) + i, n] = source[i, n]


@jit
def _couple(recipe, k, room):
    """Inverts coupling k of the prior on the summaries."""
    kept, changed, size = recipe.kept[k], recipe.changed[k], 0
    for i in kept:
        if i >= 0:
            _copy(room.summaries[i : i + 1], 1, room.one, size)
            size += 1
    _copy(room.told, room.told.shape[0], room.one, size)
    out = evaluate(recipe.layers, recipe.first[k], recipe.first[k + 1], room.one, room.other)
    each = recipe.layers[recipe.first[k + 1] - 1].shape[0] // (changed >= 0).sum()
    for j, i in enumerate(changed):
        if i >= 0:
            _bins(out[j * each : (j + 1) * each], recipe.spline, room.spline)
            _find((each + 1) // 3, room.summaries[i], recipe.spline, room.spline, room.found)
            _invert(room.summaries[i], recipe.spline, room.found)


@jit
def _bins(parameters, settings, spline):
    """Edges and slopes of rational-quadratic splines (`heitler.networks.splines`)."""
    bound, least, unit = settings[0], settings[1], settings[2]
    bins, lanes = place((parameters.shape[0] + 1) // 3), parameters.shape[1]
    for part in range(place(2)):
        _edges(parameters[part * bins :], bins, bound, least, spline[part * (bins + place(1)) :])
    first = place(2) * bins + place(2)
    for n in range(lanes):
        spline[first, n], spline[first + bins, n] = _ONE, _ONE
    for k in range(place(1), bins):
        for n in range(lanes):
            x = parameters[place(2) * bins + k - place(1), n] + unit
            # Where e^x is more than float32 holds with the one, it is left out.
            large = np.float32(x > _LARGE)
            soft = logarithm(_ONE + power(min(x, _LARGE)))
            spline[first + k, n] = least + soft + large * (x - soft)


@jit
def _edges(logits, bins, bound, least, edges):
    """Edges of the bins of splines."""
    lanes = edges.shape[1]
    for n in range(lanes):
        edges[0, n] = logits[0, n]
    for k in range(place(1), bins):
        for n in range(lanes):
            edges[0, n] = max(edges[0, n], logits[k, n])
    for k in range(bins):
        for n in range(lanes):
            edges[k + place(1), n] = power(logits[k, n] - edges[0, n])
    for n in range(lanes):
        edges[0, n] = np.float32(0.0)
    for k in range(bins):
        for n in range(lanes):
            edges[k + place(1), n] += edges[k, n]
    share = _ONE - least * np.float32(bins)
    for n in range(lanes):
        edges[0, n] = share / edges[bins, n]
    for k in range(place(1), bins + place(1)):
        for n in range(lanes):
            end = least * np.float32(k) + edges[0, n] * edges[k, n]
            edges[k, n] = end * (bound + bound) - bound
    for n in range(lanes):
        edges[0, n] = -bound


@jit
def _find(bins, values, settings, spline, found):
    """Left and right edge, lower and upper edge, and slopes at both of the bin of each value."""
    limit, bins, one = settings[0] - np.float32(1e-5), place(bins), place(1)
    bottom, slope = bins + one, place(2) * bins + place(2)
    for k in range(bins):
        for n in range(values.shape[0]):
            y = min(max(values[n], -limit), limit)
            if (k == place(0)) | (spline[bottom + k, n] <= y):
                found[0, n], found[1, n] = spline[k, n], spline[k + one, n]
                found[2, n], found[3, n] = spline[bottom + k, n], spline[bottom + k + one, n]
                found[4, n], found[5, n] = spline[slope + k, n], spline[slope + k + one, n]


@jit
def _invert(values, settings, found):
    """The inverse of splines within their bins."""
    bound, limit, two = settings[0], settings[0] - np.float32(1e-5), np.float32(2.0)
    for n in range(values.shape[0]):
        value, low, high = values[n], found[4, n], found[5, n]
        width, height = found[1, n] - found[0, n], found[3, n] - found[2, n]
        slope, up = height / width, min(max(value, -limit), limit) - found[2, n]
        bend = low + high - two * slope
        a, b, c = height * (slope - low) + up * bend, height * low - up * bend, -slope * up
        root = np.float32(np.sqrt(max(b * b - np.float32(4.0) * a * c, np.float32(0.0))))
        inverse = found[0, n] + two * c / (-b - root) * width
        values[n] = inverse if abs(value) < bound else value


@jit
def _summarise(recipe, normal, conditions, room):
    """Standardised summaries of showers from normal numbers."""
    told, size = recipe.told.shape[0], normal.shape[1]
    for n in range(normal.shape[0]):
        for i in range(told):
            condition = conditions[n, recipe.told[i]]
            room.told[i, n] = condition
            room.told[told + i, n] = condition * condition - _ONE
        for i in range(size):
            room.summaries[i, n] = normal[n, i]
    couplings = recipe.kept.shape[0]
    for k in range(couplings - 1, -1, -1):
        _couple(recipe, k, room)
    _copy(room.told, 2 * told, room.one, 0)
    first = recipe.first
    out = evaluate(recipe.layers, first[couplings], first[couplings + 1], room.one, room.other)
    for i in range(size):
        low, high, row, scale = recipe.edges[0, i], recipe.edges[1, i], out[i], out[size + i]
        values = room.summaries[i]
        for n in range(values.shape[0]):
            values[n] = min(max(values[n] * power(scale[n]) + row[n], low), high)


@jit
def _goals(recipe, room, goal):
    """Visible energy, mean depth, depth width and lateral spread that are to be."""
    for n in range(goal.shape[0]):
        for to, i in enumerate((0, 1, 2, 4)):
            value = np.float64(room.summaries[i, n]) * recipe.scale[i] + recipe.centre[0, i]
            for k in range(room.told.shape[0]):
                value += np.float64(room.told[k, n]) * recipe.centre[1 + k, i]
            goal[n, to] = value if i == 1 else np.exp(value)


@jit
def _rates(recipe, room, coefficients):
    size, couplings, first = room.summaries.shape[0], recipe.kept.shape[0], recipe.first
    _copy(room.summaries, size, room.one, 0)
    _copy(room.told, recipe.told.shape[0], room.one, size)
    start, stop = first[couplings + 1], first[couplings + 2]
    out = evaluate(recipe.layers, start, stop, room.one, room.other)
    for n in range(coefficients.shape[0]):
        row = coefficients[n].ravel()
        for k in range(place(row.shape[0])):
            row[k] = out[k, n]


@jit
def _wobble(recipe, goal, last, numbers):
    """Gives the last of the normal numbers of the first harmonic its share."""
    for n in range(numbers.shape[1]):
        share = np.float32(min(recipe.wobble / goal[n, 0], MOST_WOBBLE))
        own, common = np.float32(np.sqrt(_ONE - share)), np.float32(np.sqrt(share))
        for i in range(place(last)):
            numbers[i, n] *= own
        numbers[place(last), n] *= common


@jit
def _field(recipe, normal, goal, room, field):
    """Amplitudes of the field from normal numbers."""
    begin, at = recipe.kept.shape[0] + 2, 0
    layers = field.shape[2]
    for harmonic in range(5):
        layer = recipe.first[begin + (harmonic + 1) // 2]
        size, (row, zones) = recipe.layers[layer].shape[1] - 1, _ROWS[harmonic]
        for n in range(normal.shape[0]):
            for i in range(place(size)):
                room.one[i, n] = normal[n, place(at) + i]
        if 0 < harmonic < 3:  # cos t and sin t
            _wobble(recipe, goal, size - 1, room.one[:, : normal.shape[0]])
        multiply(recipe.layers[layer], room.one, room.other)
        for n in range(normal.shape[0]):
            part = field[n, row : row + zones].ravel()
            for k in range(place(zones * layers)):
                part[k] = room.other[k, n]
        at += size


@jit
def _aim(recipe, axis, known, made, n):
    """Where the axis crosses the layers (`Stencil.aim`): whether it is known there."""
    found = True
    for layer in range(recipe.depth.shape[0]):
        code = np.int64(0)
        for k in range(2):
            point = np.float64(axis[k]) + np.float64(axis[2 + k]) * recipe.depth[layer]
            place = (point - recipe.origin[k]) / recipe.pitch[k]
            index = np.floor(place + 0.5)
            steps = recipe.phases[k]
            phase = min(max(np.int64((place - index + 0.5) * steps), np.int64(0)), steps - 1)
            cell, reach = np.int64(index), recipe.reach[k]
            cell = min(max(cell, recipe.cells[k] - reach), reach - 1)
            if k == 0:
                made.x[n, layer], made.phase[n, layer] = cell, phase
                code = cell + reach
            else:
                made.y[n, layer] = cell
                made.phase[n, layer] += phase * recipe.phases[0]
                code += (cell + reach) * 3 * recipe.reach[0]
        code += made.phase[n, layer] * 9 * recipe.reach[0] * recipe.reach[1]
        made.crossing[n, layer] = known[code]
        found &= known[code] >= 0
    return found


@jit
def _names(words, key):
    """Keys of random numbers from uniform numbers."""
    for n in range(key.shape[0]):
        first, second = np.int64(words[n, 0] * _WORD), np.int64(words[n, 1] * _WORD)
        third = np.int64(words[n, 2] * _WORD)
        key[n, 0] = np.uint32((first << 8) ^ (third >> 12))
        key[n, 1] = np.uint32((second << 8) ^ third)


@jit
def _room(recipe, summaries, lanes):
    told = recipe.told.shape[0]
    widest = 2 * told + summaries
    for layer in recipe.layers:
        widest = max(widest, layer.shape[0], layer.shape[1])
    return _Room(
        np.zeros((widest, lanes), np.float32),
        np.zeros((widest, lanes), np.float32),
        np.zeros((summaries, lanes), np.float32),
        np.zeros((2 * told, lanes), np.float32),
        np.zeros((widest + 4, lanes), np.float32),
        np.zeros((6, lanes), np.float32),
    )


def _build(sources):
    """The loop over groups of showers; see `cached` for why it is in a closure."""

    @cached
    def run(recipe, variates, conditions, known, made):
        sources  # noqa: B018
        normal, waves, words = variates
        count, found = conditions.shape[0], True
        room = _room(recipe, normal.shape[1], min(LANES, count))
        for start in range(0, count, LANES):
            stop = min(start + LANES, count)
            _summarise(recipe, normal[start:stop], conditions[start:stop], room)
            _goals(recipe, room, made.goal[start:stop])
            _rates(recipe, room, made.coefficients[start:stop])
            goal = made.goal[start:stop]
            _field(recipe, waves[start:stop], goal, room, made.field[start:stop])
        for n in range(count):
            found &= _aim(recipe, conditions[n, recipe.axis :], known, made, n)
        _names(words, made.key)
        return found

    return run


_prescribe = _build(SOURCES)


def prescribe(
    recipe: Recipe, variates: tuple[_F32, _F32, _F32], conditions: _F32, known: _I64
) -> tuple[Prescription, bool]:
    """What is to be sampled for N showers, and whether all crossings are known.

    Arguments:
        recipe: Networks and geometry.
        variates: Normal numbers of the summaries (N, S) and of the field (N, F), and uniform
            numbers that name the stream of each shower (N, 3).
        conditions: What is told of the showers, (N, columns).
        known: Index of the crossing of each phase, row and column; -1 stands for none yet.
    """
    count, layers = len(conditions), len(recipe.depth)
    size = recipe.layers[recipe.first[-4] - 1].shape[0]
    whole = np.empty((4, count, layers), np.int32)
    made = Prescription(
        coefficients=np.empty((count, layers, size // layers), np.float32),
        field=np.zeros((count, FIELD, layers), np.float32),
        y=whole[0],
        x=whole[1],
        phase=whole[2],
        crossing=whole[3],
        goal=np.empty((count, 4)),
        key=np.empty((count, 2), np.uint32),
    )
    return made, _prescribe(recipe, variates, conditions, known, made)
