"""Mean and width of a distribution without its tails.

Notation: of N values, the shortest interval that holds 90 % of them has n values inside; mu_90 is
their mean and sigma_90 their root mean square about it. For a normal distribution of width sigma,
sigma_90 = 0.789 sigma.

References: Buhmann et al. 2021, Getting High (arXiv:2005.05334), section 4, where the errors are
sigma_90 / sqrt(n) and sigma_90 / sqrt(2 n). They are a convention: which values are inside is
found from the values themselves. Of normal values mu_90 scatters 1.7 (N = 200) to 2.2 times
(N = 5000) as much, sigma_90 1.1 times.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heitler.estimates import Estimate

__all__ = ["Core", "core90", "shortest_interval"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Core:
    """The values inside of the shortest interval that holds 90 %.

    Arguments:
        mu: mu_90 with the error sigma_90 / sqrt(n).
        sigma: sigma_90 with the error sigma_90 / sqrt(2 n).
        inside: n.
    """

    mu: Estimate
    sigma: Estimate
    inside: int

    @property
    def resolution(self) -> Estimate:
        """sigma_90 / mu_90, with the errors of both taken as independent.

        Raises:
            ValueError: mu_90 is 0 or less.
        """
        if self.mu.value <= 0:
            msg = f"there is no resolution relative to a mean of {self.mu.value:g}"
            raise ValueError(msg)
        ratio = self.sigma.value / self.mu.value
        relative = np.hypot(self.sigma.error, ratio * self.mu.error) / self.mu.value
        return Estimate(ratio, float(relative))


def shortest_interval(values: ArrayLike, share: float = 0.9) -> tuple[float, float]:
    """Ends of the shortest interval that holds at least `share` of the values.

    Of several the lowest is taken.

    Arguments:
        values: Values with shape (N,), of any unit.
        share: Above 0, up to 1.

    Raises:
        ValueError: There are no values, one is not finite, or the share is no share.
    """
    ordered = np.sort(_finite(values))
    if not 0 < share <= 1:
        msg = f"a share of the values is above 0 and at most 1, got {share}"
        raise ValueError(msg)
    # 0.9 x 10 is 9, whatever binary fractions say.
    count = ceil(round(share * ordered.size, 9))
    widths = ordered[count - 1 :] - ordered[: ordered.size - count + 1]
    low = int(np.argmin(widths))
    return float(ordered[low]), float(ordered[low + count - 1])


def core90(values: ArrayLike) -> Core:
    """mu_90 and sigma_90 of values.

    Arguments:
        values: Values with shape (N,), of any unit.

    Raises:
        ValueError: There are no values, or one is not finite.
    """
    array = _finite(values)
    low, high = shortest_interval(array)
    inside = array[(array >= low) & (array <= high)]
    sigma, n = float(inside.std()), inside.size
    return Core(
        mu=Estimate(float(inside.mean()), sigma / n**0.5),
        sigma=Estimate(sigma, sigma / (2 * n) ** 0.5),
        inside=n,
    )


def _finite(values: ArrayLike) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        msg = f"expected one or more finite values with shape (N,), got shape {array.shape}"
        raise ValueError(msg)
    return array
