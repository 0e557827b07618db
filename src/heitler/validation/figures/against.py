"""Mean and width of an observable against incident energy or angle.

In each bin the mean of the showers with error s / sqrt(n), and half of their central 68 %
interval, of a quantity without sign relative to the mean. The error of the width is that of a
normal distribution, 1.2 times that of its standard deviation, w / sqrt(2 n).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from heitler.metrics.ratios import half_width
from heitler.observables import Observable
from heitler.validation.figures.distributions import bins_of
from heitler.validation.figures.figure import Array, Axis, Curve, Figure
from heitler.validation.sample import Sample

__all__ = [
    "ANGLE",
    "ENERGY",
    "LEAST_IN_BIN",
    "Variable",
    "against",
    "mean_against",
    "width_against",
]

LEAST_IN_BIN = 10
"""Showers in a bin below which it is left empty."""


class Variable:
    """What a shower starts from: its incident energy or the angle of incidence.

    Arguments:
        name: Part of the identifiers of figures.
        axis: Words for its axis.
        of: Its values for the showers of a sample.
    """

    def __init__(self, name: str, axis: Axis, of: Callable[[Sample], Array]) -> None:
        self.name, self.axis, self.of = name, axis, of


ENERGY = Variable("energy", Axis("incident energy", "GeV"), lambda sample: sample.energy / 1e3)
ANGLE = Variable(
    "angle", Axis("angle to the face", "degrees"), lambda sample: np.rad2deg(sample.theta)
)


def mean_against(
    variable: Variable, name: str, entry: Observable, samples: Sequence[Sample]
) -> Figure:
    """Mean of an observable with one number per shower, in bins of the variable.

    Arguments:
        variable: `ENERGY` or `ANGLE`.
        name: Identifier of the figure.
        entry: The observable.
        samples: The reference, then the candidates.
    """

    def mean(values: Array) -> tuple[float, float]:
        return float(values.mean()), float(values.std()) / values.size**0.5

    caption = f"Mean of {entry.label} against {variable.axis.label}"
    y = Axis(f"mean {entry.label}", entry.unit)
    return against(
        variable, (name, caption), y, _points(entry, mean), samples, differs=entry.signed
    )


def width_against(
    variable: Variable, name: str, entry: Observable, samples: Sequence[Sample]
) -> Figure:
    """Half of the central 68 % of an observable, relative to the mean where it has no sign.

    Arguments:
        variable: `ENERGY` or `ANGLE`.
        name: Identifier of the figure.
        entry: The observable.
        samples: The reference, then the candidates.
    """

    def width(values: Array) -> tuple[float, float]:
        scale = 1.0 if entry.signed else float(values.mean())
        if scale == 0.0:
            return np.nan, np.nan
        wide = float(half_width(values)) / scale
        return wide, 1.2 * wide / (2 * values.size) ** 0.5

    relative = "" if entry.signed else ", relative to the mean"
    caption = f"Width (half of the central 68 %) of {entry.label}{relative}, against "
    y = Axis(
        "width (central 68 %)" if entry.signed else "width / mean (central 68 %)",
        entry.unit if entry.signed else "",
    )
    caption += variable.axis.label
    return against(variable, (name, caption), y, _points(entry, width), samples)


def against(
    variable: Variable,
    text: tuple[str, str],
    y: Axis,
    curve_of: Callable[[Sample, Array, Array], Curve],
    samples: Sequence[Sample],
    *,
    differs: bool = False,
) -> Figure:
    """A quantity in bins of energy or angle, those of the reference.

    Arguments:
        variable: `ENERGY` or `ANGLE`.
        text: Identifier of the figure, and its caption.
        y: Words for the quantity.
        curve_of: The quantity's curve of a sample, of which the variable is given, in bins of
            which the edges are.
        samples: The reference, then the candidates.
        differs: Whether candidates are compared by differences instead of ratios.
    """
    edges = bins_of(variable.of(samples[0]))
    log = bool(edges[0] > 0 and edges[-1] > 30 * edges[0])
    reference, *candidates = (curve_of(sample, variable.of(sample), edges) for sample in samples)
    name, caption = text
    return Figure(
        name=name,
        title=f"{y.label.split(' (')[0]} against {variable.axis.label}",
        caption=caption,
        x=Axis(variable.axis.label, variable.axis.unit, log=log),
        y=y,
        edges=edges,
        reference=reference,
        candidates=tuple(candidates),
        kind="points",
        below="difference" if differs else "ratio",
    )


def _points(
    entry: Observable, of: Callable[[Array], tuple[float, float]]
) -> Callable[[Sample, Array, Array], Curve]:
    """Curves of a quantity of an observable's values in a bin."""

    def points(sample: Sample, at: Array, edges: Array) -> Curve:
        values = sample.values[entry.name]
        found = []
        for low, high in pairwise(edges):
            inside = values[(at >= low) & (at < high)]
            found.append(of(inside) if inside.size >= LEAST_IN_BIN else (np.nan, np.nan))
        means, errors = np.array(found).T
        return Curve(sample.name, means, errors)

    return points
