"""Figures of a comparison: distributions, mean profiles, response, spectra, example showers.

The reference is a grey area with its statistical uncertainty, candidates are lines. Below each
figure is the ratio to the reference, or the difference of positions. Figures are made without
pyplot, so nothing global changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from heitler.metrics.ratios import half_width
from heitler.observables import OBSERVABLES, SPECTRUM_AXIS, Observable
from heitler.units import GeV
from heitler.validation.comparison import Comparison
from heitler.validation.sample import Array, Sample
from heitler.validation.selection import EnergyBin
from heitler.validation.style import REFERENCE, line_styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["examples_figure", "observable_figure", "response_figure"]

_RATIO_RANGES = (0.05, 0.1, 0.2, 0.5, 1.0)


def observable_figure(
    comparison: Comparison, observable: str, energies: Sequence[EnergyBin]
) -> Figure:
    """Distribution, mean profile or spectrum of an observable, one column per bin of energy."""
    entry = OBSERVABLES[observable]
    figure, columns = _columns(len(energies))
    for (upper, lower), energy in zip(columns, energies, strict=True):
        reference, *candidates = (
            sample.values[observable][energy.holds(sample)]
            for sample in (comparison.reference, *comparison.candidates)
        )
        if min(len(reference), *map(len, candidates)) < 2:
            upper.text(0.5, 0.5, "no showers", transform=upper.transAxes, ha="center")
        elif entry.axis is None:
            _distribution(upper, lower, reference, candidates)
        elif entry.axis == SPECTRUM_AXIS:
            _spectrum(upper, lower, reference, candidates, entry, comparison)
        else:
            edges = _component_edges(entry, comparison, reference.shape[1])
            _profile(upper, lower, reference, candidates, edges, difference=entry.signed)
            upper.set_yscale("log" if entry.log else "linear")
        if not energy.overall or len(energies) > 1:
            upper.set_title(energy.label, loc="left")
        lower.set_xlabel(_axis_label(entry))
        if entry.axis is None:
            lower.locator_params(axis="x", nbins=5)
    columns[0][0].set_ylabel(_value_label(entry))
    differs = entry.signed and entry.axis is not None
    columns[0][1].set_ylabel("difference" if differs else "ratio")
    if len(energies) == 1:
        _legend(columns[0][0], comparison)
    return figure


def response_figure(comparison: Comparison) -> Figure:
    """Linearity (mean response) and resolution (half of its central 68 % over its mean)."""
    figure, columns = _columns(2)
    edges = _response_edges(comparison.reference.energy)
    styles = [(REFERENCE, "-"), *line_styles(len(comparison.candidates))]
    titles = ("visible / incident energy", "resolution (central 68 %)")
    for number, ((upper, lower), title) in enumerate(zip(columns, titles, strict=True)):
        points = [
            _response_points(sample, edges)
            for sample in (comparison.reference, *comparison.candidates)
        ]
        base = points[0][1 + 2 * number]
        for place, (point, (colour, dash)) in enumerate(zip(points, styles, strict=True)):
            x, y, error = point[0] / GeV, point[1 + 2 * number], point[2 + 2 * number]
            if place == 0:
                upper.fill_between(x, y - error, y + error, color=colour, alpha=0.55, lw=0)
                lower.fill_between(
                    x, 1 - error / base, 1 + error / base, color=colour, alpha=0.35, lw=0
                )
                continue
            style: dict[str, Any] = {"color": colour, "ls": dash, "marker": "o", "ms": 3}
            upper.errorbar(x, y, error, **style, elinewidth=0.8)
            lower.errorbar(x, y / base, error / base, **style, elinewidth=0.8)
        upper.set_title(title)
        lower.axhline(1.0, color=REFERENCE, lw=0.8)
        lower.set_xlabel("incident energy [GeV]")
        lower.set_xscale("log" if edges[-1] > 30 * edges[0] else "linear")
    columns[0][1].set_ylabel("ratio")
    _legend(columns[0][0], comparison)
    return figure


def examples_figure(comparison: Comparison) -> Figure:
    """Showers of nearly equal energy side by side, seen from the side, on one colour scale."""
    from matplotlib.colors import LogNorm  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    samples = (comparison.reference, *comparison.candidates)
    rows = len(comparison.reference.examples)
    figure = Figure(figsize=(2.6 * len(samples) + 0.9, 2.0 * rows), layout="constrained")
    grid = figure.subplots(rows, len(samples), squeeze=False, sharex=True, sharey=True)
    largest = max(float(e.image.max()) for sample in samples for e in sample.examples)
    faintest = comparison.detector.hit_threshold
    norm = LogNorm(faintest, max(largest, 10 * faintest))
    for row in range(rows):
        for axes, sample in zip(grid[row], samples, strict=True):
            example = sample.examples[row]
            image = np.ma.masked_less_equal(example.image, faintest)
            mesh = axes.imshow(
                image,
                norm=norm,
                cmap="viridis",
                origin="lower",
                aspect="auto",
                interpolation="nearest",
            )
            axes.set_title(f"{sample.name}, {example.energy / GeV:.3g} GeV")
    for axes in grid[-1]:
        axes.set_xlabel("layer")
    lateral = (
        "row (y)" if comparison.detector.geometry.__class__.__name__ == "VoxelGrid" else "ring"
    )
    for axes in grid[:, 0]:
        axes.set_ylabel(lateral)
    figure.colorbar(mesh, ax=grid, label="energy [MeV]", shrink=0.8, pad=0.02)
    return figure


def _columns(count: int) -> tuple[Figure, list[tuple[Axes, Axes]]]:
    from matplotlib.figure import Figure  # noqa: PLC0415

    width = 5.2 if count == 1 else 3.3 * count
    height = 3.4
    figure = Figure(figsize=(width, height))
    # Margins in inches: laying out by the size of the labels takes as long as drawing.
    margins = {"left": 0.66 / width, "right": 1 - 0.08 / width}
    margins |= {"bottom": 0.48 / height, "top": 1 - 0.27 / height}
    ratios = {"height_ratios": (2.6, 1), "hspace": 0.1, "wspace": 0.24, **margins}
    grid = figure.subplots(2, count, squeeze=False, sharex="col", gridspec_kw=ratios)
    for axes in grid[:, 0]:
        axes.yaxis.set_label_coords(-0.52 / (width / count - 0.7), 0.5)
    return figure, list(zip(grid[0], grid[1], strict=True))


def _distribution(upper: Axes, lower: Axes, reference: Array, candidates: list[Array]) -> None:
    edges = _edges(reference, candidates)
    counts = [np.histogram(values, edges)[0] for values in (reference, *candidates)]
    sizes = [len(values) for values in (reference, *candidates)]
    _steps(
        upper,
        lower,
        edges,
        [n / size for n, size in zip(counts, sizes, strict=True)],
        [np.sqrt(n) / size for n, size in zip(counts, sizes, strict=True)],
    )
    beyond = [f"{1 - n.sum() / size:.1%}" for n, size in zip(counts, sizes, strict=True)]
    if any(part != "0.0%" for part in beyond):
        text = f"beyond the axis: {' | '.join(beyond)}"
        upper.set_title(text, loc="right", fontsize=7, fontweight="normal")
    upper.set_ylim(bottom=0)


def _profile(
    upper: Axes,
    lower: Axes,
    reference: Array,
    candidates: list[Array],
    edges: Array,
    *,
    difference: bool = False,
) -> None:
    samples = (reference, *candidates)
    means = [values.mean(axis=0) for values in samples]
    errors = [values.std(axis=0) / len(values) ** 0.5 for values in samples]
    draw = _steps_of_positions if difference else _steps
    draw(upper, lower, edges, means, errors)


def _spectrum(
    upper: Axes,
    lower: Axes,
    reference: Array,
    candidates: list[Array],
    entry: Observable,
    comparison: Comparison,
) -> None:
    edges = _component_edges(entry, comparison, reference.shape[1])
    filled = np.flatnonzero(sum(values.sum(axis=0) for values in (reference, *candidates)))
    first, last = (filled[0], filled[-1] + 1) if filled.size else (0, len(edges) - 1)
    parts = [values[:, first:last] for values in (reference, *candidates)]
    _profile(upper, lower, parts[0], parts[1:], edges[first : last + 1])
    upper.set_xscale("log" if entry.bins is not None and entry.bins.log else "linear")
    upper.set_yscale("log" if entry.log else "linear")
    detector = comparison.detector
    marks = {"hit threshold": detector.hit_threshold, "MIP": detector.mip}
    for name, energy in marks.items():
        if energy is not None:
            place = energy / _axis_unit(entry, comparison)
            upper.axvline(place, color=REFERENCE, lw=0.9, ls=":")
            upper.annotate(
                f" {name}",
                (place, 0.02),
                xycoords=("data", "axes fraction"),
                fontsize=7,
                rotation=90,
            )


def _steps(
    upper: Axes, lower: Axes, edges: Array, heights: list[Array], errors: list[Array]
) -> None:
    """The reference as an area, candidates as steps; ratios with bands of uncertainty below."""
    base, error = heights[0], errors[0]
    upper.stairs(base, edges, fill=True, color=REFERENCE, alpha=0.4, lw=0)
    relative = np.divide(error, base, out=np.zeros_like(base), where=base > 0)
    band: dict[str, Any] = {"fill": True, "lw": 0}
    upper.stairs(base + error, edges, baseline=base - error, color=REFERENCE, alpha=0.5, **band)
    lower.stairs(1 + relative, edges, baseline=1 - relative, color=REFERENCE, alpha=0.4, **band)
    lower.axhline(1.0, color=REFERENCE, lw=0.8)
    for height, spread, (colour, dash) in zip(
        heights[1:], errors[1:], line_styles(len(heights) - 1), strict=True
    ):
        upper.stairs(height, edges, color=colour, ls=dash, lw=1.5)
        ratio = np.divide(height, base, out=np.full_like(base, np.nan), where=base > 0)
        width = np.divide(spread, base, out=np.zeros_like(base), where=base > 0)
        lower.stairs(ratio, edges, color=colour, ls=dash, lw=1.2)
        low, high = np.nan_to_num(ratio - width), np.nan_to_num(ratio + width)
        lower.stairs(high, edges, baseline=low, color=colour, alpha=0.2, **band)
    lower.set_ylim(1 - _ratio_range(heights, relative), 1 + _ratio_range(heights, relative))
    upper.margins(x=0)


def _steps_of_positions(
    upper: Axes, lower: Axes, edges: Array, heights: list[Array], errors: list[Array]
) -> None:
    """Lines for all, since an area down to 0 means nothing; differences with bands below."""
    base, error = heights[0], errors[0]
    band: dict[str, Any] = {"fill": True, "lw": 0}
    upper.stairs(base, edges, baseline=None, color=REFERENCE, lw=1.5)
    upper.stairs(base + error, edges, baseline=base - error, color=REFERENCE, alpha=0.5, **band)
    lower.stairs(error, edges, baseline=-error, color=REFERENCE, alpha=0.4, **band)
    lower.axhline(0.0, color=REFERENCE, lw=0.8)
    for height, spread, (colour, dash) in zip(
        heights[1:], errors[1:], line_styles(len(heights) - 1), strict=True
    ):
        upper.stairs(height, edges, baseline=None, color=colour, ls=dash, lw=1.5)
        shift = height - base
        lower.stairs(shift, edges, baseline=None, color=colour, ls=dash, lw=1.2)
        lower.stairs(
            shift + spread, edges, baseline=shift - spread, color=colour, alpha=0.2, **band
        )
    upper.margins(x=0)


def _ratio_range(heights: list[Array], relative: Array) -> float:
    """Half of a range that holds most of the ratios, where the reference is known well."""
    known = (heights[0] > 0) & (relative < 0.3)
    if not known.any():
        return _RATIO_RANGES[-1]
    ratios = np.abs(np.array([height[known] / heights[0][known] - 1 for height in heights[1:]]))
    well = ratios[:, relative[known] < 0.05]
    wanted = 1.2 * max(
        float(well.max()) if well.size else 0.0,
        float(np.quantile(ratios, 0.9)),
        float(np.median(relative[known])),
    )
    return next((half for half in _RATIO_RANGES if half >= wanted), _RATIO_RANGES[-1])


def _edges(reference: Array, candidates: list[Array]) -> Array:
    """Bins that show 99.8 % of every sample; whole numbers get bins of whole width."""
    smallest = min(len(values) for values in (reference, *candidates))
    bins = int(np.clip(3 * smallest ** (1 / 3), 12, 50))
    quantiles = [np.quantile(values, [0.001, 0.999]) for values in (reference, *candidates)]
    low, high = float(min(q[0] for q in quantiles)), float(max(q[1] for q in quantiles))
    if low == high:
        return np.linspace(low - 0.5, high + 0.5, 4)
    if np.all(reference == np.round(reference)):
        width = max(1.0, float(np.ceil((high - low + 1) / bins)))
        return np.arange(low - 0.5, high + 0.5 + width, width)
    return np.linspace(low, high, bins + 1)


def _component_edges(entry: Observable, comparison: Comparison, count: int) -> Array:
    """Edges of the components in units of the axis; an open last one is as wide as its neighbour.

    Components without edges are numbered.
    """
    if entry.bins is None:
        return np.arange(count + 1, dtype=np.float64) - 0.5
    edges = entry.bins.edges(comparison.detector).numpy() / _axis_unit(entry, comparison)
    if np.isinf(edges[-1]):
        edges[-1] = 2 * edges[-2] - edges[-3] if len(edges) > 2 else 1.0
    return np.asarray(edges, dtype=np.float64)


def _axis_unit(entry: Observable, comparison: Comparison) -> float:
    """What one unit of the axis is in that of the edges."""
    return 1.0 if entry.bins is None else entry.bins.unit(comparison.detector)


def _axis_label(entry: Observable) -> str:
    if entry.axis is None:
        return f"{entry.label} [{entry.unit}]" if entry.unit else entry.label
    return entry.axis if entry.bins is None else entry.bins.label


def _value_label(entry: Observable) -> str:
    if entry.axis is None:
        return "fraction of showers"
    unit = f" [{entry.unit}]" if entry.unit else ""
    return f"mean per shower{unit}"


def _response_edges(energy: Array) -> Array:
    """Nine bins of equally many showers, or one per energy of a beam of few energies."""
    few = np.unique(energy)
    edges = few if few.size <= 20 else np.quantile(energy, np.linspace(0, 1, 10)[:-1])
    return np.append(edges, np.nextafter(energy.max(), np.inf))


def _response_points(sample: Sample, edges: Array) -> list[Array]:
    """Mean energy, mean response and its error, resolution and its error, per bin of energy."""
    rows = []
    response = sample.values["response"]
    for low, high in pairwise(edges):
        inside = (sample.energy >= low) & (sample.energy < high)
        values, n = response[inside], int(inside.sum())
        if n < 10 or values.mean() == 0:
            rows.append([(low + high) / 2, *[np.nan] * 4])
            continue
        mean, width = float(values.mean()), float(half_width(values))
        error = float(values.std()) / n**0.5
        # Of a normal distribution: the error of its 68 % width is 1.2 times that of its RMS.
        spread = width / mean * 1.2 / (2 * n) ** 0.5
        rows.append([sample.energy[inside].mean(), mean, error, width / mean, spread])
    return list(np.array(rows).T)


def _legend(axes: Axes, comparison: Comparison) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415
    from matplotlib.patches import Patch  # noqa: PLC0415

    handles: list[Any] = [Patch(color=REFERENCE, alpha=0.5, lw=0, label="reference")]
    for sample, (colour, dash) in zip(
        comparison.candidates, line_styles(len(comparison.candidates)), strict=True
    ):
        handles.append(Line2D([], [], color=colour, ls=dash, label=sample.name))
    axes.legend(handles=handles, loc="best")
