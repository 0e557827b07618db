"""Correlations of layer energies: two samples may agree in each layer and not in their pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, metric
from heitler.metrics.resampling import Rows, jackknife
from heitler.metrics.scaling import feature_pair

__all__ = ["correlation_distance", "pearson_matrix"]

_Array = NDArray[np.float64]


@metric("mean difference of Pearson correlations", kind="profile")
def correlation_distance(reference: Values, candidate: Values) -> Estimate:
    """Mean over the matrix of |r1 - r2|, with r the Pearson correlations of components.

    With the incident energy among the components, showers of another energy are seen. The error is
    that of `heitler.metrics.resampling` with ten groups.

    Reference: Buhmann et al. 2020, arXiv:2005.05334, section 5.

    Arguments:
        reference: Values such as layer energies, with shape (N, k).
        candidate: Values with shape (M, k).

    Raises:
        ValueError: The components differ, or a sample is too small or not finite.
    """
    first, second = feature_pair(reference, candidate)

    def statistic(rows1: Rows, rows2: Rows) -> float:
        gap = pearson_matrix(first[rows1]) - pearson_matrix(second[rows2])
        return float(np.abs(gap).mean())

    value = statistic(np.arange(len(first)), np.arange(len(second)))
    return Estimate(value, jackknife(statistic, len(first), len(second)))


def pearson_matrix(values: _Array) -> _Array:
    """Correlations of the columns with shape (k, k): 1 on the diagonal, 0 where one never varies.

    Arguments:
        values: Values with shape (N, k).
    """
    centred = values - values.mean(axis=0)
    covariance = centred.T @ centred
    spread = np.sqrt(covariance.diagonal())
    scale = np.where(spread > 0, spread, 1.0)
    matrix: _Array = covariance / scale[:, None] / scale
    np.fill_diagonal(matrix, 1.0)
    return matrix
