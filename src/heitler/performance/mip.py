"""The peak that minimum-ionising particles leave in the spectrum of cell energies.

Notation: n_b is the number of cells in bin b with the centre E_b, E_m the middle of
the bins that are fitted and x = E - E_m. Near its mode the spectrum is exp(f), with

    f(x) = p_0 + p_1 x + p_2 x^2 + p_3 x^3,   f'(mode) = 0.

The third term is for the slope on which the peak stands: cells of a shower are crossed at all
angles and by several particles, so that no Landau curve describes them.

The usual threshold of a hit is half of this peak, the half-MIP cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heitler.estimates import Estimate

__all__ = ["MipPeak", "mip_peak"]

Array = NDArray[np.float64]

_SEARCH = (0.4, 2.0)
_NEAR = 0.2
_TERMS = 4


@dataclass(frozen=True, slots=True)
class MipPeak:
    """The peak of minimum-ionising particles.

    Arguments:
        position: Its mode in MeV.
        chi2: Sum of the squared pulls of the bins.
        ndf: Number of bins less four.
        below_half: Fraction of the cells below half of it, which the half-MIP cut removes.
    """

    position: Estimate
    chi2: float
    ndf: int
    below_half: float

    @property
    def half(self) -> Estimate:
        """The half-MIP cut in MeV."""
        return Estimate(self.position.value / 2, self.position.error / 2)


def mip_peak(edges: ArrayLike, counts: ArrayLike, *, expected: float) -> MipPeak:
    """Finds the mode of a cell spectrum near the expected deposit.

    The top is the bin, from 0.4 to 2 times the expected deposit, that rises highest above the
    lowest one in front of it: soft cells may be more than those of the peak. Then f is fitted to
    the logarithm of the counts within 20 % of the top. The error is that of Poisson counts in
    given bins. That the bins follow the peak adds a fifth, and that cells of one shower fluctuate
    together adds as well.

    Arguments:
        edges: Edges of the bins in MeV, narrow against the peak, with shape (bins + 1,).
        counts: Number of cells in each bin, summed over showers, with shape (bins,).
        expected: Deposit of a minimum-ionising particle in MeV, to within a factor of two.

    Raises:
        ValueError: Fewer than five bins with cells are near the peak, or there is no peak.
    """
    borders, n = np.asarray(edges, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    centres = (borders[1:] + borders[:-1]) / 2
    searched = (centres > _SEARCH[0] * expected) & (centres < _SEARCH[1] * expected)
    rise = n[searched] - np.minimum.accumulate(n[searched])
    if rise.max(initial=0.0) == 0.0:
        msg = f"the spectrum has no peak near {expected:.3g} MeV"
        raise ValueError(msg)
    top = centres[searched][int(np.argmax(rise))]
    # A second fit about the first mode: which bins take part then hardly fluctuates.
    first = _fit(centres, n, float(top))
    position, chi2, ndf = _fit(centres, n, first[0].value)
    below = np.interp(position.value / 2, borders, np.append(0.0, n.cumsum())) / n.sum()
    return MipPeak(position, chi2, ndf, float(below))


def _fit(centres: Array, n: Array, middle: float) -> tuple[Estimate, float, int]:
    """Mode of the bins near `middle`, chi2 and the number of degrees of freedom."""
    near = (np.abs(centres - middle) <= _NEAR * middle) & (n > 0)
    if near.sum() <= _TERMS:
        msg = f"only {near.sum()} bins with cells are near {middle:.3g} MeV: take narrower bins"
        raise ValueError(msg)
    p, covariance, chi2 = _logarithm(centres[near] - middle, n[near])
    inside = p[2] ** 2 - 3 * p[1] * p[3]
    mode = -p[1] / (p[2] - inside**0.5) if p[2] < 0 <= inside else np.inf
    if abs(mode) > _NEAR * middle:
        msg = f"the spectrum has no peak at {middle:.3g} MeV, only a rise"
        raise ValueError(msg)
    # f' = 0 moves with p_j by j x^(j - 1) / -f''.
    pull = np.array([0.0, 1.0, 2 * mode, 3 * mode**2]) / (2 * p[2] + 6 * p[3] * mode)
    error = float(pull @ covariance @ pull) ** 0.5
    return Estimate(float(middle + mode), error), chi2, int(near.sum()) - _TERMS


def _logarithm(x: Array, n: Array) -> tuple[Array, Array, float]:
    """Parameters of f = ln n, their covariance for Poisson counts, and chi2."""
    powers = x[:, None] ** np.arange(_TERMS)
    covariance = np.asarray(np.linalg.inv(powers.T @ (n[:, None] * powers)), dtype=np.float64)
    p = covariance @ (powers.T @ (n * np.log(n)))
    return p, covariance, float((n * (np.log(n) - powers @ p) ** 2).sum())
