"""Histograms of two samples over common bins, and chi2 between them.

Notation: c1 and c2 are the counts of the reference and the candidate in bin b, n1 and n2 their
sums, h = c / n. Bins that are empty in both do not count.

Every histogram here has an underflow and an overflow bin beside those between its edges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, as_values, metric

__all__ = [
    "chi2_of_counts",
    "chi2_of_histograms",
    "chi2_per_degree",
    "error_of_fractions",
    "fill",
    "fluctuation",
    "quantile_edges",
]

_Array = NDArray[np.float64]


def fill(values: _Array, edges: _Array) -> _Array:
    """Counts below, in and above the bins, (bins + 2,); the last bin holds its upper edge."""
    place = np.searchsorted(edges, values, side="right")
    place[values == edges[-1]] = edges.size - 1
    return np.bincount(place, minlength=edges.size + 1).astype(np.float64)


def quantile_edges(reference: Values, *, bins: int = 20) -> _Array:
    """Edges of bins that hold equally many values of the reference: (at most bins + 2,).

    Values that are found often (layer numbers, zeros) may be several quantiles and give fewer
    bins; where the largest value is one of these it has a bin of its own.
    """
    quantiles = np.quantile(as_values(reference), np.linspace(0, 1, bins + 1))
    edges = np.unique(quantiles)
    often = quantiles[-1] == quantiles[-2]
    return np.append(edges, np.nextafter(edges[-1], np.inf)) if often else edges


@metric("chi2 per degree of freedom", ideal=1.0)
def chi2_per_degree(
    reference: Values, candidate: Values, *, edges: Values | None = None
) -> Estimate:
    """Chi2 of two histograms for the same shape, divided by the filled bins less one.

        chi2 = sum_b (c1 sqrt(n2/n1) - c2 sqrt(n1/n2))^2 / (c1 + c2)

    Its expectation is 1 for equal distributions and grows in proportion to the size of the
    samples for others. The error is that of a noncentral chi2 of the value found.

    Reference: Press et al., Numerical Recipes, 3rd ed. 2007, eq. (14.3.3).

    Arguments:
        reference: Values with shape (N,).
        candidate: Values with shape (M,).
        edges: Edges of the bins, by default `quantile_edges` of the reference.

    Raises:
        ValueError: A sample has fewer than two entries or one that is not finite.
    """
    first, second = as_values(reference), as_values(candidate)
    cuts = quantile_edges(first) if edges is None else as_values(edges)
    return chi2_of_counts(fill(first, cuts), fill(second, cuts))


def chi2_of_counts(counts1: Values, counts2: Values) -> Estimate:
    """The same of two histograms of counts: see `chi2_per_degree`.

    Arguments:
        counts1: Entries of the reference per bin, with shape (bins,) and a sum above 0.
        counts2: Entries of the candidate in the same bins.
    """
    c1, c2 = as_values(counts1), as_values(counts2)
    weight = float(c2.sum() / c1.sum()) ** 0.5
    filled = c1 + c2 > 0
    c1, c2 = c1[filled], c2[filled]
    chi2 = float(((c1 * weight - c2 / weight) ** 2 / (c1 + c2)).sum())
    return _per_degree(chi2, max(c1.size - 1, 1))


def chi2_of_histograms(
    values1: Values, errors1: Values, values2: Values, errors2: Values
) -> Estimate:
    """Chi2 per bin of two histograms with errors, such as published or weighted ones.

        chi2 = sum_b (v1 - v2)^2 / (e1^2 + e2^2)

    Their sums are compared too: nothing is normalised. Bins without an error do not count.

    Arguments:
        values1: Contents of the reference with shape (bins,).
        errors1: Their standard deviations.
        values2: Contents of the candidate with shape (bins,).
        errors2: Their standard deviations.

    Raises:
        ValueError: The shapes differ, or no bin has an error.
    """
    v1, e1, v2, e2 = (as_values(array) for array in (values1, errors1, values2, errors2))
    if not v1.shape == e1.shape == v2.shape == e2.shape:
        sizes = ", ".join(str(array.size) for array in (v1, e1, v2, e2))
        msg = f"contents and errors of the same bins are needed, got {sizes} of them"
        raise ValueError(msg)
    variance = e1**2 + e2**2
    known = variance > 0
    if not known.any():
        msg = "no bin has an error: chi2 needs the standard deviation of each"
        raise ValueError(msg)
    chi2 = float(((v1 - v2)[known] ** 2 / variance[known]).sum())
    return _per_degree(chi2, int(known.sum()))


def _per_degree(chi2: float, degrees: int) -> Estimate:
    """Chi2 per degree; the variance of a noncentral chi2 is 2 (degrees + 2 noncentrality)."""
    variance = 2 * (degrees + 2 * max(chi2 - degrees, 0.0))
    return Estimate(chi2 / degrees, variance**0.5 / degrees)


def fluctuation(h1: _Array, h2: _Array, n1: float, n2: float) -> float:
    """Variance of sum_b (h1 - h2)^2 / (h1 + h2) / 2 from fluctuations of equal histograms."""
    noise = (h1 / n1 + h2 / n2) / (h1 + h2)
    return 0.5 * float((noise**2).sum())


def error_of_fractions(
    slopes: tuple[_Array, _Array],
    fractions: tuple[_Array, _Array],
    sizes: tuple[float, float],
    second_order: float,
) -> float:
    """Standard deviation of a function of two histograms, of first order in their fluctuations.

    Each histogram has its multinomial covariance. Where the difference of the two is itself a
    fluctuation (at the floor), the first order has the variance of second order twice: then that
    takes its place.

    Arguments:
        slopes: Derivatives with respect to the fractions h1 and h2.
        fractions: h1 and h2.
        sizes: n1 and n2.
        second_order: Variance that is left where both derivatives vanish.
    """
    variance = 0.0
    for slope, h, n in zip(slopes, fractions, sizes, strict=True):
        spread = float((slope**2 * h).sum() - (slope * h).sum() ** 2)
        variance += max(spread, 0.0) / n
    return float(max(variance - second_order, second_order) ** 0.5)
