"""A fitted model as the arrays that the kernels take."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from heitler.kernels import LANES, RUN, Law, Recipe
from heitler.models.compound_hits import clusters, spectra
from heitler.models.compound_hits.stencil import Stencil

if TYPE_CHECKING:
    from heitler.models.compound_hits.model import CompoundHits

__all__ = [
    "HEIGHT",
    "MEAN",
    "OVERDRAW",
    "RATE",
    "law_of",
    "near_runs",
    "real",
    "recipe_of",
    "whole",
    "window_of",
]

RATE, MEAN, HEIGHT = (-14.0, 4.0), (-6.0, 8.0), (-14.0, 2.0)
"""Ranges of ln lambda, ln(mu / MeV) and ln h."""

OVERDRAW = 0.06
"""eps: points beyond the rate, so that damping can add as well as take."""


def recipe_of(model: CompoundHits, told: list[int], axis: int) -> Recipe:
    """What the prescription needs beside conditions and random numbers.

    Arguments:
        model: The model.
        told: Columns of conditions that its networks see.
        axis: First of the columns that say where the axis is.
    """
    s, flow = model.stencil, model.flow
    networks = [*flow.networks, flow.affine]
    parts = [_layers(network) for network in networks]
    parts.append([*_layers(model.network), *_layers(model.cells.coefficients)])
    parts += [[real(nn.functional.pad(factor, (0, 1)))] for factor in model.factors]
    return Recipe(
        layers=tuple(layer for part in parts for layer in part),
        first=np.cumsum([0, *(len(part) for part in parts)]),
        told=np.array(told, np.int64),
        axis=axis,
        kept=_indices([kept for kept, _ in flow.parts]),
        changed=_indices([changed for _, changed in flow.parts]),
        spline=real(flow.spline),
        edges=real(model.edges),
        centre=model.centre.numpy(),
        scale=model.scale.numpy(),
        wobble=float(model.get_buffer("wobble")),
        origin=s.origin.numpy(),
        pitch=s.pitch.numpy(),
        depth=s.depth.numpy(),
        phases=np.array(s.phases[::-1]),
        reach=np.array(s.reach[::-1]),
        cells=np.array([s.columns, s.rows]),
    )


def law_of(model: CompoundHits) -> Law:
    """What the sampler needs beside the prescription."""
    s, layers = model.stencil, model.stencil.layers
    variance = model.get_buffer("variance")
    weight = s.weight.double().numpy()
    parts = [s.member_dy, s.member_dx, s.weight, s.member_bin]
    run_bin, run_start, run_count = s.runs
    near_bin, near_start = near_runs(s)
    # Members beyond the near ones of their phase are none.
    is_near = np.arange(s.near) < s.near_zones[:, 4:].numpy()
    run_most = [
        [weight[phase, i : i + n].max(initial=0.0) for i, n in zip(*row, strict=True)]
        for phase, row in enumerate(zip(run_start, run_count, strict=True))
    ]
    bias = model.cells.bias.detach().view(layers, 3, s.count).clone()
    bias[:, 0] += model.tune
    bias[:, 1:] += model.get_buffer("lift").log().transpose(0, 1)
    basis = model.cells.basis.detach()
    basis = basis.view(*basis.shape[:2], 3, -1)
    kappa = model.get_buffer("kappa").numpy()
    dy, dx = clusters.displacements(kappa)
    gamma, together, single = model.get_buffer("settings").tolist()
    depth = (np.arange(layers) - 0.4 * layers) / (0.33 * layers)
    turn = float(model.get_buffer("turn"))
    settings = [model.threshold, OVERDRAW, gamma, together, single, *spectra.MEANS, turn]

    return Law(
        rows=s.rows,
        columns=s.columns,
        near=s.near,
        near_zones=whole(s.near_zones),
        dy=whole(s.member_dy[:, : s.near]),
        dx=whole(s.member_dx[:, : s.near]),
        bin=whole(s.member_bin[:, : s.near]),
        weight=real(np.pad(weight[:, : s.near] * is_near, ((0, 0), (0, RUN)))),
        near_bin=whole(near_bin),
        near_start=whole(near_start),
        trig=real(s.member_trig[:, : s.near].transpose(1, 2)),
        record=real(torch.cat([*(a[..., None] for a in parts), s.member_trig], -1)),
        run_bin=whole(run_bin),
        run_start=whole(run_start),
        run_count=real(run_count),
        run_most=real(run_most),
        place=whole(s.place).astype(np.int16),
        there=np.stack([b[m] for b, m in zip(s.member_bin, s.place, strict=True)]).astype(
            np.int16
        ),
        window=window_of(s),
        zone=whole(s.zone),
        own=whole((s.zone == 0).nonzero()[:, 0]),
        bias=_filled(bias).reshape(layers, -1),
        basis=_filled(basis).reshape(layers, basis.shape[1], -1),
        share=_filled(model.get_buffer("share")),
        variance=_filled(variance[:, s.zone]),
        table=real(torch.cat([model.get_buffer(k).flatten() for k in ("table", "below")])),
        spread=real(model.get_buffer("spread")),
        table_of=whole(_filled(spectra.class_of(layers)[:, s.zone] * spectra.MEANS[2])),
        child_dy=whole(dy).astype(np.int8),
        child_dx=whole(dx).astype(np.int8),
        child_number=real(clusters.children(kappa, model.get_buffer("fertility"))),
        middle=real(s.middles),
        settings=real(settings),
        ranges=real([RATE, MEAN, HEIGHT]),
        depth=real(np.stack([depth**0, depth, depth**2])),
    )


def window_of(stencil: Stencil) -> NDArray[np.float32]:
    """`Law.window`: grows when an axis crosses at new places."""
    return _filled(stencil.window)


def near_runs(stencil: Stencil) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Runs of at most `RUN` near members of one bin: their bin and first member, (P, runs).

    Phases with fewer runs than others end with some behind all near members.
    """
    rows = []
    for bins in stencil.member_bin[:, : stencil.near].numpy():
        edges = [*np.flatnonzero(np.diff(bins, prepend=-1)), len(bins)]
        start = np.concatenate([np.arange(a, b, RUN) for a, b in pairwise(edges)])
        rows.append((bins[start], start))
    most = max(len(start) for _, start in rows)
    first = [np.pad(a, (0, most - len(a)), constant_values=stencil.near) for _, a in rows]
    return np.stack([np.pad(b, (0, most - len(b))) for b, _ in rows]), np.stack(first)


def _filled(values: Tensor) -> NDArray[np.float32]:
    """Values of bins with bins at the end that no cell is in, in whole vectors."""
    more = -values.shape[-1] % LANES
    return real(nn.functional.pad(values, (0, more)))


def _layers(network: nn.Module) -> list[NDArray[np.float32]]:
    """Weights and bias of the linear layers of a network."""
    return [
        real(torch.cat([layer.weight.detach(), layer.bias.detach()[:, None]], 1))
        for layer in network.modules()
        if isinstance(layer, nn.Linear)
    ]


def _indices(rows: list[Tensor]) -> NDArray[np.int64]:
    """Rows of indices, filled up with -1."""
    width = max(len(row) for row in rows)
    return np.array([[*row.tolist(), *[-1] * (width - len(row))] for row in rows])


def whole(values: ArrayLike) -> NDArray[np.int32]:
    """A contiguous array of int32."""
    return np.ascontiguousarray(np.asarray(values), dtype=np.int32)


def real(values: ArrayLike) -> NDArray[np.float32]:
    """A contiguous array of float32."""
    return np.ascontiguousarray(np.asarray(values), dtype=np.float32)
