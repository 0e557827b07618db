"""What a few showers can tell: means, each with its error.

Below `LEAST_SHOWERS` per sample a classifier has nothing to learn from, a distance is mostly its
own floor, and bins are empty; means still have honest errors. Notation: of n showers the mean m
has the error s / sqrt(n), s being their standard deviation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from heitler.metrics import Estimate
from heitler.observables import OBSERVABLES
from heitler.validation.sample import Array, Sample
from heitler.validation.selection import LEAST_SHOWERS

__all__ = ["Means", "few_note", "means"]


@dataclass(frozen=True, slots=True)
class Means:
    """Mean of an observable in the reference and in a candidate.

    Arguments:
        candidate: Name of the candidate.
        observable: Name of the observable.
        reference: Mean of the reference.
        value: Mean of the candidate.
        excess: Their difference in standard deviations of a normal distribution, see `means`.
    """

    candidate: str
    observable: str
    reference: Estimate
    value: Estimate
    excess: float

    @property
    def difference(self) -> Estimate:
        """Candidate minus reference."""
        return Estimate(
            self.value.value - self.reference.value,
            float(np.hypot(self.value.error, self.reference.error)),
        )


def means(reference: Sample, candidates: Sequence[Sample]) -> Iterator[Means]:
    """Means of all observables that have one number per shower, of all showers.

    Their difference over its error follows Student's t distribution, whose tails are long where
    showers are few; the excess has the same probability in a normal distribution.

    References: Welch 1947, Biometrika 34, 28, for the number of degrees of freedom.

    Arguments:
        reference: The reference.
        candidates: The candidates.

    Raises:
        ValueError: A sample has fewer than two showers, so that its means have no error.
    """
    for sample in (reference, *candidates):
        if len(sample) < 2:
            msg = f"{sample.file} has {len(sample)} shower(s): a mean with an error needs two"
            raise ValueError(msg)
    for candidate in candidates:
        for name, entry in OBSERVABLES.items():
            if entry.axis is None:
                first, second = reference.values[name], candidate.values[name]
                yield Means(
                    candidate=candidate.name,
                    observable=name,
                    reference=_mean(first),
                    value=_mean(second),
                    excess=_excess(first, second),
                )


def few_note(showers: int) -> str:
    """What is left out, and why, in a line."""
    return (
        f"only {showers} showers per sample: means with their errors are compared; classifiers, "
        f"distances with their floors, defects, correlations and bins of energy need "
        f"{LEAST_SHOWERS} per sample, and twice as many of a reference that is halved for the "
        "floor"
    )


def _mean(values: Array) -> Estimate:
    return Estimate(float(values.mean()), float(values.std(ddof=1) / values.size**0.5))


def _excess(first: Array, second: Array) -> float:
    from scipy.special import ndtri, stdtr  # noqa: PLC0415

    parts = np.array([each.var(ddof=1) / each.size for each in (first, second)])
    distance, variance = abs(second.mean() - first.mean()), parts.sum()
    if distance <= 1e-9 * np.abs([first.mean(), second.mean()]).max():
        return 0.0
    if variance == 0.0:
        return 99.0
    freedom = variance**2 / (parts**2 / [first.size - 1, second.size - 1]).sum()
    # Beyond 1e-300 the probability of a tail is 0 in double precision.
    tail = max(float(stdtr(freedom, -distance / variance**0.5)), 1e-300)
    return float(-ndtri(tail))
