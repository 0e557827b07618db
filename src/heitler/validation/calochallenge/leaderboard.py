"""Results beside published ones.

The organisers' table is a CSV file with a column `submission name` and one column per score; a
score may be a JSON list of repetitions, whose mean counts. Published numbers hold for the full
samples of the challenge (100 000 showers or more).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

__all__ = ["COLUMNS", "leaderboard", "read_published"]

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


def leaderboard(ours: Scores, published: Scores) -> list[str]:
    """A table as lines of text, each score with its rank in its column; ours have a star.

    Its columns are the scores that both sides have; it is sorted by the first.

    Arguments:
        ours: Scores by name and column.
        published: Likewise.
    """
    entries = {**published, **{f"* {name}": scores for name, scores in ours.items()}}
    columns = [
        key
        for key in COLUMNS
        if all(any(key in scores for scores in side.values()) for side in (ours, published))
    ]
    ranks = {key: _ranks(entries, key) for key in columns}
    first = columns[0] if columns else ""
    order = sorted(entries, key=lambda name: ranks.get(first, {}).get(name, len(entries)))
    lines = [("", *columns)]
    for name in order:
        cells = (
            f"{entries[name][key]:.3g} ({ranks[key][name]})" if key in entries[name] else "-"
            for key in columns
        )
        lines.append((name, *cells))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


def _ranks(entries: Scores, column: str) -> dict[str, int]:
    """Place of each entry that has the column, 1 for the best."""
    having = [name for name in entries if column in entries[name]]
    order = sorted(having, key=lambda name: abs(entries[name][column]))
    return {name: place for place, name in enumerate(order, start=1)}
