"""Jensen-Shannon divergence between two distributions, in bins of equal content.

Notation: h1 and h2 are histograms of the reference and the candidate over the same bins,
normalised to sum 1, from n1 and n2 entries, m = (h1 + h2) / 2. Then, in bits,

    JSD = 1/2 sum_b h1_b log2(h1_b / m_b) + 1/2 sum_b h2_b log2(h2_b / m_b),

between 0 (equal) and 1 (no common bin): what one entry says about the sample that it is from.
Edges are quantiles of the reference, as in Bieringer et al. 2022 (arXiv:2202.07352), with an
underflow and an overflow bin. Near equality JSD = S / (2 ln 2) with the separation power S, whence
its value at the floor and its error there.

Reference: Lin, IEEE Trans. Inf. Theory 37 (1991) 145, eq. (4.1).
"""

from __future__ import annotations

from itertools import combinations
from math import log

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, as_values, metric
from heitler.metrics.histograms import error_of_fractions, fill, fluctuation, quantile_edges

__all__ = ["binned_jensen_shannon", "jensen_shannon", "pair_jensen_shannon"]

_Array = NDArray[np.float64]
_Places = NDArray[np.int64]


@metric("Jensen-Shannon divergence")
def jensen_shannon(
    reference: Values, candidate: Values, *, edges: Values | None = None
) -> Estimate:
    """Jensen-Shannon divergence of two samples, in bits.

    Arguments:
        reference: Values with shape (N,).
        candidate: Values with shape (M,).
        edges: Edges of the bins, by default `quantile_edges` of the reference.

    Raises:
        ValueError: A sample has fewer than two entries or one that is not finite.
    """
    first, second = as_values(reference), as_values(candidate)
    cuts = quantile_edges(first) if edges is None else as_values(edges)
    return binned_jensen_shannon(fill(first, cuts), fill(second, cuts))


@metric("Jensen-Shannon divergence of pairs of features", kind="features")
def pair_jensen_shannon(reference: Values, candidate: Values, *, bins: int = 8) -> Estimate:
    """Mean Jensen-Shannon divergence over all pairs of features, each in bins x bins cells.

    It sees wrong correlations of two features whose distributions are right. The edges of each
    feature are `quantile_edges`. Pairs share their features and fluctuate together, so the error
    is the mean of theirs.

    Arguments:
        reference: Feature vectors with shape (N, k), k at least 2.
        candidate: Feature vectors with shape (M, k).
        bins: Bins per feature.

    Raises:
        ValueError: There is one feature only, or a sample is too small or not finite.
    """
    first, second = as_values(reference, ndim=2), as_values(candidate, ndim=2)
    if first.shape[1] < 2:
        msg = "pairs need two features or more, got 1"
        raise ValueError(msg)
    columns = [_places(a, b, bins) for a, b in zip(first.T, second.T, strict=True)]
    pairs = [_joint(one, other) for one, other in combinations(columns, 2)]
    return Estimate(
        float(np.mean([pair.value for pair in pairs])),
        float(np.mean([pair.error for pair in pairs])),
    )


def binned_jensen_shannon(counts1: Values, counts2: Values) -> Estimate:
    """Jensen-Shannon divergence of two histograms of counts, in bits.

    The error is of first order in the multinomial fluctuations of both, and of second order where
    the difference is itself a fluctuation.

    Arguments:
        counts1: Entries of the reference per bin, with shape (bins,) and a sum above 0.
        counts2: Entries of the candidate in the same bins.
    """
    c1, c2 = as_values(counts1), as_values(counts2)
    n1, n2 = float(c1.sum()), float(c2.sum())
    filled = c1 + c2 > 0
    h1, h2 = c1[filled] / n1, c2[filled] / n2
    middle = (h1 + h2) / 2
    # An empty bin adds nothing, and nothing is what fluctuates in it.
    slopes = _slope(h1, middle), _slope(h2, middle)
    noise = fluctuation(h1, h2, n1, n2) / (2 * log(2)) ** 2
    value = float((h1 * slopes[0] + h2 * slopes[1]).sum())
    return Estimate(max(value, 0.0), error_of_fractions(slopes, (h1, h2), (n1, n2), noise))


def _slope(h: _Array, middle: _Array) -> _Array:
    """The derivative of the divergence with respect to h: log2(h / m) / 2."""
    return np.log2(np.where(h > 0, h / middle, 1.0)) / 2


def _places(first: _Array, second: _Array, bins: int) -> tuple[_Places, _Places, int]:
    """The bins of one feature's values in both samples, and their number."""
    edges = quantile_edges(first, bins=bins)
    # The outer bins are open: under- and overflow in two dimensions would be mostly empty.
    inner = edges[1:-1]
    return (
        np.searchsorted(inner, first, side="right"),
        np.searchsorted(inner, second, side="right"),
        inner.size + 1,
    )


def _joint(one: tuple[_Places, _Places, int], other: tuple[_Places, _Places, int]) -> Estimate:
    # Two features that never vary share one cell; an empty one beside it adds nothing.
    cells = max(one[2] * other[2], 2)
    return binned_jensen_shannon(
        *(
            np.bincount(a * other[2] + b, minlength=cells)
            for a, b in zip(one[:2], other[:2], strict=True)
        )
    )
