"""Where each layer's energy lies, and the angle at which the layers line up.

Notation: E_i is the deposit in cell i, (x_i, y_i) its centre in mm in the frame of the detector,
z_l the depth of layer l and E_l the sum of its deposits. For u = x, y the centre of a layer is
c_l = sum_i u_i E_i / E_l and its width sqrt(sum_i u_i^2 E_i / E_l - c_l^2), over the cells i of
the layer. All deposits count. A layer without energy has centre and width 0, as has a ring that is
not cut into angles (see `heitler.observables.shape`).

References: Getting High (arXiv:2005.05334) for moments of a shower; the moments per layer are the
"centre of energy" and "width" of the CaloChallenge (arXiv:2410.21611).
"""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.detectors import CylindricalLayers, Geometry
from heitler.observables.base import observable
from heitler.observables.shape import centroids
from heitler.showers import Showers

__all__ = [
    "PERPENDICULAR",
    "has_angles",
    "layer_centre_x",
    "layer_centre_y",
    "layer_width_x",
    "layer_width_y",
    "shower_angle",
]

PERPENDICULAR = 90.0
"""The angle in degrees of a shower without a direction of its own."""


@observable("centre of energy per layer in x", "mm", axis="layer", signed=True)
def layer_centre_x(showers: Showers) -> Tensor:
    """Centre of each layer's energy in x in mm, 0 without energy, with shape (N, layers)."""
    return _layer_moments(showers, axis=0)[1]


@observable("centre of energy per layer in y", "mm", axis="layer", signed=True)
def layer_centre_y(showers: Showers) -> Tensor:
    """Centre of each layer's energy in y in mm, 0 without energy, with shape (N, layers)."""
    return _layer_moments(showers, axis=1)[1]


@observable("width per layer in x", "mm", axis="layer")
def layer_width_x(showers: Showers) -> Tensor:
    """Width of each layer's energy in x in mm, 0 without energy, with shape (N, layers)."""
    return _layer_moments(showers, axis=0)[2]


@observable("width per layer in y", "mm", axis="layer")
def layer_width_y(showers: Showers) -> Tensor:
    """Width of each layer's energy in y in mm, 0 without energy, with shape (N, layers)."""
    return _layer_moments(showers, axis=1)[2]


@observable("angle to the face from the layers' centres", "degrees")
def shower_angle(showers: Showers) -> Tensor:
    """Angle of the shower to the calorimeter face in degrees, with shape (N,).

    The centres c_l are fitted by a straight line in depth, x and y each by itself, with the
    weights w_l = E_l: the slope is

        s_u = sum_l w_l (z_l - <z>)(c_l - <c>) / sum_l w_l (z_l - <z>)^2,

    where <> are means with these weights, and theta = 90 - atan(sqrt(s_x^2 + s_y^2)). Layers
    without angles have weight 0. A shower with energy in fewer than two layers has 90. The slope
    fluctuates to both sides of 0 but its size does not, so perpendicular showers have a mean
    below 90. The true angle is `showers.particles.theta`, in rad.
    """
    depth = showers.geometry.layer_z
    weight, *centres = _weights_and_centres(showers)
    total = weight.sum(dim=-1, keepdim=True)
    share = weight / total.where(total > 0, 1.0)
    lever = depth - (share * depth).sum(dim=-1, keepdim=True)
    variance = (share * lever * lever).sum(dim=-1)
    several = (weight > 0).sum(dim=-1) >= 2
    # <c> drops out of the numerator, since the levers' weighted mean is 0.
    slopes = [
        (share * lever * centre).sum(dim=-1) / variance.where(several, 1.0) for centre in centres
    ]
    lean = torch.rad2deg(torch.atan(torch.hypot(*slopes)))
    return (PERPENDICULAR - lean).where(several, PERPENDICULAR)


def _weights_and_centres(showers: Showers) -> tuple[Tensor, Tensor, Tensor]:
    """Energy in MeV and centres in x and y in mm of the layers, each with shape (N, layers)."""
    energy, x, _ = _layer_moments(showers, axis=0)
    y = _layer_moments(showers, axis=1)[1]
    return energy * has_angles(showers.geometry), x, y


def _layer_moments(showers: Showers, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """Energy, centre and width of each layer along an axis, with shapes (N, layers)."""
    sizes = list(showers.geometry.layer_sizes)
    parts = zip(
        torch.split(showers.deposits, sizes, dim=-1),
        torch.split(centroids(showers.geometry)[:, axis], sizes),
        strict=True,
    )
    moments = [_moments(part.double(), u) for part, u in parts]
    energy, centre, width = (torch.stack(each, dim=-1) for each in zip(*moments, strict=True))
    return energy, centre, width


def _moments(deposits: Tensor, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Energy, centre and width of one layer; both arguments end with its cells."""
    # About the middle of the layer: less rounding is left in <u^2> - <u>^2.
    middle = u.mean()
    u = u - middle
    energy, first, second = (
        deposits @ torch.stack([torch.ones_like(u), u, u * u], dim=-1)
    ).unbind(dim=-1)
    seen = energy > 0
    divisor = energy.where(seen, 1.0)
    mean, square = first / divisor, second / divisor
    width = (square - mean * mean).clamp(min=0.0).sqrt()
    return energy, (mean + middle).where(seen, 0.0), width.where(seen, 0.0)


def has_angles(geometry: Geometry) -> Tensor:
    """Whether a layer says something about x and y, with shape (layers,)."""
    if not isinstance(geometry, CylindricalLayers):
        return torch.ones(geometry.layers, dtype=torch.bool)
    return torch.tensor([bins > 1 for bins in geometry.angular_bins])
