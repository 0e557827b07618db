"""Compares samples of showers with a reference: numbers only, no figures.

Every value stands beside its floor, see `heitler.validation.selection`; which metrics there are,
`heitler.validation.scores`. What betrays a candidate is looked for in the first 5000 showers:
every feature costs another look at them. Samples too small for any of it have their means
compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heitler.detectors import Detector
from heitler.formats.base import ShowerReader
from heitler.metrics import Estimate, kolmogorov_smirnov_p, permutation_importance
from heitler.observables import LATERAL, feature_names
from heitler.validation.cells import CELLS, judge_cells
from heitler.validation.comparison import LATERAL_FEATURES, Betrayal, Comparison, Row
from heitler.validation.diagnosis import diagnose
from heitler.validation.few import few_note, means
from heitler.validation.sample import Array, Sample, View, collect
from heitler.validation.scores import Scores, judge, recall_training, score, seen
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
_MOST_FOR_BETRAYALS = 5000
_EXAMPLES = (0.15, 0.5, 0.85)
_KEPT = 1000


def compare(  # noqa: PLR0913 (what is compared, and how)
    reference: ShowerReader,
    candidates: Mapping[str, ShowerReader],
    *,
    floor: ShowerReader | None = None,
    training: ShowerReader | None = None,
    energy_bins: int = 3,
    threshold: float | None = None,
    neural: bool = True,
    cells: bool = False,
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
        training: Showers that the candidates were trained on, to see whether they are learnt by
            heart; the reference must have none of them.
        energy_bins: Number of bins of incident energy, apart from all energies together; where
            the angles of the reference span more than 5 degrees there are as many of the angle.
        threshold: Energy in MeV; deposits up to it are set to 0 in all samples and it is the hit
            threshold. None keeps all deposits and the hit threshold of the reference's detector.
        neural: Whether networks judge beside the trees, and calibrated trees in bits; they take
            most of the time.
        cells: Whether networks judge all cells too, and structural similarity, of the first 1000
            showers of each file: minutes.
        seed: Seed of all random choices.
        progress: Whether to show bars on standard error.

    Raises:
        ValueError: A candidate has another detector, or a sample has fewer than two showers.
    """
    _check(reference, candidates, (floor, training), threshold)
    examples = np.quantile(reference.particles.energy.numpy(), _EXAMPLES).tolist()

    def table(name: str, reader: ShowerReader) -> Sample:
        return collect(
            name,
            reader,
            detector=reference.detector,
            threshold=threshold,
            examples=examples,
            keep=_KEPT if cells else 0,
            progress=progress,
        )

    base = table("reference", reference)
    others = tuple(table(name, reader) for name, reader in candidates.items())
    second = None if floor is None else table("floor", floor)
    known = None if training is None else table("training", training)
    return compare_samples(
        base,
        others,
        floor=second,
        training=known,
        detector=_effective(reference.detector, threshold),
        threshold=threshold,
        seed=seed,
        bins=energy_bins,
        neural=neural,
    )


def compare_samples(  # noqa: PLR0913 (as `compare`)
    reference: Sample,
    candidates: Sequence[Sample],
    *,
    floor: Sample | None,
    detector: Detector,
    threshold: float | None,
    seed: int,
    bins: int,
    training: Sample | None = None,
    neural: bool = True,
) -> Comparison:
    """The comparison of samples that are collected already; see `compare`."""
    if showers_per_sample(reference, candidates, floor) < LEAST_SHOWERS:
        return _of_few(reference, candidates, floor, detector, threshold, seed)
    selection = select(reference, candidates, floor, seed)
    energies = energy_bins(reference.energy, bins)
    angles = angle_bins(reference.theta, bins) if bins > 1 else ()
    rows: list[Row] = []
    others = (*candidates, *(sample for sample in (floor, training) if sample is not None))
    notes = list(_notes(reference, others))
    every: tuple[EnergyBin | AngleBin, ...] = (*energies, *angles)
    for bin_ in every:
        inside = selection.within(bin_)
        if inside.size < _SMALLEST_BIN:
            notes.append(f"{bin_.label}: only {inside.size} showers per sample, left out")
            continue
        rows += _rows(inside, bin_, seed, training=training, neural=neural)
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
    selection: Selection,
    bin_: EnergyBin | AngleBin,
    seed: int,
    *,
    training: Sample | None,
    neural: bool,
) -> Iterator[Row]:
    """All rows of one bin, candidate by candidate."""
    views = (*selection.references, *selection.floor, *selection.candidates)
    kept = min(view.kept for view in views)

    def scores(reference: View, candidate: View) -> Scores:
        found = score(reference, candidate, seed=seed)
        if bin_.overall:
            found |= judge(reference, candidate, seed=seed, neural=neural)
        if bin_.overall and training is not None:
            found |= recall_training(training, reference, candidate, seed=seed)
        if bin_.overall and kept:
            found |= judge_cells(reference, candidate, size=kept, seed=seed)
        return found

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
                size=kept if key[0] == CELLS else seen(key[1], selection.size),
                value=_mean([part[key] for part in parts]),
                floor=floor[key],
            )


def _betrayals(selection: Selection, detector: Detector, seed: int) -> Iterator[Betrayal]:
    """The features that betray each candidate most to trees on the lateral features."""
    names = feature_names(LATERAL, detector.geometry.layers)
    reference = selection.references[0].first(_MOST_FOR_BETRAYALS).features(LATERAL_FEATURES)
    for candidate in selection.candidates:
        features = candidate.first(_MOST_FOR_BETRAYALS).features(LATERAL_FEATURES)
        drops = permutation_importance(reference, features, names, seed)
        for name, drop in drops[:_BETRAYALS]:
            yield Betrayal(candidate.sample.name, name, drop)


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
    others: Sequence[ShowerReader | None],
    threshold: float | None,
) -> None:
    if not candidates:
        msg = "there is no candidate to compare with the reference"
        raise ValueError(msg)
    if threshold is not None and not 0 <= threshold < np.inf:
        msg = f"the threshold must be an energy of 0 or more, got {threshold} MeV"
        raise ValueError(msg)
    for reader in (*candidates.values(), *(each for each in others if each is not None)):
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
