"""The principal axes of a shower, and the direction that they give.

Notation: r_i is the centre of cell i in mm in the frame of the detector, E_i its deposit, <.> the
mean with the weights E_i, C = <(r - <r>)(r - <r>)^T> the covariance. Its eigenvectors are the
principal axes, the roots of its eigenvalues the widths along them. All deposits count.

The first axis is the shower's own direction as long as the shower is longer than wide. It has no
sign, so it is taken to point into the depth. Its angle is that to the calorimeter face, 90 degrees
for perpendicular incidence. Of tilted showers in the ILD's silicon and tungsten it is some degrees
too flat, where the line through the layers' centres (`shower_angle`) is some degrees too steep;
`heitler.performance.angular_response` measures both.
"""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.observables.base import observable
from heitler.observables.moments import PERPENDICULAR
from heitler.observables.shape import centroids
from heitler.showers import Showers

__all__ = ["axis_angle", "axis_angle_residual", "principal_widths"]

_NO_SPREAD = 1e-9
"""Variance in mm^2 that rounding may leave of 0."""


@observable("width along the principal axes", "mm", axis="principal axis")
def principal_widths(showers: Showers) -> Tensor:
    """Widths along the principal axes in mm, the largest first, with shape (N, 3)."""
    variances: Tensor = torch.linalg.eigvalsh(_covariance(showers))
    return variances.flip(-1).clamp(min=0.0).sqrt()


@observable("angle to the face from the principal axis", "degrees")
def axis_angle(showers: Showers) -> Tensor:
    """Angle of the first principal axis to the calorimeter face in degrees, with shape (N,).

    It is asin |d_z| of the axis d, between 0 and 90. As for `shower_angle`, perpendicular showers
    have a mean below 90. A shower without extent in depth has 90.
    """
    axis, deep = _axis(showers)
    return torch.rad2deg(torch.asin(axis[:, 2].clamp(0.0, 1.0))).where(deep, PERPENDICULAR)


@observable("reconstructed - true angle in the plane of incidence", "degrees", signed=True)
def axis_angle_residual(showers: Showers) -> Tensor:
    """Angle of the first principal axis less the particle's in degrees, with shape (N,).

    Both are angles to the face in the plane of incidence, which the depth and the particle's
    azimuth phi span: atan2(d_z, d_x cos phi + d_y sin phi) of the axis d, less theta. So an axis
    may lean to both sides, and perpendicular showers have a mean of 0. A shower without extent in
    depth has 0.
    """
    axis, deep = _axis(showers)
    particles = showers.particles
    ahead = axis[:, 0] * particles.phi.cos() + axis[:, 1] * particles.phi.sin()
    residual = torch.atan2(axis[:, 2], ahead) - particles.theta
    return torch.rad2deg(residual).where(deep, 0.0)


def _axis(showers: Showers) -> tuple[Tensor, Tensor]:
    """The first principal axis with d_z >= 0 (N, 3), and whether it has extent in depth (N,)."""
    covariance = _covariance(showers)
    axis: Tensor = torch.linalg.eigh(covariance).eigenvectors[:, :, -1]
    return axis * torch.where(axis[:, 2:] < 0, -1.0, 1.0), covariance[:, 2, 2] > _NO_SPREAD


def _covariance(showers: Showers) -> Tensor:
    """C in mm^2, 0 for an empty shower, with shape (N, 3, 3)."""
    r = centroids(showers.geometry)
    # About the middle of the detector: less rounding is left in <r r> - <r><r>.
    r = r - r.mean(dim=0)
    outer = (r[:, :, None] * r[:, None, :]).reshape(-1, 9)
    sums = showers.deposits.double() @ torch.cat([torch.ones_like(r[:, :1]), r, outer], dim=-1)
    energy = sums[:, :1]
    means = sums[:, 1:] / energy.where(energy > 0, 1.0)
    mean, square = means[:, :3], means[:, 3:]
    return square.reshape(-1, 3, 3) - mean[:, :, None] * mean[:, None, :]
