"""The area under the ROC curve of any classifier, each shower scored by one that has not seen it.

The area under the ROC curve (AUC) is the probability that the classifier scores a random shower of
the candidate above a random one of the reference: 0.5 if it learnt nothing, 1 if it never errs. It
grows with the size of the samples on which the classifier learns, so quote the size with it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate

__all__ = ["REMEDY", "Index", "Scorer", "cross_fitted_auc", "hanley_mcneil"]

Index = NDArray[np.int64]

Scorer = Callable[[Index, Index], NDArray[np.float64]]
"""Trains a classifier on some showers and scores others: (train, test) to scores of `test`."""

REMEDY = "the classifier test needs scikit-learn: pip install 'heitler[validate]'"


def cross_fitted_auc(
    scorer: Scorer, *, reference: int, candidate: int, seed: int, folds: int
) -> Estimate:
    """Mean AUC over parts that are scored by classifiers trained on the other parts.

    The showers of the reference come first, those of the candidate behind them. Each of `folds`
    parts has its share of both. The value can fall below 0.5. The error is that of `hanley_mcneil`
    for samples of this size, times sqrt(2): the parts share their training showers, so the AUC of
    repeated data sets scatters more than that of a classifier that is given.

    Arguments:
        scorer: Trains a new classifier on the first indices and scores the second.
        reference: Number of showers of the reference.
        candidate: Number of showers of the candidate.
        seed: Seed of the division into parts.
        folds: Number of parts.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: A sample has fewer showers than there are parts.
    """
    if min(reference, candidate) < folds:
        msg = f"{folds} parts need {folds} showers, got {reference} and {candidate}"
        raise ValueError(msg)
    try:
        from sklearn.metrics import roc_auc_score  # noqa: PLC0415
        from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(REMEDY) from error
    label = np.repeat([0, 1], [reference, candidate])
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed).split(label, label)
    values = [roc_auc_score(label[test], scorer(train, test)) for train, test in parts]
    value = float(np.mean(values))
    return Estimate(value, 2**0.5 * hanley_mcneil(value, reference, candidate))


def hanley_mcneil(auc: float, reference: int, candidate: int) -> float:
    """Standard error of an AUC from the sizes of both samples.

    With Q1 = A / (2 - A) and Q2 = 2 A^2 / (1 + A) the variance is

        (A (1 - A) + (n2 - 1)(Q1 - A^2) + (n1 - 1)(Q2 - A^2)) / (n1 n2)

    Reference: Hanley and McNeil, Radiology 143 (1982) 29, eqs. (1) and (2).
    """
    a = max(auc, 1 - auc)
    q1, q2 = a / (2 - a), 2 * a**2 / (1 + a)
    numerator = a * (1 - a) + (candidate - 1) * (q1 - a**2) + (reference - 1) * (q2 - a**2)
    return float((max(numerator, 0.0) / (reference * candidate)) ** 0.5)
