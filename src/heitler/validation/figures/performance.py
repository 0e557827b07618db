"""Linearity and resolution of each sample, as `heitler.performance` defines them.

Notation: E is the incident energy, E_vis the visible energy in which each layer is weighted by its
absorber; of the response E_vis / E in a bin, mu_90 and sigma_90 are mean and root mean square
within the shortest interval that holds 90 %. Their errors are conventional; that of mu_90 is too
small by about two, see `heitler.performance.intervals`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from heitler.estimates import Estimate
from heitler.performance import Core, curve
from heitler.validation.figures.against import LEAST_IN_BIN, Variable, against
from heitler.validation.figures.figure import Array, Axis, Curve, Figure
from heitler.validation.sample import Sample

__all__ = ["linearity_against", "resolution_against"]

_RESPONSE = "weighted visible energy / incident energy"
_INTERVAL = "within the shortest interval that holds 90 % of the showers"


def linearity_against(variable: Variable, name: str, samples: Sequence[Sample]) -> Figure:
    """Mean response mu_90 in bins of energy or angle.

    Arguments:
        variable: `ENERGY` or `ANGLE`.
        name: Identifier of the figure.
        samples: The reference, then the candidates.
    """
    caption = f"Mean of {_RESPONSE} {_INTERVAL}, against {variable.axis.label}"
    return against(variable, (name, caption), Axis("mean response"), _points(_mean), samples)


def resolution_against(variable: Variable, name: str, samples: Sequence[Sample]) -> Figure:
    """Resolution sigma_90 / mu_90 in bins of energy or angle.

    Arguments:
        variable: `ENERGY` or `ANGLE`.
        name: Identifier of the figure.
        samples: The reference, then the candidates.
    """
    caption = f"Resolution: spread / mean of {_RESPONSE} {_INTERVAL}, against "
    y = Axis("resolution")
    return against(variable, (name, caption + variable.axis.label), y, _points(_spread), samples)


def _mean(core: Core) -> Estimate:
    return core.mu


def _spread(core: Core) -> Estimate:
    # Empty showers have no spread relative to their mean.
    return core.resolution if core.mu.value > 0 else Estimate(np.nan, np.nan)


def _points(quantity: Callable[[Core], Estimate]) -> Callable[[Sample, Array, Array], Curve]:
    """A curve of the performance on the bins of a figure, nan where it has no point."""

    def points(sample: Sample, at: Array, edges: Array) -> Curve:
        values, errors = np.full((2, edges.size - 1), np.nan)
        inside = (at >= edges[0]) & (at < edges[-1])
        if np.histogram(at, edges)[0].max() >= LEAST_IN_BIN:
            response = sample.values["weighted_energy"] / sample.energy
            found = curve(at[inside], response[inside], quantity, edges=edges)
            place = np.searchsorted(edges, found.at, side="right") - 1
            values[place], errors[place] = found.value, found.error
        return Curve(sample.name, values, errors)

    return points
