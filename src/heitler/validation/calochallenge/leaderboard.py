"""Results beside published ones.

The organisers' table is a CSV file with a column `submission name` and one column per score; a
score may be a JSON list of repetitions, whose mean counts. Published numbers hold for the full
samples of the challenge (100 000 showers or more).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["COLUMNS", "Standing", "leaderboard", "read_published", "standings"]

COLUMNS = (
    "sep E total",
    "sep E layer",
    "sep cell",
    "sep sparsity",
    "FPD * 1e3",
    "KPD * 1e3",
    "binary cls low",
    "binary cls norm",
    "binary cls high",
)
"""Scores that are ranked, with the names of the published table where it has them; less is better,
of KPD the magnitude."""

_NAME = "submission name"

Scores = Mapping[str, Mapping[str, float]]


def read_published(path: str | Path) -> dict[str, dict[str, float]]:
    """Scores of the submissions in the organisers' table, by name and column.

    Raises:
        ValueError: It is not such a table.
        OSError: There is no such file.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"{path} is not a table in CSV: {error}"
        raise ValueError(msg) from error
    if not rows or _NAME not in rows[0] or not set(COLUMNS) & rows[0].keys():
        msg = f"{path}: expected a column '{_NAME}' and scores such as {', '.join(COLUMNS[:3])}"
        raise ValueError(msg)
    try:
        return {
            row[_NAME]: {key: _number(row[key]) for key in COLUMNS if row.get(key)} for row in rows
        }
    except (ValueError, TypeError) as error:
        msg = f"{path} holds a score that is no number: {error}"
        raise ValueError(msg) from error


def _number(text: str) -> float:
    return float(np.mean(json.loads(text)))


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the ranking.

    Arguments:
        name: Name of the candidate or submission.
        ours: Whether it is a candidate.
        places: Score and rank, 1 for the best, in each column; None where it has no score.
    """

    name: str
    ours: bool
    places: tuple[tuple[float, int] | None, ...]


def standings(ours: Scores, published: Scores) -> tuple[list[str], list[Standing]]:
    """Columns of the scores that both sides have, and all entries sorted by the first of them.

    Arguments:
        ours: Scores by name and column.
        published: Likewise.
    """
    entries = {(False, name): scores for name, scores in published.items()}
    entries |= {(True, name): scores for name, scores in ours.items()}
    columns = [
        key
        for key in COLUMNS
        if all(any(key in scores for scores in side.values()) for side in (ours, published))
    ]
    ranks = {key: _ranks(entries, key) for key in columns}
    first = ranks[columns[0]] if columns else {}
    order = sorted(entries, key=lambda entry: first.get(entry, len(entries)))
    return columns, [
        Standing(
            name=entry[1],
            ours=entry[0],
            places=tuple(
                (entries[entry][key], ranks[key][entry]) if key in entries[entry] else None
                for key in columns
            ),
        )
        for entry in order
    ]


def leaderboard(ours: Scores, published: Scores) -> list[str]:
    """A table as lines of text, each score with its rank in its column; ours have a star.

    Arguments:
        ours: Scores by name and column.
        published: Likewise.
    """
    columns, entries = standings(ours, published)
    lines = [("", *columns)]
    for entry in entries:
        cells = (
            "-" if place is None else f"{place[0]:.3g} ({place[1]})" for place in entry.places
        )
        lines.append((f"* {entry.name}" if entry.ours else entry.name, *cells))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


_Entry = tuple[bool, str]


def _ranks(entries: Mapping[_Entry, Mapping[str, float]], column: str) -> dict[_Entry, int]:
    """Place of each entry that has the column, 1 for the best."""
    having = [entry for entry in entries if column in entries[entry]]
    order = sorted(having, key=lambda entry: abs(entries[entry][column]))
    return {entry: place for place, entry in enumerate(order, start=1)}
