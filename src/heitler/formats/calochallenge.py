"""The convention of the CaloChallenge (arXiv:2410.21611; CaloChallenge/homepage).

    incident_energies   (N, 1)        MeV
    showers             (N, voxels)   MeV, radius fastest, then angle, then layer

Particles enter perpendicularly; their kind is a fact of the data set: photons (22) and pions (211)
in data set 1, electrons (11) in data sets 2 and 3. The voxels are described by a separate XML
file, see `heitler.formats.binning`; the catalogue knows the four that were published. The order of
voxels is that of heitler, for rectangular grids as well (columns fastest, then rows, then layers).
"""

from __future__ import annotations

import h5py
import numpy as np
from numpy.typing import NDArray

from heitler.formats.base import Convention
from heitler.formats.hdf5 import append, dataset, growing, has_dataset
from heitler.formats.reading import HDF5Reader, tensor
from heitler.formats.writing import HDF5Writer
from heitler.particles import ELECTRON, PHOTON, IncidentParticles
from heitler.showers import Showers
from heitler.units import MeV

__all__ = ["CONVENTION", "CaloChallengeReader", "CaloChallengeWriter", "sniff"]

_PARTICLE_OF = {
    "calochallenge_ds1_photons": PHOTON,
    "calochallenge_ds1_pions": 211,
    "calochallenge_ds2": ELECTRON,
    "calochallenge_ds3": ELECTRON,
}


def sniff(file: h5py.File) -> bool:
    """Whether there are flat showers with incident energies."""
    return has_dataset(file, "showers", 2) and has_dataset(file, "incident_energies")


class CaloChallengeReader(HDF5Reader):
    """Reads files of the CaloChallenge."""

    convention = "calochallenge"

    @property
    def _voxels(self) -> h5py.Dataset:
        return dataset(self._file, "showers")

    def _cells(self) -> tuple[int, ...]:
        return tuple(self._voxels.shape[1:])

    def _count(self) -> int:
        return int(self._voxels.shape[0])

    def _read_particles(self) -> IncidentParticles:
        energy = tensor(dataset(self._file, "incident_energies")[...]) * MeV
        return self._beam(energy, pdg=self._one_pdg(_PARTICLE_OF.get(self.detector.name, PHOTON)))

    def _read_deposits(self, start: int, stop: int) -> NDArray[np.float32]:
        return np.asarray(self._voxels[start:stop].astype(np.float32, copy=False))


class CaloChallengeWriter(HDF5Writer):
    """Writes files of the CaloChallenge."""

    convention = "calochallenge"
    carries_pdg = False
    carries_direction = False

    def _create(self) -> None:
        self._voxels = growing(self._file, "showers", (self.detector.geometry.cells,), "float32")
        self._energies = growing(self._file, "incident_energies", (1,), "float64")

    def _append(self, showers: Showers) -> None:
        append(self._voxels, showers.deposits.numpy())
        append(self._energies, (showers.particles.energy / MeV).numpy()[:, None])

    def _complete(self) -> None:
        """Everything is already in the file."""


CONVENTION = Convention(
    name="calochallenge",
    summary="CaloChallenge data sets 1 to 3",
    layout="2-D showers and incident_energies",
    units="incident energy MeV, deposits MeV",
    sniff=sniff,
    reader=CaloChallengeReader,
    writer=CaloChallengeWriter,
)
