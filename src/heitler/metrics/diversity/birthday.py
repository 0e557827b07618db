"""How many different showers does a model make? The birthday paradox.

Of s showers drawn from a support of S equally likely ones, two are the same with probability 1/2
when s^2 = 2 ln 2 S. Showers are never the same, so "the same" means closer than a threshold,
and S counts what differs by more than that.

Reference: Arora and Zhang 2017, arXiv:1706.08224, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform

from heitler.metrics.base import Estimate, Values, metric
from heitler.metrics.scaling import standardised

__all__ = ["Support", "repeated_pairs", "support_size"]

_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Support:
    """Support sizes of both samples, found alike.

    Arguments:
        reference: That of the reference; its value is fixed by the threshold, up to fluctuations.
        candidate: That of the candidate; infinite where no two of its showers are the same.
        threshold: Distance below which showers are the same.
    """

    reference: Estimate
    candidate: Estimate
    threshold: float


def support_size(
    reference: Values, candidate: Values, *, seed: int, share: float = 1e-3, orders: int = 1000
) -> Support:
    """S = s^2 / (2 ln 2), with s the showers at which a pair of the same is as likely as not.

    Similarity is the Euclidean distance of the features, standardised by the reference. The
    threshold is the distance that the fraction `share` of all pairs of the reference stay below.
    The showers are put into random orders; s is the median over orders of the place at which the
    first shower comes that is the same as an earlier one. The error is that of the fraction of
    pairs, 1/S being proportional to it, with the covariance of pairs that share a shower; the
    threshold counts as given.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        seed: Seed of the orders.
        share: Fraction of pairs of the reference that count as the same.
        orders: Number of orders.

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    first, second = standardised(reference, candidate)
    distances = pdist(first)
    threshold = float(np.quantile(distances, share))
    rng = np.random.default_rng(seed)
    return Support(
        _support(distances <= threshold, rng, orders),
        _support(pdist(second) <= threshold, rng, orders),
        threshold,
    )


@metric(
    "pairs of the same shower, candidate / reference", kind="features", ideal=1.0, two_sided=True
)
def repeated_pairs(reference: Values, candidate: Values, *, share: float = 1e-3) -> Estimate:
    """Fraction of pairs of the candidate that are the same, over that of the reference: S1 / S2.

    It is what the birthday paradox counts, without the luck of drawing: a model that repeats its
    showers has more such pairs, one that scatters too much has fewer. See `support_size` for
    similarity and threshold, which is that of the reference and counts as given.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        share: Fraction of pairs of the reference that count as the same.

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    first, second = standardised(reference, candidate)
    distances = pdist(first)
    same = pdist(second) <= float(np.quantile(distances, share))
    if not same.any():
        return Estimate(0.0, 2**0.5 / (share * same.size))
    ratio = float(same.mean()) / share
    return Estimate(ratio, ratio * _relative_error(squareform(same)))


def _support(same: NDArray[np.bool_], rng: np.random.Generator, orders: int) -> Estimate:
    """The support of a sample from which pairs of it are the same, in the order of `pdist`."""
    if not same.any():
        return Estimate(float("inf"), 0.0)
    matrix = squareform(same)
    size = len(matrix)
    left, right = np.nonzero(np.triu(matrix))
    first = np.empty(orders)
    for order in range(orders):
        place = rng.permutation(size)
        first[order] = np.maximum(place[left], place[right]).min() + 1
    value = float(np.median(first)) ** 2 / (2 * log(2))
    return Estimate(value, value * _relative_error(matrix))


def _relative_error(same: NDArray[np.bool_]) -> float:
    """Of the fraction p of pairs, a U-statistic: var = 4 var(p_i) / n - 2 p (1 - p) / n^2."""
    size = len(same)
    each = same.sum(axis=1) / (size - 1)
    fraction = float(each.mean())
    pairs = 2 * fraction * (1 - fraction) / size**2
    variance = max(4 * float(each.var()) / size - pairs, pairs)
    return float(variance**0.5 / fraction)
