"""Ratios of candidate to reference that a calibration would notice: mean and width.

Notation: u1 are the n1 values of the reference, u2 the n2 values of the candidate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, as_values, metric

__all__ = ["half_width", "mean_ratio", "width_ratio"]


@metric("ratio of means", kind="summary", ideal=1.0)
def mean_ratio(reference: Values, candidate: Values) -> Estimate:
    """Ratio of means <u2> / <u1>, with the error of both means.

    Arguments:
        reference: Values with shape (N,), of a mean that is not 0.
        candidate: Values with shape (M,).

    Raises:
        ValueError: The mean of the reference is 0, or a sample is too small or not finite.
    """
    first, second = as_values(reference), as_values(candidate)
    mean1, mean2 = float(first.mean()), float(second.mean())
    if mean1 == 0.0:
        msg = "the mean of the reference is 0: there is no ratio to it"
        raise ValueError(msg)
    ratio = mean2 / mean1
    variance = first.var(ddof=1) / first.size * ratio**2 + second.var(ddof=1) / second.size
    return Estimate(ratio, float(variance) ** 0.5 / abs(mean1))


@metric("ratio of widths", kind="summary", ideal=1.0)
def width_ratio(
    reference: Values, candidate: Values, *, seed: int = 1, replicas: int = 200
) -> Estimate:
    """Ratio of widths w2 / w1, w being half of the central 68 % interval.

    The error is the spread over bootstrap replicas of both samples.

    Arguments:
        reference: Values with shape (N,), not all equal.
        candidate: Values with shape (M,).
        seed: Seed of the replicas.
        replicas: Their number.

    Raises:
        ValueError: The width of the reference is 0, or a sample is too small or not finite.
    """
    first, second = as_values(reference), as_values(candidate)
    width1, width2 = half_width(first), half_width(second)
    if width1 == 0.0:
        msg = "the width of the reference is 0: there is no ratio to it"
        raise ValueError(msg)
    rng = np.random.default_rng(seed)
    errors = [
        half_width(rng.choice(values, (replicas, values.size))).std() for values in (first, second)
    ]
    ratio = float(width2 / width1)
    return Estimate(ratio, float(np.hypot(errors[0] * ratio, errors[1]) / width1))


def half_width(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half of the interval between the 16 % and 84 % quantiles along the last axis: (...)."""
    low, high = np.quantile(values, [0.16, 0.84], axis=-1)
    return np.asarray((high - low) / 2)
