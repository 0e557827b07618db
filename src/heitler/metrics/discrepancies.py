"""Distances between feature vectors through a kernel of pairs of showers.

Notation: x are the n showers of the reference, y the m of the candidate, k a kernel. Then

    MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y)

is estimated without bias by leaving out pairs of a shower with itself; it may be negative. Its
error has a term of first order, from the mean kernel of each shower, and one of second order,
from single pairs, which alone is left for equal distributions.

Features are standardised by the reference (`heitler.metrics.scaling`). Time and memory grow with
the product of the sizes: 2000 against 2000 showers take a second and 100 MB.

Reference: Gretton et al., J. Mach. Learn. Res. 13 (2012) 723, eqs. (1) and (3); the variance:
Sutherland et al. 2017, arXiv:1611.04488, and Serfling, Approximation Theorems (1980), section 5.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist

from heitler.metrics.base import Estimate, Values, metric
from heitler.metrics.scaling import standardised

__all__ = ["energy_distance", "maximum_mean_discrepancy", "unbiased_discrepancy"]

_Array = NDArray[np.float64]


@metric("squared maximum mean discrepancy", kind="features")
def maximum_mean_discrepancy(reference: Values, candidate: Values) -> Estimate:
    """MMD^2 with the kernel exp(-|x - y|^2 / (2 h^2)), h the median distance in the reference.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    first, second = standardised(reference, candidate)
    width = float(np.median(pdist(first))) or 1.0
    return unbiased_discrepancy(
        *(np.exp(-(distances**2) / (2 * width**2)) for distances in _distances(first, second))
    )


@metric("energy distance", kind="features")
def energy_distance(reference: Values, candidate: Values) -> Estimate:
    """Energy distance 2 E|x - y| - E|x - x'| - E|y - y'|: MMD^2 with the kernel -|x - y|.

    It has no width to choose.

    Reference: Szekely and Rizzo, J. Stat. Plan. Inference 143 (2013) 1249.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    first, second = standardised(reference, candidate)
    return unbiased_discrepancy(*(-distances for distances in _distances(first, second)))


def unbiased_discrepancy(within1: _Array, within2: _Array, across: _Array) -> Estimate:
    """MMD^2 and its error from the kernel of all pairs.

    Arguments:
        within1: k(x, x') with shape (n, n).
        within2: k(y, y') with shape (m, m).
        across: k(x, y) with shape (n, m).
    """
    (n, m), mean = across.shape, float(across.mean())
    pull1, own1, pair1 = _within(within1)
    pull2, own2, pair2 = _within(within2)
    rows, columns = across.mean(axis=1), across.mean(axis=0)
    cross = float((across**2).mean() - rows.var() - columns.var() - mean**2)
    second_order = 2 * pair1 / n**2 + 2 * pair2 / m**2 + 4 * cross / (n * m)
    first_order = 4 * float((pull1 - rows).var() / n + (pull2 - columns).var() / m)
    # Mean kernels are themselves estimated: the first order holds the second twice.
    variance = max(first_order - second_order, second_order, 0.0)
    return Estimate(own1 + own2 - 2 * mean, variance**0.5)


def _within(kernel: _Array) -> tuple[_Array, float, float]:
    """Mean kernel of each shower with the others, their mean, and the variance of pairs."""
    n = len(kernel)
    diagonal = kernel.diagonal()
    pull = (kernel.sum(axis=1) - diagonal) / (n - 1)
    mean = float(pull.mean())
    squares = float((kernel**2).sum() - (diagonal**2).sum()) / (n * (n - 1))
    return pull, mean, squares - mean**2 - 2 * float(pull.var())


def _distances(first: _Array, second: _Array) -> tuple[_Array, _Array, _Array]:
    return cdist(first, first), cdist(second, second), cdist(first, second)
