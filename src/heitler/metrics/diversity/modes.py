"""Are there kinds of showers that a model does not make, or makes too seldom?

Notation: k-means divides the reference into clusters; c1 of its n1 showers and c2 of the n2 of the
candidate are nearest to the centre of a cluster. Features are standardised by the reference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2, vq

from heitler.metrics.base import Estimate, Values, metric
from heitler.metrics.histograms import chi2_of_counts
from heitler.metrics.scaling import standardised

__all__ = ["mode_chi2"]

_Array = NDArray[np.float64]
_CLUSTERS = 20


@metric("chi2 per degree of freedom of clusters", kind="features", ideal=1.0)
def mode_chi2(
    reference: Values, candidate: Values, *, seed: int, clusters: int = _CLUSTERS
) -> Estimate:
    """Chi2 per degree of freedom of the occupations c1 and c2.

    The error is that of `heitler.metrics.histograms.chi2_per_degree`.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        seed: Seed of the clusters.
        clusters: Their number.

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    return chi2_of_counts(*_occupations(reference, candidate, seed, clusters))


def _occupations(
    reference: Values, candidate: Values, seed: int, clusters: int
) -> tuple[_Array, _Array]:
    """c1 and c2 of the clusters that hold showers of the reference."""
    first, second = standardised(reference, candidate)
    count = min(clusters, len(first) // 2)
    centres, own = kmeans2(first, count, minit="++", rng=np.random.default_rng(seed), iter=30)
    c1 = np.bincount(own, minlength=count).astype(np.float64)
    c2 = np.bincount(vq(second, centres)[0], minlength=count).astype(np.float64)
    return c1[c1 > 0], c2[c1 > 0]
