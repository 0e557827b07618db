"""Separation power between two distributions.

Notation: h1 and h2 are histograms of the reference and the candidate over the same bins,
normalised to sum 1, from n1 and n2 entries. Then

    S = 1/2 sum_b (h1_b - h2_b)^2 / (h1_b + h2_b),

between 0 (equal) and 1 (no common bin); bins that are empty in both count 0. It is eq. 15 of
Diefenbacher et al. 2020 (arXiv:2009.03796) and the "chi2" of the CaloChallenge. Entries beyond the
bins are kept in an underflow and an overflow bin; the CaloChallenge drops them and renormalises
the rest, which forgives long tails: `overflow=False`, for comparisons with published values.

S of two equal distributions is not 0 but about (bins - 1) (1/n1 + 1/n2) / 4: compare at equal
size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, as_values, metric
from heitler.metrics.histograms import error_of_fractions, fill, fluctuation

__all__ = ["binned_separation", "separation_edges", "separation_power", "spectrum_separation"]

_Array = NDArray[np.float64]


@metric("separation power")
def separation_power(
    reference: Values,
    candidate: Values,
    *,
    edges: Values | None = None,
    overflow: bool = True,
) -> Estimate:
    """Separation power S of two samples.

    The error is that of `binned_separation`.

    Arguments:
        reference: Values with shape (N,).
        candidate: Values with shape (M,).
        edges: Edges of the bins, by default `separation_edges` of the reference.
        overflow: Whether entries beyond the edges count, in two bins of their own. The
            CaloChallenge leaves them out.

    Raises:
        ValueError: A sample has fewer than two entries, one that is not finite, or none that
            counts.
    """
    first, second = as_values(reference), as_values(candidate)
    cuts = separation_edges(first) if edges is None else as_values(edges)
    kept = slice(None) if overflow else slice(1, -1)
    return binned_separation(fill(first, cuts)[kept], fill(second, cuts)[kept])


def binned_separation(counts1: Values, counts2: Values) -> Estimate:
    """Separation power S of two histograms of counts, such as those of other programs.

    The error is that of first order in the multinomial fluctuations of both histograms; where the
    difference is itself a fluctuation (at the floor) that of second order takes its place.

    Arguments:
        counts1: Entries of the reference per bin, with shape (bins,); with those beyond the
            bins, if they are to count.
        counts2: Entries of the candidate in the same bins.

    Raises:
        ValueError: The shapes differ, or a histogram has a negative bin or no entry.
    """
    c1, c2 = as_values(counts1), as_values(counts2)
    if c1.shape != c2.shape:
        msg = f"histograms of the same bins are needed, got {c1.size} and {c2.size} bins"
        raise ValueError(msg)
    n1, n2 = float(c1.sum()), float(c2.sum())
    if min(n1, n2) <= 0 or min(c1.min(), c2.min()) < 0:
        msg = f"counts of 0 or more with an entry are needed, got sums of {n1:g} and {n2:g}"
        raise ValueError(msg)
    filled = c1 + c2 > 0
    h1, h2 = c1[filled] / n1, c2[filled] / n2
    noise = fluctuation(h1, h2, n1, n2)
    return Estimate(
        _separation(h1, h2), error_of_fractions(_slopes(h1, h2), (h1, h2), (n1, n2), noise)
    )


def separation_edges(reference: Values, *, bins: int = 20) -> _Array:
    """Edges of equal bins between the 0.5 % and 99.5 % quantiles of the reference: (bins + 1,)."""
    low, high = np.quantile(as_values(reference), [0.005, 0.995])
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1)


@metric("separation power of the summed spectrum", kind="spectrum")
def spectrum_separation(reference: Values, candidate: Values) -> Estimate:
    """Separation power S of two spectra to which each shower gives many entries.

    The histograms are sums over showers. Cells of one shower are correlated, so the error is that
    of the shower-to-shower spread: S is linearised in the mean count per shower and bin. A
    spectrum without entries has S = 1 to any other.

    Arguments:
        reference: Counts per shower and bin, with shape (N, bins).
        candidate: Counts per shower and bin, with shape (M, bins).

    Raises:
        ValueError: A sample has fewer than two showers or entries that are not finite.
    """
    first, second = as_values(reference, ndim=2), as_values(candidate, ndim=2)
    if first.sum() <= 0 or second.sum() <= 0:
        return Estimate(float(first.sum() != second.sum()), 0.0)
    h1, h2 = (counts.sum(axis=0) / counts.sum() for counts in (first, second))
    filled = h1 + h2 > 0
    slopes = _slopes(h1[filled], h2[filled])
    variance = 0.0
    for counts, h, slope in zip((first, second), (h1, h2), slopes, strict=True):
        pull = (counts[:, filled] - counts.sum(axis=1, keepdims=True) * h[filled]) @ slope
        variance += float(pull.var()) / len(counts) / counts.sum(axis=1).mean() ** 2
    return Estimate(_separation(h1[filled], h2[filled]), float(variance**0.5))


def _separation(h1: _Array, h2: _Array) -> float:
    return 0.5 * float(((h1 - h2) ** 2 / (h1 + h2)).sum())


def _slopes(h1: _Array, h2: _Array) -> tuple[_Array, _Array]:
    """dS/dh1 and dS/dh2."""
    ratio = (h1 - h2) / (h1 + h2)
    return ratio - ratio**2 / 2, -ratio - ratio**2 / 2
