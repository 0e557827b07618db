"""Compares samples of showers with a reference: numbers only, no figures.

Every value stands beside its floor, see `heitler.validation.selection`. An observable with several
components (layers, rings) has two rows per metric: the mean over its components, with the mean of
their errors since neighbouring layers fluctuate together, and the largest, which a fault of one
layer moves; the floor is treated alike. A spectrum is summed over showers first.

Trees on the high-level features judge every bin; trees on the lateral features and
networks on both judge all energies together, and so do distances of the high-level features. As
the time of these grows with the square of the showers, they see the first 1000 of each sample,
which are in random order. What betrays a candidate is looked for in the first 5000: every feature
costs another look at the showers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heitler.detectors import Detector
from heitler.formats.base import ShowerReader
from heitler.metrics import (
    METRICS,
    Estimate,
    Metric,
    classifier_auc,
    classifier_jensen_shannon,
    correlation_distance,
    kolmogorov_smirnov_p,
    largest_deviation,
    mean_ratio,
    neural_classifier_auc,
    permutation_importance,
    spectrum_separation,
    width_ratio,
)
from heitler.observables import LATERAL, OBSERVABLES, SPECTRUM_AXIS, feature_names
from heitler.validation.comparison import (
    FEATURES,
    LATERAL_FEATURES,
    Betrayal,
    Comparison,
    Row,
)
from heitler.validation.diagnosis import diagnose
from heitler.validation.few import few_note, means
from heitler.validation.sample import Array, Sample, View, collect
from heitler.validation.selection import (
    LEAST_SHOWERS,
    AngleBin,
    EnergyBin,
    Selection,
    angle_bins,
    energy_bins,
    select,
    showers_per_sample,
)

__all__ = ["compare", "compare_samples"]

_SMALLEST_BIN = 50
_BETRAYALS = 5
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
    "rarest_mode",
)
_MOST_FOR_DISTANCES = 1000
_MOST_FOR_BETRAYALS = 5000
_EXAMPLES = (0.15, 0.5, 0.85)
_Over = Literal["", "mean", "largest"]
_Scores = dict[tuple[str, str, _Over], Estimate]


def compare(
    reference: ShowerReader,
    candidates: Mapping[str, ShowerReader],
    *,
    floor: ShowerReader | None = None,
    energy_bins: int = 3,
    threshold: float | None = None,
    neural: bool = True,
    seed: int = 1,
    progress: bool = False,
) -> Comparison:
    """Compares candidates with a reference in every observable, metric and bin.

    Each file is read once, in batches. Where samples have fewer than `LEAST_SHOWERS` showers only
    means are compared, see `heitler.validation.few`.

    Arguments:
        reference: Showers of the full simulation.
        candidates: Showers to judge, by the name that tables give them.
        floor: A second, independent sample of the reference; without it the reference is halved.
        energy_bins: Number of bins of incident energy, apart from all energies together; where
            the angles of the reference span more than 5 degrees there are as many of the angle.
        threshold: Energy in MeV; deposits up to it are set to 0 in all samples and it is the hit
            threshold. None keeps all deposits and the hit threshold of the reference's detector.
        neural: Whether networks judge beside the trees, and calibrated trees in bits; they take
            most of the time.
        seed: Seed of all random choices.
        progress: Whether to show bars on standard error.

    Raises:
        ValueError: A candidate has another detector, or a sample has fewer than two showers.
    """
    _check(reference, candidates, floor, threshold)
    examples = np.quantile(reference.particles.energy.numpy(), _EXAMPLES).tolist()

    def table(name: str, reader: ShowerReader) -> Sample:
        return collect(
            name,
            reader,
            detector=reference.detector,
            threshold=threshold,
            examples=examples,
            progress=progress,
        )

    base = table("reference", reference)
    others = tuple(table(name, reader) for name, reader in candidates.items())
    second = None if floor is None else table("floor", floor)
    return compare_samples(
        base,
        others,
        floor=second,
        detector=_effective(reference.detector, threshold),
        threshold=threshold,
        seed=seed,
        bins=energy_bins,
        neural=neural,
    )


def compare_samples(
    reference: Sample,
    candidates: Sequence[Sample],
    *,
    floor: Sample | None,
    detector: Detector,
    threshold: float | None,
    seed: int,
    bins: int,
    neural: bool = True,
) -> Comparison:
    """The comparison of samples that are collected already; see `compare`."""
    if showers_per_sample(reference, candidates, floor) < LEAST_SHOWERS:
        return _of_few(reference, candidates, floor, detector, threshold, seed)
    selection = select(reference, candidates, floor, seed)
    energies = energy_bins(reference.energy, bins)
    angles = angle_bins(reference.theta, bins) if bins > 1 else ()
    rows: list[Row] = []
    others = (*candidates, *([] if floor is None else [floor]))
    notes = list(_notes(reference, others))
    every: tuple[EnergyBin | AngleBin, ...] = (*energies, *angles)
    for bin_ in every:
        inside = selection.within(bin_)
        if inside.size < _SMALLEST_BIN:
            notes.append(f"{bin_.label}: only {inside.size} showers per sample, left out")
            continue
        rows += _rows(inside, bin_, seed, neural=neural)
    return Comparison(
        reference=reference,
        candidates=tuple(candidates),
        floor=floor,
        detector=detector,
        energies=energies,
        angles=angles,
        rows=tuple(rows),
        size=selection.size,
        threshold=threshold,
        seed=seed,
        notes=tuple(notes),
        betrayals=tuple(_betrayals(selection, detector, seed)),
        defects=tuple(diagnose(selection, detector)),
    )


def _of_few(
    reference: Sample,
    candidates: Sequence[Sample],
    floor: Sample | None,
    detector: Detector,
    threshold: float | None,
    seed: int,
) -> Comparison:
    """The comparison of samples that are too small for anything but means."""
    found = tuple(means(reference, candidates))
    size = min(len(sample) for sample in (reference, *candidates))
    return Comparison(
        reference=reference,
        candidates=tuple(candidates),
        floor=floor,
        detector=detector,
        energies=energy_bins(reference.energy, 1),
        rows=(),
        size=size,
        threshold=threshold,
        seed=seed,
        notes=(few_note(size), *_notes(reference, candidates)),
        means=found,
    )


def _rows(
    selection: Selection, bin_: EnergyBin | AngleBin, seed: int, *, neural: bool
) -> Iterator[Row]:
    """All rows of one bin, candidate by candidate."""

    def scores(reference: View, candidate: View) -> _Scores:
        scores = _scores(reference, candidate, seed)
        if bin_.overall:
            scores |= _judged(reference, candidate, seed, neural=neural)
            scores |= _distances(reference, candidate, seed)
        return scores

    floor = scores(*selection.floor)
    for candidate in selection.candidates:
        parts = [scores(view, candidate) for view in selection.references]
        for key in floor:
            yield Row(
                candidate=candidate.sample.name,
                observable=key[0],
                metric=key[1],
                over=key[2],
                energies=bin_.label,
                size=_size(key[1], selection.size),
                value=_mean([part[key] for part in parts]),
                floor=floor[key],
            )


def _scores(reference: View, candidate: View, seed: int) -> _Scores:
    """Every metric between two equally large views, by observable and metric."""
    scores: _Scores = {
        (FEATURES, "classifier_auc", ""): classifier_auc(
            reference.features(FEATURES), candidate.features(FEATURES), seed=seed
        )
    }
    response = reference.values("response"), candidate.values("response")
    scores["response", "mean_ratio", ""] = mean_ratio(*response)
    scores["response", "width_ratio", ""] = width_ratio(*response, seed=seed)
    profile = "longitudinal_profile"
    scores[profile, "largest_deviation", ""] = largest_deviation(
        reference.values(profile), candidate.values(profile)
    )
    for name, observable in OBSERVABLES.items():
        first, second = reference.values(name), candidate.values(name)
        if observable.axis == SPECTRUM_AXIS:
            scores[name, "spectrum_separation", ""] = spectrum_separation(first, second)
            continue
        for entry in METRICS.values():
            if entry.kind == "distribution":
                for over, estimate in _over_components(entry, first, second):
                    scores[name, entry.name, over] = estimate
    return scores


def _judged(reference: View, candidate: View, seed: int, *, neural: bool) -> _Scores:
    """The classifiers beside the trees on the high-level features."""
    judges = [(LATERAL_FEATURES, classifier_auc)]
    if neural:
        judges += [
            (FEATURES, neural_classifier_auc),
            (LATERAL_FEATURES, neural_classifier_auc),
            (FEATURES, classifier_jensen_shannon),
        ]
    return {
        (features, judge.__name__, ""): judge(
            reference.features(features), candidate.features(features), seed=seed
        )
        for features, judge in judges
    }


def _distances(reference: View, candidate: View, seed: int) -> _Scores:
    """Distances of the high-level features, and of the correlations of layer energies."""
    views = [view.first(_MOST_FOR_DISTANCES) for view in (reference, candidate)]
    features = [view.features(FEATURES) for view in views]
    scores: _Scores = {
        (FEATURES, name, ""): METRICS[name].compare(*features, seed=seed) for name in _DISTANCES
    }
    layers = [view.values("layer_energy") for view in (reference, candidate)]
    scores["layer_energy", "correlation_distance", ""] = correlation_distance(*layers)
    return scores


def _size(metric: str, size: int) -> int:
    """How many of `size` showers a metric has seen."""
    return min(size, _MOST_FOR_DISTANCES) if metric in _DISTANCES else size


def _betrayals(selection: Selection, detector: Detector, seed: int) -> Iterator[Betrayal]:
    """The features that betray each candidate most to trees on the lateral features."""
    names = feature_names(LATERAL, detector.geometry.layers)
    reference = selection.references[0].first(_MOST_FOR_BETRAYALS).features(LATERAL_FEATURES)
    for candidate in selection.candidates:
        features = candidate.first(_MOST_FOR_BETRAYALS).features(LATERAL_FEATURES)
        drops = permutation_importance(reference, features, names, seed)
        for name, drop in drops[:_BETRAYALS]:
            yield Betrayal(candidate.sample.name, name, drop)


def _over_components(
    entry: Metric, first: Array, second: Array
) -> Iterator[tuple[_Over, Estimate]]:
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


def _mean(parts: list[Estimate]) -> Estimate:
    """Mean over the halves; its error is theirs, since they share the candidate."""
    return Estimate(
        float(np.mean([part.value for part in parts])),
        float(np.sqrt(np.mean([part.error**2 for part in parts]))),
    )


def _effective(detector: Detector, threshold: float | None) -> Detector:
    return detector if threshold is None else replace(detector, hit_threshold=threshold)


def _check(
    reference: ShowerReader,
    candidates: Mapping[str, ShowerReader],
    floor: ShowerReader | None,
    threshold: float | None,
) -> None:
    if not candidates:
        msg = "there is no candidate to compare with the reference"
        raise ValueError(msg)
    if threshold is not None and not 0 <= threshold < np.inf:
        msg = f"the threshold must be an energy of 0 or more, got {threshold} MeV"
        raise ValueError(msg)
    for reader in (*candidates.values(), *([] if floor is None else [floor])):
        if reader.detector != reference.detector:
            msg = (
                f"{reader.path} holds showers of {_describe(reader.detector)}, but the reference "
                f"{reference.path} of {_describe(reference.detector)}; only showers in the same "
                "cells can be compared (--detector says what a file without a detector holds)"
            )
            raise ValueError(msg)


def _describe(detector: Detector) -> str:
    return f"{detector.name} ({' x '.join(map(str, detector.geometry.grid_shape))} cells)"


def _notes(reference: Sample, candidates: Sequence[Sample]) -> Iterator[str]:
    """Warnings: where incident particles differ or showers are shared, numbers mislead."""
    known = _fingerprints(reference)
    energy, theta = _rounded(reference.energy), _rounded(reference.theta)
    for sample in candidates:
        seen = sample.values["visible_energy"] > 0
        copied = float((np.isin(_fingerprints(sample), known) & seen).mean())
        if copied > 0.01:
            yield f"{sample.name}: {copied:.0%} of its showers are showers of the reference"
        if kolmogorov_smirnov_p(energy, _rounded(sample.energy)) < 1e-3:
            yield (
                f"{sample.name}: its incident energies are distributed unlike the reference's; "
                "every observable shows the difference"
            )
        if set(reference.pdg.tolist()) != set(sample.pdg.tolist()):
            yield f"{sample.name}: its incident particles are not those of the reference"
        if kolmogorov_smirnov_p(theta, _rounded(sample.theta)) < 1e-3:
            yield f"{sample.name}: its angles of incidence are distributed unlike the reference's"


def _fingerprints(sample: Sample) -> NDArray[np.complex128]:
    """Two numbers of each shower in one, which no other shower shares but a copy."""
    energy, centre = (_rounded(sample.values[key]) for key in ("visible_energy", "centre_z"))
    return energy + 1j * centre


def _rounded(values: Array) -> Array:
    """Values to five significant digits: files of the same showers are rounded differently."""
    size = 10.0 ** (4 - np.floor(np.log10(np.where(values == 0, 1.0, np.abs(values)))))
    return np.asarray(np.round(values * size) / size)
