"""How well the angle of incidence is seen.

Notation: theta is the angle of the particle to the calorimeter face, delta the reconstructed angle
less theta, both in degrees; mu_90 and sigma_90 are those of `heitler.performance.intervals`.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from heitler.performance.curves import Curve, curve

__all__ = ["angular_resolution", "angular_response"]


def angular_response(
    theta: ArrayLike, residual: ArrayLike, *, edges: ArrayLike | None = None
) -> Curve:
    """Bias of the angle: mu_90 of delta in bins of theta, in degrees.

    Arguments:
        theta: True angles in degrees, with shape (N,).
        residual: delta in degrees, with shape (N,).
        edges: Edges of the bins in degrees; see `heitler.performance.curves.curve`.
    """
    return curve(theta, residual, lambda core: core.mu, edges=edges)


def angular_resolution(
    theta: ArrayLike, residual: ArrayLike, *, edges: ArrayLike | None = None
) -> Curve:
    """Resolution of the angle: sigma_90 of delta in bins of theta, in degrees.

    Arguments:
        theta: True angles in degrees, with shape (N,).
        residual: delta in degrees, with shape (N,).
        edges: Edges of the bins in degrees; see `heitler.performance.curves.curve`.
    """
    return curve(theta, residual, lambda core: core.sigma, edges=edges)
