"""Hits as the stencil sees them, and the five summaries of a shower.

The summaries, of the deposits E_i in layers l_i at the distance r_i (in cells) from the axis:

    ln of the visible energy  V = sum E_i
    mean depth                m = sum E_i l_i / V
    ln of the depth width     w^2 = sum E_i (l_i - m)^2 / V
    depth skewness            sum E_i (l_i - m)^3 / (V w^3)
    ln of the lateral spread  sum E_i r_i^2 / V

Given these and the incident particle, hits are nearly independent: they fix where the shower
started, how it fluctuated in depth and how wide it is.

Notation: N showers of H hits together.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from heitler.hits import Hits
from heitler.models.compound_hits.stencil import Aim, Stencil

__all__ = ["SUMMARIES", "Seen", "centres", "goal_of", "summarise"]

SUMMARIES = 5
"""Number of summaries."""

_LEAST_ENERGY, _LEAST_WIDTH, _LEAST_SPREAD = 0.01, 0.3, 0.02
"""MeV, layers and squared cells that stand for less, so that logarithms are finite."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Hits about the axis.

    Arguments:
        count: N.
        layers: L.
        shower, layer, cell, member, bin: Indices of each hit, (H,) int64.
        energy: MeV, (H,) float64.
        square: Squared distance from the axis in cells, (H,) float64.
        phase: Phase of the crossing, (H,) int64.
    """

    count: int
    layers: int
    shower: Tensor
    layer: Tensor
    cell: Tensor
    member: Tensor
    bin: Tensor
    energy: Tensor
    square: Tensor
    phase: Tensor

    @classmethod
    def of(cls, hits: Hits, aim: Aim, stencil: Stencil) -> Seen:
        """Hits of N showers with their crossings."""
        shower, cell = hits.showers, hits.cells.long()
        layer, member = stencil.members(aim, shower, cell)
        phase = aim.phase[shower, layer]
        return cls(
            len(hits),
            stencil.layers,
            shower,
            layer,
            cell,
            member,
            stencil.member_bin[phase, member],
            hits.energies.double(),
            stencil.member_square[phase, member].double(),
            phase,
        )

    def per_shower(self, values: Tensor) -> Tensor:
        """Sums over the hits of each shower, (N,)."""
        return torch.bincount(self.shower, values, minlength=self.count)

    def per_layer(self, values: Tensor) -> Tensor:
        """Sums over the hits of each layer, (N, L)."""
        place = self.shower * self.layers + self.layer
        return torch.bincount(place, values, minlength=self.count * self.layers).view(
            self.count, self.layers
        )

    def per_bin(self, values: Tensor, bins: int) -> Tensor:
        """Sums over the hits of each bin of each layer, (N, L, B)."""
        place = (self.shower * self.layers + self.layer) * bins + self.bin
        size = self.count * self.layers * bins
        return torch.bincount(place, values, minlength=size).view(self.count, self.layers, bins)


def summarise(seen: Seen) -> Tensor:
    """The summaries of each shower, (N, SUMMARIES) float64."""
    visible = seen.per_shower(seen.energy).clamp(min=_LEAST_ENERGY)
    depth = seen.layer.double()
    mean = seen.per_shower(seen.energy * depth) / visible
    about = depth - mean[seen.shower]
    width = (seen.per_shower(seen.energy * about**2) / visible).sqrt().clamp(min=_LEAST_WIDTH)
    skewness = seen.per_shower(seen.energy * about**3) / visible / width**3
    spread = (seen.per_shower(seen.energy * seen.square) / visible).clamp(min=_LEAST_SPREAD)
    return torch.stack([visible.log(), mean, width.log(), skewness, spread.log()], dim=1)


def goal_of(summaries: Tensor) -> Tensor:
    """What calibration imposes, (N, 4).

    Visible energy in MeV, mean depth and depth width in layers, mean squared distance from the
    axis in cells.
    """
    visible, depth, width, _, spread = summaries.unbind(1)
    return torch.stack([visible.exp(), depth, width.exp(), spread.exp()], dim=1)


def centres(seen: Seen, stencil: Stencil) -> Tensor:
    """Centres of gravity about the axis along x and y in cells, (N, 2); 0 where nothing is hit."""
    visible = seen.per_shower(seen.energy).clamp(min=_LEAST_ENERGY)
    weight = seen.energy * seen.square.sqrt()
    trig = stencil.member_trig[seen.phase, seen.member, :2].double()
    return torch.stack([seen.per_shower(weight * trig[:, k]) / visible for k in range(2)], 1)
