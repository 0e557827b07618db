"""The convention of 3DGAN (CERN openlab; svalleco/3Dgan, itwinai; arXiv:2109.07388).

Perpendicular particles ("fixed angle"):

    ECAL     (N, x, y, z) float32   GeV
    target   (N, >= 2)              particle code, incident energy in GeV; some files have
                                    `energy` (N,) instead

Tilted particles ("variable angle"):

    ECAL     (N, x, y, z) float32   GeV x 50
    energy   (N,)                   GeV
    theta    (N,)                   rad, angle to the face in the plane of y
    pdgID    (N,)                   may be missing

z is the depth. Deposits are float32 here (MeV) and there (GeV), so converting them moves the last
bit; incident energies come back bit by bit. The writer chooses the layout: variable angle as soon
as one particle is tilted.
"""

from __future__ import annotations

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heitler.detectors import VoxelGrid
from heitler.formats.base import Convention, batch_size
from heitler.formats.hdf5 import append, dataset, growing, has_dataset
from heitler.formats.reading import HDF5Reader, angles, tensor
from heitler.formats.writing import HDF5Writer, tilted
from heitler.particles import ELECTRON, IncidentParticles
from heitler.showers import Showers
from heitler.units import GeV, rad

__all__ = ["CONVENTION", "ThreeDGANReader", "ThreeDGANWriter", "sniff"]

_VARIABLE_ANGLE_FACTOR = 50.0


def sniff(file: h5py.File) -> bool:
    """Whether there are images of the calorimeter with energies."""
    return has_dataset(file, "ECAL", 4) and ("target" in file or "energy" in file)


class ThreeDGANReader(HDF5Reader):
    """Reads 3DGAN's files of either kind."""

    convention = "threedgan"

    @property
    def _images(self) -> h5py.Dataset:
        return dataset(self._file, "ECAL")

    def _cells(self) -> tuple[int, ...]:
        return tuple(reversed(self._images.shape[1:]))

    def _count(self) -> int:
        return int(self._images.shape[0])

    def _read_particles(self) -> IncidentParticles:
        if "theta" in self._file:
            theta = angles(dataset(self._file, "theta")[...])
            return self._beam(self._energy(), pdg=self._codes(), theta=theta)
        if "target" not in self._file:
            return self._beam(self._energy(), pdg=self._codes())
        self._refuse_pdg()
        target = dataset(self._file, "target")[...]
        if target.ndim != 2 or target.shape[1] < 2:
            msg = f"'target' must be (N, 2), particle code and energy, got {target.shape}"
            raise ValueError(msg)
        codes = torch.from_numpy(target[:, 0].astype(np.int64))
        return self._beam(tensor(target[:, 1]) * GeV, pdg=codes)

    def _energy(self) -> Tensor:
        return tensor(dataset(self._file, "energy")[...]) * GeV

    def _codes(self) -> int | Tensor:
        if "pdgID" not in self._file:
            return self._one_pdg(ELECTRON)
        self._refuse_pdg()
        return torch.from_numpy(self._file["pdgID"][...].astype(np.int64).reshape(-1))

    def _read_deposits(self, start: int, stop: int) -> NDArray[np.float32]:
        unit = GeV / _VARIABLE_ANGLE_FACTOR if "theta" in self._file else GeV
        image = self._images[start:stop].transpose(0, 3, 2, 1)
        deposits = np.multiply(image, unit, dtype=np.float64, order="C").astype(np.float32)
        return np.asarray(deposits.reshape(len(image), self.detector.geometry.cells))


class ThreeDGANWriter(HDF5Writer):
    """Writes 3DGAN's files, of variable angle as soon as one particle is tilted."""

    convention = "threedgan"

    def _check_detector(self) -> None:
        if not isinstance(self.detector.geometry, VoxelGrid):
            msg = (
                f"a threedgan file holds rectangular grids, and the cells of "
                f"{self.detector.name} are rings; write calochallenge or native instead"
            )
            raise ValueError(msg)  # noqa: TRY004 (a wrong choice of the user, not of a type)

    def _create(self) -> None:
        layers, rows, columns = self.detector.geometry.grid_shape
        self._images = growing(self._file, "ECAL", (columns, rows, layers), "float32")
        self._particles: list[IncidentParticles] = []
        self._factor = 1.0

    def _append(self, showers: Showers) -> None:
        if self._factor == 1.0 and tilted(showers.particles):
            self._change_to_variable_angle()
        image = showers.grid.double().numpy().transpose(0, 3, 2, 1)
        append(self._images, image * (self._factor / GeV))
        self._particles.append(showers.particles)

    def _change_to_variable_angle(self) -> None:
        """Scales what was written before the first tilted particle."""
        self._factor = _VARIABLE_ANGLE_FACTOR
        size = batch_size(self.detector.geometry.cells)
        for start in range(0, self._images.shape[0], size):
            self._images[start : start + size] *= self._factor

    def _check_particles(self, particles: IncidentParticles) -> None:
        super()._check_particles(particles)
        if bool((particles.direction[:, 0].abs() > 1e-6).any()):
            msg = (
                "a threedgan file has one angle, towards y, and some showers lean towards x; "
                "write native instead"
            )
            raise ValueError(msg)

    def _complete(self) -> None:
        particles = IncidentParticles.concatenate([self._none(), *self._particles])
        energy, pdg = (particles.energy / GeV).numpy(), particles.pdg.numpy()
        if self._factor == 1.0:
            target = np.stack([pdg, energy], axis=1)
            self._file.create_dataset("target", data=target, dtype="float32")
            return
        _, y, z = particles.direction.unbind(dim=1)
        self._file.create_dataset("energy", data=energy, dtype="float32")
        self._file.create_dataset("theta", data=torch.atan2(z, y).numpy() / rad, dtype="float32")
        self._file.create_dataset("pdgID", data=pdg, dtype="int32")

    @staticmethod
    def _none() -> IncidentParticles:
        return IncidentParticles.beam([])


CONVENTION = Convention(
    name="threedgan",
    summary="3DGAN of CERN openlab, fixed and variable angle",
    layout="4-D ECAL with target or energy",
    units="incident energy GeV, deposits GeV (x 50 where there is theta), angles rad",
    sniff=sniff,
    reader=ThreeDGANReader,
    writer=ThreeDGANWriter,
)
