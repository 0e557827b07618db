"""How much energy is seen, and in which layer.

Notation: E_i is the deposit in cell i in MeV, E_inc the incident energy. All deposits count, also
those below the hit threshold, and nothing is corrected for the sampling fraction.
"""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.observables.base import observable
from heitler.showers import Showers

__all__ = ["energy_thirds", "layer_energy", "response", "visible_energy"]


@observable("visible energy", "MeV")
def visible_energy(showers: Showers) -> Tensor:
    """Visible energy: E = sum_i E_i in MeV, with shape (N,)."""
    return layer_energy(showers).sum(dim=-1)


@observable("visible / incident energy", "")
def response(showers: Showers) -> Tensor:
    """Energy response: E / E_inc, with shape (N,).

    In a sampling calorimeter this is the sampling fraction; CaloChallenge energies are corrected
    for it, so that the response is near 1 there.
    """
    return visible_energy(showers) / showers.particles.energy


@observable("layer energy", "MeV", axis="layer")
def layer_energy(showers: Showers) -> Tensor:
    """Energy per layer: E_l, the sum of E_i over layer l, in MeV, with shape (N, layers)."""
    return showers.geometry.sum_layers(showers.deposits)


@observable("fraction of visible energy per third of the layers", "", axis="third")
def energy_thirds(showers: Showers) -> Tensor:
    """Early, middle and late fraction of E, with shape (N, 3).

    Layer l of L is in third floor(3 l / L): these are thirds of the layers, not of the depth. The
    fractions add up to 1, those of an empty shower are 0.

    References: the energy ratios of 3DGAN (Khattak et al. 2022, arXiv:2109.07388).
    """
    layers = layer_energy(showers)
    count = layers.shape[-1]
    third = torch.div(3 * torch.arange(count), count, rounding_mode="floor")
    energy = layers.new_zeros(len(layers), 3).index_add_(1, third, layers)
    visible = energy.sum(dim=-1, keepdim=True)
    return energy / visible.where(visible > 0, 1.0)
