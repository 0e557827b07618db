"""Every metric between two equally large views of showers.

An observable with several components (layers, rings) has two scores per metric: the mean over its
components, with the mean of their errors since neighbouring layers fluctuate together, and the
largest, which a fault of one layer moves. A spectrum is summed over showers first.

Trees and distances of the high-level features judge every bin of energy and angle (`score`); trees
on the lateral features and networks on both judge all energies together (`judge`). As the time of
distances grows with the square of the showers, they see the first 1000 of each sample, which
are in random order. Where the training sample is known, the candidate is compared with it
(`recall_training`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from heitler.metrics import (
    METRICS,
    Estimate,
    Metric,
    authenticity,
    classifier_auc,
    classifier_jensen_shannon,
    correlation_distance,
    data_copying,
    largest_deviation,
    mean_ratio,
    memorisation_auc,
    neural_classifier_auc,
    width_ratio,
)
from heitler.metrics.scaling import leading_components
from heitler.observables import OBSERVABLES, SPECTRUM_AXIS
from heitler.validation.sample import FEATURES, LATERAL_FEATURES, Array, Sample, View

__all__ = ["Over", "Scores", "judge", "recall_training", "score", "seen"]

Over = Literal["", "mean", "largest"]
"""What is taken of an observable's components, "" where there is one only."""

Scores = dict[tuple[str, str, Over], Estimate]
"""Values by observable, metric and what is taken of the components."""

_RESPONSES = ("response", "weighted_response")
_DISTANCES = (
    "sliced_wasserstein",
    "sinkhorn_divergence",
    "maximum_mean_discrepancy",
    "energy_distance",
    "frechet_physics_distance",
    "kernel_physics_distance",
    "precision",
    "recall",
    "density",
    "coverage",
    "pair_jensen_shannon",
    "mode_chi2",
    "repeated_pairs",
)
_MOST_FOR_DISTANCES = 1000


def score(reference: View, candidate: View, *, seed: int) -> Scores:
    """Metrics of every observable, trees on the high-level features, and distances of these.

    Arguments:
        reference: Showers of the reference.
        candidate: As many showers of the candidate.
        seed: Seed of all random choices.
    """
    scores: Scores = {
        (FEATURES, "classifier_auc", ""): classifier_auc(
            reference.features(FEATURES), candidate.features(FEATURES), seed=seed
        )
    }
    for name in _RESPONSES:
        response = reference.values(name), candidate.values(name)
        scores[name, "mean_ratio", ""] = mean_ratio(*response)
        scores[name, "width_ratio", ""] = width_ratio(*response, seed=seed)
    profile = "longitudinal_profile"
    scores[profile, "largest_deviation", ""] = largest_deviation(
        reference.values(profile), candidate.values(profile)
    )
    scores |= _of_observables(reference, candidate)
    return scores | _distances(reference, candidate, seed)


def judge(reference: View, candidate: View, *, seed: int, neural: bool) -> Scores:
    """The classifiers beside the trees on the high-level features.

    Arguments:
        reference: Showers of the reference.
        candidate: As many showers of the candidate.
        seed: Seed of all random choices.
        neural: Whether networks judge beside the trees, and calibrated trees in bits.
    """
    judges = [(LATERAL_FEATURES, classifier_auc)]
    if neural:
        judges += [
            (FEATURES, neural_classifier_auc),
            (LATERAL_FEATURES, neural_classifier_auc),
            (FEATURES, classifier_jensen_shannon),
        ]
    return {
        (features, classifier.__name__, ""): classifier(
            reference.features(features), candidate.features(features), seed=seed
        )
        for features, classifier in judges
    }


def recall_training(training: Sample, reference: View, candidate: View, *, seed: int) -> Scores:
    """Whether the candidate is its training sample, in the leading components of the features.

    Arguments:
        training: The showers that the candidate was trained on.
        reference: Showers of the full simulation that it was not trained on.
        candidate: As many showers of the candidate.
        seed: Seed of all random choices.
    """
    views = (View(training, np.arange(len(training))), reference, candidate)
    known, fresh, made = leading_components(*(view.features(FEATURES) for view in views))
    return {
        (FEATURES, "memorisation_auc", ""): memorisation_auc(known, made, fresh),
        (FEATURES, "data_copying", ""): data_copying(known, made, fresh, seed=seed),
        (FEATURES, "authenticity", ""): authenticity(known, made),
    }


def seen(metric: str, size: int) -> int:
    """How many of `size` showers a metric has seen."""
    return min(size, _MOST_FOR_DISTANCES) if metric in _DISTANCES else size


def _of_observables(reference: View, candidate: View) -> Scores:
    """Every metric of distributions or spectra, of every observable."""
    scores: Scores = {}
    for name, observable in OBSERVABLES.items():
        first, second = reference.values(name), candidate.values(name)
        kind = "spectrum" if observable.axis == SPECTRUM_AXIS else "distribution"
        for entry in METRICS.values():
            if entry.kind != kind:
                continue
            if kind == "spectrum":
                scores[name, entry.name, ""] = entry.function(first, second)
                continue
            for over, estimate in _over_components(entry, first, second):
                scores[name, entry.name, over] = estimate
    return scores


def _distances(reference: View, candidate: View, seed: int) -> Scores:
    """Distances of the high-level features, and of correlations of these and of layer energies."""
    every = [view.features(FEATURES) for view in (reference, candidate)]
    first = [sample[:_MOST_FOR_DISTANCES] for sample in every]
    scores: Scores = {
        (FEATURES, name, ""): METRICS[name].compare(*first, seed=seed) for name in _DISTANCES
    }
    layers = [view.values("layer_energy") for view in (reference, candidate)]
    scores["layer_energy", "correlation_distance", ""] = correlation_distance(*layers)
    scores[FEATURES, "correlation_distance", ""] = correlation_distance(*every)
    return scores


def _over_components(
    entry: Metric, first: Array, second: Array
) -> Iterator[tuple[Over, Estimate]]:
    if first.ndim == 1:
        yield "", entry.function(first, second)
        return
    parts = [entry.function(a, b) for a, b in zip(first.T, second.T, strict=True)]
    yield (
        "mean",
        Estimate(
            float(np.mean([part.value for part in parts])),
            float(np.mean([part.error for part in parts])),
        ),
    )
    yield "largest", max(parts, key=lambda part: part.value)
