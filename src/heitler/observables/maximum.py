"""The hottest cell of a shower."""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.observables.base import observable
from heitler.observables.profiles import distance_from_axis
from heitler.showers import Showers

__all__ = ["maximum_energy", "maximum_layer", "maximum_radius"]


@observable("largest deposit in a cell", "MeV")
def maximum_energy(showers: Showers) -> Tensor:
    """Deposit in the hottest cell in MeV, with shape (N,)."""
    return showers.deposits.amax(dim=-1).double()


@observable("layer of the hottest cell", "")
def maximum_layer(showers: Showers) -> Tensor:
    """Index of the layer of the hottest cell, -1 for an empty shower, with shape (N,)."""
    energy, cell = showers.deposits.max(dim=-1)
    return showers.geometry.layer_of_cell[cell].double().where(energy > 0, -1.0)


@observable("distance of the hottest cell from the axis", "mm")
def maximum_radius(showers: Showers) -> Tensor:
    """Distance of the hottest cell from the particle's line of flight in mm, with shape (N,)."""
    energy, cell = showers.deposits.max(dim=-1)
    radius = distance_from_axis(showers, torch.arange(len(showers)), cell)
    return radius.where(energy > 0, 0.0)
