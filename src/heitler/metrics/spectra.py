"""Chi2 of spectra to which each shower gives many entries.

Notation: c_b are the counts of one shower in bin b; 1 and 2 stand for the n1 showers of the
reference and the n2 of the candidate. Cells of one shower are correlated, so that Poisson's errors
are too small: those here are of the spread from shower to shower.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, metric
from heitler.metrics.scaling import feature_pair

__all__ = ["spectrum_chi2"]

_Array = NDArray[np.float64]

_LEAST_ENTRIES = 20


@metric("chi2 per bin of the summed spectrum", kind="spectrum", ideal=1.0)
def spectrum_chi2(reference: Values, candidate: Values) -> Estimate:
    """Chi2 of the summed spectra for the same shape, divided by the number of bins.

        chi2 = sum_b z_b^2,   z_b = (h2 - h1) / sqrt(var(r1) / n1 + var(r2) / n2)

    with h = sum c_b / sum c over all showers and the residuals r = (c_b - h c) / <c> of each
    shower, c being its number of entries. Bins with fewer than 20 entries in both samples
    together, and those that never vary, do not count. Bins are correlated by a matrix R, so that
    the variance of chi2 is 2 tr(R^2) + 4 m R m with the mean m of z, whose last term is taken as
    4 (z R z - tr(R^2)), or 0 where this is negative.

    References: Cochran, Sampling Techniques, 3rd ed. 1977, chapter 6 (errors of ratios); Mathai
    and Provost, Quadratic Forms in Random Variables (1992), chapter 3 (variance).

    Arguments:
        reference: Counts per shower and bin, with shape (N, bins).
        candidate: Counts per shower and bin, with shape (M, bins).

    Raises:
        ValueError: The bins differ, or a sample has fewer than two showers or is not finite.
    """
    first, second = feature_pair(reference, candidate)
    filled = first.sum(axis=0) + second.sum(axis=0) >= _LEAST_ENTRIES
    if not filled.any() or min(first.sum(), second.sum()) == 0:
        return Estimate(1.0, 0.0)
    (h1, covariance1), (h2, covariance2) = (_shape(c, filled) for c in (first, second))
    covariance = covariance1 + covariance2
    spread = np.sqrt(covariance.diagonal())
    varies = spread > 0
    bins = max(int(varies.sum()), 1)
    scale = np.where(varies, spread, 1.0)
    correlation = covariance / scale[:, None] / scale
    z = np.where(varies, (h2 - h1) / scale, 0.0)
    noise = float((correlation**2).sum())
    variance = 2 * noise + 4 * max(float(z @ correlation @ z) - noise, 0.0)
    return Estimate(float(z @ z) / bins, variance**0.5 / bins)


def _shape(counts: _Array, filled: NDArray[np.bool_]) -> tuple[_Array, _Array]:
    """Fractions h in the filled bins and their covariance."""
    each = counts.sum(axis=1, keepdims=True)
    h = counts[:, filled].sum(axis=0) / counts.sum()
    residual = (counts[:, filled] - h * each) / each.mean()
    return h, np.atleast_2d(np.cov(residual, rowvar=False)) / len(counts)
