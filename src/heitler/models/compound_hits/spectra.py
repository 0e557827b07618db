r"""Energies of hits: universal tables of quantiles.

A hit above threshold has the energy

    E = E_thr + mu S(t),   t ~ exponential(1),

with the predicted mean mu of the excess and a table S for each class of zone and depth and each
bin of ln mu: an exponential law is S(t) = t. t is the same variate that says whether the hit stays
below the threshold (t < h), so that one number decides the whole energy.

Tables are fitted by value. Clusters, field and calibration change the law of t, but a table acts
on whatever t they leave: if generated values S(t) have the quantiles Q' and those of the data Q,

    S <- M(S),   M = Q o Q'^-1,

gives the data's law, whatever the law of t is.

Notation: T tables of G points, even in sqrt(t).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from heitler.kernels import GRID

__all__ = [
    "CLASSES",
    "MEANS",
    "class_of",
    "level_of",
    "mapped",
    "mean",
    "normal_scores",
    "quantiles",
    "rank_in",
]

MEANS = (-4.0, 8.0, 30)
"""Range of ln(mu / MeV) and the number of bins in it."""

_CORE_CLASSES, _DEPTHS = 15, 3
CLASSES = _CORE_CLASSES + 4 * _DEPTHS
"""15 depths of the axis' own cell, 3 depths of each other zone."""

_RICH = 100
"""Hits that a table is taken from at least, unless the whole class has fewer."""

_FAR = 10.0
"""Values up to this multiple of the last quantile are mapped with its ratio."""

_F64 = NDArray[np.float64]
_ROOT = np.linspace(0.0, GRID[1], GRID[0])


def class_of(layers: int) -> Tensor:
    """Class of layer and zone, (L, 5)."""
    layer = torch.arange(layers)
    core = layer * _CORE_CLASSES // layers
    depth = (layer >= layers // 4).long() + (layer >= layers * 3 // 5).long()
    rest = [_CORE_CLASSES + zone * _DEPTHS + depth for zone in range(4)]
    return torch.stack([core, *rest], dim=1)


def level_of(mean: Tensor) -> Tensor:
    """Bin of ln mu."""
    low, high, bins = MEANS
    return ((mean - low) / (high - low) * bins).long().clamp(0, bins - 1)


def quantiles(table: NDArray[np.int64], ratio: _F64, source: NDArray[np.int64] | None) -> _Tables:
    """Tables from hits.

    Arguments:
        table: Table (class and bin of the mean) of each hit, (H).
        ratio: (E - E_thr) / mu of each hit, (H).
        source: Table that each table is taken from, (T); None to take the nearest rich one of the
            same class.

    Returns:
        Quantiles (T, G), sources (T) and hits of the source of each table (T).
    """
    total, bins = CLASSES * MEANS[2], MEANS[2]
    counts = np.bincount(table, minlength=total)
    order = _by_table(table)
    ordered, starts = ratio[order], np.concatenate([[0], np.cumsum(counts)])
    if source is None:
        source = np.concatenate(
            [_nearest(counts[i : i + bins]) + i for i in range(0, total, bins)]
        )
    rank = -np.expm1(-(_ROOT**2))
    values = np.tile(_ROOT**2, (total, 1))
    for row in np.unique(source):
        inside = ordered[starts[row] : starts[row + 1]]
        if len(inside) >= 5:
            values[source == row] = np.quantile(inside, rank, method="hazen")
    return np.maximum(values, 1e-5), source, counts[source]


_Tables = tuple[_F64, NDArray[np.int64], NDArray[np.int64]]


def mapped(values: _F64, got: _F64, wanted: _F64, step: float) -> _F64:
    """Values a step (of 1) on the way to M(values), for the map M of quantiles `got` to `wanted`.

    M is linear between quantiles and from 0 to the first one; beyond the last it keeps its ratio.
    """
    places = np.concatenate([[0.0], got, got[-1:] * _FAR])
    rising = places + 1e-12 * np.arange(len(places))
    there = np.interp(values, rising, np.concatenate([[0.0], wanted, wanted[-1:] * _FAR]))
    return np.asarray(values + step * (there - values))


def mean(tables: _F64) -> _F64:
    """Means of tables over exponential variates, (T)."""
    return np.asarray(np.average(tables, axis=1, weights=_ROOT * np.exp(-(_ROOT**2))))


def rank_in(tables: _F64, table: NDArray[np.int64], ratio: _F64) -> _F64:
    """The t at which S(t) is the ratio of each hit, (H): the inverse of the tables."""
    t = np.empty(len(ratio))
    order = _by_table(table)
    edges = np.flatnonzero(np.diff(table[order], prepend=-1, append=-1))
    for start, stop in pairwise(edges):
        rows = order[start:stop]
        values = tables[table[rows[0]]]
        rising = values + 1e-9 * np.arange(len(values))
        t[rows] = np.interp(ratio[rows], rising, _ROOT) ** 2
    return t


def normal_scores(t: _F64) -> _F64:
    """Normal scores of exponential variates."""
    return np.asarray(-ndtri(np.exp(-np.maximum(t, 1e-6))))


def _by_table(table: NDArray[np.int64]) -> NDArray[np.intp]:
    """Order of the hits by table; short integers are sorted by digits, which is fast."""
    return np.argsort(table.astype(np.int16), kind="stable")


def _nearest(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    rich = np.flatnonzero(counts >= _RICH)
    if not len(rich):
        rich = np.array([counts.argmax()])
    places = np.arange(len(counts))
    near = np.abs(places[:, None] - rich[None, :]).argmin(axis=1)
    return np.asarray(rich[near])
