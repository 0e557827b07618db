"""Quantities in bins of another one, such as the resolution in bins of energy.

Notation: N showers, B bins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heitler.estimates import Estimate
from heitler.performance.intervals import Core, core90

__all__ = ["Curve", "curve", "edges_of", "energy_edges"]

Array = NDArray[np.float64]

_FEW = 20
_BINS = 9
_LEAST = 10


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A quantity in bins of another.

    Arguments:
        at: Mean of the other quantity in each bin, with shape (B,).
        value: The quantity, likewise.
        error: Its error, likewise.
        count: Number of showers in each bin, likewise.
    """

    at: Array
    value: Array
    error: Array
    count: NDArray[np.int64]

    def __len__(self) -> int:
        return self.at.size


def curve(
    at: ArrayLike,
    values: ArrayLike,
    quantity: Callable[[Core], Estimate],
    *,
    edges: ArrayLike | None = None,
    ends: bool = True,
) -> Curve:
    """What the core of the values is in bins of another quantity.

    Bins with fewer than ten showers are left out.

    Arguments:
        at: The other quantity with shape (N,).
        values: Values with shape (N,).
        quantity: What of a `Core` is wanted.
        edges: Edges of the bins, each closed below, the last one above as well; by default those
            of `edges_of`.
        ends: Whether the first and the last bin are kept. What is known at the ends of a range is
            on one side only, so that published curves of models leave them out.

    Raises:
        ValueError: The shapes differ, or no bin is left.
    """
    at, values = np.asarray(at, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if at.shape != values.shape or at.ndim != 1:
        msg = f"expected as many values as places with shape (N,), got {values.shape}, {at.shape}"
        raise ValueError(msg)
    limits = edges_of(at) if edges is None else np.asarray(edges, dtype=np.float64)
    place = np.searchsorted(limits, at, side="right") - 1
    place[at == limits[-1]] = len(limits) - 2
    bins = range(len(limits) - 1) if ends else range(1, len(limits) - 2)
    rows = []
    for index in bins:
        inside = place == index
        if inside.sum() >= _LEAST:
            found = quantity(core90(values[inside]))
            rows.append((at[inside].mean(), found.value, found.error, inside.sum()))
    if not rows:
        msg = f"no bin holds {_LEAST} showers: give fewer bins or more showers"
        raise ValueError(msg)
    place_, value, error, count = (np.array(column) for column in zip(*rows, strict=True))
    return Curve(place_, value, error, count)


def edges_of(at: ArrayLike) -> Array:
    """One bin per value where there are at most 20 different ones, else nine of equal content."""
    values = np.asarray(at, dtype=np.float64)
    few: Array = np.unique(values)
    if few.size <= _FEW:
        return np.append(few, np.nextafter(few[-1], np.inf))
    return np.asarray(np.quantile(values, np.linspace(0, 1, _BINS + 1)))


def energy_edges(energy: ArrayLike) -> Array:
    """One bin per energy where there are at most 20 different ones, else nine of equal ratio."""
    values = np.asarray(energy, dtype=np.float64)
    if np.unique(values).size <= _FEW:
        return edges_of(values)
    return np.asarray(np.geomspace(values.min(), values.max(), _BINS + 1))
