r"""Showers in voxels about the line of flight, as fast simulations of ATLAS see them.

A plate is crossed by the straight line that the particle would follow at a point; a hit at the
distance d from there, in the plane of the plate, has the transverse distance

    d' = d - (1 - sin theta) (d . u) u,   r = |d'|,   alpha = arg d',

with theta the angle to the face and u the direction of the tilt in the plate: so that voxels mean
the same about a particle of any tilt. Layers stay those of the detector. Reference: ATLAS,
AtlFast3 2021 (arXiv:2109.02551), where hits are placed about the extrapolated particle.

The simulator that is asked has fine square cells in the same plates. Where the particle enters one
of them is drawn anew for each shower, so that voxels know nothing of their raster.
"""

from __future__ import annotations

from math import ceil, pi
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from heitler.detectors import CylindricalLayers, Detector, parse_detector
from heitler.hits import Hits
from heitler.particles import IncidentParticles
from heitler.showers import Showers, SparseShowers
from heitler.simulators.base import DivisibleSimulator, MeteredSimulator, simulate_sparse

__all__ = ["VoxelisedSimulator", "fine_detector"]

_ENTRY = 12
"""Purpose of the seeds of entry points, see `heitler.simulators.block_seed`."""


class VoxelisedSimulator:
    """A simulator of fine cells whose showers are read in voxels about the line of flight.

    Arguments:
        inner: Simulates the plates of the detector with fine cells, see `fine_detector`; it makes
            any shower of a seed by itself.
        detector: The voxels.

    Raises:
        ValueError: The two have other plates, or the detector has no cylindrical layers.
    """

    grain: ClassVar[int] = 1

    def __init__(self, inner: DivisibleSimulator, detector: Detector) -> None:
        if not isinstance(detector.geometry, CylindricalLayers):
            msg = f"voxels about a line of flight are cylindrical layers; {detector.name} has none"
            raise ValueError(msg)  # noqa: TRY004 (the detector is wrong, not its type)
        if not torch.equal(inner.detector.geometry.layer_z, detector.geometry.layer_z):
            msg = f"{inner.detector.name} and {detector.name} have other plates"
            raise ValueError(msg)
        self.inner, self.detector = inner, detector

    def simulate(self, incident: IncidentParticles, *, seed: int) -> Showers:
        """The showers of `simulate_sparse` with a number for every voxel."""
        return self.simulate_sparse(incident, seed=seed).dense()

    def simulate_sparse(
        self, incident: IncidentParticles, *, seed: int, first: int = 0
    ) -> SparseShowers:
        """One shower for each particle: what hits outside of the voxels deposit is left out.

        Raises:
            ValueError: The inner simulator does not cover these particles.
        """
        moved = self._moved(incident, seed, first)
        fine = simulate_sparse(self.inner, moved, seed=seed, first=first)
        return SparseShowers(self._voxels(fine.hits, moved), incident, self.detector)

    def measured(self) -> dict[str, float]:
        """What the inner simulator measures."""
        return self.inner.measured() if isinstance(self.inner, MeteredSimulator) else {}

    def _moved(self, incident: IncidentParticles, seed: int, first: int) -> IncidentParticles:
        """The particles, each moved within a fine cell."""
        numbers = range(first, first + len(incident))
        streams = (np.random.default_rng((seed, i, _ENTRY)) for i in numbers)
        within = np.array([stream.random(2) - 0.5 for stream in streams]).reshape(-1, 2)
        rows, columns = self.inner.detector.geometry.cell  # type: ignore[attr-defined]
        position = incident.position.clone()
        position[:, :2] += torch.from_numpy(within * [columns, rows])
        return IncidentParticles(incident.energy, incident.pdg, incident.direction, position)

    def _voxels(self, hits: Hits, incident: IncidentParticles) -> Hits:
        """Hits of fine cells as hits of voxels."""
        fine, voxels = self.inner.detector.geometry, self.detector.geometry
        shower = torch.arange(len(incident)).repeat_interleave(hits.counts)
        cells = hits.cells.long()
        lateral = _transverse(fine.cell_centres[cells], incident[shower])
        place = voxels.locate_in(fine.layer_of_cell[cells], *lateral.unbind(dim=1))
        inside = place >= 0
        flat = shower[inside] * voxels.cells + place[inside]
        deposits = torch.zeros(len(incident) * voxels.cells, dtype=torch.float64)
        deposits.index_add_(0, flat, hits.energies[inside].double())
        return Hits.of(deposits.float().reshape(len(incident), voxels.cells))


def fine_detector(detector: Detector, *, theta: float, cell: float = 2.0) -> Detector:
    """The plates of a detector with square cells, wide enough for its voxels about tilted lines.

    Arguments:
        detector: With cylindrical layers and a stack.
        theta: Least angle to the face in rad, for particles that lean towards any side.
        cell: Size of a cell in mm.
    """
    geometry = detector.geometry
    if not isinstance(geometry, CylindricalLayers) or not 0 < theta <= pi / 2:
        msg = f"{detector.name} needs cylindrical layers and an angle in (0, pi/2], got {theta}"
        raise ValueError(msg)
    radius = max(float(edges[-1]) for edges in geometry.radial_edges)
    reach = radius / np.sin(theta) + detector.depth / np.tan(theta)
    cells = 2 * ceil(reach / cell)
    grid = {"type": "VoxelGrid", "rows": cells, "columns": cells, "cell": [cell, cell]}
    return parse_detector({**detector.definition, "geometry": grid})


def _transverse(points: Tensor, incident: IncidentParticles) -> Tensor:
    """Transverse distances d' of points (H, 3) to the lines of as many particles: (H, 2), mm."""
    flight = incident.direction
    steps = (points[:, 2] - incident.position[:, 2]) / flight[:, 2]
    away = points[:, :2] - incident.position[:, :2] - steps[:, None] * flight[:, :2]
    tilt = torch.hypot(flight[:, 0], flight[:, 1]).clamp(min=1e-12)
    u = flight[:, :2] / tilt[:, None]
    along = (away * u).sum(dim=1, keepdim=True)
    return away - (1.0 - flight[:, 2:]) * along * u
