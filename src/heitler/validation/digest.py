"""A comparison in a few lines: fidelity and speed, each beside what it is held against."""

from __future__ import annotations

from typing import Any

from heitler.validation.comparison import (
    FEATURES,
    LATERAL_FEATURES,
    Comparison,
    Row,
    SpeedRow,
)

__all__ = ["digest", "headlines", "speed_table"]

_SUMMARIES = (("response", "mean_ratio"), ("response", "width_ratio"))
_OVERALL = (
    ("longitudinal_profile", "largest_deviation"),
    ("visible_energy", "separation_power"),
    ("hits", "separation_power"),
    (FEATURES, "classifier_auc"),
    (LATERAL_FEATURES, "classifier_auc"),
)


def headlines(comparison: Comparison) -> list[dict[str, Any]]:
    """The rows that sum a comparison up: ratios by bin of energy, the rest over all energies.

    Returns:
        For each row its `Row.facts`.
    """
    return [row.facts() for row in _rows(comparison)]


def digest(comparison: Comparison, candidate: str) -> list[str]:
    """A few lines on one candidate.

    Arguments:
        comparison: With or without times.
        candidate: Name of the candidate.
    """
    rows = [row for row in _rows(comparison) if row.candidate == candidate]
    lines = [f"{candidate} against {comparison.size} showers that training never saw"]
    for (observable, metric), text in zip(_SUMMARIES, ("mean", "width"), strict=True):
        chosen = [row for row in rows if (row.observable, row.metric) == (observable, metric)]
        parts = (f"{row.value.value:.3f}±{row.value.error:.3f} ({row.energies})" for row in chosen)
        floors = ", ".join(f"{row.floor.value:.3f}" for row in chosen)
        lines.append(
            f"{text + ' of response / Geant4':<32}{', '.join(parts)}   "
            f"Geant4 against itself {floors}"
        )
    lines += [_line(row) for row in rows if (row.observable, row.metric) in _OVERALL]
    lines += [_speed(row) for row in comparison.speed if row.candidate == candidate]
    return lines


def speed_table(comparisons: list[Comparison]) -> list[str]:
    """Times and fidelity in one table, a line per model and batch.

    A time is the median over calls, beside half of their central 68 %; the speed-up compares CPU
    time with CPU time. Mean and width of the response are those of the bin of energy where they
    are worst, as ratios to Geant4; the profile is its largest deviation in a layer.
    """
    head = ("model", "batch", "threads", "ms/shower", "CPU ms", "warm-up", "Geant4 ms", "speed-up")
    lines: list[tuple[str, ...]] = [
        (*head, "AUC (floor)", "mean (floor)", "width (floor)", "profile (floor)")
    ]
    for comparison in comparisons:
        fidelity = _fidelity(comparison)
        lines += [(*_speed_cells(row), *fidelity) for row in comparison.speed]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _rows(comparison: Comparison) -> list[Row]:
    overall, *bins = (energies.label for energies in comparison.energies)
    filled = {row.energies for row in comparison.rows}
    labels = [label for label in bins if label in filled] or [overall]
    wanted = [(o, m, label) for o, m in _SUMMARIES for label in labels]
    wanted += [(o, m, overall) for o, m in _OVERALL]
    return [
        row
        for observable, metric, energies in wanted
        for row in comparison.select(observable=observable, metric=metric, energies=energies)
    ]


def _line(row: Row) -> str:
    label = {
        "largest_deviation": "profile, worst layer",
        "separation_power": f"separation of {row.observable.replace('_', ' ')}",
        "classifier_auc": "classifier AUC"
        if row.observable == FEATURES
        else "classifier AUC, lateral",
    }[row.metric]
    value, floor = row.value, row.floor
    return (
        f"{label:<32}{value.value:.3f}±{value.error:.3f}   "
        f"Geant4 against itself {floor.value:.3f}±{floor.error:.3f}"
    )


def _speed(row: SpeedRow) -> str:
    text = f"batch {row.batch}, {row.threads} thread"
    times = f"{text:<32}{row.milliseconds:.4f} ms per shower (CPU {row.cpu_milliseconds:.4f})"
    if row.speed_up is None:
        return times
    return f"{times}, {row.speed_up:,.0f} times less CPU than Geant4"


def _speed_cells(row: SpeedRow) -> tuple[str, ...]:
    known = row.reference_milliseconds is not None
    return (
        row.candidate,
        str(row.batch),
        str(row.threads),
        f"{row.milliseconds:.4f} ± {row.error:.4f}",
        f"{row.cpu_milliseconds:.4f}",
        f"{row.warm_up:.3f}",
        f"{row.reference_milliseconds:.0f}" if known else "-",
        f"{row.speed_up:,.0f}" if known else "-",
    )


def _fidelity(comparison: Comparison) -> tuple[str, ...]:
    """AUC with floor; ratios furthest from 1; largest deviation of the profile."""
    rows = _rows(comparison)

    def worst(metric: str) -> str:
        chosen = [row for row in rows if row.metric == metric]
        furthest = max(chosen, key=lambda row: abs(row.value.value - 1))
        value, floor = furthest.value, furthest.floor
        return f"{value.value:.3f} ± {value.error:.3f} ({floor.value:.3f})"

    auc = next(row for row in rows if row.metric == "classifier_auc")
    profile = next(row for row in rows if row.metric == "largest_deviation")
    return (
        f"{auc.value.value:.3f} ({auc.floor.value:.3f})",
        worst("mean_ratio"),
        worst("width_ratio"),
        f"{profile.value.value:.3f} ({profile.floor.value:.3f})",
    )
