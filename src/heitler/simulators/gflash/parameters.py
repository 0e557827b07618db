r"""The laws of GFLASH: gamma profile along the shower, core and tail across it, spots.

The laws are those of G. Grindhammer and S. Peters, "The parameterized simulation of
electromagnetic showers in homogeneous and sampling calorimeters", hep-ex/0001020. The numbers come
from implementations: Geant4's (source/parameterisations/gflash) and, where these have them, the
two of CMS; where they differ, the docstrings say so. Equations and appendices (A.1 for
homogeneous, A.2 for sampling calorimeters) are as these cite them; the paper was not at hand.

Notation: y = E / E_c; t depth below the start of the shower in X0; r distance from the axis in
R_M; T depth of the maximum, alpha and beta = (alpha - 1) / T shape and rate of the gamma law;
tau = t / T relative depth; subscripts hom and sam.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

from heitler.simulators.gflash.medium import Medium
from heitler.units import GeV

__all__ = ["Longitudinal", "Radial", "cumulative", "longitudinal", "radial", "slices", "spots"]

_Array = NDArray[np.float64]

_WIDEST = 0.5
"""Largest sigma of ln T and ln alpha: the fitted laws have a pole at low energies."""

_SHORTEST, _STEEPEST = 0.5, 1.1
"""Smallest T in X0 and alpha: below, a shower has no maximum."""


@dataclass(frozen=True, slots=True)
class Longitudinal:
    """How the profiles of showers of given energies are distributed; each number per shower.

    Arguments:
        log_t: Mean of ln T.
        log_alpha: Mean of ln alpha.
        sigma_t: Standard deviation of ln T.
        sigma_alpha: Standard deviation of ln alpha.
        rho: Correlation of ln T and ln alpha.
    """

    log_t: _Array
    log_alpha: _Array
    sigma_t: _Array
    sigma_alpha: _Array
    rho: _Array

    def fluctuate(self, first: _Array, second: _Array) -> tuple[_Array, _Array]:
        r"""T and alpha of single showers.

            (ln T, ln alpha) = (<ln T>, <ln alpha>) + C (z1, z2),
            C = [[sigma_T a, sigma_T b], [sigma_alpha a, -sigma_alpha b]],
            a = sqrt((1 + rho) / 2),  b = sqrt((1 - rho) / 2)

        Arguments:
            first: Standard normal z1, one per shower.
            second: Standard normal z2, likewise.
        """
        a, b = np.sqrt((1 + self.rho) / 2), np.sqrt((1 - self.rho) / 2)
        t = np.exp(self.log_t + self.sigma_t * (a * first + b * second))
        alpha = np.exp(self.log_alpha + self.sigma_alpha * (a * first - b * second))
        return np.maximum(t, _SHORTEST), np.maximum(alpha, _STEEPEST)


@dataclass(frozen=True, slots=True)
class Radial:
    """The profile across the axis: p of the energy in the core, the rest in the tail.

    Arguments:
        core: Median radius of the core in R_M.
        tail: Median radius of the tail in R_M.
        weight: p, in [0, 1].
    """

    core: _Array
    tail: _Array
    weight: _Array


def longitudinal(medium: Medium, energy: _Array, spacing: _Array) -> Longitudinal:
    r"""Means, widths and correlation of ln T and ln alpha (appendix A.1 and A.2).

        T_hom = ln y - 0.812,  alpha_hom = 0.81 + (0.458 + 2.26 / Z) ln y,
        T_sam = T_hom - 0.55 / F_S - 0.69 (1 - e^),  alpha_sam = alpha_hom - 0.476 / F_S,

    whose logarithms are the means, and

        hom: sigma_T = 1 / (1.26 ln y - 1.4),  sigma_alpha = 1 / (0.86 ln y - 0.58),
             rho = 0.705 - 0.023 ln y,
        sam: sigma_T = 1 / (1.25 ln y - 2.5),  sigma_alpha = 1 / (0.79 ln y - 0.82),
             rho = 0.784 - 0.023 ln y.

    Arguments:
        medium: The calorimeter.
        energy: Energies in MeV.
        spacing: 1/F_S of the cells along the shower in X0; shapes broadcast.
    """
    y = np.log(energy / medium.critical_energy)
    t = y - 0.812 - 0.55 * spacing - 0.69 * (1 - medium.e_mip)
    alpha = 0.81 + (0.458 + 2.26 / medium.atomic_number) * y - 0.476 * spacing
    if medium.homogeneous:
        widths, rho = (1.26 * y - 1.4, 0.86 * y - 0.58), 0.705 - 0.023 * y
    else:
        widths, rho = (1.25 * y - 2.5, 0.79 * y - 0.82), 0.784 - 0.023 * y
    sigma_t, sigma_alpha = (1 / np.maximum(width, 1 / _WIDEST) for width in widths)
    log_t = np.log(np.maximum(t, _SHORTEST))
    return Longitudinal(log_t, np.log(np.maximum(alpha, _STEEPEST)), sigma_t, sigma_alpha, rho)


def cumulative(t: _Array, maximum: _Array, alpha: _Array) -> _Array:
    r"""Share of the energy that is lost before the depth t (equation 2, integrated).

        f(t) = (beta t)^(alpha - 1) beta e^(-beta t) / Gamma(alpha),  beta = (alpha - 1) / T

    Arguments:
        t: Depth below the start of the shower in X0; 0 and above.
        maximum: T in X0.
        alpha: Shape, above 1.
    """
    return np.asarray(gammainc(alpha, (alpha - 1) / maximum * t))


def slices(depth: _Array, maximum: _Array, alpha: _Array) -> _Array:
    """Share of the energy that is lost between depths.

    Arguments:
        depth: Depths of the edges of slices below the start of the shower in X0, (N, L + 1).
        maximum: T in each slice in X0, (N, L).
        alpha: Shape, likewise.
    """
    return cumulative(depth[:, 1:], maximum, alpha) - cumulative(depth[:, :-1], maximum, alpha)


def radial(medium: Medium, energy: _Array, tau: _Array, spacing: _Array) -> Radial:
    r"""Core, tail and weight (equations 23 to 26; appendix A.1 and A.2).

        f(r) = p 2 r R_C^2 / (r^2 + R_C^2)^2 + (1 - p) 2 r R_T^2 / (r^2 + R_T^2)^2,
        R_C,hom = 0.0251 + 0.00319 ln E + (0.1162 - 0.000381 Z) tau,
        R_T,hom = (0.659 - 0.00309 Z) (exp(-2.59 (tau - 0.645)) + exp(k4 (tau - 0.645))),
        k4 = 0.3585 + 0.0421 ln E,
        p_hom = (2.632 - 0.00094 Z) exp(x - exp x),
        x = (0.401 + 0.00187 Z - tau) / (1.313 - 0.0686 ln E),

    with E in GeV (some codes take MeV here; then 78 % instead of 88 % of a shower in lead
    tungstate would lie within one R_M), and

        R_C,sam = R_C,hom - 0.0203 (1 - e^) + 0.0397 / F_S exp(-tau),
        R_T,sam = R_T,hom - 0.14 (1 - e^) - 0.495 / F_S exp(-tau),
        p_sam = p_hom + (1 - e^) (0.348 - 0.642 / F_S exp(-(tau - 1)^2)).

    Geant4 has 0.0412 for 0.0421, and CMS has 2.623 for 2.632; the numbers here are those that all
    others have.

    Arguments:
        medium: The calorimeter.
        energy: Energies in MeV.
        tau: Relative depth.
        spacing: 1/F_S of the cells along the shower in X0; shapes broadcast.
    """
    z, log_e = medium.atomic_number, np.log(energy / GeV)
    contrast, near = 1 - medium.e_mip, spacing * np.exp(-tau)
    core = 0.0251 + 0.00319 * log_e + (0.1162 - 0.000381 * z) * tau
    rise, fall = (0.3585 + 0.0421 * log_e) * (tau - 0.645), -2.59 * (tau - 0.645)
    tail = (0.659 - 0.00309 * z) * (np.exp(fall) + np.exp(rise))
    x = (0.401 + 0.00187 * z - tau) / (1.313 - 0.0686 * log_e)
    weight = (2.632 - 0.00094 * z) * np.exp(x - np.exp(x))
    dip = spacing * np.exp(-((tau - 1) ** 2))
    return Radial(
        core=np.maximum(core - 0.0203 * contrast + 0.0397 * near, 0.0),
        tail=np.maximum(tail - 0.14 * contrast - 0.495 * near, 0.0),
        weight=np.clip(weight + contrast * (0.348 - 0.642 * dip), 0.0, 1.0),
    )


def spots(
    medium: Medium, energy: _Array, maximum: _Array, alpha: _Array
) -> tuple[_Array, _Array, _Array]:
    r"""Mean number of spots, and T and alpha of their own gamma law (appendix A.1 and A.2).

        hom: N = 93 ln(Z) E^0.876,  T_spot = T (0.698 + 0.00212 Z),
             alpha_spot = alpha (0.639 + 0.00334 Z),
        sam: N = 10.3 / c E^0.959,  T_spot = T (0.813 + 0.0019 Z),
             alpha_spot = alpha (0.844 + 0.0026 Z),

    with E in GeV and c of the sampling fluctuations.

    Arguments:
        medium: The calorimeter.
        energy: Energies in MeV, (N,).
        maximum: T in X0, (N,).
        alpha: Shapes, (N,).
    """
    z = medium.atomic_number
    if medium.homogeneous:
        number = 93 * np.log(z) * (energy / GeV) ** 0.876
        t_scale, alpha_scale = 0.698 + 0.00212 * z, 0.639 + 0.00334 * z
    else:
        number = 10.3 / medium.resolution * (energy / GeV) ** 0.959
        t_scale, alpha_scale = 0.813 + 0.0019 * z, 0.844 + 0.0026 * z
    return number, maximum * t_scale, np.maximum(alpha * alpha_scale, _STEEPEST)
