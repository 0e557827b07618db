"""Separation powers of histograms, as data.

Notation: see `heitler.metrics.separation`. The floor is the expectation of S for two samples of
one distribution, with B bins that are filled in either,

    (B - 1) (1/n1 + 1/n2) / 4.

It and the error of S hold for independent entries. Points of one shower are not independent, and
energies and means are no entries, so their histograms have a value only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from heitler import __version__
from heitler.histograms import Histogram, Histograms
from heitler.metrics import Estimate, binned_separation

__all__ = ["BinnedComparison", "BinnedRow", "compare_histograms"]


@dataclass(frozen=True, slots=True)
class BinnedRow:
    """The separation power of one histogram, beside its floor.

    Arguments:
        candidate: Name of the candidate.
        histogram: Name of the histogram.
        missing: Names of the samples that have not filled it; then there is no value.
        value: Separation power.
        error: Its standard deviation, where the entries are independent.
        floor: Its expectation for equal distributions, likewise.
    """

    candidate: str
    histogram: str
    missing: tuple[str, ...] = ()
    value: float | None = None
    error: float | None = None
    floor: float | None = None

    def __str__(self) -> str:
        """The value with its error, if it has one."""
        if self.value is None:
            return f"missing in {', '.join(self.missing)}"
        return f"{self.value:.5f}" if self.error is None else str(Estimate(self.value, self.error))


@dataclass(frozen=True, slots=True, eq=False)
class BinnedComparison:
    """Histograms of candidates beside those of a reference.

    Arguments:
        reference: The reference.
        candidates: The candidates by the names that tables give them.
        rows: All values, candidate by candidate.
        files: Checksum of each file by its name.
    """

    reference: Histograms
    candidates: Mapping[str, Histograms]
    rows: tuple[BinnedRow, ...]
    files: Mapping[str, str]

    def of(self, histogram: str) -> list[BinnedRow]:
        """The rows of a histogram, one per candidate."""
        return [row for row in self.rows if row.histogram == histogram]

    @property
    def notes(self) -> list[str]:
        """What was assumed, and what is missing."""
        samples = {"reference": self.reference, **self.candidates}
        assumed = [f"{name}: {text}" for name, s in samples.items() for text in s.assumed]
        empty = {name: [e.name for e in s.entries if not e.filled] for name, s in samples.items()}
        missing = [
            f"{name} has not filled {', '.join(names)}" for name, names in empty.items() if names
        ]
        return missing + [f"assumed for {text}" for text in assumed]

    def to_json(self) -> str:
        """All numbers as JSON."""
        content: dict[str, Any] = {
            "heitler": __version__,
            "metric": "separation power",
            "files_sha256": dict(self.files),
            "notes": self.notes,
            "rows": [asdict(row) for row in self.rows],
        }
        return json.dumps(content, indent=1, allow_nan=False)


def compare_histograms(
    reference: Histograms, candidates: Mapping[str, Histograms], files: Mapping[str, str]
) -> BinnedComparison:
    """The separation power of every histogram of the reference.

    Arguments:
        reference: The reference.
        candidates: The candidates by the names that tables shall give them.
        files: Checksum of each file by its name.

    Raises:
        ValueError: A candidate lacks a histogram or has other bins.
    """
    rows = [
        _row(name, entry, _same(entry, name, candidate))
        for name, candidate in candidates.items()
        for entry in reference.entries
    ]
    return BinnedComparison(reference, candidates, tuple(rows), files)


def _same(entry: Histogram, name: str, candidate: Histograms) -> Histogram:
    """The candidate's histogram with the bins of the reference's."""
    try:
        other = candidate[entry.name]
    except KeyError:
        msg = f"{name} has no histogram {entry.name}"
        raise ValueError(msg) from None
    if not np.array_equal(entry.edges, other.edges):
        msg = f"{name} has other bins of {entry.name} than the reference; fill them alike"
        raise ValueError(msg)
    return other


def _row(candidate: str, first: Histogram, second: Histogram) -> BinnedRow:
    missing = [name for name, h in (("reference", first), (candidate, second)) if not h.filled]
    if missing:
        return BinnedRow(candidate, first.name, tuple(missing))
    separation = binned_separation(first.values, second.values)
    if first.content != "showers":
        return BinnedRow(candidate, first.name, value=separation.value)
    bins = int((first.values + second.values > 0).sum())
    floor = (bins - 1) * (1 / first.values.sum() + 1 / second.values.sum()) / 4
    return BinnedRow(candidate, first.name, (), separation.value, separation.error, float(floor))
