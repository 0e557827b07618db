"""From showers to a table of what a detector would say about them.

    deposits -> Digitisation -> Clustering -> energies of groups, direction, ... -> Calibration

Everything up to the calibration is done shower by shower, with no knowledge of the particle; the
calibration is fitted on Geant4 showers and applied to all. A file is read batch by batch, and what
is found does not depend on the size of the batches.

Notation: N showers, G groups of layers (`heitler.reconstruction.calibration`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from heitler.detectors import Detector
from heitler.formats import ShowerReader
from heitler.particles import IncidentParticles
from heitler.reconstruction.calibration import Calibration, sampling_groups
from heitler.reconstruction.clustering import Clustering
from heitler.reconstruction.digitisation import Digitisation
from heitler.reconstruction.direction import centre_of_gravity, core_axis
from heitler.showers import Showers, SparseShowers
from heitler.tables import Column, Table
from heitler.units import degree

__all__ = ["Reconstruction", "batches_of"]

_BATCH = 200
"""Showers at a time."""

_FOUND = (
    Column("hits", "hits after digitisation"),
    Column("visible_energy", "energy of the hits", "MeV"),
    Column("clusters", "clusters"),
    Column("clustered_hits", "hits in clusters"),
    Column("leading_hits", "hits of the leading cluster"),
    Column("leading_energy", "visible energy of the leading cluster", "MeV"),
    Column("theta", "reconstructed angle to the face", "degrees"),
    Column("azimuth", "reconstructed azimuth", "degrees"),
    Column("centre_x", "centre of gravity of the leading cluster in x", "mm"),
    Column("centre_y", "centre of gravity of the leading cluster in y", "mm"),
    Column("centre_z", "centre of gravity of the leading cluster in depth", "mm"),
)
_ENERGY = Column("energy", "reconstructed energy", "MeV")


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """All that is done to showers, and the table of what is found.

    Arguments:
        digitisation: Deposits to hits.
        clustering: Hits to clusters.
        core: Radius of the core that decides the direction, in mm.
        calibration: Clustered to particle energy; without, the table has no column `energy`.
    """

    digitisation: Digitisation
    clustering: Clustering
    core: float
    calibration: Calibration | None = None

    @classmethod
    def of(cls, detector: Detector, digitisation: Digitisation | None = None) -> Self:
        """The usual numbers of a detector, not calibrated.

        Arguments:
            detector: With a stack of materials.
            digitisation: By default that of the detector.

        Raises:
            ValueError: The detector has no stack.
        """
        readout = Digitisation.of(detector) if digitisation is None else digitisation
        clustering = Clustering.of(detector, readout.mip)
        return cls(readout, clustering, 0.5 * detector.moliere_radius)

    @property
    def content(self) -> dict[str, Any]:
        """All numbers, for the provenance of a table."""
        return asdict(self)

    def calibrated(self, table: Table) -> Self:
        """The same, calibrated.

        Arguments:
            table: What this finds in training showers.

        Raises:
            ValueError: There are too few of them.
        """
        fitted = Calibration.fit(_groups(table), table.column("true_energy"))
        return replace(self, calibration=fitted)

    def __call__(
        self, showers: Showers | SparseShowers, *, seed: int = 1, first: int = 0
    ) -> Table:
        """One row for each shower.

        Arguments:
            showers: Any number that fits into memory.
            seed: Seed of the noise.
            first: Number of the first of these showers, see `Digitisation`.
        """
        sparse = showers.sparse() if isinstance(showers, Showers) else showers
        read = self.digitisation(sparse, seed=seed, first=first)
        table = sparse.particles.table().beside(self._find(read))
        if self.calibration is None:
            return table
        energy = self.calibration.energy(_groups(table))
        return table.beside(Table((_ENERGY,), energy[:, None]))

    def tables(
        self, batches: Iterable[Showers | SparseShowers], *, seed: int = 1
    ) -> Iterator[Table]:
        """One table for each batch of a long sequence of showers."""
        first = 0
        for batch in batches:
            yield self(batch, seed=seed, first=first)
            first += len(batch)

    def columns(self, detector: Detector) -> tuple[Column, ...]:
        """The columns of the tables of a detector's showers."""
        groups = int(sampling_groups(detector).max()) + 1
        energy = () if self.calibration is None else (_ENERGY,)
        return (*IncidentParticles.columns, *_FOUND, *map(_group, range(groups)), *energy)

    def _find(self, read: SparseShowers) -> Table:
        clusters = self.clustering(read)
        clustered, leading = clusters.clustered(), clusters.leading()
        groups = _group_energies(clustered)
        axis = core_axis(leading, self.core)
        values = [
            read.hits.counts,
            _energies(read).sum(dim=-1),
            clusters.counts,
            clustered.hits.counts,
            leading.hits.counts,
            _energies(leading).sum(dim=-1),
            *_angles(axis),
            *centre_of_gravity(leading).unbind(dim=-1),
            *groups.unbind(dim=-1),
        ]
        columns = (*_FOUND, *map(_group, range(groups.shape[1])))
        return Table(columns, torch.stack([value.double() for value in values], dim=-1))


def batches_of(reader: ShowerReader, size: int = _BATCH) -> Iterator[SparseShowers]:
    """All showers of a file in order, as lists of hits, at most `size` at a time."""
    for start in range(0, len(reader), size):
        yield reader.read_sparse(start, start + size)


def _angles(direction: Tensor) -> tuple[Tensor, Tensor]:
    """Angle to the face and azimuth in degrees of unit vectors."""
    x, y, z = direction.unbind(dim=-1)
    return torch.asin(z.clamp(-1.0, 1.0)) / degree, torch.atan2(y, x) / degree


def _energies(showers: SparseShowers) -> Tensor:
    """Energy of each layer in MeV: (N, layers)."""
    hits, geometry = showers.hits, showers.geometry
    place = hits.showers * geometry.layers + geometry.layer_of_cell[hits.cells]
    energy = torch.zeros(len(hits) * geometry.layers, dtype=torch.float64)
    return energy.index_add_(0, place, hits.energies.double()).reshape(len(hits), geometry.layers)


def _group_energies(showers: SparseShowers) -> Tensor:
    """Energy of each group of layers in MeV: (N, G)."""
    group = sampling_groups(showers.detector)
    energy = torch.zeros(len(showers), int(group.max()) + 1, dtype=torch.float64)
    return energy.index_add_(1, group, _energies(showers))


def _group(number: int) -> Column:
    return Column(
        f"group_energy_{number}", f"clustered energy in group {number} of the layers", "MeV"
    )


def _groups(table: Table) -> Tensor:
    names = [name for name in table.names if name.startswith("group_energy_")]
    return table.select(names).values
