"""Can a classifier tell the candidate from the reference?

The area under the ROC curve (AUC) is the probability that the classifier scores a random shower of
the candidate above a random one of the reference: 0.5 if it learnt nothing, 1 if it never errs. It
grows with the size of the samples on which the classifier learns, so quote the size with it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, as_values, metric

__all__ = ["classifier_auc", "hanley_mcneil"]

_Array = NDArray[np.float64]


@metric("classifier AUC", kind="features", ideal=0.5)
def classifier_auc(reference: Values, candidate: Values, *, seed: int, folds: int = 5) -> Estimate:
    """AUC of gradient-boosted trees that are trained and tested on disjoint parts.

    Each of `folds` equal parts is scored by trees (100 of at most 15 leaves, learning rate 0.1)
    that were trained on the others. The value is the mean of the AUCs of the parts; it can fall
    below 0.5. The error is that of `hanley_mcneil` for samples of this size, times sqrt(2): the
    parts share their training showers, so the AUC of repeated data sets scatters more than that of
    a classifier that is given.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        seed: Seed of the division into parts and of the trees.
        folds: Number of parts.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: A sample has fewer showers than there are parts, or is not finite.
    """
    first, second = as_values(reference, ndim=2), as_values(candidate, ndim=2)
    if min(len(first), len(second)) < folds:
        msg = f"{folds} parts need {folds} showers, got {len(first)} and {len(second)}"
        raise ValueError(msg)
    features = np.concatenate([first, second])
    label = np.repeat([0, 1], [len(first), len(second)])
    value = float(np.mean(_auc_of_parts(features, label, seed, folds)))
    return Estimate(value, 2**0.5 * hanley_mcneil(value, len(first), len(second)))


def hanley_mcneil(auc: float, reference: int, candidate: int) -> float:
    """Standard error of an AUC from the sizes of both samples.

    With Q1 = A / (2 - A) and Q2 = 2 A^2 / (1 + A) the variance is

        (A (1 - A) + (n2 - 1)(Q1 - A^2) + (n1 - 1)(Q2 - A^2)) / (n1 n2)

    Reference: Hanley and McNeil, Radiology 143 (1982) 29, eq. 2.
    """
    a = max(auc, 1 - auc)
    q1, q2 = a / (2 - a), 2 * a**2 / (1 + a)
    numerator = a * (1 - a) + (candidate - 1) * (q1 - a**2) + (reference - 1) * (q2 - a**2)
    return float((max(numerator, 0.0) / (reference * candidate)) ** 0.5)


def _auc_of_parts(
    features: _Array, label: NDArray[np.int64], seed: int, folds: int
) -> list[float]:
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415
        from sklearn.metrics import roc_auc_score  # noqa: PLC0415
        from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415
    except ImportError as error:
        msg = "the classifier test needs scikit-learn: pip install 'heitler[validate]'"
        raise ImportError(msg) from error
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    values = []
    for train, test in parts.split(features, label):
        trees = HistGradientBoostingClassifier(
            max_iter=100, max_leaf_nodes=15, early_stopping=False, random_state=seed
        ).fit(features[train], label[train])
        score = trees.predict_proba(features[test])[:, 1]
        values.append(float(roc_auc_score(label[test], score)))
    return values
