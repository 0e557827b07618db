"""The results as lines of text: every histogram, then the scores of the results table."""

from __future__ import annotations

from collections.abc import Sequence

from heitler.validation.calochallenge.result import Result

__all__ = ["score_table"]


def score_table(results: Sequence[Result]) -> list[str]:
    """A column per result, the floor first; histograms without an entry have a dash."""
    lines = [("separation power", *(result.name for result in results))]
    for place, score in enumerate(results[0].histograms):
        name = f"{score.group} {score.histogram}".rstrip()
        entries = [result.histograms[place].published for result in results]
        lines.append((name, *("-" if entry is None else str(entry) for entry in entries)))
    lines.append(("score", *("" for _ in results)))
    for key in results[0].scores:
        entries = [result.scores.get(key) for result in results]
        lines.append((key, *("-" if entry is None else str(entry) for entry in entries)))
    sizes = (" against ".join(map(str, result.sizes)) for result in results)
    lines.append(("showers", *sizes))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    ]
