r"""Clustering: which hits belong together.

Hits are clustered by the density of their energy in (x, y, z), all layers at once: a seed is a hit
of high density far from any denser one, every other hit follows the nearest denser one, and what
is neither dense nor near is an outlier. The definition stands in `heitler.kernels.density`.

Reference: Rovere et al. 2020, CLUE, arXiv:2001.09761. There each layer is clustered by itself and
the clusters are linked afterwards; with distances in mm in all directions no linking is needed.
The package of the authors is C++ that pip compiles on the spot; density clustering without weights
(DBSCAN) merges what touches and does not find the denser of two showers.

Notation: N showers, H hits, C clusters of all showers together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from heitler.detectors import Detector
from heitler.hits import Hits
from heitler.kernels import OUTLIER, Thresholds, cluster
from heitler.showers import SparseShowers

__all__ = ["Clustering", "Clusters"]


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Clusters of the hits of showers; those of a shower are numbered from the leading one on.

    Arguments:
        showers: The showers, with the cells of each in ascending order.
        labels: Number of the cluster of each hit in its shower, -1 for outliers: (H,) int64.
        offsets: Where the clusters of the showers begin, and where the last ones end: (N + 1,).
        energies: Energies of the clusters in MeV, falling within a shower: (C,) float64.
    """

    showers: SparseShowers
    labels: Tensor
    offsets: Tensor
    energies: Tensor

    @property
    def counts(self) -> Tensor:
        """Number of clusters of each shower: (N,) int64."""
        return self.offsets.diff()

    def clustered(self) -> SparseShowers:
        """The showers without their outliers."""
        return self._where(self.labels >= 0)

    def leading(self) -> SparseShowers:
        """Of each shower the hits of the cluster with most energy."""
        return self._where(self.labels == 0)

    def _where(self, kept: Tensor) -> SparseShowers:
        hits = self.showers.hits
        before = torch.nn.functional.pad(kept.cumsum(0), (1, 0))
        some = Hits(before[hits.offsets], hits.cells[kept], hits.energies[kept])
        return SparseShowers(some, self.showers.particles, self.showers.detector)


@dataclass(frozen=True, slots=True)
class Clustering:
    """Clusters hits by the density of their energy.

    Arguments:
        critical_distance: d_c, the radius within which hits count for the density, in mm.
        seed_distance: delta_c, how far a seed is from anything denser at least, in mm.
        outlier_distance: delta_o, how far a hit of low density is from anything denser at most if
            it is to follow it, in mm.
        seed_density: rho_c, the density above which a hit may be a seed, in MeV.

    Raises:
        ValueError: A number is not positive.
    """

    critical_distance: float
    seed_distance: float
    outlier_distance: float
    seed_density: float

    def __post_init__(self) -> None:
        if min(self.critical_distance, self.seed_distance, self.outlier_distance) <= 0:
            msg = f"distances of a clustering must be positive, got {self}"
            raise ValueError(msg)
        if self.seed_density <= 0:
            msg = f"the density of a seed must be positive, got {self.seed_density} MeV"
            raise ValueError(msg)

    @classmethod
    def of(cls, detector: Detector, mip: float) -> Self:
        """One Moliere radius for the density, two between showers, seeds of ten MIPs.

        Arguments:
            detector: With a stack of materials.
            mip: In MeV.

        Raises:
            ValueError: The materials of the detector are not known.
        """
        if not detector.stack:
            msg = f"detector {detector.name} has no stack of materials: say the distances in mm"
            raise ValueError(msg)
        radius = detector.moliere_radius
        return cls(radius, 2.0 * radius, 2.0 * radius, 10.0 * mip)

    def __call__(self, showers: SparseShowers) -> Clusters:
        """The clusters of showers."""
        hits = showers.hits.ascending()
        centres = showers.geometry.cell_centres[hits.cells]
        thresholds = Thresholds(
            self.critical_distance, self.seed_density, self.seed_distance, self.outlier_distance
        )
        found = cluster(
            hits.offsets.numpy(), centres.numpy(), hits.energies.double().numpy(), thresholds
        )
        return _ordered(
            SparseShowers(hits, showers.particles, showers.detector), torch.from_numpy(found)
        )


def _ordered(showers: SparseShowers, found: Tensor) -> Clusters:
    """Clusters numbered by their energy, from those in the order of their seeds."""
    hits = showers.hits
    several = torch.zeros(len(hits), dtype=torch.int64)
    several.scatter_reduce_(0, hits.showers, found + 1, "amax")
    offsets = torch.nn.functional.pad(several.cumsum(0), (1, 0))
    inside = found != OUTLIER
    place = (offsets[hits.showers] + found)[inside]
    energies = torch.zeros(int(offsets[-1]), dtype=torch.float64)
    energies.index_add_(0, place, hits.energies[inside].double())
    shower = torch.arange(len(hits)).repeat_interleave(several)
    order = torch.from_numpy(np.lexsort((-energies.numpy(), shower.numpy())))
    number = torch.empty_like(order)
    number[order] = torch.arange(len(order)) - offsets[shower]
    labels = torch.full_like(found, OUTLIER)
    labels[inside] = number[place]
    return Clusters(showers, labels, offsets, energies[order])
