"""The report of histograms: each overlaid, with its ratio panel and separation powers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heitler.formats import atomic_folder, read_histograms, sha256
from heitler.histograms import Histogram
from heitler.validation.binned.comparison import BinnedComparison, compare_histograms
from heitler.validation.page.template import fill_in
from heitler.validation.report import check_output, names_of
from heitler.validation.style import REFERENCE, figure_style, line_styles, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["table", "validate_histograms"]

_TEMPLATE = "binned.html.j2"
_TAIL = 1e-4
"""Share of the contents beyond either end of a figure: 2000 bins may hold a narrow peak."""


def validate_histograms(
    reference: Path | str, candidates: Sequence[Path | str], output: Path | str
) -> BinnedComparison:
    """Compares files of histograms and writes `report.html` and `metrics.json`.

    Arguments:
        reference: Histograms of the full simulation.
        candidates: Histograms to judge; their names in the report are those of the files.
        output: Folder to write; it is there in full or not at all.

    Raises:
        ImportError: matplotlib or jinja2 is not installed.
        ValueError: The files cannot be compared.
        OSError: A file cannot be read or the folder not be written.
    """
    output = Path(output)
    check_output(output)
    named = names_of([Path(path) for path in candidates])
    comparison = compare_histograms(
        read_histograms(reference),
        {name: read_histograms(path) for name, path in named},
        {Path(path).name: sha256(path) for path in (reference, *candidates)},
    )
    page = render(comparison)
    with atomic_folder(output) as folder:
        (folder / "report.html").write_text(page, encoding="utf-8")
        (folder / "metrics.json").write_text(comparison.to_json(), encoding="utf-8")
    return comparison


def table(comparison: BinnedComparison) -> list[str]:
    """The separation powers as lines of text."""
    lines = [("separation power", *comparison.candidates, "floor")]
    for entry in comparison.reference.entries:
        rows = comparison.of(entry.name)
        floors = [f"{row.floor:.1e}" for row in rows if row.floor is not None]
        lines.append((entry.name, *map(str, rows), floors[0] if floors else "-"))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


def render(comparison: BinnedComparison) -> str:
    """The report as one HTML page without external resources."""
    source = (files("heitler.validation.binned") / _TEMPLATE).read_text(encoding="utf-8")
    with figure_style():
        pictures = {
            entry.name: to_svg(
                _figure(entry, {n: c[entry.name] for n, c in comparison.candidates.items()}),
                entry.name.replace("_", "-"),
            )
            for entry in comparison.reference.entries
            if entry.filled
        }
    return fill_in(source, comparison=comparison, pictures=pictures)


def _figure(reference: Histogram, candidates: Mapping[str, Histogram]) -> Figure:
    """Normalised contents, and below their ratio to the reference."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    base, error = _fractions(reference)
    upper.stairs(base, reference.edges, fill=True, color=REFERENCE, alpha=0.5, label="reference")
    _band(lower, reference.edges, base, error)
    styles = line_styles(len(candidates))
    for (name, candidate), (colour, dash) in zip(candidates.items(), styles, strict=True):
        if not candidate.filled:
            upper.plot([], [], color=colour, ls=dash, label=f"{name}: not filled")
            continue
        height, _ = _fractions(candidate)
        upper.stairs(height, candidate.edges, color=colour, ls=dash, label=name)
        ratio = np.divide(height, base, out=np.full_like(base, np.nan), where=base > 0)
        lower.stairs(ratio, candidate.edges, baseline=None, color=colour, ls=dash, lw=1.2)
    upper.set_xscale("log" if reference.log else "linear")
    upper.set_yscale("linear" if reference.content == "showers" else "log")
    upper.set_ylabel(
        f"fraction of {reference.content}" if reference.content != "mean" else "share"
    )
    upper.legend(loc="best")
    lower.set_ylabel("ratio")
    lower.set_ylim(0.0, 2.0)
    lower.set_xlabel(reference.axis)
    upper.set_xlim(*_range([reference, *candidates.values()]))
    return figure


def _fractions(histogram: Histogram) -> tuple[np.ndarray, np.ndarray]:
    """Contents divided by their sum, and the standard deviation of independent entries."""
    total = histogram.values.sum()
    counted = histogram.content == "showers"
    error = np.sqrt(histogram.values) if counted else np.zeros_like(histogram.values)
    return histogram.values / total, error / total


def _band(axes: Axes, edges: np.ndarray, base: np.ndarray, error: np.ndarray) -> None:
    relative = np.divide(error, base, out=np.zeros_like(base), where=base > 0)
    axes.stairs(
        1 + relative, edges, baseline=1 - relative, fill=True, color=REFERENCE, alpha=0.4, lw=0
    )
    axes.axhline(1.0, color=REFERENCE, lw=0.8)


def _range(histograms: Sequence[Histogram]) -> tuple[float, float]:
    """Ends of the bins that hold nearly all contents of every sample."""
    lows, highs = [], []
    for histogram in (entry for entry in histograms if entry.filled):
        below = histogram.values.cumsum() / histogram.values.sum()
        lows.append(histogram.edges[np.searchsorted(below, _TAIL)])
        last = min(int(np.searchsorted(below, 1 - _TAIL)) + 1, histogram.edges.size - 1)
        highs.append(histogram.edges[last])
    return float(min(lows)), float(max(highs))
