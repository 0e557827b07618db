"""The sampler of `compound` in plain torch: the same numbers, formulae and order of operations.

Given the key of a shower both make the same hits, with energies equal up to rounding; here hits
come in the order of their cells. What is decided by a comparison of float32 is computed step by
step as it is there. Sums over hits and arrivals are double there and here, so that their order
does not matter.

Notation: as in `compound`; n, l and m are shower, layer and member of each of H hits or points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from heitler.kernels.calibration_twin import factors, solve
from heitler.kernels.energies import END_Z, TO_GRID, TO_LOW, TO_T, TO_Z
from heitler.kernels.law import GRID, Drawn, Law, Prescription
from heitler.kernels.numbers import CHILDREN, GAP, KEEP, NEAR, RANK, STEP
from heitler.kernels.numbers_twin import exponential, growth, number, power, root, uniform
from heitler.kernels.rates import RIGID

__all__ = ["sample"]

_BATCH = 256
"""Showers done at a time."""


def sample(law: Law, prescription: Prescription) -> Drawn:
    """Hits of the showers, in the order of their cells."""
    fitted, todo = _tensors(law), _tensors(prescription)
    parts = []
    for start in range(0, len(prescription.y), _BATCH):
        some = {name: a[start : start + _BATCH] for name, a in todo.items()}
        parts.append(_batch(fitted, some))
    if not parts:
        return Drawn(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
    counts, cells, energies = (torch.cat(part) for part in zip(*parts, strict=True))
    offsets = torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)])
    return Drawn(offsets.numpy(), cells.to(torch.int32).numpy(), energies.numpy())


class _Rates(NamedTuple):
    """What `rates.laws_of` finds, each (N, L, B); expected hits (N, L)."""

    rate: Tensor
    mean: Tensor
    height: Tensor
    soft: Tensor
    load: Tensor
    rest: Tensor
    row: Tensor
    points: Tensor
    expected: Tensor


class _Field(NamedTuple):
    """Amplitudes (N, L, FIELD), and by zone (N, L, 5) shift and crest (see `points`)."""

    amplitude: Tensor
    shift: Tensor
    crest: Tensor


class _Found(NamedTuple):
    """Hits: shower, layer, cell, bin, field of each; factor of t once children are known."""

    n: Tensor
    layer: Tensor
    cell: Tensor
    bin: Tensor
    wave: Tensor
    alone: Tensor

    def where(self, index: Tensor) -> _Found:
        """Some of them, by a mask or by their places."""
        return _Found(*(a[index] for a in self))


def _tensors(values: Law | Prescription) -> dict[str, Tensor]:
    """Fields by name: whole numbers as int64, others as they are."""
    out = {}
    for name, value in values._asdict().items():
        array = np.array(value)
        out[name] = torch.from_numpy(array.astype(np.int64) if array.dtype.kind in "iu" else array)
    return out


def _batch(law: dict[str, Tensor], todo: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Hits per shower, cells and energies."""
    rates = _rates(law, todo)
    field = _field(law, todo)
    near, far = _near(law, todo, rates, field), _far(law, todo, rates, field)
    found = _distinct(law, _Found(*(torch.cat(pair) for pair in zip(near, far, strict=True))))
    found = _children(law, todo, rates, field, found)
    zone = law["zone"][found.bin]
    monopole = field.shift[found.n, found.layer, zone] + law["half_variance"][found.layer, zone]
    found = found._replace(wave=found.wave + monopole)
    dropped = _damp(law, rates, found)
    u = uniform(_number(todo, found.n, KEEP, found.cell))
    share = dropped[found.n, found.layer] * rates.soft[found.n, found.layer, found.bin]
    found = found.where(u >= share)
    energies = _calibrate(law, todo, found, _energies(law, todo, rates, found))
    return torch.bincount(found.n, minlength=len(todo["y"])), found.cell, energies


def _number(todo: dict[str, Tensor], n: Tensor, purpose: int, i: Tensor) -> Tensor:
    key = todo["key"][n]
    return number(key[..., 0], key[..., 1], purpose, i)


def _rates(law: dict[str, Tensor], todo: dict[str, Tensor]) -> _Rates:
    """Step 1."""
    coefficients, basis, settings = todo["coefficients"], law["basis"], law["settings"]
    line = law["bias"].expand(len(coefficients), -1, -1)
    for k in range(basis.shape[1]):
        line = line + coefficients[:, :, k, None] * basis[:, k]
    line = line.unflatten(2, (3, -1))
    line = line.maximum(law["ranges"][:, :1]).minimum(law["ranges"][:, 1:])
    rate, mean, height = (power(line[:, :, c]) for c in range(3))
    more = 1.0 + settings[1]
    seen = law["window"][todo["crossing"]] * (1.0 - 1.0 / growth(rate * more))
    expected = torch.zeros(rate.shape[:2])
    for b in range(rate.shape[2]):
        expected = expected + seen[:, :, b]
    soft = 1.0 / (1.0 + rate * (0.5 + rate * (1 / 6 + rate * (1 / 24))))
    x = rate * law["share"] * more
    points = x * (1.0 + 0.5 * law["variance"] * x.clamp(max=1.0))
    low, levels = settings[5], settings[7]
    level = (line[:, :, 1] - low) * (levels / (settings[6] - low))
    row = law["table_of"] + level.clamp(min=0.0).minimum(levels - 1.0).long()
    load = (1.0 - soft) / law["spread"][row]
    part = load * load * law["variance"]
    stiff = (1.0 - soft > float(RIGID)).float()
    load = load * (1.0 / root(part.clamp(min=1.0))) * stiff
    rest = root(1.0 - part.clamp(max=1.0) * stiff)
    load[:, :, law["own"]], rest[:, :, law["own"]] = 1.0, 0.0
    return _Rates(rate, mean, height, soft, load, rest, row, points, expected)


def _field(law: dict[str, Tensor], todo: dict[str, Tensor]) -> _Field:
    a = todo["field"]
    shift = a[:, :, :5].clone()
    shift[:, :, 1:] -= law["half_variance"][:, 1:]
    crest = torch.zeros(shift.shape)
    b, c, d, e = a[:, :, 5:9], a[:, :, 9:13], a[:, :, 13:16], a[:, :, 16:19]
    crest[:, :, 1:] = root(b * b + c * c)
    crest[:, :, 1:4] += root(d * d + e * e)
    return _Field(a, shift, crest)


def _harmonics(field: _Field, n: Tensor, layer: Tensor, zone: Tensor) -> tuple[Tensor, ...]:
    """Amplitudes of cos t, sin t, cos 2t, sin 2t in a zone; 0 where there is none."""
    a = field.amplitude
    some, two = zone > 0, (zone > 0) & (zone < 4)
    places = [(some, 4 + zone), (some, 8 + zone), (two, 12 + zone), (two, 15 + zone)]
    return tuple(torch.where(has, a[n, layer, k.clamp(max=18)], 0.0) for has, k in places)


def _turn(field: _Field, n: Tensor, layer: Tensor, zone: Tensor, member: Tensor) -> Tensor:
    """The part of the field that depends on azimuth."""
    a, b, c, d = _harmonics(field, n, layer, zone)
    value = a * member[..., 4] + b * member[..., 5]
    return value + (c * member[..., 6] + d * member[..., 7])


def _near(law: dict[str, Tensor], todo: dict[str, Tensor], rates: _Rates, field: _Field) -> _Found:
    """Step 2 for cells near the axis, as (N, L, members)."""
    most = int(law["near"])
    j, phase = torch.arange(most), todo["phase"]
    zones = law["near_zones"][phase][:, :, :, None]
    zone = (j >= zones[:, :, 1]).long() + (j >= zones[:, :, 2])
    n = torch.arange(len(phase))[:, None, None].expand(zone.shape)
    layer = torch.arange(phase.shape[1])[:, None].expand(zone.shape)
    bins = law["bin"][phase][:, :, :most]
    a, b, c, d = _harmonics(field, n, layer, zone)
    trig = law["trig"][phase][..., :most]
    turn = a * trig[:, :, 0] + b * trig[:, :, 1] + c * trig[:, :, 2] + d * trig[:, :, 3]
    shift = torch.where(zone > 0, field.shift[n, layer, zone], 0.0)
    points = rates.points.gather(2, bins)
    p = 1.0 - 1.0 / growth(points * law["weight"][phase][:, :, :most] * growth(shift + turn))
    hit = (uniform(_number(todo, n, NEAR, layer * most + j)) < p) & (j < zones[:, :, 3])
    dy, dx = (law[k][phase][:, :, :most][hit] for k in ("dy", "dx"))
    return _inside(law, todo, n[hit], layer[hit], (dy, dx), bins[hit], turn[hit])


def _far(law: dict[str, Tensor], todo: dict[str, Tensor], rates: _Rates, field: _Field) -> _Found:
    """Step 2 for cells farther out.

    Runs of all layers lie end to end on one line for each shower, points wherever they arrive.
    """
    first, phase = law["first_run"], todo["phase"]
    r = torch.arange(int(first.diff().max()))
    exists = r < (first[phase + 1] - first[phase])[:, :, None]
    run = (first[phase][:, :, None] + r).clamp(max=len(law["run_bin"]) - 1)
    bins, most = law["run_bin"][run], law["run_most"][run]
    zone = law["zone"][bins]
    crest = field.crest.gather(2, zone)
    height = rates.points.gather(2, bins) * growth(field.shift.gather(2, zone) + crest) * most
    amount = torch.where(exists, height.double() * law["run_count"][run], 0.0).flatten(1)
    ends = amount.cumsum(1)
    arrivals = _arrivals(law, todo, ends[:, -1])
    n, _ = torch.nonzero(arrivals < ends[:, -1:], as_tuple=True)
    at = arrivals[arrivals < ends[:, -1:]]
    place = torch.searchsorted(ends, arrivals, right=True)[arrivals < ends[:, -1:]]
    before = torch.cat([torch.zeros(len(ends), 1, dtype=ends.dtype), ends], 1)[n, place]
    run, bins = run.flatten(1)[n, place], bins.flatten(1)[n, place]
    zone, crest = zone.flatten(1)[n, place], crest.flatten(1)[n, place]
    most, layer = most.flatten(1)[n, place], place // len(r)
    count = law["run_count"][run]
    position = ((at - before) / amount[n, place]).float() * count.float()
    m = position.long().minimum(count - 1)
    level = position - m.float()
    member = law["record"][phase[n, layer], m + law["run_start"][run]]
    turn = _turn(field, n, layer, zone, member)
    kept = level * most < member[:, 2] * growth(turn - crest)
    n, layer, bins, turn = n[kept], layer[kept], bins[kept], turn[kept]
    dy, dx = member[kept, 0].long(), member[kept, 1].long()
    return _inside(law, todo, n, layer, (dy, dx), bins, turn)


def _arrivals(law: dict[str, Tensor], todo: dict[str, Tensor], end: Tensor) -> Tensor:
    """Places of points on the lines of the showers, up to the end of each at least, (N, A)."""
    count = 64
    while True:
        i = torch.arange(count).expand(len(end), -1)
        n = torch.arange(len(end))[:, None].expand(i.shape)
        gaps = exponential(_number(todo, n, GAP, i), law["exponential"])
        places = gaps.double().cumsum(1)
        if bool((places[:, -1] >= end).all()):
            return places
        count *= 2


def _inside(
    law: dict[str, Tensor],
    todo: dict[str, Tensor],
    n: Tensor,
    layer: Tensor,
    offset: tuple[Tensor, Tensor],
    bins: Tensor,
    turn: Tensor,
) -> _Found:
    """Points at an offset from the axis that are in the readout window."""
    y, x = todo["y"][n, layer] + offset[0], todo["x"][n, layer] + offset[1]
    inside = (y >= 0) & (y < law["rows"]) & (x >= 0) & (x < law["columns"])
    cell = (layer * law["rows"] + y) * law["columns"] + x
    alone = law["settings"][4].expand(len(n))
    return _Found(n, layer, cell, bins, turn, alone).where(inside)


def _distinct(law: dict[str, Tensor], found: _Found) -> _Found:
    """The first hit of each cell, in the order of showers and cells."""
    size = int(law["bias"].shape[0] * law["rows"] * law["columns"])
    code = found.n * size + found.cell
    order = torch.argsort(code, stable=True)
    first = torch.ones(len(order), dtype=torch.bool)
    first[1:] = code[order].diff() > 0
    return found.where(order[first])


def _children(
    law: dict[str, Tensor],
    todo: dict[str, Tensor],
    rates: _Rates,
    field: _Field,
    found: _Found,
) -> _Found:
    """Step 3: parents first, so that a cell that is hit stays what it is."""
    n, layer, cell = found.n, found.layer, found.cell
    rows, columns, numbers = law["rows"], law["columns"], law["child_number"]
    phase, together = todo["phase"][n, layer], law["settings"][3]
    inside = cell - layer * rows * columns
    y, x = inside // columns, inside % columns
    down = law["place"].shape[1] // 2 - todo["y"][n, layer]
    right = law["place"].shape[2] // 2 - todo["x"][n, layer]
    u = uniform(_number(todo, n, CHILDREN, cell))
    parent = rates.rate[n, layer, found.bin]
    alone, born = found.alone.clone(), []
    for child in range(7):
        step = _number(todo, n, STEP + 2 * child, cell) >> 20
        live = uniform(_number(todo, n, STEP + 2 * child + 1, cell))
        cy, cx = y + law["child_dy"][step], x + law["child_dx"][step]
        there = (u > numbers[layer, child]) & (cy >= 0) & (cy < rows) & (cx >= 0) & (cx < columns)
        i = there.nonzero()[:, 0]
        cy, cx = cy[i], cx[i]
        m = law["place"][phase[i], cy + down[i], cx + right[i]]
        member = law["record"][phase[i], m]
        b = member[:, 3].long()
        lives = live[i] * parent[i] < rates.rate[n[i], layer[i], b]
        i, b, member, cy, cx = i[lives], b[lives], member[lives], cy[lives], cx[lives]
        alone[i] = together
        turn = _turn(field, n[i], layer[i], law["zone"][b], member)
        new = (layer[i] * rows + cy) * columns + cx
        born.append(_Found(n[i], layer[i], new, b, turn, together.expand(len(i))))
    found = found._replace(alone=alone)
    return _distinct(law, _Found(*(torch.cat(a) for a in zip(found, *born, strict=True))))


def _damp(law: dict[str, Tensor], rates: _Rates, found: _Found) -> Tensor:
    """Step 4: share of the hits of each layer that goes, (N, L)."""
    settings, depth, expected = law["settings"].double(), law["depth"], rates.expected
    count = torch.zeros(expected.shape, dtype=torch.float64)
    count.index_put_((found.n, found.layer), torch.ones(len(found.n)).double(), accumulate=True)
    excess = (count - expected.double()).float()
    moments = (depth * excess[:, None]).double().sum(-1)
    matrix = (depth[:, None] * depth * expected[:, None, None]).double().sum(-1)
    matrix = matrix + torch.diag_embed((1e-9 * matrix[:, 0, 0] + 1e-12)[:, None].expand(-1, 3))
    a, b, c = solve(matrix, moments).T[:, :, None]
    change = a + b * depth[1].double() + c * depth[2].double()
    kept = (1.0 - settings[2] * change.clamp(-0.3, 0.3)) / (1.0 + settings[1])
    dropped: Tensor = 1.0 - kept.clamp(max=1.0)
    return dropped.float()


def _between(table: Tensor, place: Tensor) -> Tensor:
    """Linear interpolation at a place in units of the grid's step, held at both ends."""
    place = place.clamp(0.0, float(np.float32(len(table) - 1) - np.float32(1e-3)))
    i = place.long()
    return table[i] + (place - i.float()) * (table[i + 1] - table[i])


def _energies(
    law: dict[str, Tensor], todo: dict[str, Tensor], rates: _Rates, found: _Found
) -> Tensor:
    """Step 5."""
    bins = (found.n, found.layer, found.bin)
    height, load = rates.height[bins], rates.load[bins]
    t = exponential(_number(todo, found.n, RANK, found.cell), law["exponential"])
    z = _between(law["to_normal"], root(t) * float(TO_T))
    z = load * found.wave + rates.rest[bins] * z
    bent = _between(law["to_exponential"], (z + float(END_Z)) * float(TO_Z))
    t = torch.where(load > 0.0, bent, t) * found.alone - height
    low = _between(law["below"], (1.0 + t / height) * float(TO_LOW))
    x = (root(t.clamp(min=0.0)) * float(TO_GRID)).clamp(max=float(TO_LOW - np.float32(1e-3)))
    k = x.long()
    x = x - k.float()
    k = k + rates.row[bins] * GRID[0]
    table = law["table"]
    high = law["settings"][0] + rates.mean[bins] * (table[k] + x * (table[k + 1] - table[k]))
    return torch.where(t < 0.0, low, high)


def _calibrate(
    law: dict[str, Tensor], todo: dict[str, Tensor], found: _Found, energies: Tensor
) -> Tensor:
    """Step 6."""
    excess = (energies - law["settings"][0]).clamp(min=0.0)
    above, fixed = (torch.zeros(todo["y"].shape, dtype=torch.float64) for _ in range(2))
    above.index_put_((found.n, found.layer), excess.double(), accumulate=True)
    fixed.index_put_((found.n, found.layer), (energies - excess).double(), accumulate=True)
    factor = factors(above, fixed, todo["goal"])
    return energies + (factor - 1.0).float()[found.n, found.layer] * excess
