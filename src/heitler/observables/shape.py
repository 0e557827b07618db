"""Where the energy of a shower lies and how far it spreads.

Notation: r_i = (x_i, y_i, z_i) is the centre of cell i in mm in the frame of the detector (z along
the depth, 0 at the first layer), E_i its deposit. For each axis u the first moment is
<u> = sum_i u_i E_i / sum_i E_i and the width sqrt(<u^2> - <u>^2). All deposits count.

A ring that is not cut into angles (some layers of CaloChallenge data set 1) has its centre on the
axis: such layers say nothing about x and y. An empty shower has centre and width 0.
"""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.detectors import CylindricalLayers, Geometry
from heitler.observables.base import observable
from heitler.showers import Showers

__all__ = ["centre_x", "centre_y", "centre_z", "centroids", "width_x", "width_y", "width_z"]


@observable("centre of gravity in x", "mm")
def centre_x(showers: Showers) -> Tensor:
    """First moment in x in mm, with shape (N,)."""
    return _moments(showers, axis=0)[0]


@observable("centre of gravity in y", "mm")
def centre_y(showers: Showers) -> Tensor:
    """First moment in y in mm, with shape (N,)."""
    return _moments(showers, axis=1)[0]


@observable("centre of gravity in depth", "mm")
def centre_z(showers: Showers) -> Tensor:
    """First moment in depth, from the first layer, in mm, with shape (N,)."""
    return _moments(showers, axis=2)[0]


@observable("width in x", "mm")
def width_x(showers: Showers) -> Tensor:
    """Root of the second central moment in x in mm, with shape (N,)."""
    return _moments(showers, axis=0)[1]


@observable("width in y", "mm")
def width_y(showers: Showers) -> Tensor:
    """Root of the second central moment in y in mm, with shape (N,)."""
    return _moments(showers, axis=1)[1]


@observable("width in depth", "mm")
def width_z(showers: Showers) -> Tensor:
    """Root of the second central moment in depth in mm, with shape (N,)."""
    return _moments(showers, axis=2)[1]


def _moments(showers: Showers, axis: int) -> tuple[Tensor, Tensor]:
    """Mean and width along one axis in mm, each with shape (N,)."""
    u = centroids(showers.geometry)[:, axis]
    # About the middle of the detector: less rounding is left in <u^2> - <u>^2.
    middle = u.mean()
    u = u - middle
    sums = showers.deposits.double() @ torch.stack([torch.ones_like(u), u, u * u], dim=-1)
    energy = sums[:, 0]
    seen = energy > 0
    mean, square = (sums[:, 1:] / energy.where(seen, 1.0)[:, None]).unbind(dim=-1)
    width = (square - mean * mean).clamp(min=0.0).sqrt()
    return (mean + middle).where(seen, 0.0), width.where(seen, 0.0)


def centroids(geometry: Geometry) -> Tensor:
    """Centres of the cells in mm, on the axis for rings without angles: (cells, 3)."""
    if not isinstance(geometry, CylindricalLayers) or 1 not in geometry.angular_bins:
        return geometry.cell_centres
    whole = torch.tensor([bins == 1 for bins in geometry.angular_bins])[geometry.layer_of_cell]
    on_axis = torch.stack([whole, whole, torch.zeros_like(whole)], dim=-1)
    return geometry.cell_centres.where(~on_axis, 0.0)
