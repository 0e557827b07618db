"""Section 4: speed against fidelity, the compound-hit model among published ones.

CaloChallenge's table for photons comes from a file of the organisers; other published points are
in `published_points.csv`, each with its source.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from compound_hits_fidelity import headline
from compound_hits_speed import quickest
from compound_hits_study import CASES, Study
from heitler.detectors import load_detector
from heitler.validation.style import figure_style
from results import table

PUBLISHED = Path(__file__).with_name("published_points.csv")
FIGURE = "compound-hits-field"
PHOTONS = "CaloChallenge photons"
_CASE = "ild_ecal"
_CONDITIONS = [f"{device} {batch}" for device in ("CPU", "GPU") for batch in (1, 100, 10000)]

CAVEATS = """\
How to read it. Other data: CaloChallenge's photons fill 368 voxels, its data sets 2 and 3 have
6,480 and 40,500, ours {cells} cells. Other hardware: published times are those of the authors'
machines and some are of GPUs, ours are of one core of the machine named below. Other classifiers:
CaloChallenge's networks learn from 100,000 showers or so, ours from {size:,} + {size:,}, and an
AUC grows with the sample (section Limits), so our AUC is a lower bound of what theirs would find.
This holds above all for the AUC on all cells, where our classifier sees next to nothing in so few
showers: its floor, {low_floor:.3f}, is where it should be, and that the model is there too proves
little. As high-level AUC we take the largest of trees and networks on sets A and B, since theirs
include centre and width of each layer. Times of ours are CPU times of dense showers."""


@dataclass(frozen=True, slots=True)
class Point:
    """A published point.

    Arguments:
        name: Name of the model.
        sample: What it was trained and judged on.
        low, high: AUC on cells and on high-level features; None where there is none.
        milliseconds: Time per shower.
        condition: Device and batch.
        source: Where it stands.
    """

    name: str
    sample: str
    low: float | None
    high: float | None
    milliseconds: float
    condition: str
    source: str


def calochallenge(path: Path) -> list[Point]:
    """All points of the organisers' table, one for each time that it has."""
    points = []
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            for condition in _CONDITIONS:
                if not row[f"time {condition}"]:
                    continue
                points.append(
                    Point(
                        row["submission name"],
                        PHOTONS,
                        _number(row["binary cls low"]),
                        _number(row["binary cls high"]),
                        float(row[f"time {condition}"]),
                        condition.replace(" ", " batch "),
                        "arXiv:2410.21611",
                    )
                )
    return points


def others(path: Path = PUBLISHED) -> list[Point]:
    """The points of other publications."""
    with path.open(newline="") as file:
        return [
            Point(
                row["name"],
                row["sample"],
                _number(row["auc_low"]),
                _number(row["auc_high"]),
                float(row["milliseconds"]),
                row["condition"],
                row["source"],
            )
            for row in csv.DictReader(file)
        ]


def ahead(points: Sequence[Point], milliseconds: float, low: float, high: float) -> list[Point]:
    """Published points that are faster and have a smaller AUC on the low or on the high level.

    Arguments:
        points: Published points; those without an AUC are never ahead.
        milliseconds: Our time per shower.
        low: Our AUC on the low level.
        high: Our AUC on the high level.
    """
    return [
        point
        for point in points
        if point.milliseconds < milliseconds
        and any(
            theirs is not None and theirs < ours
            for theirs, ours in ((point.low, low), (point.high, high))
        )
    ]


def measure(study: Study, field: Path) -> None:
    """Reads the published points; keeps what is compared."""
    points = calochallenge(field)
    content = {
        "calochallenge": bool(points),
        "points": [asdict(point) for point in (*points, *others())],
    }
    study.keep("field", content, [field])


def body(study: Study) -> list[str]:
    """The section as Markdown, with its figure."""
    text, content = ["## Against the field"], study.kept("field")
    speed, case = study.kept(f"speed_{_CASE}"), CASES[_CASE]
    if content is None or speed is None:
        return [*text, "Not measured yet: it needs the sections fidelity and speed, and itself."]
    points = [Point(**point) for point in content["points"]]
    physics = headline(study, case)
    low = physics["voxels"].value
    highest = max(
        (line for name, line in physics.items() if name != "voxels"), key=lambda line: line.value
    )
    ours = {
        batch: quickest(speed, "dense", batch=batch)["cpu_milliseconds"]
        for batch in (1, 100, 1000)
    }
    if not content["calochallenge"]:
        text.append("CaloChallenge's table was not at hand (--field): only other points are here.")
    cells = load_detector(_CASE).geometry.cells
    fidelity = study.kept(f"fidelity_{_CASE}") or {}
    text.append(
        CAVEATS.format(
            cells=f"{cells:,}", size=fidelity["size"], low_floor=physics["voxels"].floor
        )
    )
    found = ahead(points, ours[100], low, highest.value)
    text.append(_verdict(found, points, ours[100], low, highest.value))
    rows = [
        [
            f"**compound hits**, batch {batch}",
            case.title,
            f"CPU batch {batch}",
            f"{time:.4g}",
            f"{low:.3f}",
            f"{highest.value:.3f} ({highest.metric})",
            "",
            "",
        ]
        for batch, time in ours.items()
    ]
    rows += [_row(point, ours[100], low, highest.value) for point in points]
    head = (
        "model", "sample", "condition", "ms per shower", "AUC low", "AUC high",
        "faster than ours, more faithful (low, high)", "source",
    )  # fmt: skip
    draw(study.output.parent / f"{FIGURE}.svg", points, ours, (low, highest.value))
    text.append(f"![Speed against fidelity]({FIGURE}.svg)")
    return [*text, table(head, rows)]


def _row(point: Point, time: float, low: float, high: float) -> list[str]:
    def better(theirs: float | None, ours: float) -> str:
        return "?" if theirs is None else "yes" if theirs < ours else "no"

    return [
        point.name,
        point.sample,
        point.condition,
        f"{point.milliseconds:.4g}",
        "" if point.low is None else f"{point.low:.3f}",
        "" if point.high is None else f"{point.high:.3f}",
        (
            f"{'yes' if point.milliseconds < time else 'no'}, "
            f"{better(point.low, low)}, {better(point.high, high)}"
        ),
        point.source,
    ]


def _verdict(
    found: Sequence[Point], points: Sequence[Point], time: float, low: float, high: float
) -> str:
    judged = [point for point in points if not (point.low is None and point.high is None)]
    quick = [point for point in points if point.milliseconds < time]
    strict = ahead(points, time, max(low, high), max(low, high))
    names, severe, fast = (
        "; ".join(f"{p.name} ({p.sample}, {p.condition})" for p in some) or "none"
        for some in (found, strict, quick)
    )
    comparable = sum("batch 100" in p.condition and "0000" not in p.condition for p in judged)
    return (
        f"Ours at batch 100: {time:.4g} ms, AUC {low:.3f} (low) and {high:.3f} (high). Of "
        f"{len(judged)} published points with an AUC ({comparable} of them at batch 100) those "
        f"that are faster, on any device and at any batch, and more faithful on either level: "
        f"**{names}**. With our largest AUC on both levels, since ours on all cells is blind: "
        f"**{severe}**. Of all {len(points)}, those that are faster: {fast}."
    )


def draw(
    path: Path,
    points: Sequence[Point],
    ours: Mapping[int, float],
    aucs: tuple[float, float],
) -> None:
    """The figure: AUC against time per shower, low level left, high level right."""
    with figure_style():
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=(9, 5), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True, sharex=True)
        groups = (
            (
                "CaloChallenge photons, CPU batch 100",
                "#0f7fd0",
                "o",
                _on(PHOTONS, "CPU batch 100"),
            ),
            ("the same, GPU batch 100", "#0a9f73", "s", _on(PHOTONS, "GPU batch 100")),
            ("others, see table", "#8c8c8c", "^", lambda point: point.sample != PHOTONS),
        )
        for panel, level, auc in zip(panels, ("low", "high"), aucs, strict=True):
            for label, colour, marker, chosen in groups:
                here = [p for p in points if chosen(p) and getattr(p, level) is not None]
                x = [point.milliseconds for point in here]
                y = [getattr(point, level) for point in here]
                panel.plot(x, y, marker, color=colour, ms=4, label=label)
                for point in here if "GPU" not in label else ():
                    at = (point.milliseconds, getattr(point, level))
                    panel.annotate(
                        point.name, at, fontsize=5, xytext=(3, 2), textcoords="offset points"
                    )
            label = "compound hits, ILD photons, 1 core, batch 1, 100, 1000"
            panel.plot(
                list(ours.values()), [auc] * len(ours), "*-", color="#e0690f", ms=10, label=label
            )
            panel.set(xscale="log", xlabel="ms per shower", title=f"AUC, {level} level")
            panel.axhline(0.5, color="#8c8c8c", linewidth=0.7)
        panels[0].set_ylabel("classifier AUC (other data and samples: see text)")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(
            path, format="svg", facecolor="white", metadata={"Date": None, "Creator": None}
        )


def _on(sample: str, condition: str) -> Any:  # noqa: ANN401 (a predicate of points)
    return lambda point: point.sample == sample and point.condition == condition


def _number(text: str) -> float | None:
    return float(text) if text else None
