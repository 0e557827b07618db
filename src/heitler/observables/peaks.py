"""Peaks: showers of several cascades, and layers with several cores.

The prominence of a peak is its height above the highest saddle that leads to anything higher; that
of the highest peak is its height. A longitudinal peak is one whose prominence is 30 % or more
of the largest layer energy: less is often what the sampling makes of a smooth profile.

A peak in a layer is a hit of a tenth or more of the layer's largest deposit that is not exceeded
by one of its eight neighbours. Neighbours are those of rows and columns, or of angles (all around)
and rings: across the axis cells do not touch.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from heitler.detectors import CylindricalLayers, Geometry
from heitler.observables.base import observable
from heitler.observables.energy import layer_energy
from heitler.showers import Showers

__all__ = ["layer_peaks", "longitudinal_peaks", "peak_distance", "prominence"]

_LEAST_PROMINENCE = 0.3
_LEAST_HEIGHT = 0.1


@observable("peaks of the longitudinal profile", "")
def longitudinal_peaks(showers: Showers) -> Tensor:
    """Number of peaks of the layer energies, with shape (N,)."""
    return (_longitudinal(showers) > 0).sum(dim=-1).double()


@observable("distance in depth between the two highest peaks", "mm")
def peak_distance(showers: Showers) -> Tensor:
    """Distance in depth between the two highest longitudinal peaks in mm, 0 of one, (N,)."""
    height = _longitudinal(showers)
    if height.shape[-1] < 2:
        return torch.zeros(len(showers), dtype=torch.float64)
    two = height.topk(2, dim=-1)
    first, second = showers.geometry.layer_z[two.indices].unbind(dim=-1)
    return (first - second).abs().where(two.values[:, 1] > 0, 0.0)


@observable("peaks per layer", "", axis="layer")
def layer_peaks(showers: Showers) -> Tensor:
    """Number of peaks in each layer, with shape (N, layers)."""
    geometry, deposits = showers.geometry, showers.deposits
    shower, cell = (deposits > showers.detector.hit_threshold).nonzero(as_tuple=True)
    layer = geometry.layer_of_cell[cell]
    place = shower * geometry.layers + layer
    energy = deposits[shower, cell]
    largest = deposits.new_zeros(len(showers) * geometry.layers)
    largest.scatter_reduce_(0, place, energy, "amax")
    high = energy >= _LEAST_HEIGHT * largest[place]
    shower, cell, energy, place = shower[high], cell[high], energy[high], place[high]
    beside = neighbours(geometry)[cell]
    # Where there is no neighbour (-1) the cell stands in for it.
    beside = beside.where(beside >= 0, cell[:, None])
    others = deposits[shower[:, None], beside]
    # Of equal neighbours the first cell counts.
    below = (others < energy[:, None]) | ((others == energy[:, None]) & (beside >= cell[:, None]))
    count = torch.bincount(place[below.all(dim=-1)], minlength=largest.numel())
    return count.reshape(len(showers), geometry.layers).double()


def prominence(profile: Tensor) -> Tensor:
    """Prominence of every entry of profiles that are 0 outside, 0 where there is no peak.

    That of entry l is f_l - max_m min(f_l .. f_m) over all higher entries m, f_l without any. Of
    equal entries the first counts as the higher one.

    Arguments:
        profile: Profiles f, not negative, with shape (N, L).

    Returns:
        Prominences with shape (N, L).
    """
    length = profile.shape[-1]
    index = torch.arange(length)
    ahead = index[None, :] >= index[:, None]
    row, column = profile[:, None, :], profile[:, :, None]
    lowest = row.where(ahead, torch.inf).cummin(dim=-1).values
    lowest = lowest.where(ahead, lowest.transpose(1, 2))
    higher = (row > column) | ((row == column) & (index[None, :] < index[:, None]))
    return profile - lowest.where(higher, 0.0).amax(dim=-1)


def _longitudinal(showers: Showers) -> Tensor:
    """Heights of the longitudinal peaks in MeV, 0 elsewhere, with shape (N, layers)."""
    profile = layer_energy(showers)
    least = _LEAST_PROMINENCE * profile.amax(dim=-1, keepdim=True)
    outstanding = prominence(profile)
    return profile.where((outstanding >= least) & (outstanding > 0), 0.0)


@lru_cache(maxsize=8)
def neighbours(geometry: Geometry) -> Tensor:
    """The eight neighbours of each cell in its layer, -1 where there is none: (cells, 8)."""
    around = isinstance(geometry, CylindricalLayers)
    parts, start = [], 0
    for first, second in _shapes(geometry):
        cells = start + torch.arange(first * second).reshape(first, second)
        parts.append(_beside(cells, around=around))
        start += first * second
    return torch.cat(parts)


def _shapes(geometry: Geometry) -> list[tuple[int, int]]:
    """Rows and columns, or angles and rings, of each layer."""
    if isinstance(geometry, CylindricalLayers):
        return list(zip(geometry.angular_bins, geometry.radial_bins, strict=True))
    return [geometry.grid_shape[1:]] * geometry.layers


def _beside(cells: Tensor, *, around: bool) -> Tensor:
    """The eight neighbours of a layer's cells (a, b), around the first side or not: (a b, 8)."""
    padded = torch.nn.functional.pad(cells, (1, 1, 1, 1), value=-1)
    if around:
        padded[0], padded[-1] = padded[-2].clone(), padded[1].clone()
    first, second = cells.shape
    steps = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    shifted = [padded[i : i + first, j : j + second] for i, j in steps]
    return torch.stack(shifted, dim=-1).reshape(-1, 8)
