"""Where a candidate is right and where it is wrong, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heitler.metrics import METRICS, profile_ratio
from heitler.observables import OBSERVABLES, SPECTRUM_AXIS, Observable
from heitler.validation.cells import CELLS
from heitler.validation.comparison import (
    FEATURES,
    LATERAL_FEATURES,
    Comparison,
    Row,
    Verdict,
    verdict_of,
)
from heitler.validation.diagnosis import Defect
from heitler.validation.diagnosis.defect import amount
from heitler.validation.few import Means
from heitler.validation.sample import Array, Sample

__all__ = ["Finding", "findings", "overview", "table", "worst_rows"]

_HEADLINES = {
    (FEATURES, "classifier_auc"): "Classifier AUC, high-level features",
    ("response", "mean_ratio"): "Mean response, candidate / reference",
    ("response", "width_ratio"): "Width of the response, candidate / reference",
    ("longitudinal_profile", "largest_deviation"): "Largest deviation of the mean profile",
}
_JUDGES = {
    (LATERAL_FEATURES, "classifier_auc"): "Classifier AUC, lateral features",
    (FEATURES, "neural_classifier_auc"): "Neural classifier AUC, high-level features",
    (LATERAL_FEATURES, "neural_classifier_auc"): "Neural classifier AUC, lateral features",
}
_OF_ALL = (
    (FEATURES, "features"),
    (FEATURES, "profile"),
    (FEATURES, "memory"),
    ("layer_energy", "profile"),
    (CELLS, "voxels"),
)
_LINES = 10
_MARKS = {"floor": " ", "above": "*", "far": "!"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the summary."""

    verdict: Verdict
    text: str


def findings(comparison: Comparison, candidate: Sample) -> list[Finding]:
    """At most ten lines: defects and what else is off, worst first; classifiers; what is right."""
    if comparison.means:
        return _of_means([m for m in comparison.means if m.candidate == candidate.name])
    looked = [each for each in comparison.defects if each.candidate == candidate.name]
    defects = sorted((d for d in looked if d.found), key=lambda d: d.excess, reverse=True)
    ranked = worst_rows(comparison, candidate)
    judged = _judgement(comparison, candidate)
    right = _right(
        [each for each in looked if not each.found],
        [row for row in ranked if row.verdict == "floor"],
    )
    room = _LINES - len(judged) - len(right)
    lines = [_of_defect(each) for each in defects[: room - 1]]
    lines += _further(comparison, candidate, defects[room - 1 :], ranked, room - len(lines))
    return [*lines, *judged, *right]


def _of_means(found: list[Means]) -> list[Finding]:
    """Means that differ, the most significant first, then the names of those that do not."""
    ranked = sorted(found, key=lambda each: each.excess, reverse=True)
    off = [each for each in ranked if verdict_of(each.excess) != "floor"]
    told, names = off[: _LINES - 2], [OBSERVABLES[m.observable].label for m in off[_LINES - 2 :]]
    lines = [_of_mean(each) for each in told]
    if names:
        lines.append(
            Finding(verdict_of(off[-1].excess), f"Means off as well: {', '.join(names)}.")
        )
    if right := [OBSERVABLES[m.observable].label for m in found if m not in off]:
        lines.append(Finding("floor", f"Means equal within errors: {', '.join(right)}."))
    return lines


def _of_mean(means: Means) -> Finding:
    entry = OBSERVABLES[means.observable]
    unit = f" {entry.unit}" if entry.unit else ""
    return Finding(
        verdict_of(means.excess),
        f"{entry.label[0].upper()}{entry.label[1:]}: mean {means.value}{unit} where the reference "
        f"has {means.reference} ({means.excess:.1f} standard deviations).",
    )


def _of_defect(defect: Defect) -> Finding:
    verdict: Verdict = "far" if defect.excess > 5.0 else "above"
    sigmas = "more than 100" if defect.excess > 100 else f"{defect.excess:.1f}"
    return Finding(
        verdict,
        f"{defect.text} ({sigmas} standard deviations; floor "
        f"{amount(defect.floor, defect.unit)}).",
    )


def _further(
    comparison: Comparison,
    candidate: Sample,
    defects: list[Defect],
    ranked: list[Row],
    room: int,
) -> list[Finding]:
    """Observables above the floor that no defect accounts for, and names of what has no room."""
    shown = [d for d in comparison.defects if d.candidate == candidate.name and d.found]
    known = {name for defect in shown for name in defect.accounts_for}
    wrong = [row for row in ranked if row.verdict != "floor"]
    new = [row for row in wrong if row.observable not in known]
    rest = [row for row in wrong if row.observable in known]
    told, left = new[: room - 1], new[room - 1 :]
    lines = [_observation(comparison, candidate, row) for row in told]
    names = [each.text for each in defects]
    names += [OBSERVABLES[row.observable].label for row in (*left, *rest)]
    if names:
        far = any(r.verdict == "far" for r in (*left, *rest)) or any(d.excess > 5 for d in defects)
        also = "Also above the floor" if lines or shown else "Above the floor"
        lines.append(Finding("far" if far else "above", f"{also}: {', '.join(names)}."))
    return lines


def _judgement(comparison: Comparison, candidate: Sample) -> list[Finding]:
    """What classifiers say, in two lines."""
    overall = {"candidate": candidate.name, "energies": comparison.energies[0].label}
    first, *_ = _HEADLINES
    observable, metric = first
    rows = comparison.select(observable=observable, metric=metric, **overall)
    lines = [_headline(row) for row in rows]
    judges = [
        row
        for observable, metric in _JUDGES
        for row in comparison.select(observable=observable, metric=metric, **overall)
    ]
    return [*lines, _of_judges(judges)] if judges else lines


def _right(looked: list[Defect], rows: list[Row]) -> list[Finding]:
    lines = []
    if looked:
        parts = (f"{each.name} ({amount(each.value, each.unit)})" for each in looked)
        lines.append(Finding("floor", f"Right within errors: {', '.join(parts)}."))
    if rows:
        names = ", ".join(OBSERVABLES[row.observable].label for row in rows)
        lines.append(Finding("floor", f"At the floor in every bin: {names}."))
    return lines


def worst_rows(comparison: Comparison, candidate: Sample) -> list[Row]:
    """For each observable the distance with the largest excess over the floor, worst first."""
    worst: dict[str, Row] = {}
    for row in comparison.select(candidate=candidate.name):
        if METRICS[row.metric].kind not in {"distribution", "spectrum"}:
            continue
        if row.observable not in worst or row.excess > worst[row.observable].excess:
            worst[row.observable] = row
    return sorted(worst.values(), key=lambda row: row.excess, reverse=True)


def overview(comparison: Comparison) -> list[tuple[str, list[Row]]]:
    """Headlines in all bins, then one line per observable: label, row per candidate."""
    overall = comparison.energies[0].label
    first, *others = _HEADLINES.items()
    keys = [
        (f"{label}, {bin_.label}", observable, metric, bin_.label)
        for (observable, metric), label in (first, *_JUDGES.items(), *others)
        for bin_ in comparison.bins
    ]
    keys += [
        (f"{entry.label[0].upper()}{entry.label[1:]}, {observable}", observable, name, overall)
        for observable, kind in _OF_ALL
        for name, entry in METRICS.items()
        if entry.kind == kind and (observable, name) not in _HEADLINES | _JUDGES
    ]
    for name, entry in OBSERVABLES.items():
        metric = "spectrum_separation" if entry.axis == SPECTRUM_AXIS else "separation_power"
        keys.append((f"Separation power: {_of_components(entry)}", name, metric, overall))
    lines = []
    for label, observable, metric, energies in keys:
        rows = comparison.select(observable=observable, metric=metric, energies=energies)
        if chosen := [row for row in rows if row.over != "mean"]:
            lines.append((label, chosen))
    return lines


def _of_components(entry: Observable) -> str:
    if entry.axis is None or entry.axis == SPECTRUM_AXIS:
        return entry.label
    return f"{entry.label}, worst {entry.axis}"


def table(comparison: Comparison) -> list[str]:
    """The overview as lines of text: every value beside its floor, or means beside means."""
    if comparison.means:
        return _table_of_means(comparison)
    lines = [("", *(sample.name for sample in comparison.candidates), "floor", "showers")]
    for label, rows in overview(comparison):
        cells = (f"{row.value} {_MARKS[row.verdict]}" for row in rows)
        lines.append((label, *cells, str(rows[0].floor), str(rows[0].size)))
    return [*_aligned(lines), "", "* above the floor (2 to 5 sigma), ! far above it"]


def _table_of_means(comparison: Comparison) -> list[str]:
    names = (sample.name for sample in comparison.candidates)
    lines = [("mean", "reference", *names)]
    for label, rows in comparison.means_by_observable():
        cells = (f"{row.value} {_MARKS[verdict_of(row.excess)]}" for row in rows)
        lines.append((label, str(rows[0].reference), *cells))
    return [*_aligned(lines), "", "* off by 2 to 5 sigma, ! by more"]


def _aligned(lines: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


def _headline(row: Row) -> Finding:
    value, floor = row.value, row.floor
    return Finding(
        row.verdict,
        f"A classifier on {row.observable} reaches an AUC of {value.value:.3f} ± "
        f"{value.error:.3f} (floor {floor.value:.3f} ± {floor.error:.3f}, "
        f"{row.size} against {row.size} showers).",
    )


def _of_judges(rows: list[Row]) -> Finding:
    """One line for the classifiers beside that of the first headline."""
    names = {"classifier_auc": "trees", "neural_classifier_auc": "a network"}
    parts = (
        f"{names[row.metric]} on {row.observable} {row.value.value:.3f} ± {row.value.error:.3f} "
        f"(floor {row.floor.value:.3f})"
        for row in rows
    )
    worst = max(rows, key=lambda row: row.excess)
    return Finding(worst.verdict, f"Other classifiers: {', '.join(parts)}.")


def _observation(comparison: Comparison, candidate: Sample, row: Row) -> Finding:
    entry = OBSERVABLES[row.observable]
    bin_ = next(each for each in comparison.bins if each.label == row.energies)
    first, second = (
        sample.values[row.observable][bin_.holds(sample)]
        for sample in (comparison.reference, candidate)
    )
    how = (
        _shift(first, second) if entry.axis is None else _component(comparison, row, first, second)
    )
    unit = f" {row.unit}" if row.unit else ""
    over = {
        "": "",
        "mean": f", mean over {entry.axis}s,",
        "largest": f" of the worst {entry.axis}",
    }
    text = (
        f"{entry.label[0].upper()}{entry.label[1:]}: {how} "
        f"({METRICS[row.metric].label}{over[row.over]} {row.value}{unit} against a floor of "
        f"{row.floor}, clearest {'over' if bin_.overall else 'at'} {row.energies})."
    )
    return Finding(row.verdict, text)


def _shift(first: Array, second: Array) -> str:
    spread = float(first.std())
    if spread == 0.0:
        return f"mean {second.mean():.3g} where the reference is always {first.mean():.3g}"
    shift = (second.mean() - first.mean()) / spread
    return f"mean shifted by {shift:+.2f} of its spread, spread x {second.std() / spread:.2f}"


def _component(comparison: Comparison, row: Row, first: Array, second: Array) -> str:
    """The component with the most significant shift of its mean among those that matter."""
    entry = OBSERVABLES[row.observable]
    if entry.signed:
        return _moved(entry, first, second)
    ratio, error = profile_ratio(first, second)
    mean = first.mean(axis=0)
    held = (mean > 0.01 * mean.sum()) & (error > 0)
    pull = np.where(held, np.abs(ratio - 1) / np.where(held, error, 1.0), -1.0)
    at = int(np.argmax(pull))
    if entry.axis == SPECTRUM_AXIS and entry.bins is not None:
        edges = entry.bins.edges(comparison.detector)
        where = f"around {float(edges[at] + edges[at + 1]) / 2:.2g} MeV"
    else:
        where = f"in {entry.axis} {at}"
    return f"mean {where} {ratio[at] - 1:+.1%}"


def _moved(entry: Observable, first: Array, second: Array) -> str:
    """The component whose mean has moved most significantly, where ratios say nothing."""
    shift = second.mean(axis=0) - first.mean(axis=0)
    error = np.sqrt(first.var(axis=0) / len(first) + second.var(axis=0) / len(second))
    at = int(np.argmax(np.abs(shift) / np.where(error > 0, error, np.inf)))
    return f"mean in {entry.axis} {at} {shift[at]:+.3g} {entry.unit}"
