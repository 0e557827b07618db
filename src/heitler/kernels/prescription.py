"""What is to be sampled, compiled: from conditions and random numbers to a `Prescription`.

Showers one by one, without the overhead of many small tensors: the prior's splines, the network
of the rates, the field. `CompoundHits` does the same in torch, for training and as the twin.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.law import FIELD, Prescription
from heitler.kernels.linear import evaluate
from heitler.kernels.numbers import SOURCES, cached, jit, logarithm, power

__all__ = ["Recipe", "prescribe"]

_F32 = NDArray[np.float32]
_F64 = NDArray[np.float64]
_I64 = NDArray[np.int64]

_ROWS = ((0, 5), (6, 4), (11, 4), (16, 3), (21, 3))
"""First row of a harmonic in the field, and how many zones follow."""

_ONE, _WORD = np.float32(1.0), np.float32(2**24)


class Recipe(NamedTuple):
    """Weights of the networks between conditions and the sampler.

    Arguments:
        layers: Bias and weights of linear layers, (1 + inputs, outputs) each: of the couplings of
            the prior, its affine map, the network of the rates, and the three factors of the
            field.
        first: First layer of each of these, and the one behind the last.
        kept, changed: Numbers that a coupling leaves and changes; -1 stands for none.
        spline: Bound, least share, and the slope before normalisation that stands for one.
        edges: Lowest and highest standardised summaries, (2, S).
        centre: Summaries that conditions predict: a constant and factors of the conditions and of
            their squares less one, (1 + 2 C, S).
        scale: Scatter of summaries about that, (S).
        origin, pitch: Centre of the first cell and pitch in mm, x before y, (2).
        depth: Depths of the layers in mm from the first one, (L).
        phases: Phases told apart along x and y, (2).
        reach: Offsets along columns and rows are smaller than this, (2).
        cells: Columns and rows, (2).
    """

    layers: tuple[_F32, ...]
    first: _I64
    kept: _I64
    changed: _I64
    spline: _F32
    edges: _F32
    centre: _F64
    scale: _F64
    origin: _F64
    pitch: _F64
    depth: _F64
    phases: _I64
    reach: _I64
    cells: _I64


class _Room(NamedTuple):
    """Room for what comes in between: two vectors, summaries and conditions, edges of a spline."""

    one: _F32
    other: _F32
    summaries: _F32
    told: _F32
    spline: _F32


@jit
def _couple(recipe, k, room):
    """Inverts coupling k of the prior on the summaries."""
    kept, changed, s, features = recipe.kept[k], recipe.changed[k], room.summaries, room.told
    size = 0
    for i in kept:
        if i >= 0:
            room.one[size] = s[i]
            size += 1
    room.one[size : size + features.shape[0]] = features
    out = evaluate(recipe.layers, recipe.first[k], recipe.first[k + 1], room.one, room.other)
    count = 0
    for i in changed:
        count += int(i >= 0)
    each = out.shape[0] // count
    for j in range(count):
        part = out[j * each : (j + 1) * each]
        s[changed[j]] = _inverse(s[changed[j]], part, recipe.spline, room.spline)


@jit
def _inverse(value, parameters, settings, room):
    """The inverse of a rational-quadratic spline (`heitler.networks.splines`)."""
    bound, least, unit = settings[0], settings[1], settings[2]
    if abs(value) >= bound:
        return value
    bins = (parameters.shape[0] + 1) // 3
    left, bottom = room[: bins + 1], room[bins + 1 : 2 * bins + 2]
    _edges(parameters[:bins], bound, least, left)
    _edges(parameters[bins : 2 * bins], bound, least, bottom)
    limit = bound - np.float32(1e-5)
    y = min(max(value, -limit), limit)
    i = 0
    while i < bins - 1 and bottom[i + 1] <= y:
        i += 1
    low, high = _ONE, _ONE
    if i > 0:
        low = least + _softplus(parameters[2 * bins + i - 1] + unit)
    if i < bins - 1:
        high = least + _softplus(parameters[2 * bins + i] + unit)
    width, height = left[i + 1] - left[i], bottom[i + 1] - bottom[i]
    slope, up = height / width, y - bottom[i]
    bend = low + high - np.float32(2.0) * slope
    a, b, c = height * (slope - low) + up * bend, height * low - up * bend, -slope * up
    root = np.float32(np.sqrt(max(b * b - np.float32(4.0) * a * c, np.float32(0.0))))
    return left[i] + np.float32(2.0) * c / (-b - root) * width


@jit
def _edges(logits, bound, least, edges):
    """Edges of the bins of a spline."""
    bins = logits.shape[0]
    most, total = logits[0], np.float32(0.0)
    for logit in logits:
        most = max(most, logit)
    for i in range(bins):
        edges[i + 1] = power(logits[i] - most)
        total += edges[i + 1]
    share, end = (_ONE - least * np.float32(bins)) / total, np.float32(0.0)
    edges[0] = -bound
    for i in range(bins):
        end += least + share * edges[i + 1]
        edges[i + 1] = end * (bound + bound) - bound


@jit
def _softplus(x):
    return x if x > np.float32(20.0) else logarithm(_ONE + power(x))


@jit
def _summarise(recipe, normal, told, room):
    """Standardised summaries of a shower from normal numbers."""
    s, conditions = room.summaries, told.shape[0]
    s[:] = normal
    for i in range(conditions):
        room.told[i], room.told[conditions + i] = told[i], told[i] * told[i] - _ONE
    couplings = recipe.kept.shape[0]
    for k in range(couplings - 1, -1, -1):
        _couple(recipe, k, room)
    room.one[: 2 * conditions] = room.told
    first = recipe.first
    out = evaluate(recipe.layers, first[couplings], first[couplings + 1], room.one, room.other)
    size = s.shape[0]
    for i in range(size):
        value = s[i] * power(out[size + i]) + out[i]
        s[i] = min(max(value, recipe.edges[0, i]), recipe.edges[1, i])


@jit
def _rates(recipe, told, room, coefficients):
    size, couplings, first = room.summaries.shape[0], recipe.kept.shape[0], recipe.first
    room.one[:size] = room.summaries
    room.one[size : size + told.shape[0]] = told
    start, stop = first[couplings + 1], first[couplings + 2]
    coefficients[:] = evaluate(recipe.layers, start, stop, room.one, room.other)


@jit
def _field(recipe, normal, room, field):
    """Amplitudes of the field from normal numbers."""
    begin, at = recipe.kept.shape[0] + 2, 0
    for harmonic in range(5):
        layer = recipe.first[begin + (harmonic + 1) // 2]
        size, (row, zones) = recipe.layers[layer].shape[0] - 1, _ROWS[harmonic]
        room.one[:size] = normal[at : at + size]
        out = evaluate(recipe.layers, layer, layer + 1, room.one, room.other)
        layers = field.shape[1]
        for zone in range(zones):
            field[row + zone] = out[zone * layers : (zone + 1) * layers]
        at += size


@jit
def _aim(recipe, axis, known, made, n):
    """Where the axis crosses the layers (`Stencil.aim`)."""
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


def _build(sources):
    """The loop over showers; see `cached` for why it is in a closure."""

    @cached
    def run(recipe, variates, told, axis, known, made):
        sources  # noqa: B018
        normal, waves, words = variates
        widest = 0
        for layer in recipe.layers:
            widest = max(widest, layer.shape[0], layer.shape[1])
        size = normal.shape[1]
        room = _Room(
            np.empty(widest, np.float32),
            np.empty(widest, np.float32),
            np.empty(size, np.float32),
            np.empty(2 * told.shape[1], np.float32),
            np.empty(2 * widest, np.float32),
        )
        for n in range(told.shape[0]):
            _summarise(recipe, normal[n], told[n], room)
            for i in range(3):
                goal = np.float64(room.summaries[i]) * recipe.scale[i] + recipe.centre[0, i]
                for k in range(room.told.shape[0]):
                    goal += np.float64(room.told[k]) * recipe.centre[1 + k, i]
                made.goal[n, i] = goal if i == 1 else np.exp(goal)
            _rates(recipe, told[n], room, made.coefficients[n].ravel())
            _field(recipe, waves[n], room, made.field[n])
            _aim(recipe, axis[n], known, made, n)
            first, second = np.int64(words[n, 0] * _WORD), np.int64(words[n, 1] * _WORD)
            third = np.int64(words[n, 2] * _WORD)
            made.key[n, 0] = np.uint32((first << 8) ^ (third >> 12))
            made.key[n, 1] = np.uint32((second << 8) ^ third)

    return run


_prescribe = _build(SOURCES)


def prescribe(
    recipe: Recipe,
    variates: tuple[_F32, _F32, _F32],
    told: _F32,
    axis: _F32,
    known: _I64,
) -> Prescription:
    """What is to be sampled for N showers.

    Arguments:
        recipe: Networks and geometry.
        variates: Normal numbers of the summaries (N, S) and of the field (N, F), and uniform
            numbers that name the stream of each shower (N, 3).
        told: Conditions other than the axis, (N, C).
        axis: x, y in mm at the first layer and slopes, (N, 4).
        known: Index of the crossing of each phase, row and column; -1 stands for none yet.
    """
    count, layers = len(told), len(recipe.depth)
    size = recipe.layers[recipe.first[-4] - 1].shape[1]
    whole = np.empty((4, count, layers), np.int32)
    made = Prescription(
        coefficients=np.empty((count, layers, size // layers), np.float32),
        field=np.zeros((count, FIELD, layers), np.float32),
        y=whole[0],
        x=whole[1],
        phase=whole[2],
        crossing=whole[3],
        goal=np.empty((count, 3)),
        key=np.empty((count, 2), np.uint32),
    )
    _prescribe(recipe, variates, told, axis, known, made)
    return made
