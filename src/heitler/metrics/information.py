"""What a classifier's probabilities say: bits about the sample, and whose showers they might be.

The classifier are the boosted trees of `heitler.metrics.classifier`. Probabilities must be
calibrated: of the showers that get p, the fraction p is of the class. A fifth to a quarter of the
training showers is left out and gives one temperature T, by which all log-probabilities are
divided. The CaloChallenge calibrates by isotonic regression on 20 000 showers; on some hundred its
steps are noise that the logarithm magnifies.

Notation: p_i is the probability of the true sample of shower i, BCE = -< ln p_i > the
cross-entropy over all showers in nats.

Reference: Krause et al. 2024, arXiv:2410.21611 (CaloChallenge); temperature: Guo et al. 2017,
arXiv:1706.04599, section 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, as_values, metric
from heitler.metrics.crossfit import REMEDY, Index

__all__ = ["classifier_jensen_shannon", "log_posteriors"]

_Array = NDArray[np.float64]


@metric("Jensen-Shannon divergence by a classifier", kind="features")
def classifier_jensen_shannon(
    reference: Values, candidate: Values, *, seed: int, folds: int = 5
) -> Estimate:
    """JSD = (ln 2 - BCE) / ln 2 of calibrated probabilities: a lower bound of the true one.

    Each of `folds` parts is judged by trees that learnt on the other parts. What they imagine
    costs them: for equal samples the value is a little below 0. The error is that of the mean of
    ln p_i over showers, and in quadrature that of the mean over parts, times sqrt(2), as parts
    share their training showers.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k), weighted as if M were N.
        seed: Seed of the division into parts and of the trees.
        folds: Number of parts.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: A sample is too small for the parts, or is not finite.
    """
    first, second = as_values(reference, ndim=2), as_values(candidate, ndim=2)
    if min(len(first), len(second)) < 4 * folds:
        msg = f"{folds} parts need {4 * folds} showers, got {len(first)} and {len(second)}"
        raise ValueError(msg)
    try:
        from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(REMEDY) from error
    features = np.concatenate([first, second])
    label = np.repeat([0, 1], [len(first), len(second)])
    logs, of_parts = np.empty(len(label)), []
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(label, label):
        judged = _log_probabilities(features[train], label[train], features[test], seed)
        logs[test] = judged[np.arange(len(test)), label[test]]
        of_parts.append(logs[test].mean())
    of_each = logs[label == 0], logs[label == 1]
    entropy = -sum(float(part.mean()) for part in of_each) / 2
    variance = sum(float(part.var()) / part.size for part in of_each) / 4
    variance += float(np.var(of_parts, ddof=1)) / folds
    return Estimate(1 - entropy / np.log(2), float((2 * variance) ** 0.5 / np.log(2)))


def log_posteriors(
    submissions: Mapping[str, Values], test: Values, *, seed: int
) -> dict[str, Estimate]:
    """Mean log-probability that test showers are those of each of several candidates.

    One classifier learns to name the candidate that made a shower; it never sees the full
    simulation. The candidate for which it takes full simulation is the most like it:

        L_c = < ln p(c | x) > over test showers x; closer to 0 is better, ln(1/C) is no preference.

    All C candidates have the same weight. The error is the standard error over test showers with
    this classifier.

    Arguments:
        submissions: Feature vectors of each candidate with shape (N_c, k), by name.
        test: Feature vectors of the full simulation with shape (M, k).
        seed: Seed of the trees and of the part left out.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: There are fewer than two candidates, or a sample is not finite.
    """
    if len(submissions) < 2:
        msg = f"two candidates or more can be told apart, got {len(submissions)}"
        raise ValueError(msg)
    samples = [as_values(sample, ndim=2) for sample in submissions.values()]
    label = np.repeat(np.arange(len(samples)), [len(sample) for sample in samples])
    logs = _log_probabilities(np.concatenate(samples), label, as_values(test, ndim=2), seed)
    return {
        name: Estimate(float(column.mean()), float(column.std(ddof=1) / column.size**0.5))
        for name, column in zip(submissions, logs.T, strict=True)
    }


def _log_probabilities(features: _Array, label: Index, judged: _Array, seed: int) -> _Array:
    """Calibrated ln p of all classes, which weigh the same, with shape (judged, classes)."""
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415
        from sklearn.model_selection import train_test_split  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(REMEDY) from error
    train, held, label_train, label_held = train_test_split(
        features, label, test_size=0.25, random_state=seed, stratify=label
    )
    counts = np.bincount(label_train)
    trees = HistGradientBoostingClassifier(
        max_iter=100,
        max_leaf_nodes=15,
        early_stopping=False,
        # Weights, also equal ones, make the search for bins several times as long.
        class_weight=None if np.ptp(counts) <= 1 else "balanced",
        random_state=seed,
    ).fit(train, label_train)
    temperature = _temperature(_log(trees.predict_proba(held)), label_held)
    return _tempered(_log(trees.predict_proba(judged)), temperature)


def _log(probability: _Array) -> _Array:
    return np.asarray(np.log(np.maximum(probability, 1e-12)))


def _tempered(logs: _Array, temperature: float) -> _Array:
    """Logarithms of probabilities to the power 1 / temperature, normalised again."""
    from scipy.special import log_softmax  # noqa: PLC0415

    return np.asarray(log_softmax(logs / temperature, axis=1))


def _temperature(logs: _Array, label: Index) -> float:
    """The temperature with the least cross-entropy, all classes weighing the same."""
    # Loading scipy's optimisers takes a while.
    from scipy.optimize import minimize_scalar  # noqa: PLC0415

    rows, weight = np.arange(len(label)), 1 / np.bincount(label)[label]

    def entropy(log_temperature: float) -> float:
        return -float(weight @ _tempered(logs, float(np.exp(log_temperature)))[rows, label])

    # Where the classes are alike any large temperature is best.
    return float(np.exp(minimize_scalar(entropy, bounds=(-2, 5), method="bounded").x))
