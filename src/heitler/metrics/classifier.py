"""Can a classifier tell the candidate from the reference by features? And by which?

Two classifiers: boosted trees, which see steps and cuts, and a network, which sees smooth
correlations of many features. Their AUCs and errors are those of `heitler.metrics.crossfit`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, as_values, metric
from heitler.metrics.crossfit import REMEDY, Index, cross_fitted_auc

__all__ = ["classifier_auc", "neural_classifier_auc", "permutation_importance"]

_Array = NDArray[np.float64]


class _Classifier(Protocol):
    """What scikit-learn calls a classifier."""

    def fit(self, features: _Array, label: Index, /) -> Self: ...

    def predict_proba(self, features: _Array, /) -> _Array: ...


@metric("classifier AUC", kind="features", ideal=0.5)
def classifier_auc(reference: Values, candidate: Values, *, seed: int, folds: int = 5) -> Estimate:
    """AUC of gradient-boosted trees that are trained and tested on disjoint parts.

    Each of `folds` equal parts is scored by trees (100 of at most 15 leaves, learning rate 0.1)
    that were trained on the others, see `cross_fitted_auc`.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        seed: Seed of the division into parts and of the trees.
        folds: Number of parts.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: A sample has fewer showers than there are parts, or is not finite.
    """
    return _auc(_trees, reference, candidate, seed, folds)


@metric("neural classifier AUC", kind="features", ideal=0.5)
def neural_classifier_auc(
    reference: Values, candidate: Values, *, seed: int, folds: int = 5
) -> Estimate:
    """AUC of a network that is trained and tested on disjoint parts.

    Each of `folds` equal parts is scored by a network that was trained on the others, see
    `cross_fitted_auc`: two hidden layers of 128 with ReLU, features scaled to mean 0 and variance
    1 in the training showers, L2 penalty 0.01, Adam until the accuracy on a tenth of the training
    showers has not improved for ten epochs.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        seed: Seed of the division into parts and of the network.
        folds: Number of parts.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: A sample has fewer showers than there are parts, or is not finite.
    """
    return _auc(_network, reference, candidate, seed, folds)


def permutation_importance(
    reference: Values,
    candidate: Values,
    names: Sequence[str],
    seed: int,
    *,
    held_out: float = 0.3,
    repeats: int = 3,
) -> list[tuple[str, float]]:
    """Which features betray the candidate: how much the AUC falls without each of them.

    The trees of `classifier_auc` learn on one part of the showers. In the held-out part one column
    after the other is shuffled among all showers, the trees stay as they are:

        drop_k = AUC - <AUC with column k shuffled>, the mean being over `repeats` orders.

    Of features that say the same, the trees use one or share: a small drop does not acquit a
    feature. Drops below the error of the AUC are noise.

    Reference: Breiman, Machine Learning 45 (2001) 5, section 10.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        names: Names of the k columns.
        seed: Seed of the division, of the trees and of the orders.
        held_out: Fraction of the showers on which the AUC is measured.
        repeats: Number of orders per column.

    Returns:
        The name and drop of every column, the largest drop first.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: There is not one name per column, a part is empty or a sample is not finite.
    """
    features, label = _stacked(reference, candidate)
    if len(names) != features.shape[1]:
        msg = f"{features.shape[1]} columns need as many names, got {len(names)}"
        raise ValueError(msg)
    try:
        from sklearn.metrics import roc_auc_score  # noqa: PLC0415
        from sklearn.model_selection import train_test_split  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(REMEDY) from error
    train, test, label_train, label_test = train_test_split(
        features, label, test_size=held_out, random_state=seed, stratify=label
    )
    trees = _trees(seed).fit(train, label_train)
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(test)) for _ in range(repeats)]
    auc = roc_auc_score(label_test, _probability(trees, test))
    drops = []
    for column, name in enumerate(names):
        kept = test[:, column].copy()
        left = []
        for order in orders:
            test[:, column] = kept[order]
            left.append(roc_auc_score(label_test, _probability(trees, test)))
        test[:, column] = kept
        drops.append((name, float(auc - np.mean(left))))
    return sorted(drops, key=lambda drop: drop[1], reverse=True)


def _auc(
    classifier: Callable[[int], _Classifier],
    reference: Values,
    candidate: Values,
    seed: int,
    folds: int,
) -> Estimate:
    """Cross-fitted AUC of what `classifier(seed)` makes, with scikit-learn's fit and scores."""
    features, label = _stacked(reference, candidate)
    count = int(label.sum())

    def score(train: Index, test: Index) -> _Array:
        return _probability(classifier(seed).fit(features[train], label[train]), features[test])

    return cross_fitted_auc(
        score, reference=len(label) - count, candidate=count, seed=seed, folds=folds
    )


def _trees(seed: int) -> _Classifier:
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(REMEDY) from error
    trees: _Classifier = HistGradientBoostingClassifier(
        max_iter=100, max_leaf_nodes=15, early_stopping=False, random_state=seed
    )
    return trees


def _network(seed: int) -> _Classifier:
    try:
        from sklearn.neural_network import MLPClassifier  # noqa: PLC0415
        from sklearn.pipeline import make_pipeline  # noqa: PLC0415
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(REMEDY) from error
    network = MLPClassifier((128, 128), alpha=1e-2, early_stopping=True, random_state=seed)
    scaled: _Classifier = make_pipeline(StandardScaler(), network)
    return scaled


def _probability(classifier: _Classifier, features: _Array) -> _Array:
    """Probability of being of the candidate, with shape (n,)."""
    return np.asarray(classifier.predict_proba(features)[:, 1], dtype=np.float64)


def _stacked(reference: Values, candidate: Values) -> tuple[_Array, Index]:
    """Both samples below each other, and 0 for the reference, 1 for the candidate."""
    first, second = as_values(reference, ndim=2), as_values(candidate, ndim=2)
    return np.concatenate([first, second]), np.repeat([0, 1], [len(first), len(second)])
