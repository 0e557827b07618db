"""Feature vectors on one scale, which is that of the reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Values, as_values

__all__ = ["feature_pair", "leading_components", "over_maximum", "standardised"]

_Array = NDArray[np.float64]
_Pair = tuple[_Array, _Array]


def feature_pair(reference: Values, candidate: Values) -> _Pair:
    """Both samples as matrices with the same columns.

    Raises:
        ValueError: They have other columns, or one is too small or not finite.
    """
    first, second = as_values(reference, ndim=2), as_values(candidate, ndim=2)
    if first.shape[1] != second.shape[1]:
        msg = f"both samples need the same features, got {first.shape[1]} and {second.shape[1]}"
        raise ValueError(msg)
    return first, second


def standardised(reference: Values, candidate: Values) -> _Pair:
    """Features less their mean in the reference, divided by their standard deviation there.

    A feature that never varies in the reference is divided by its largest magnitude there, if
    that is not 0.
    """
    first, second = feature_pair(reference, candidate)
    centre, spread = first.mean(axis=0), first.std(axis=0)
    largest = np.abs(first).max(axis=0)
    varies = spread > 1e-12 * largest
    scale = np.where(varies, spread, np.where(largest > 0, largest, 1.0))
    return (first - centre) / scale, (second - centre) / scale


def over_maximum(reference: Values, candidate: Values) -> _Pair:
    """Features divided by their largest magnitude in the reference, if that is not 0."""
    first, second = feature_pair(reference, candidate)
    largest = np.abs(first).max(axis=0)
    scale = np.where(largest > 0, largest, 1.0)
    return first / scale, second / scale


def leading_components(reference: Values, *samples: Values, count: int = 8) -> tuple[_Array, ...]:
    """The first principal components of standardised features, of the reference and of others.

    Where features are many and say the same, all showers are about equally far apart; in the
    leading components neighbours are neighbours.

    Arguments:
        reference: Feature vectors with shape (N, k), which fix the scale and the axes.
        samples: Further feature vectors with shapes (M, k).
        count: Number of components, at most k.

    Returns:
        One array per sample, the reference's first, with shapes (N, count) and (M, count).

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    first = standardised(reference, reference)[0]
    axes = np.linalg.svd(first, full_matrices=False)[2][:count].T
    others = (standardised(reference, sample)[1] for sample in samples)
    return tuple(np.asarray(sample @ axes) for sample in (first, *others))
