"""What a diagnosis finds: a deviation with its error, its floor and words for it."""

from __future__ import annotations

from dataclasses import dataclass

from heitler.metrics import Estimate

__all__ = ["Defect", "amount"]


@dataclass(frozen=True, slots=True)
class Defect:
    """A deviation of a candidate from the reference, or the lack of one.

    Arguments:
        candidate: Name of the candidate.
        name: What was looked at, such as "energy scale".
        value: The deviation: 0 where there is none.
        floor: The same between two samples of the reference.
        unit: Unit of both; "%" for fractions.
        text: The deviation in a physicist's words.
        accounts_for: Observables that differ because of it.
        least: Standard deviations from which it counts: more where many places were looked at.
    """

    candidate: str
    name: str
    value: Estimate
    floor: Estimate
    unit: str
    text: str
    accounts_for: tuple[str, ...]
    least: float = 3.0

    @property
    def excess(self) -> float:
        """Size of the deviation in standard deviations."""
        value, error = abs(self.value.value), self.value.error
        return min(value / error, 999.0) if error > 0 else 999.0 * (value > 0)

    @property
    def found(self) -> bool:
        """Whether it counts as a defect."""
        return self.excess > self.least


def amount(found: Estimate, unit: str) -> str:
    """A deviation with its sign and error: "+3.0 % ± 0.2 %" or "-0.10 ± 0.02 mm"."""
    if unit == "%":
        return f"{100 * found.value:+.1f} % ± {100 * found.error:.1f} %"
    return f"{found.value:+.2f} ± {found.error:.2f} {unit}"
