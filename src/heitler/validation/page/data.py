"""What the page's scripts draw: figures and example showers as compact JSON.

Numbers have four significant digits, which no screen resolves. A shower's hits are packed as four
16-bit integers each: x, y and z in steps of a common length, and log10 of the energy in MeV in
thousandths, base64 of their bytes in little-endian order.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np

from heitler.detectors import Detector
from heitler.validation.comparison import Comparison
from heitler.validation.figures import Curve, Figure, Group, Matrix
from heitler.validation.sample import Array, Example, Sample

__all__ = ["as_script_data", "figure_data", "page_data", "shower_data"]

_MOST_HITS = 6000
"""Hits of a shower that are shown, those with most energy first."""


def page_data(comparison: Comparison, groups: Sequence[Group]) -> str:
    """All data of a page as JSON that may stand in an HTML page.

    Arguments:
        comparison: For its example showers.
        groups: The figures.
    """
    samples = (comparison.reference, *comparison.candidates)
    data = {
        "samples": [sample.name for sample in samples],
        "figures": figure_data(groups),
        "showers": shower_data(samples, comparison.detector),
    }
    return as_script_data(data)


def as_script_data(data: dict[str, Any]) -> str:
    """Data as JSON that may stand in an HTML page."""
    # A name such as "</script>" must not end the element that the data are in.
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def figure_data(groups: Sequence[Group]) -> dict[str, Any]:
    """Figures by their names, as the scripts of the page want them."""
    return {
        each.name: _matrix(each) if isinstance(each, Matrix) else _figure(each)
        for group in groups
        for each in group.every()
    }


def shower_data(samples: Sequence[Sample], detector: Detector) -> dict[str, Any]:
    """Example showers with the size of the calorimeter.

    Arguments:
        samples: The reference, then the candidates, each with as many examples.
        detector: Where the cells are.
    """
    centres = detector.geometry.cell_centres.numpy()
    low, high = centres.min(axis=0), centres.max(axis=0)
    unit = max(float(np.abs(centres).max()) / 32000, 1e-3)
    deposits = np.concatenate([each.deposits for s in samples for each in s.examples])
    faintest = detector.hit_threshold
    brightest = max(float(deposits.max(initial=0.0)), 10 * faintest)
    return {
        "unit": unit,
        "centre": _numbers((low + high) / 2),
        "half": _numbers(np.maximum((high - low) / 2, 1.0)),
        "diagonal": float(np.linalg.norm(high - low)) or 1.0,
        "cell": _spacing(centres),
        "low": float(np.log10(max(float(deposits.min(initial=faintest)), faintest / 100))),
        "high": float(np.log10(brightest)),
        "floor": float(np.log10(faintest)),
        "examples": [[_example(each, centres, unit) for each in s.examples] for s in samples],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "caption": figure.caption,
        "kind": figure.kind,
        "below": figure.below,
        "span": _number(figure.span),
        "x": {"text": figure.x.text, "log": figure.x.log},
        "y": {"text": figure.y.text, "log": figure.y.log},
        "edges": _numbers(figure.edges, digits=6),
        "marks": [{"name": mark.name, "at": mark.at} for mark in figure.marks],
        "curves": [_curve(curve, figure.compared(curve)) for curve in figure.curves],
    }


def _curve(curve: Curve, compared: Curve) -> dict[str, Any]:
    return {
        "values": _numbers(curve.values),
        "errors": _numbers(curve.errors),
        "ratio": _numbers(compared.values),
        "spread": _numbers(compared.errors),
        "beyond": _number(curve.beyond),
    }


def _matrix(matrix: Matrix) -> dict[str, Any]:
    def cells(values: Array) -> list[float]:
        return np.round(values, 2).ravel().tolist()

    return {
        "name": matrix.name,
        "caption": matrix.caption,
        "kind": "matrix",
        "axis": matrix.axis.label,
        "labels": list(matrix.labels),
        "size": len(matrix.reference.values),
        "span": matrix.span,
        "reference": cells(matrix.reference.values),
        "candidates": [cells(each.values) for each in matrix.candidates],
        "differences": [cells(each.values) for each in matrix.differences],
    }


def _example(example: Example, centres: Array, unit: float) -> dict[str, Any]:
    chosen = np.argsort(example.deposits)[::-1][:_MOST_HITS]
    hits = np.empty((len(chosen), 4), dtype="<i2")
    hits[:, :3] = np.round(centres[example.cells[chosen]] / unit)
    logarithm = 1000 * np.log10(np.maximum(example.deposits[chosen], 1e-30))
    hits[:, 3] = np.clip(np.round(logarithm), -32000, 32000)
    return {"energy": _number(example.energy), "packed": b64encode(hits.tobytes()).decode()}


def _spacing(centres: Array) -> float:
    """Distance of neighbouring cells in mm: the smallest step along x or y that there is."""
    steps = [np.diff(np.unique(np.round(centres[:, axis], 3))) for axis in (0, 1)]
    every = np.concatenate(steps)
    return _number(float(np.median(every))) or 1.0 if every.size else 1.0


def _number(value: float, digits: int = 4) -> float | None:
    return float(f"{value:.{digits}g}") if np.isfinite(value) else None


def _numbers(values: Array, digits: int = 4) -> list[float | None]:
    return [_number(value, digits) for value in values.tolist()]
