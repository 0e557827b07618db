"""Comparison of mean profiles, component by component.

Notation: p_l is the mean over showers of component l (layer, ring) in the reference, q_l
that in the candidate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, as_values, metric

__all__ = ["largest_deviation", "profile_ratio"]

_Array = NDArray[np.float64]


def profile_ratio(reference: Values, candidate: Values) -> tuple[_Array, _Array]:
    """Ratio q_l / p_l and its error, each with shape (k,); nan where p_l is 0.

    Arguments:
        reference: Values with shape (N, k).
        candidate: Values with shape (M, k).

    Raises:
        ValueError: A sample has fewer than two showers or entries that are not finite.
    """
    first, second = as_values(reference, ndim=2), as_values(candidate, ndim=2)
    p = np.where(first.mean(axis=0) > 0, first.mean(axis=0), np.nan)
    ratio = second.mean(axis=0) / p
    variance = ratio**2 * first.var(axis=0, ddof=1) / len(first)
    variance += second.var(axis=0, ddof=1) / len(second)
    return ratio, np.sqrt(variance) / p


@metric("largest deviation of the mean profile", kind="profile")
def largest_deviation(reference: Values, candidate: Values, *, share: float = 0.02) -> Estimate:
    """Largest |q_l / p_l - 1| among components that hold more than `share` of the profile's sum.

    The error is that of the ratio in this component.

    Arguments:
        reference: Values with shape (N, k), not negative.
        candidate: Values with shape (M, k), not negative.
        share: Components with less than this fraction of sum_l p_l are left out.

    Raises:
        ValueError: No component holds so much, or a sample is too small or not finite.
    """
    p = as_values(reference, ndim=2).mean(axis=0)
    ratio, error = profile_ratio(reference, candidate)
    held = (p > share * p.sum()) & (p > 0)
    if not held.any():
        msg = f"no component of the profile holds more than {share:.0%} of it"
        raise ValueError(msg)
    deviation = np.where(held, np.abs(ratio - 1), -1.0)
    worst = int(np.argmax(deviation))
    return Estimate(float(deviation[worst]), float(error[worst]))
