"""Has a model learnt its training showers by heart?

Three answers, all from distances of features that are standardised by the training sample. Each
takes showers of the full simulation that training never saw (held out), of the same law, or has
its floor from them.

Notation: d(y) is the distance of a shower y to the nearest training shower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2, vq
from scipy.spatial import KDTree

from heitler.metrics.base import Estimate, Values, metric
from heitler.metrics.crossfit import hanley_mcneil
from heitler.metrics.distributions import kolmogorov_smirnov_p
from heitler.metrics.scaling import standardised

__all__ = ["Memory", "authenticity", "data_copying", "memorisation", "memorisation_auc"]

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

    Held-out showers must be of the law of the training sample and must not be in it.

    Reference: Meehan et al. 2020, arXiv:2004.05675, section 3 (without cells).

    Arguments:
        training: Features of the training showers with shape (N, k).
        generated: Features of generated showers with shape (M, k).
        held_out: Features of showers of the full simulation with shape (L, k).

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    known, made, fresh = _on_one_scale(training, generated, held_out)
    near, far = _nearest(known, made), _nearest(known, fresh)
    auc = _probability_of_less(near, far)
    return Memory(
        Estimate(auc, hanley_mcneil(auc, far.size, near.size)),
        kolmogorov_smirnov_p(near, far),
        float(np.median(near)),
        float(np.median(far)),
    )


@metric("memorisation (nearest training shower)", kind="memory", ideal=0.5)
def memorisation_auc(training: Values, generated: Values, held_out: Values) -> Estimate:
    """The AUC of `memorisation`.

    Arguments:
        training: Features of the training showers with shape (N, k).
        generated: Features of generated showers with shape (M, k).
        held_out: Features of showers of the full simulation with shape (L, k).

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    return memorisation(training, generated, held_out).auc


@metric("data copying", kind="memory", two_sided=True)
def data_copying(
    training: Values, generated: Values, held_out: Values, *, seed: int, cells: int = 5
) -> Estimate:
    """Data-copying statistic C_T: 0 for a model that has learnt the law, far below 0 for copies.

    Where training showers lie densely, all showers are near to one. k-means divides the training
    sample into cells, so that a model that prefers dense regions is not taken for one that copies.
    In a cell with m generated and n held-out showers, U counts the pairs in which the generated
    shower is farther from the training showers of the cell;

        Z = (U - n m / 2) / sqrt(n m (n + m + 1) / 12),   C_T = sum P Z / sum P

    with P the fraction of held-out showers in the cell. Cells without held-out showers, or with
    less than a hundredth of the generated ones, do not count. For equal laws each Z has the
    variance 1, which gives the error.

    Reference: Meehan et al. 2020, arXiv:2004.05675, section 3, with the weights P of its code.

    Arguments:
        training: Features of the training showers with shape (N, k).
        generated: Features of generated showers with shape (M, k).
        held_out: Features of showers of the full simulation with shape (L, k).
        seed: Seed of the cells.
        cells: Their number.

    Raises:
        ValueError: The features differ, a sample is too small or not finite, or no cell counts.
    """
    known, made, fresh = _on_one_scale(training, generated, held_out)
    rng = np.random.default_rng(seed)
    centres, own = kmeans2(known, min(cells, len(known) // 2), minit="++", rng=rng, iter=30)
    of_made, of_fresh = vq(made, centres)[0], vq(fresh, centres)[0]
    scores, weights = [], []
    for cell in np.unique(own):
        inside, outside = made[of_made == cell], fresh[of_fresh == cell]
        if len(inside) < 0.01 * len(made) or not len(outside) or not len(inside):
            continue
        scores.append(_rank_score(known[own == cell], inside, outside))
        weights.append(len(outside) / len(fresh))
    if not scores:
        msg = "no cell holds generated and held-out showers: take fewer cells or more showers"
        raise ValueError(msg)
    weight = np.array(weights) / sum(weights)
    return Estimate(float(weight @ scores), float((weight**2).sum() ** 0.5))


@metric("authenticity", kind="memory", ideal=1.0, two_sided=True)
def authenticity(training: Values, generated: Values) -> Estimate:
    """Share of generated showers that are no copies of training showers.

    A shower counts as a copy where it is nearer to its nearest training shower than any other
    training shower is. That happens by chance too, more seldom the fewer the features are that
    vary: only the same of held-out showers, the floor, says what is to be expected. The error is
    the binomial one, with these training showers.

    Reference: Alaa et al. 2022, arXiv:2102.08921 (authenticity).

    Arguments:
        training: Features of the training showers with shape (N, k).
        generated: Features of generated showers with shape (M, k).

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    known, made = standardised(training, generated)
    tree = KDTree(known)
    distance, nearest = tree.query(made)
    # The nearest to a training shower is itself.
    apart = np.asarray(tree.query(known, k=2)[0])[:, 1]
    share = float((np.asarray(distance) > apart[nearest]).mean())
    return Estimate(share, (max(share * (1 - share), 1 / len(made)) / len(made)) ** 0.5)


def _on_one_scale(*samples: Values) -> tuple[_Array, _Array, _Array]:
    training, generated, held_out = samples
    known, made = standardised(training, generated)
    return known, made, standardised(training, held_out)[1]


def _nearest(known: _Array, showers: _Array) -> _Array:
    """Distance of each shower to the nearest that is known."""
    return np.asarray(KDTree(known).query(showers)[0])


def _rank_score(known: _Array, made: _Array, fresh: _Array) -> float:
    """Z of the Mann-Whitney statistic of one cell."""
    m, n = len(made), len(fresh)
    auc = _probability_of_less(_nearest(known, made), _nearest(known, fresh))
    return float((0.5 - auc) * (12 * n * m / (n + m + 1)) ** 0.5)


def _probability_of_less(first: _Array, second: _Array) -> float:
    """P(first < second) + P(first = second) / 2."""
    ordered = np.sort(second)
    below = np.searchsorted(ordered, first, side="left")
    upto = np.searchsorted(ordered, first, side="right")
    return float(1 - (below + upto).mean() / (2 * ordered.size))
