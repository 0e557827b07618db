"""Precision, recall, density and coverage: are the showers right, and are all kinds there?

Notation: B(x) is the ball about a shower x of the reference that reaches to its k-th nearest
neighbour among the n of the reference, B(y) the same in the candidate of m showers; k = 5.

    precision = share of y in any B(x)          recall   = share of x in any B(y)
    density   = sum_y |{x: y in B(x)}| / (k m)  coverage = share of B(x) that hold any y

Balls are small where showers are many, so the scale is that of the reference's own density;
features are standardised by it first. Equal distributions give a density of 1 and a coverage of
about 1 - 2^-k for n = m, and none of the four says much alone: a model that repeats the most
typical shower has a precision of 1, a density far above 1, and neither recall nor coverage. So
values on both sides of the floor are faults.

Errors are those of `heitler.metrics.resampling` with ten groups.

References: Kynkaanniemi et al. 2019, arXiv:1904.06991, eqs. (1) and (2); Naeem et al. 2020,
arXiv:2002.09797, eqs. (3) and (4).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from heitler.metrics.base import Estimate, Values, metric
from heitler.metrics.resampling import Rows, jackknife
from heitler.metrics.scaling import standardised

__all__ = ["coverage", "density", "precision", "recall"]

_Array = NDArray[np.float64]
_NEAREST = 5


@metric("precision", kind="features", ideal=1.0, two_sided=True)
def precision(reference: Values, candidate: Values, *, nearest: int = _NEAREST) -> Estimate:
    """Share of the candidate's showers that lie in a ball of the reference.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        nearest: The neighbour to which balls reach.

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    centres, others = standardised(reference, candidate)
    return _estimate(centres, others, nearest, lambda held: held.any(axis=0).mean())


@metric("recall", kind="features", ideal=1.0, two_sided=True)
def recall(reference: Values, candidate: Values, *, nearest: int = _NEAREST) -> Estimate:
    """Share of the reference's showers that lie in a ball of the candidate.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        nearest: The neighbour to which balls reach.

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    others, centres = standardised(reference, candidate)
    return _estimate(centres, others, nearest, lambda held: held.any(axis=0).mean())


@metric("density", kind="features", ideal=1.0, two_sided=True)
def density(reference: Values, candidate: Values, *, nearest: int = _NEAREST) -> Estimate:
    """Number of balls of the reference that hold a shower of the candidate, over its expectation.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        nearest: The neighbour to which balls reach.

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    centres, others = standardised(reference, candidate)
    return _estimate(centres, others, nearest, lambda held: held.sum(axis=0).mean() / nearest)


@metric("coverage", kind="features", ideal=1.0, two_sided=True)
def coverage(reference: Values, candidate: Values, *, nearest: int = _NEAREST) -> Estimate:
    """Share of the reference's balls that hold a shower of the candidate.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        nearest: The neighbour to which balls reach.

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    centres, others = standardised(reference, candidate)
    return _estimate(centres, others, nearest, lambda held: held.any(axis=1).mean())


def _estimate(
    centres: _Array, others: _Array, nearest: int, share: Callable[[NDArray[np.bool_]], float]
) -> Estimate:
    """A share of the matrix that says which ball holds which of the other showers."""
    if len(centres) <= nearest:
        msg = f"a neighbour {nearest} needs more than {nearest} showers, got {len(centres)}"
        raise ValueError(msg)
    within, across = cdist(centres, centres), cdist(centres, others)

    def statistic(rows: Rows, columns: Rows) -> float:
        # A shower is the nearest to itself.
        radius = np.partition(within[np.ix_(rows, rows)], nearest, axis=1)[:, nearest]
        return float(share(across[np.ix_(rows, columns)] <= radius[:, None]))

    every = statistic(np.arange(len(centres)), np.arange(len(others)))
    return Estimate(every, jackknife(statistic, len(centres), len(others)))
