"""What the evaluation of one candidate gives."""

from __future__ import annotations

from dataclasses import dataclass

from heitler.metrics import Estimate
from heitler.validation.calochallenge.scores import Score

__all__ = ["FLOOR", "Result"]

FLOOR = "floor"
"""Name of the result of the reference against itself."""


@dataclass(frozen=True, slots=True)
class Result:
    """Scores of one candidate.

    Arguments:
        name: Name of the candidate.
        sizes: Showers of the reference and of the candidate.
        histograms: Separation powers.
        scores: Scores of the results table, with the names of its columns.
    """

    name: str
    sizes: tuple[int, int]
    histograms: tuple[Score, ...]
    scores: dict[str, Estimate]

    @property
    def by_name(self) -> dict[tuple[str, str], Score]:
        """The histograms by their group and their name in it."""
        return {(score.group, score.histogram): score for score in self.histograms}

    @property
    def values(self) -> dict[str, float]:
        """The scores without their errors."""
        return {key: estimate.value for key, estimate in self.scores.items()}
