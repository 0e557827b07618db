"""Correlations between observables and between the components of one.

Pearson's coefficient over showers, 0 where a quantity does not vary, 1 on the diagonal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heitler.observables import OBSERVABLES, Observable
from heitler.validation.figures.figure import Array, Axis, Grid, Matrix
from heitler.validation.sample import Sample

__all__ = ["between_components", "between_observables", "correlation"]


def between_components(entry: Observable, samples: Sequence[Sample]) -> Matrix:
    """Correlations between layers (rings) of an observable.

    Arguments:
        entry: An observable with values (N, k).
        samples: The reference, then the candidates.
    """
    reference, *candidates = (
        Grid(sample.name, correlation(sample.values[entry.name])) for sample in samples
    )
    axis = entry.axis or ""
    return Matrix(
        name=f"{entry.name}-correlation",
        title=f"correlation between {axis}s",
        caption=f"Correlation of {entry.label} between {axis}s, all energies",
        axis=Axis(axis),
        labels=(),
        reference=reference,
        candidates=tuple(candidates),
    )


def between_observables(samples: Sequence[Sample]) -> Matrix:
    """Correlations between all observables that have one number per shower.

    Arguments:
        samples: The reference, then the candidates.
    """
    entries = [entry for entry in OBSERVABLES.values() if entry.axis is None]
    reference, *candidates = (
        Grid(
            sample.name,
            correlation(np.column_stack([sample.values[entry.name] for entry in entries])),
        )
        for sample in samples
    )
    return Matrix(
        name="correlation",
        title="correlation between observables",
        caption="Correlation between the observables of a shower, all energies",
        axis=Axis("observable"),
        labels=tuple(entry.label for entry in entries),
        reference=reference,
        candidates=tuple(candidates),
    )


def correlation(values: Array) -> Array:
    """Pearson's coefficients of the columns.

    Arguments:
        values: With shape (N, k).

    Returns:
        Matrix with shape (k, k).
    """
    centred = values - values.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    # Rounding makes the spread of equal values a little more than 0.
    held = spread > 1e-9 * np.abs(values).max(axis=0, initial=0.0)
    scaled = np.where(held, centred / np.where(held, spread, 1.0), 0.0)
    matrix = np.clip(scaled.T @ scaled, -1.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    return np.asarray(matrix)
