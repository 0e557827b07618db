"""Longitudinal and radial profiles of each shower.

Notation: E_inc is the incident energy, E the visible one. The axis of a shower is the straight
line through the particle's point of entry along its direction; r is a cell centre's distance from
it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from heitler.detectors import CylindricalLayers, Detector, Geometry, VoxelGrid
from heitler.observables.base import Bins, observable
from heitler.observables.energy import layer_energy
from heitler.showers import Showers

__all__ = [
    "about_axis",
    "distance_from_axis",
    "longitudinal_profile",
    "radial_profile",
    "ring_edges",
]


@observable("layer energy / incident energy", "", axis="layer")
def longitudinal_profile(showers: Showers) -> Tensor:
    """Longitudinal profile: E_l / E_inc, with shape (N, layers); its sum is the response."""
    return layer_energy(showers) / showers.particles.energy[:, None]


def _edges(detector: Detector) -> Tensor:
    return ring_edges(detector.geometry)


@observable(
    "fraction of visible energy per ring",
    "",
    axis="ring",
    log=True,
    bins=Bins("distance from the axis [mm], last ring open", _edges),
)
def radial_profile(showers: Showers) -> Tensor:
    """Radial profile: the fraction of E in equal rings about the axis, with shape (N, rings).

    The rings are those of `ring_edges`; the last one is open. The fractions of a shower add up to
    1, those of an empty shower are 0.
    """
    edges = ring_edges(showers.geometry)
    rings = edges.numel() - 1
    shower, cell = showers.deposits.nonzero(as_tuple=True)
    energy = showers.deposits[shower, cell].double()

    def ring_of(shower: Tensor, cell: Tensor) -> Tensor:
        radius = distance_from_axis(showers, shower, cell)
        return torch.bucketize(radius, edges[1:-1], right=True)

    ring = about_axis(showers, ring_of, shower, cell)
    total = torch.zeros(len(showers) * rings, dtype=torch.float64)
    total = total.index_add_(0, shower * rings + ring, energy).reshape(len(showers), rings)
    visible = total.sum(dim=-1, keepdim=True)
    return total / visible.where(visible > 0, 1.0)


def ring_edges(geometry: Geometry) -> Tensor:
    """Edges of equal rings in mm, with shape (rings + 1,); the last one is infinite.

    A ring is as wide as a cell (`VoxelGrid`: its longer side; `CylindricalLayers`: the median
    ring). The rings reach half across the shorter side of the grid, or to the outermost radius.

    Raises:
        TypeError: The geometry is of another kind.
    """
    if isinstance(geometry, VoxelGrid):
        width = max(geometry.cell)
        reach = min(geometry.rows * geometry.cell[0], geometry.columns * geometry.cell[1]) / 2
    elif isinstance(geometry, CylindricalLayers):
        width = float(torch.cat([edges.diff() for edges in geometry.radial_edges]).median())
        reach = max(float(edges[-1]) for edges in geometry.radial_edges)
    else:
        msg = f"no rings are defined for a {type(geometry).__name__}"
        raise TypeError(msg)
    rings = max(1, round(reach / width))
    edges = width * torch.arange(rings + 1, dtype=torch.float64)
    edges[-1] = torch.inf
    return edges


def about_axis(
    showers: Showers, of: Callable[[Tensor, Tensor], Tensor], shower: Tensor, cell: Tensor
) -> Tensor:
    """What depends on where cells are about the axis of their shower, with shape (n, ...).

    Where all showers have one axis, as from a beam, it is worked out once for each cell of the
    detector and looked up.

    Arguments:
        showers: The showers.
        of: The quantity, by index of the shower and of the cell, each with shape (n,).
        shower: Index of the shower of each cell, with shape (n,).
        cell: Index of each cell in the geometry, with shape (n,).
    """
    particles = showers.particles
    axes = torch.cat([particles.position, particles.direction], dim=-1)
    if cell.numel() <= showers.geometry.cells or bool((axes != axes[:1]).any()):
        return of(shower, cell)
    every = torch.arange(showers.geometry.cells)
    return of(torch.zeros_like(every), every)[cell]


def distance_from_axis(showers: Showers, shower: Tensor, cell: Tensor) -> Tensor:
    """Distance of cells from the axis of their shower in mm.

    Arguments:
        showers: The showers.
        shower: Index of the shower of each cell, with shape (n,).
        cell: Index of each cell in the geometry, with shape (n,).

    Returns:
        |(r - r_0) - ((r - r_0) . d) d| for entry r_0 and direction d, with shape (n,).
    """
    direction = showers.particles.direction[shower]
    offset = showers.geometry.cell_centres[cell] - showers.particles.position[shower]
    along = (offset * direction).sum(dim=-1, keepdim=True)
    across: Tensor = offset - along * direction
    return (across * across).sum(dim=-1).sqrt()
