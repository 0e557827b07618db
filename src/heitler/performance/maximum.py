"""How showers grow with energy.

Notation: E is the incident energy, E_c the critical energy of the calorimeter, t_max the depth of
a shower's maximum in radiation lengths, a and b the shape and rate of its gamma profile (see
`heitler.observables.longitudinal`). A cascade that doubles until its particles have E_c has

    t_max = s ln(E / E_c) + C,   s = 1,   C = -0.5 for electrons, +0.5 for photons

(Heitler's model; the constants are those of Rossi's approximation B, Particle Data Group, "Passage
of particles through matter"). The shape a grows likewise, and b hardly depends on E.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from heitler.estimates import Estimate
from heitler.performance.fits import fit_linear

__all__ = ["Growth", "growth"]


@dataclass(frozen=True, slots=True)
class Growth:
    """A straight line in ln(E / E_c).

    Arguments:
        slope: s.
        constant: C, the value at E = E_c; far below the data, so it and s go together.
        offset: Mean of the value less ln(E / E_c): C if s is 1.
    """

    slope: Estimate
    constant: Estimate
    offset: Estimate


def growth(incident: ArrayLike, values: ArrayLike, critical_energy: float) -> Growth:
    """Fits a quantity of single showers, such as t_max, by a straight line in ln(E / E_c).

    Arguments:
        incident: E in MeV, with shape (N,).
        values: The quantity, with shape (N,).
        critical_energy: E_c in MeV.

    Raises:
        ValueError: All energies are the same.
    """
    x = np.log(np.asarray(incident, dtype=np.float64) / critical_energy)
    y = np.asarray(values, dtype=np.float64)
    fit = fit_linear(np.stack([x, np.ones_like(x)], axis=1), y)
    difference = y - x
    return Growth(
        slope=fit.estimate(0),
        constant=fit.estimate(1),
        offset=Estimate(float(difference.mean()), float(difference.std(ddof=1) / y.size**0.5)),
    )
