r"""Linearity, resolution and sampling fraction against the incident energy.

Notation: E is the incident energy, E_vis the visible one, mu_90 and sigma_90 those of
`heitler.performance.intervals`. Where a bin holds many incident energies, the spread of E_vis is
that of E; so mu_90 and sigma_90 are always those of the response E_vis / E within a bin, which for
a bin of one energy is the same up to this factor.

    sigma / E = a / sqrt(E)  (+)  b / E  (+)  c,

added in quadrature, with E in GeV: stochastic, noise and constant term. Of a calorimeter whose
absorber changes with the depth E_vis must be `heitler.observables.weighted_energy`: the sum of all
deposits resolves how deep a shower is, which looks like a constant term.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heitler.estimates import Estimate
from heitler.performance.curves import Curve, curve, energy_edges
from heitler.performance.fits import Fit, fit_linear
from heitler.units import GeV

__all__ = [
    "ResolutionFit",
    "SamplingFraction",
    "fit_resolution",
    "linearity",
    "resolution",
    "sampling_fraction",
]

Array = NDArray[np.float64]

_SCALE = 100 * GeV


def linearity(
    incident: ArrayLike,
    visible: ArrayLike,
    *,
    edges: ArrayLike | None = None,
    ends: bool = True,
) -> Curve:
    """Mean response mu_90 of E_vis / E in bins of E; of a linear calorimeter it is constant.

    Arguments:
        incident: E in MeV, with shape (N,).
        visible: E_vis in MeV, with shape (N,).
        edges: Edges of the bins in MeV; by default one per energy, or nine of equal ratio.
        ends: Whether the first and the last bin are kept.
    """
    response = _response(incident, visible)
    limits = energy_edges(incident) if edges is None else edges
    return curve(incident, response, lambda core: core.mu, edges=limits, ends=ends)


def resolution(
    incident: ArrayLike,
    visible: ArrayLike,
    *,
    edges: ArrayLike | None = None,
    ends: bool = True,
) -> Curve:
    """Resolution sigma_90 / mu_90 of E_vis / E in bins of E.

    Arguments:
        incident: E in MeV, with shape (N,).
        visible: E_vis in MeV, with shape (N,).
        edges: Edges of the bins in MeV; by default one per energy, or nine of equal ratio.
        ends: Whether the first and the last bin are kept.
    """
    response = _response(incident, visible)
    limits = energy_edges(incident) if edges is None else edges
    return curve(incident, response, lambda core: core.resolution, edges=limits, ends=ends)


@dataclass(frozen=True, slots=True)
class ResolutionFit:
    """Terms of the resolution.

    Arguments:
        stochastic: a in sqrt(GeV).
        noise: b in GeV.
        constant: c.
        chi2: Sum of the squared pulls of (sigma / E)^2.
        ndf: Number of bins less that of the terms above 0.
    """

    stochastic: Estimate
    noise: Estimate
    constant: Estimate
    chi2: float
    ndf: int


def fit_resolution(points: Curve) -> ResolutionFit:
    """The stochastic, noise and constant term of a resolution curve.

    The square of the resolution is linear in a^2, b^2 and c^2, which are fitted with the bound 0:
    there is one solution and no starting point. The error of a term near the bound is the root of
    that of its square, which is then a limit.

    Arguments:
        points: Curve of `resolution`, with energies in MeV.

    Raises:
        ValueError: There are fewer than four bins.
    """
    from scipy.optimize import nnls  # noqa: PLC0415

    if len(points) < 4:
        msg = f"three terms need four bins of energy or more, got {len(points)}"
        raise ValueError(msg)
    energy = points.at / GeV
    spread = 2 * points.value * points.error
    functions = np.stack([1 / energy, 1 / energy**2, np.ones_like(energy)], axis=1)
    scaled, wanted = functions / spread[:, None], points.value**2 / spread
    squares, distance = nnls(scaled, wanted)
    errors = _errors(scaled, squares)
    a, b, c = (_root(square, error) for square, error in zip(squares, errors, strict=True))
    return ResolutionFit(a, b, c, float(distance**2), len(points) - int((squares > 0).sum()))


def _root(square: float, error: float) -> Estimate:
    """A term from its square."""
    root = square**0.5
    small = 4 * square < error
    return Estimate(float(root), float(error**0.5 if small else error / (2 * root)))


def _errors(scaled: Array, squares: Array) -> Array:
    """Errors of the squares: of those above 0 together, of one at 0 as if it were above."""
    errors = np.empty(squares.size)
    for index in range(squares.size):
        free = squares > 0
        free[index] = True
        part = scaled[:, free]
        variance = np.linalg.inv(part.T @ part).diagonal()
        errors[index] = variance[free[: index + 1].sum() - 1] ** 0.5
    return errors


@dataclass(frozen=True, slots=True, eq=False)
class SamplingFraction:
    """The sampling fraction as a polynomial of u = E / 100 GeV.

    Arguments:
        fit: Coefficients of u^0, u^1, ... with their covariance.
    """

    fit: Fit

    def at(self, energy: float) -> Estimate:
        """The sampling fraction at an incident energy in MeV."""
        return self.fit.combine(_powers(np.array([energy]), self.fit.parameters.size - 1)[0])


def sampling_fraction(
    incident: ArrayLike, visible: ArrayLike, *, degree: int = 4
) -> SamplingFraction:
    """Polynomial through E_vis / E of single showers, with weights proportional to E.

    The weights are those of a resolution that goes as 1 / sqrt(E); the errors do not rest on it.

    References: 3DGAN describes the sampling fraction by a polynomial of degree 4 (Khattak et al.
    2022, arXiv:2109.07388).

    Arguments:
        incident: E in MeV, with shape (N,).
        visible: E_vis in MeV, with shape (N,).
        degree: Degree of the polynomial.

    Raises:
        ValueError: There are too few different energies.
    """
    energy = np.asarray(incident, dtype=np.float64)
    response = _response(incident, visible)
    return SamplingFraction(fit_linear(_powers(energy, degree), response, energy / _SCALE))


def _powers(energy: Array, degree: int) -> Array:
    return (energy[:, None] / _SCALE) ** np.arange(degree + 1)


def _response(incident: ArrayLike, visible: ArrayLike) -> Array:
    response: Array = np.asarray(visible, dtype=np.float64) / np.asarray(incident, np.float64)
    return response
