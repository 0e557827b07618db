"""The sampler of `compound` in plain torch: the same numbers, formulae and order of operations.

Given the key of a shower both make the same hits, with energies equal up to rounding; here hits
come in the order of their cells. What is decided by a comparison of float32 is computed step by
step as it is there.

Notation: as in `compound`; n, l and m are shower, layer and member of each of H hits or points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from heitler.kernels.calibration_twin import factors, solve, tilts
from heitler.kernels.children import MOST
from heitler.kernels.energies import END, LAST, TO_GRID
from heitler.kernels.law import GRID, Drawn, Law, Prescription
from heitler.kernels.lists import LARGEST, PARTS
from heitler.kernels.numbers import CHILDREN, COUNT, KEEP, NEAR, POINT, RANK, STEP
from heitler.kernels.numbers_twin import (
    normal,
    number,
    power,
    root,
    softness,
    to_exponential,
    uniform,
)
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
    near, far = _near(law, todo, rates), _far(law, todo, rates)
    found = _distinct(law, _Found(*(torch.cat(pair) for pair in zip(near, far, strict=True))))
    found = _children(law, todo, rates, found)
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
    seen = law["window"][todo["crossing"]] * (1.0 - power(-rate * more))
    soft = softness(rate)
    x = rate * law["share"] * more
    points = x * (1.0 + 0.5 * law["variance"] * x.clamp(max=1.0))
    points = points * power(-0.5 * law["variance"])
    low, levels = settings[5], settings[7]
    level = (line[:, :, 1] - low) * (levels / (settings[6] - low))
    row = law["table_of"] + level.clamp(min=0.0).minimum(levels - 1.0).long()
    load = (1.0 - soft) / law["spread"][row]
    part = load * load * law["variance"]
    stiff = (1.0 - soft > float(RIGID)).float()
    load = load * (1.0 / root(part.clamp(min=1.0))) * stiff
    rest = root(1.0 - part.clamp(max=1.0) * stiff)
    load[:, :, law["own"]], rest[:, :, law["own"]] = 1.0, 0.0
    return _Rates(rate, mean, height, soft, load, rest, row, points, seen.sum(2))


def _wave(
    todo: dict[str, Tensor], at: tuple[Tensor, Tensor], zone: Tensor, trig: Tensor
) -> Tensor:
    """The field in a zone of showers and layers, for harmonics (..., 4) of members."""
    n, layer = at
    level, a, b, c, d = (todo["field"][n, 5 * k + zone, layer] for k in range(5))
    first, second = a * trig[..., 0] + b * trig[..., 1], c * trig[..., 2] + d * trig[..., 3]
    return level + (first + second)


def _near(law: dict[str, Tensor], todo: dict[str, Tensor], rates: _Rates) -> _Found:
    """Step 2 for cells near the axis, as (N, L, members)."""
    most = int(law["near"])
    j, phase = torch.arange(most), todo["phase"]
    zones = law["near_zones"][phase][:, :, :, None]
    zone = torch.stack([j >= zones[:, :, k] for k in (1, 2, 3)]).sum(0)
    n = torch.arange(len(phase))[:, None, None].expand(zone.shape)
    layer = torch.arange(phase.shape[1])[:, None].expand(zone.shape)
    bins = law["bin"][phase]
    wave = _wave(todo, (n, layer), zone, law["trig"][phase].transpose(2, 3))
    points = rates.points.gather(2, bins) * law["weight"][phase, : law["near"]]
    p = 1.0 - power(-torch.where(zone > 0, points * power(wave), points))
    hit = (uniform(_number(todo, n, NEAR, layer * most + j)) < p) & (j < zones[:, :, 4])
    dy, dx = (law[k][phase][hit] for k in ("dy", "dx"))
    return _inside(law, todo, n[hit], layer[hit], (dy, dx), bins[hit], wave[hit])


def _far(law: dict[str, Tensor], todo: dict[str, Tensor], rates: _Rates) -> _Found:
    """Step 2 for cells farther out, as (N, L, runs) and then as points."""
    phase, field = todo["phase"], todo["field"]
    bins, count, most = (law[k][phase] for k in ("run_bin", "run_count", "run_most"))
    crest = root(field[:, 9] * field[:, 9] + field[:, 14] * field[:, 14])
    amount = rates.points.gather(2, bins) * power(field[:, 4] + crest)[:, :, None]
    n, code = _points(todo, (amount * (most * count)).flatten(1))
    runs = bins.shape[2]
    layer, run = code // runs, code % runs
    first = torch.searchsorted(n, torch.arange(len(phase)))
    place = uniform(_number(todo, n, POINT, torch.arange(len(n)) - first[n]))
    count, most, b = (a[n, layer, run] for a in (count, most, bins))
    place = place * count
    step = place.floor().minimum(count - 1.0)
    m = law["run_start"][phase[n, layer], run] + step.long()
    member = law["record"][phase[n, layer], m]
    turn = field[n, 9, layer] * member[:, 4] + field[n, 14, layer] * member[:, 5]
    kept = (place - step) * most < member[:, 2] * power(turn - crest[n, layer])
    n, layer, wave = n[kept], layer[kept], (field[n, 4, layer] + turn)[kept]
    dy, dx = member[kept, 0].long(), member[kept, 1].long()
    return _inside(law, todo, n, layer, (dy, dx), b[kept], wave)


def _points(todo: dict[str, Tensor], amount: Tensor) -> tuple[Tensor, Tensor]:
    """Shower and run of each point, in parts of `LARGEST` expected ones."""
    n, run = (torch.arange(size) for size in amount.shape)
    count = torch.zeros(amount.shape, dtype=torch.int64)
    for part in range(PARTS):
        mean = (amount - part * float(LARGEST)).clamp(max=float(LARGEST))
        u = uniform(_number(todo, n[:, None], COUNT, run[None] + part * len(run)))
        count += torch.where(mean > 0.0, _poisson(mean, u), 0)
        if not bool((mean >= float(LARGEST)).any()):
            break
    times = count.flatten()
    shower = n.repeat_interleave(len(run)).repeat_interleave(times)
    return shower, run.repeat(len(n)).repeat_interleave(times)


def _poisson(mean: Tensor, u: Tensor) -> Tensor:
    """Poisson numbers by their distribution function."""
    term = power(-mean)
    total, count, k = term, torch.zeros(mean.shape, dtype=torch.int64), 0
    while True:
        going = (u >= total) & (count == k) & ((k < mean) | (term > 1e-9))
        if not bool(going.any()):
            return count
        count, k = count + going, k + 1
        term = term * (mean * float(np.float32(1.0) / np.float32(k)))
        total = total + term


def _inside(
    law: dict[str, Tensor],
    todo: dict[str, Tensor],
    n: Tensor,
    layer: Tensor,
    offset: tuple[Tensor, Tensor],
    bins: Tensor,
    wave: Tensor,
) -> _Found:
    """Points at an offset from the axis that are in the readout window."""
    y, x = todo["y"][n, layer] + offset[0], todo["x"][n, layer] + offset[1]
    inside = (y >= 0) & (y < law["rows"]) & (x >= 0) & (x < law["columns"])
    cell = (layer * law["rows"] + y) * law["columns"] + x
    alone = law["settings"][4].expand(len(n))
    return _Found(n, layer, cell, bins, wave, alone).where(inside)


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
    for child in range(MOST):
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
        wave = _wave(todo, (n[i], layer[i]), law["zone"][b], member[:, 4:])
        new = (layer[i] * rows + cy) * columns + cx
        born.append(_Found(n[i], layer[i], new, b, wave, together.expand(len(i))))
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


def _energies(
    law: dict[str, Tensor], todo: dict[str, Tensor], rates: _Rates, found: _Found
) -> Tensor:
    """Step 5."""
    bins = (found.n, found.layer, found.bin)
    z = rates.load[bins] * found.wave
    z = z + rates.rest[bins] * normal(_number(todo, found.n, RANK, found.cell))
    t = to_exponential(z) * found.alone - rates.height[bins]
    under = t < 0.0
    low = (1.0 + t / rates.height[bins]) * float(LAST)
    x = torch.where(under, low, root(t.clamp(min=0.0)) * float(TO_GRID)).clamp(0.0, float(END))
    k, table = x.long(), law["table"]
    first = k + torch.where(under, len(table) - GRID[0], rates.row[bins] * GRID[0])
    value = table[first] + (x - k.float()) * (table[first + 1] - table[first])
    return torch.where(under, value, law["settings"][0] + rates.mean[bins] * value)


def _calibrate(
    law: dict[str, Tensor], todo: dict[str, Tensor], found: _Found, energies: Tensor
) -> Tensor:
    """Step 6."""
    excess = (energies - law["settings"][0]).clamp(min=0.0)
    above, fixed = (torch.zeros(todo["y"].shape, dtype=torch.float64) for _ in range(2))
    above.index_put_((found.n, found.layer), excess.double(), accumulate=True)
    fixed.index_put_((found.n, found.layer), (energies - excess).double(), accumulate=True)
    factor = factors(above, fixed, todo["goal"])
    square = _squares(law, todo, found)
    tilt = tilts((found.n, found.layer), square, excess, energies, factor, todo["goal"], law)
    return energies + (factor[found.n, found.layer] * tilt - 1.0).float() * excess


def _squares(law: dict[str, Tensor], todo: dict[str, Tensor], found: _Found) -> Tensor:
    """Squared distances of hits from the axis in cells."""
    at, columns = (found.n, found.layer), law["columns"]
    inner = found.cell - found.layer * law["rows"] * columns
    middle = law["middle"][todo["phase"][at]]
    dy = (inner // columns - todo["y"][at]).float() - middle[:, 0]
    dx = (inner % columns - todo["x"][at]).float() - middle[:, 1]
    return dy * dy + dx * dx
