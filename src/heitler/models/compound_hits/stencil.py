r"""Cells as a shower sees them: offsets from its axis, gathered into bins that share their law.

Where the axis crosses layer l, in units of cells,

    a_l = (p - c_0 + s z_l) / pitch,     i_l = floor(a_l + 1/2),     phi_l = a_l - i_l,

with the point p at which the axis crosses the depth of the first layer, its slopes s and the
centre c_0 of the first cell. A cell (y, x) of layer l has the offset d = (y, x) - i_l, an integer
vector, and the position u = d - phi_l about the axis. Phases phi_l are told apart in a few steps
(one where the axis always crosses at the same place of a cell).

Offsets with the same law form a bin. Near the axis an offset (and phase) is a bin of its own,
folded by the mirror symmetries that the phases leave; farther out it is so for all phases
together; far out bins are rings, in six sectors unless there is one phase. Within a bin cells
differ by a fixed weight w, whose mean is one.

Notation: N showers, L layers, B bins, P phases, M members (offsets of a phase).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, log

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["HARMONICS", "ZONES", "Aim", "Stencil"]

ZONES = (0.5, 1.5, 3.5, 7.0)
"""Radii in cells that part the zones 0 (the axis' own cell) to 4."""

HARMONICS = 4
"""cos t, sin t, cos 2t and sin 2t of a member's azimuth t."""

_NEAR, _MID, _GROWTH = 2.3, 7.0, 1.08
_SECTORS = 6
"""Sectors of half a ring: a tilted shower is longer where it leans to, and that with its angle."""

_OFF_CENTRE = 0.05
"""How far from its place, in cells, an axis may cross that has one phase."""

_NEAR_ZONE = 3
"""Cells up to this zone are near: sampled one by one."""

_PRIOR = 30.0
"""Expected hits that a weight is drawn towards one with."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the axes of N showers cross the layers.

    Arguments:
        y: Row of the crossed cell, (N, L) int64; may lie outside of the grid.
        x: Column of the crossed cell, likewise.
        phase: Index of the phase, (N, L) int64.
    """

    y: Tensor
    x: Tensor
    phase: Tensor

    def __getitem__(self, index: slice | Tensor) -> Aim:
        return Aim(self.y[index], self.x[index], self.phase[index])


class Stencil(nn.Module):
    """Offsets, bins, weights.

    Arguments:
        centres: Centres of the cells in mm, layer by layer, row by row, with shape (cells, 3).
        layers: L.
        phases: Phases told apart along y and x.
        crossing: Where the axis crosses a cell that has one phase, in units of cells from its
            centre along y and x.

    Attributes:
        known: Index of the crossing of each phase, row and column (`exposures`), -1 where none is.

    Raises:
        ValueError: The cells do not form a regular grid of rows and columns.
    """

    def __init__(
        self,
        centres: Tensor,
        layers: int,
        phases: tuple[int, int],
        crossing: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        super().__init__()
        if min(phases) < 1:
            msg = f"phases are at least one along y and x, got {phases}"
            raise ValueError(msg)
        if max(abs(a) for a in crossing) > 0.5:
            msg = f"an axis crosses its cell at -0.5 to 0.5 along y and x, got {crossing}"
            raise ValueError(msg)
        self.layers, self.phases, self.crossing = layers, phases, crossing
        self.rows, self.columns, self.origin, self.pitch = _grid(centres, layers)
        self.depth = centres[:: self.rows * self.columns, 2].double()
        self.depth = self.depth - self.depth[0]
        self.reach = (self.rows + self.rows // 3, self.columns + self.columns // 3)
        self._span = 9 * self.reach[0] * self.reach[1]
        self._forget()
        offsets = _offsets(*self.reach)
        positions = [offsets - torch.tensor(p) for p in self.middles]
        keys = [self._keys(offsets, u, p) for p, u in enumerate(positions)]
        distinct = sorted(set().union(*(k for k in keys)))
        number = {key: i for i, key in enumerate(distinct)}
        bins = torch.stack([torch.tensor([number[key] for key in k]) for k in keys])
        zone = torch.stack([_zone(offsets, u) for u in positions]).clamp(max=_NEAR_ZONE + 1)
        order = torch.argsort(bins + len(distinct) * zone, dim=1, stable=True)
        counts = [(zone == q).sum(1) for q in range(_NEAR_ZONE + 1)]
        self.near_zones = torch.stack([torch.zeros_like(counts[0]), *counts], 1).cumsum(1)
        self.near = int(self.near_zones[:, -1].max())
        self.count = len(distinct)
        member = {
            "bin": torch.gather(bins, 1, order),
            "dy": offsets[:, 0].long()[order],
            "dx": offsets[:, 1].long()[order],
        }
        u = torch.gather(torch.stack(positions), 1, order[:, :, None].expand(-1, -1, 2))
        self._describe(member, u)
        self.member_bin: Tensor
        self.member_dy: Tensor
        self.member_dx: Tensor
        self.member_trig: Tensor
        self.member_square: Tensor
        self.weight: Tensor
        self.register_load_state_dict_post_hook(  # type: ignore[no-untyped-call]
            lambda module, _: module._forget()
        )
        self.place: Tensor
        self.zone: Tensor
        self.radius: Tensor

    def _describe(self, member: dict[str, Tensor], u: Tensor) -> None:
        """Buffers of members and bins: members (P, M) at the positions u (P, M, 2)."""
        azimuth = torch.atan2(u[..., 0], u[..., 1])
        radius = u.norm(dim=-1)
        core = (member["dy"] == 0) & (member["dx"] == 0)
        azimuth[core] = 0.0
        trig = torch.stack([f(n * azimuth) for n in (1, 2) for f in (torch.cos, torch.sin)], -1)
        for name, values in member.items():
            self.register_buffer(f"member_{name}", values, persistent=False)
        self.register_buffer("member_trig", trig.float(), persistent=False)
        self.register_buffer("member_square", (u * u).sum(-1), persistent=False)
        self.register_buffer("weight", torch.ones(radius.shape, dtype=torch.float32))
        place = torch.zeros(len(u), *(2 * n - 1 for n in self.reach), dtype=torch.long)
        for p in range(len(u)):
            cell = tuple(
                member[k][p] + n - 1 for k, n in zip(("dy", "dx"), self.reach, strict=True)
            )
            place[p][cell] = torch.arange(u.shape[1])
        self.register_buffer("place", place, persistent=False)
        zones = torch.zeros(self.count, dtype=torch.long)
        mean = torch.zeros(self.count, dtype=torch.float64)
        for p in range(len(u)):
            d = torch.stack([member["dy"][p], member["dx"][p]], 1)
            zones[member["bin"][p]] = _zone(d, u[p])
            mean[member["bin"][p]] = radius[p].double()
        self.register_buffer("zone", zones, persistent=False)
        self.register_buffer("radius", mean, persistent=False)

    @property
    def symmetric(self) -> bool:
        """Whether rows and columns may be exchanged and mirrored: eight members look alike."""
        return self.phases == (1, 1) and self.crossing == (0.0, 0.0)

    def check(self, axis: Tensor) -> None:
        """Refuses axes that cross cells elsewhere than at the phases.

        Arguments:
            axis: As for `aim`.

        Raises:
            ValueError: Says how far off an axis is, and what to do.
        """
        place = (self._crossings(axis) - self.origin) / self.pitch
        place = place - torch.floor(place + 0.5)
        middle = torch.tensor(self.middles).flip(1)[self.aim(axis).phase]
        off = (place - middle).abs().amax((0, 1))
        allowed = 0.5 / torch.tensor(self.phases[::-1]) + 1e-6
        single = torch.tensor(self.phases[::-1]) == 1
        if bool((off > torch.where(single, _OFF_CENTRE, allowed)).any()):
            x, y = place.mean((0, 1)).tolist()
            msg = (
                f"axes cross cells up to {float(off.max()):.2f} of a cell from where the model "
                f"expects it: give it crossing [{y:.2f}, {x:.2f}] (y, x) if all cross them there, "
                f"and else more phases along y and x than {self.phases}"
            )
            raise ValueError(msg)

    def aim(self, axis: Tensor) -> Aim:
        """Crossings of the layers.

        Arguments:
            axis: x, y in mm at the depth of the first layer and slopes dx/dz, dy/dz, with shape
                (N, 4).
        """
        place = (self._crossings(axis) - self.origin) / self.pitch
        index = torch.floor(place + 0.5)
        step = torch.tensor(self.phases[::-1])
        phase = ((place - index + 0.5) * step).long().clamp(min=0).minimum(step - 1)
        column, row = index.long().unbind(-1)
        # An axis that has left the grid by more than a third of it shines into it no more.
        row = row.clamp(self.rows - self.reach[0], self.reach[0] - 1)
        column = column.clamp(self.columns - self.reach[1], self.reach[1] - 1)
        return Aim(row, column, phase[..., 1] * self.phases[1] + phase[..., 0])

    def _crossings(self, axis: Tensor) -> Tensor:
        """Points (x, y) in mm where axes cross the layers, (N, L, 2)."""
        return axis[:, None, :2].double() + axis[:, None, 2:].double() * self.depth[:, None]

    def members(self, aim: Aim, shower: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Layer and member index of hits.

        Arguments:
            aim: Crossings of N showers.
            shower: Shower of each hit, (H,).
            cell: Flat cell index of each hit, (H,).
        """
        per_layer = self.rows * self.columns
        layer, inside = cell // per_layer, cell % per_layer
        dy = inside // self.columns - aim.y[shower, layer] + self.reach[0] - 1
        dx = inside % self.columns - aim.x[shower, layer] + self.reach[1] - 1
        phase = aim.phase[shower, layer]
        return layer, self.place[phase, dy, dx]

    def exposures(self, aim: Aim) -> tuple[Tensor, Tensor]:
        """What of each bin lies inside the readout window.

        Returns:
            Index of the crossing of each shower and layer, (N, L), and for each crossing the sums
            over a bin's cells inside of w, w psi and w psi^2, with the `HARMONICS` psi:
            (crossings, B, 1 + 2 x HARMONICS). Crossings are remembered from call to call.
        """
        code = aim.phase * self._span + (aim.y + self.reach[0]) * 3 * self.reach[1]
        code = code + aim.x + self.reach[1]
        index = torch.from_numpy(self.known)[code]
        if bool((index < 0).any()):
            for value in torch.unique(code[index < 0]).tolist():
                phase, rest = divmod(value, self._span)
                y, x = divmod(rest, 3 * self.reach[1])
                self.known[value] = len(self._sums)
                self._sums.append(self._sum(phase, y - self.reach[0], x - self.reach[1]))
            self._stacked = torch.stack(self._sums)
            self.window = self._stacked[..., 0].contiguous()
            index = torch.from_numpy(self.known)[code]
        return index, self._stacked

    def _forget(self) -> None:
        """Forgets crossings: the weights have changed."""
        self.known: NDArray[np.int64] = np.full(self.phases[0] * self.phases[1] * self._span, -1)
        self._sums: list[Tensor] = []
        self._stacked = torch.zeros(0, 0, 1 + 2 * HARMONICS)
        self.window = torch.zeros(0, 0)

    def _inside(self, p: int, y: int, x: int) -> Tensor:
        """Which members of a phase are in the readout window."""
        row, column = self.member_dy[p] + y, self.member_dx[p] + x
        return (row >= 0) & (row < self.rows) & (column >= 0) & (column < self.columns)

    def _sum(self, p: int, y: int, x: int) -> Tensor:
        inside = self._inside(p, y, x)
        psi, w = self.member_trig[p][inside], self.weight[p][inside][:, None]
        total = torch.zeros(self.count, 1 + 2 * HARMONICS)
        columns = torch.cat([w, w * psi, w * psi * psi], 1)
        return total.index_add_(0, self.member_bin[p][inside], columns)

    @torch.no_grad()
    def weigh(self, aim: Aim, shower: Tensor, cell: Tensor) -> None:
        """Takes the weights within bins from hits: their share over all layers and showers."""
        layer, member = self.members(aim, shower, cell)
        phase = aim.phase[shower, layer]
        count = self.weight.shape[1]
        hits = torch.bincount(phase * count + member, minlength=self.weight.numel())
        hits = hits.view(self.weight.shape).double()
        seen = torch.zeros_like(hits)
        spans = torch.stack([aim.phase, aim.y, aim.x], -1).reshape(-1, 3)
        distinct, often = torch.unique(spans, dim=0, return_counts=True)
        for (p, y, x), n in zip(distinct.tolist(), often.tolist(), strict=True):
            seen[p][self._inside(p, y, x)] += n
        if self.symmetric:
            hits, seen = self._fold(hits), self._fold(seen)
        flat = self.member_bin.flatten()
        totals = [torch.zeros(self.count, dtype=torch.float64) for _ in range(2)]
        for total, values in zip(totals, (hits, seen), strict=True):
            total.index_add_(0, flat, values.flatten())
        rate = (totals[0] / totals[1].clamp(min=1.0))[self.member_bin]
        self.weight.copy_((hits + _PRIOR) / (seen * rate + _PRIOR))
        self._forget()

    def _fold(self, values: Tensor) -> Tensor:
        """Means over the eight images of each offset; (1, M)."""
        a, b = self.member_dy[0].abs(), self.member_dx[0].abs()
        key = torch.maximum(a, b) * 10_000 + torch.minimum(a, b)
        _, index = torch.unique(key, return_inverse=True)
        total = torch.zeros(int(index.max()) + 1, dtype=torch.float64)
        total.index_add_(0, index, values[0])
        return (total / torch.bincount(index))[index][None]

    @cached_property
    def runs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Runs of far members of one bin: their bin, first member and number, each (P, runs).

        Phases with fewer runs than others end with empty ones.
        """
        rows = []
        for phase, bins in enumerate(self.member_bin.numpy()):
            near = int(self.near_zones[phase, -1])
            start = np.flatnonzero(np.diff(bins[near:], prepend=-1)) + near
            rows.append(np.stack([bins[start], start, np.diff(start, append=len(bins))]))
        most = max(row.shape[1] for row in rows)
        padded = np.stack([np.pad(row, ((0, 0), (0, most - row.shape[1]))) for row in rows], 1)
        return padded[0], padded[1], padded[2]

    @property
    def middles(self) -> list[list[float]]:
        """Where the axis crosses its cell in each phase, in cells along y and x."""
        steps = [
            [(i + 0.5) / n - 0.5 for i in range(n)] if n > 1 else [place]
            for n, place in zip(self.phases, self.crossing, strict=True)
        ]
        return [[y, x] for y in steps[0] for x in steps[1]]

    def _keys(self, offsets: Tensor, u: Tensor, phase: int) -> list[tuple[int, ...]]:
        """What the members of a bin have in common."""
        single = [bool(n == 1) for n in self.phases]
        folded = [
            n == 1 and place == 0 for n, place in zip(self.phases, self.crossing, strict=True)
        ]
        d = offsets.long().numpy()
        d = np.where(np.array(folded), np.abs(d), d)
        if all(single) and self.crossing[0] == self.crossing[1]:
            d = np.sort(d, axis=1)
        radius = u.norm(dim=1).numpy()
        sector = np.zeros(len(d), dtype=int)
        if not all(single):
            azimuth = np.arctan2(np.abs(u[:, 1].numpy()), u[:, 0].numpy())
            sector = np.minimum(azimuth / np.pi * _SECTORS, _SECTORS - 1).astype(int)
        rings = np.floor(np.log(np.maximum(radius, _MID) / _MID) / log(_GROWTH)).astype(int)
        last = ceil(log(max(self.rows, self.columns) / _MID) / log(_GROWTH))
        rings = np.minimum(rings, max(last, 0))
        keys: list[tuple[int, ...]] = []
        for (y, x), r, ring, s in zip(d.tolist(), radius, rings, sector, strict=True):
            near = float(np.hypot(y, x)) <= _NEAR
            if near:
                keys.append((0, y, x, phase))
            elif r <= _MID:
                keys.append((1, y, x, 0))
            else:
                keys.append((2, int(ring), int(s), 0))
        return keys


def _zone(offsets: Tensor, u: Tensor) -> Tensor:
    """Zone of offsets at the positions u; the axis' own cell is zone 0, and no other."""
    radius = u.norm(dim=1)
    zone = torch.bucketize(radius, torch.tensor(ZONES, dtype=radius.dtype), right=True)
    own = (offsets == 0).all(1)
    return torch.where(own, 0, zone.clamp(min=1))


def _grid(centres: Tensor, layers: int) -> tuple[int, int, Tensor, Tensor]:
    """Rows, columns, centre of the first cell (x, y) and pitch (x, y) in mm."""
    per_layer = len(centres) // layers
    first = centres[:per_layer].double()
    y, x = torch.unique(first[:, 1]), torch.unique(first[:, 0])
    rows, columns = len(y), len(x)
    square = torch.cartesian_prod(y, x).flip(1) if rows * columns == per_layer else None
    same = centres[:, :2].double().view(layers, -1, 2) if len(centres) % layers == 0 else None
    regular = (
        square is not None
        and same is not None
        and min(rows, columns) > 1
        and torch.allclose(same, square.expand_as(same), atol=1e-3)
        and torch.allclose(y.diff(), y.diff()[:1], atol=1e-3)
        and torch.allclose(x.diff(), x.diff()[:1], atol=1e-3)
    )
    if not regular:
        msg = "compound hits need layers of equal, regular grids of cells (a voxel grid)"
        raise ValueError(msg)
    return rows, columns, torch.stack([x[0], y[0]]), torch.stack([x[1] - x[0], y[1] - y[0]])


def _offsets(rows: int, columns: int) -> Tensor:
    return torch.cartesian_prod(
        torch.arange(1 - rows, rows, dtype=torch.float64),
        torch.arange(1 - columns, columns, dtype=torch.float64),
    )
