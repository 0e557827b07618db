"""Distributions, mean profiles and spectra of observables, in the bins that a reader can judge.

Values come as one array per sample, the reference first, with shape (N,) for one number per shower
or (N, k) for components (layers, rings, bins of a spectrum).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from heitler.detectors import Detector
from heitler.observables import SPECTRUM_AXIS, Observable
from heitler.validation.figures.figure import Array, Axis, Curve, Figure, Mark

__all__ = ["Samples", "distribution", "profile", "value_axis"]

Samples = Sequence[tuple[str, Array]]
"""Names and values of the samples, the reference first."""

_SHOWN = (0.001, 0.999)
"""Quantiles between which a distribution is shown; what is beyond is told in numbers."""


def distribution(
    name: str, title: str, caption: str, entry: Observable, samples: Samples
) -> Figure:
    """Fractions of showers in bins of one number per shower.

    Arguments:
        name: Identifier of the figure.
        title: What is shown, in a few words.
        caption: The same in a sentence.
        entry: The observable, for its label.
        samples: Values with shape (N,).
    """
    every = [values for _, values in samples]
    log = entry.log and entry.axis is None and all((values > 0).all() for values in every)
    edges = 10 ** _edges([np.log10(values) for values in every]) if log else _edges(every)
    reference, *candidates = (
        Curve.of_counts(sample, np.histogram(values, edges)[0].astype(float), len(values))
        for sample, values in samples
    )
    x = value_axis(entry)
    return Figure(
        name=name,
        title=title,
        caption=caption,
        x=Axis(x.label, x.unit, log=log),
        y=Axis("fraction of showers"),
        edges=edges,
        reference=reference,
        candidates=tuple(candidates),
    )


def profile(
    name: str, title: str, caption: str, entry: Observable, samples: Samples, detector: Detector
) -> Figure:
    """Mean over showers of every component, with its error.

    Arguments:
        name: Identifier of the figure.
        title: What is shown, in a few words.
        caption: The same in a sentence.
        entry: The observable.
        samples: Values with shape (N, k).
        detector: The detector, whose rings or spectrum's bins they may be.
    """
    spectrum = entry.axis == SPECTRUM_AXIS
    edges = _component_edges(entry, detector, samples[0][1].shape[1])
    kept = _filled(samples) if spectrum else slice(None)
    edges = edges[kept.start : kept.stop + 1] if spectrum else edges
    reference, *candidates = (_means(sample, values[:, kept]) for sample, values in samples)
    return Figure(
        name=name,
        title=title,
        caption=caption,
        x=_component_axis(entry),
        y=Axis("mean per shower", entry.unit, log=entry.log),
        edges=edges,
        reference=reference,
        candidates=tuple(candidates),
        kind="line" if entry.signed else "area",
        below="difference" if entry.signed else "ratio",
        marks=_marks(entry, detector) if spectrum else (),
    )


def value_axis(entry: Observable) -> Axis:
    """The axis of an observable's values."""
    return Axis(entry.label, entry.unit)


def _edges(every: Iterable[Array]) -> Array:
    """Bins that show 99.8 % of every sample; whole numbers get bins of whole width."""
    every = list(every)
    smallest = min(len(values) for values in every)
    bins = int(np.clip(3 * smallest ** (1 / 3), 12, 50))
    quantiles = [np.quantile(values, _SHOWN) for values in every]
    low, high = float(min(q[0] for q in quantiles)), float(max(q[1] for q in quantiles))
    if low == high:
        return np.linspace(low - 0.5, high + 0.5, 4)
    if np.all(every[0] == np.round(every[0])):
        width = max(1.0, float(np.ceil((high - low + 1) / bins)))
        return np.arange(low - 0.5, high + 0.5 + width, width)
    return np.linspace(low, high, bins + 1)


def _means(name: str, values: Array) -> Curve:
    return Curve(name, values.mean(axis=0), values.std(axis=0) / len(values) ** 0.5)


def _filled(samples: Samples) -> slice:
    """The bins of a spectrum from the first to the last with an entry in any sample."""
    filled = np.flatnonzero(sum(values.sum(axis=0) for _, values in samples))
    return slice(int(filled[0]), int(filled[-1]) + 1) if filled.size else slice(0, 1)


def _component_edges(entry: Observable, detector: Detector, count: int) -> Array:
    """Edges of the components in units of the axis; an open last one is as wide as its neighbour.

    Components without edges are numbered.
    """
    if entry.bins is None:
        return np.arange(count + 1, dtype=np.float64) - 0.5
    edges = entry.bins.edges(detector).numpy() / entry.bins.unit(detector)
    if np.isinf(edges[-1]):
        edges[-1] = 2 * edges[-2] - edges[-3] if len(edges) > 2 else 1.0
    return np.asarray(edges, dtype=np.float64)


def _component_axis(entry: Observable) -> Axis:
    if entry.bins is None:
        return Axis(entry.axis or "")
    return Axis(entry.bins.label, log=entry.bins.log)


def _marks(entry: Observable, detector: Detector) -> tuple[Mark, ...]:
    """Hit threshold and MIP, in units of the axis of a spectrum."""
    unit = 1.0 if entry.bins is None else entry.bins.unit(detector)
    places = {"hit threshold": detector.hit_threshold, "MIP": detector.mip}
    return tuple(Mark(name, at / unit) for name, at in places.items() if at is not None)


def bins_of(variable: Array, count: int = 9) -> Array:
    """Bins of equally many showers; about each value where there are few (a beam).

    Arguments:
        variable: Incident energy or angle of each shower of the reference, with shape (N,).
        count: Number of bins.
    """
    few = np.unique(variable)
    if few.size == 1:
        return np.array([few[0] - 0.5, few[0] + 0.5])
    if few.size <= 2 * count:
        middle = [(low + high) / 2 for low, high in pairwise(few)]
        return np.array([2 * few[0] - middle[0], *middle, 2 * few[-1] - middle[-1]])
    edges = np.unique(np.quantile(variable, np.linspace(0, 1, count + 1)))
    edges[-1] = np.nextafter(edges[-1], np.inf)
    return np.asarray(edges)
