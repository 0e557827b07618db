"""Has a model learnt its training showers by heart?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from heitler.metrics.base import Estimate, Values
from heitler.metrics.crossfit import hanley_mcneil
from heitler.metrics.distributions import kolmogorov_smirnov_p
from heitler.metrics.scaling import standardised

__all__ = ["Memory", "memorisation"]

_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Memory:
    """Distances to the nearest training shower, generated against held out.

    Arguments:
        auc: Probability that a generated shower is nearer to the training sample than a fresh
            one of the full simulation: 0.5 for a model that has learnt the law, 1 for copies; less
            than 0.5 where the model makes other showers than the full simulation.
        p: Kolmogorov-Smirnov probability of the two distributions of distances.
        median_generated: Median distance of the generated showers, in standard deviations.
        median_held_out: Median distance of those held out.
    """

    auc: Estimate
    p: float
    median_generated: float
    median_held_out: float


def memorisation(training: Values, generated: Values, held_out: Values) -> Memory:
    """Compares how near generated and held-out showers come to the training sample.

    The distance is the Euclidean one of features standardised by the training sample. Held-out
    showers must be of the law of the training sample and must not be in it.

    Reference: Meehan et al. 2020, arXiv:2004.05675, section 3 (without cells).

    Arguments:
        training: Features of the training showers with shape (N, k).
        generated: Features of generated showers with shape (M, k).
        held_out: Features of showers of the full simulation with shape (L, k).

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    known, made = standardised(training, generated)
    _, fresh = standardised(training, held_out)
    tree = KDTree(known)
    near, far = (np.asarray(tree.query(sample)[0]) for sample in (made, fresh))
    auc = _probability_of_less(near, far)
    return Memory(
        Estimate(auc, hanley_mcneil(auc, far.size, near.size)),
        kolmogorov_smirnov_p(near, far),
        float(np.median(near)),
        float(np.median(far)),
    )


def _probability_of_less(first: _Array, second: _Array) -> float:
    """P(first < second) + P(first = second) / 2."""
    ordered = np.sort(second)
    below = np.searchsorted(ordered, first, side="left")
    upto = np.searchsorted(ordered, first, side="right")
    return float(1 - (below + upto).mean() / (2 * ordered.size))
