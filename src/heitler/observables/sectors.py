"""The azimuthal profile of each shower.

Notation: the axis of a shower is the line through the particle's point of entry along its
direction d; phi is the azimuth of d. With the unit vectors v = (-sin phi, cos phi, 0) and
u = v x d across it, a cell at r - r_0 from the entry is at the angle

    alpha = phi + atan2((r - r_0) . v, (r - r_0) . u)

about the axis. For perpendicular incidence it is measured from the x axis towards y.
"""

from __future__ import annotations

from math import gcd

import torch
from torch import Tensor

from heitler.detectors import CylindricalLayers, Detector, VoxelGrid
from heitler.observables.base import Bins, observable
from heitler.observables.moments import has_angles
from heitler.observables.profiles import about_axis, distance_from_axis
from heitler.showers import Showers

__all__ = ["azimuthal_profile", "sector_edges"]

_SECTORS = 8


def sector_edges(detector: Detector) -> Tensor:
    """Edges of equal sectors in degrees, with shape (sectors + 1,).

    In a `VoxelGrid` there are eight, the first about the x axis. In `CylindricalLayers` they begin
    at -180 and are as many as divide the angles of all layers that are cut into angles, 8 at most.
    """
    sectors, start = _SECTORS, -180.0 / _SECTORS
    if isinstance(detector.geometry, CylindricalLayers):
        angles = gcd(*(bins for bins in detector.geometry.angular_bins if bins > 1))
        sectors = max(count for count in range(1, _SECTORS + 1) if angles % count == 0)
        start = -180.0
    return start + 360.0 / sectors * torch.arange(sectors + 1, dtype=torch.float64)


@observable(
    "fraction of energy per sector about the axis",
    "",
    axis="sector",
    bins=Bins("azimuth [degrees]", sector_edges),
)
def azimuthal_profile(showers: Showers) -> Tensor:
    """Azimuthal profile: the fraction of energy in equal sectors, with shape (N, sectors).

    The sectors are those of `sector_edges`. Energy without an azimuth is left out: that of rings
    without angles, and in a `VoxelGrid` that of cells whose centre is closer to the axis than half
    a cell. The fractions add up to 1, or are all 0 where nothing is left.
    """
    edges = torch.deg2rad(sector_edges(showers.detector))
    sectors = edges.numel() - 1
    shower, cell = showers.deposits.nonzero(as_tuple=True)

    def sector_of(shower: Tensor, cell: Tensor) -> Tensor:
        turn = torch.remainder(_azimuth(showers, shower, cell) - edges[0], 2 * torch.pi)
        sector = (turn / (edges[1] - edges[0])).long().clamp(max=sectors - 1)
        return sector.where(_has_azimuth(showers, shower, cell), sectors)

    sector = about_axis(showers, sector_of, shower, cell)
    energy = showers.deposits[shower, cell].double()
    # The last of one sector more holds what has no azimuth.
    place = shower * (sectors + 1) + sector
    total = torch.bincount(place, energy, minlength=len(showers) * (sectors + 1))
    total = total.reshape(len(showers), sectors + 1)[:, :-1]
    seen = total.sum(dim=-1, keepdim=True)
    return total / seen.where(seen > 0, 1.0)


def _azimuth(showers: Showers, shower: Tensor, cell: Tensor) -> Tensor:
    """Angle alpha of cells about the axis of their shower in rad, with shape (n,)."""
    particles = showers.particles
    phi = particles.phi
    beside = torch.stack([-phi.sin(), phi.cos(), torch.zeros_like(phi)], dim=-1)
    ahead = torch.linalg.cross(beside, particles.direction)
    offset = showers.geometry.cell_centres[cell] - particles.position[shower]
    across = (offset * beside[shower]).sum(dim=-1)
    along = (offset * ahead[shower]).sum(dim=-1)
    return phi[shower] + torch.atan2(across, along)


def _has_azimuth(showers: Showers, shower: Tensor, cell: Tensor) -> Tensor:
    """Whether cells say something about the angle about the axis, with shape (n,)."""
    geometry = showers.geometry
    if isinstance(geometry, VoxelGrid):
        return distance_from_axis(showers, shower, cell) >= min(geometry.cell) / 2
    return has_angles(geometry)[geometry.layer_of_cell[cell]]
