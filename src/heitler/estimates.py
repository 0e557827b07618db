"""A number with its statistical error."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

__all__ = ["Estimate"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its statistical error (one standard deviation)."""

    value: float
    error: float

    def __str__(self) -> str:
        """Both numbers down to the second significant digit of the error."""
        if not self.error > 0:
            return f"{self.value:.3g} ± {self.error:.2g}"
        decimals = 1 - floor(log10(self.error))
        if decimals > 5:
            return f"{self.value:.1e} ± {self.error:.1e}"
        decimals = max(decimals, 0)
        return f"{self.value:.{decimals}f} ± {self.error:.{decimals}f}"
