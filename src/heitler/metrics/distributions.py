"""Distances between two distributions without bins.

Notation: F1 and F2 are the empirical distribution functions of the n1 values of the reference and
the n2 values of the candidate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, as_values, metric

__all__ = ["earth_movers", "kolmogorov_smirnov", "kolmogorov_smirnov_p", "wasserstein"]

_Array = NDArray[np.float64]


@metric("Wasserstein distance", in_units=True)
def wasserstein(reference: Values, candidate: Values) -> Estimate:
    """Wasserstein-1 (earth mover's) distance: W = integral |F1(u) - F2(u)| du.

    It has the unit of the values and is not normalised: divide by the spread of the reference to
    compare observables. The error is that of first order, from the spread of

        phi(u) = integral_u^inf sign(F1 - F2),

    which is how much one entry at u adds to W; at the floor, where the sign is a fluctuation, it
    is too large by up to a factor of two.

    Arguments:
        reference: Values with shape (N,).
        candidate: Values with shape (M,).

    Raises:
        ValueError: A sample has fewer than two entries or one that is not finite.
    """
    value, *pulls = earth_movers(as_values(reference), as_values(candidate))
    return Estimate(value, float(sum(pull.var() / pull.size for pull in pulls)) ** 0.5)


@metric("Kolmogorov-Smirnov distance")
def kolmogorov_smirnov(reference: Values, candidate: Values) -> Estimate:
    """Two-sample Kolmogorov-Smirnov distance: D = max |F1 - F2|, between 0 and 1.

    The error is the binomial one of F1 - F2 at the maximum; at the floor it is too large by up to
    a factor of two. See `kolmogorov_smirnov_p` for the p-value.

    Arguments:
        reference: Values with shape (N,).
        candidate: Values with shape (M,).

    Raises:
        ValueError: A sample has fewer than two entries or one that is not finite.
    """
    first, second = as_values(reference), as_values(candidate)
    points = np.concatenate([first, second])
    f1, f2 = _cumulative(first, points), _cumulative(second, points)
    at = int(np.argmax(np.abs(f1 - f2)))
    variance = f1[at] * (1 - f1[at]) / first.size + f2[at] * (1 - f2[at]) / second.size
    return Estimate(float(np.abs(f1[at] - f2[at])), float(variance) ** 0.5)


def kolmogorov_smirnov_p(reference: Values, candidate: Values) -> float:
    """Asymptotic probability of a distance as large as D if both samples are of one distribution.

    Arguments:
        reference: Values with shape (N,).
        candidate: Values with shape (M,).
    """
    # Loading all of scipy's statistics takes a second.
    from scipy.stats import ks_2samp  # noqa: PLC0415

    test = ks_2samp(as_values(reference), as_values(candidate), method="asymp")
    return float(test.pvalue)


def earth_movers(first: _Array, second: _Array) -> tuple[float, _Array, _Array]:
    """The distance W and phi(u), how much an entry of each sample adds to it.

    Arguments:
        first: Values with shape (N,).
        second: Values with shape (M,).

    Returns:
        W, phi of the first with shape (N,), and of the second with shape (M,).
    """
    points = np.unique(np.concatenate([first, second]))
    gap = (_cumulative(first, points) - _cumulative(second, points))[:-1]
    steps = np.diff(points)
    value = float((np.abs(gap) * steps).sum())
    # An entry at points[k] raises its F by 1/n at and above points[k].
    pull = np.append(np.cumsum((np.sign(gap) * steps)[::-1])[::-1], 0.0)
    pulls = tuple(pull[np.searchsorted(points, values)] for values in (first, second))
    return value, pulls[0], pulls[1]


def _cumulative(values: _Array, points: _Array) -> _Array:
    return np.searchsorted(np.sort(values), points, side="right") / values.size
