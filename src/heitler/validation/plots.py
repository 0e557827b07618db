"""The figures of a comparison for a paper: PDF and PNG in the style of mplhep.

They show what the page of the report shows, from the same data: the reference as a grey area with
its statistical uncertainty, candidates as lines, below their ratio to the reference or the
difference. Figures are made without pyplot, so nothing global changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from heitler.validation.figures import Curve, Figure, Group, Matrix
from heitler.validation.style import REFERENCE, line_styles, paper_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["draw", "write_figures"]

_FORMATS = ("pdf", "png")
# Fixed margins: finding them by the size of the labels takes longer than drawing.
_PANELS: dict[str, Any] = {"height_ratios": (3, 1), "hspace": 0.08}
_PANELS |= {"left": 0.16, "right": 0.96, "bottom": 0.1, "top": 0.96}


def write_figures(groups: Iterable[Group], folder: Path, *, progress: bool = False) -> None:
    """Writes every figure into `folder` as PDF and PNG, named like in the report.

    Arguments:
        groups: The figures.
        folder: Where to write; it is made if it is not there.
        progress: Whether to show a bar on standard error.

    Raises:
        ImportError: matplotlib or mplhep is not installed.
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    every = [figure for group in groups for figure in group.every()]
    with paper_style():
        for figure in tqdm(every, desc="figures", disable=not progress):
            canvas = draw(figure)
            for ending in _FORMATS:
                # Without the date, equal figures are equal files.
                undated = {"CreationDate": None} if ending == "pdf" else None
                canvas.savefig(folder / f"{figure.name}.{ending}", metadata=undated)


def draw(figure: Figure | Matrix) -> Canvas:
    """A figure in the style that is set."""
    return _matrices(figure) if isinstance(figure, Matrix) else _curves(figure)


def _curves(figure: Figure) -> Canvas:
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415

    canvas = Canvas()
    upper, lower = canvas.subplots(2, sharex=True, gridspec_kw=_PANELS)
    upper.set_xscale("log" if figure.x.log else "linear")
    upper.set_yscale("log" if figure.y.log else "linear")
    styles = [(REFERENCE, "-"), *line_styles(len(figure.candidates))]
    for curve, (colour, dash) in zip(figure.curves, styles, strict=True):
        look: dict[str, Any] = {"color": colour, "ls": dash}
        reference = curve is figure.reference
        show = _reference if reference else _points if figure.kind == "points" else _steps
        show(upper, figure, curve, look | {"label": curve.name})
        below = figure.compared(curve)
        (_band if reference else show)(lower, figure, below, look)
    for mark in figure.marks:
        upper.axvline(mark.at, color="black", ls=":", lw=1.5)
        place = (mark.at, 0.02)
        text = {"xycoords": ("data", "axes fraction"), "rotation": 90, "fontsize": "x-small"}
        upper.annotate(f" {mark.name}", place, **text)
    rest = 1.0 if figure.below == "ratio" else 0.0
    lower.axhline(rest, color="black", lw=1)
    lower.set_ylim(rest - figure.span, rest + figure.span)
    lower.set_xlim(figure.edges[0], figure.edges[-1])
    lower.set(xlabel=figure.x.text, ylabel=figure.below)
    upper.set(ylabel=figure.y.text)
    upper.legend(title=figure.title)
    return canvas


def _reference(axes: Axes, figure: Figure, curve: Curve, look: dict[str, Any]) -> None:
    area = figure.kind == "area"
    axes.stairs(
        curve.values,
        figure.edges,
        fill=area,
        baseline=0 if area else None,
        color=REFERENCE,
        alpha=0.4 if area else 1.0,
        label=look["label"],
    )
    _band(axes, figure, curve, look)


def _band(axes: Axes, figure: Figure, curve: Curve, look: dict[str, Any]) -> None:
    low, high = (np.nan_to_num(curve.values + sign * curve.errors) for sign in (-1, 1))
    axes.stairs(high, figure.edges, baseline=low, fill=True, color=look["color"], alpha=0.4, lw=0)


def _steps(axes: Axes, figure: Figure, curve: Curve, look: dict[str, Any]) -> None:
    axes.stairs(curve.values, figure.edges, baseline=None, lw=2, **look)
    low, high = (np.nan_to_num(curve.values + sign * curve.errors) for sign in (-1, 1))
    axes.stairs(high, figure.edges, baseline=low, fill=True, color=look["color"], alpha=0.2, lw=0)


def _points(axes: Axes, figure: Figure, curve: Curve, look: dict[str, Any]) -> None:
    axes.errorbar(figure.centres, curve.values, curve.errors, marker="o", **look)


def _matrices(matrix: Matrix) -> Canvas:
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415

    pairs = list(zip(matrix.candidates, matrix.differences, strict=True))
    canvas = Canvas(figsize=(30, 10 * len(pairs)), layout="constrained")
    grid = canvas.subplots(len(pairs), 3, squeeze=False)
    for row, (candidate, difference) in zip(grid, pairs, strict=True):
        panels = (
            (matrix.reference.name, matrix.reference, 1.0),
            (candidate.name, candidate, 1.0),
            (f"{candidate.name} - {matrix.reference.name}", difference, matrix.span),
        )
        for axes, (title, each, span) in zip(row, panels, strict=True):
            image = axes.imshow(each.values, origin="lower", cmap="RdBu_r", vmin=-span, vmax=span)
            axes.set_title(title, pad=18)
            axes.set_xlabel(matrix.axis.text)
            canvas.colorbar(image, ax=axes, shrink=0.8)
        if matrix.labels:
            _name(row, matrix.labels)
    return canvas


def _name(row: Sequence[Axes], labels: Sequence[str]) -> None:
    """Names with numbers beside the first panel, the numbers alone below and beside the others."""
    places = range(len(labels))
    numbers = [str(place + 1) for place in places]
    named = [f"{label} {number}" for label, number in zip(labels, numbers, strict=True)]
    for axes in row:
        axes.set_xticks(places, numbers, fontsize="xx-small")
        axes.set_yticks(places, named if axes is row[0] else numbers, fontsize="x-small")
        axes.tick_params(which="both", top=False, right=False)
        axes.minorticks_off()
