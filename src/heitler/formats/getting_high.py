"""ILD grids of the Hamburg group (FLC-QU-hep): Getting High, the BIB-AEs, ConvL2LFlow.

    <rows>x<columns>/layers   (N, layers, rows, columns) float32   MeV
    <rows>x<columns>/energy   (N, 1) float32                       GeV

The group is named by the lateral grid, 30x30 in Getting High (arXiv:2005.05334). Files with
varied angles (Two_Angle_BIBAE, arXiv:2303.18150) have no group and

    layers, energy   as above
    theta            (N, 1) float32   rad, angle to the face in the plane of the rows
    phi              (N, 1) float32   rad, only where particles lean along the columns, too

The axes are those of the ILD barrel, whose y is the depth, so that with rows along y and columns
along x of the shower frame the direction is (sin(theta) cos(phi), cos(theta), sin(theta)
sin(phi)), and phi is pi/2 where it is missing. What `phi` means is not in the files: reading it
so is noted as assumed. Neither particle codes nor points of entry are in the files.

The writer chooses the layout: without a group as soon as one particle is tilted.
"""

from __future__ import annotations

import re
from math import pi

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heitler.detectors import VoxelGrid
from heitler.formats.base import Convention
from heitler.formats.hdf5 import append, dataset, growing, has_dataset
from heitler.formats.reading import HDF5Reader, angles, tensor
from heitler.formats.writing import HDF5Writer, tilted
from heitler.particles import PHOTON, IncidentParticles
from heitler.showers import Showers
from heitler.units import GeV, rad

__all__ = ["CONVENTION", "GettingHighReader", "GettingHighWriter", "sniff"]


def sniff(file: h5py.File) -> bool:
    """Whether there is a group of a lateral grid, or grids with angles at the root."""
    at_root = has_dataset(file, "layers", 4) and "energy" in file and "theta" in file
    return at_root or bool(_grid_groups(file))


def _grid_groups(file: h5py.File) -> list[str]:
    return [
        name
        for name in file
        if re.fullmatch(r"\d+x\d+", name)
        and isinstance(file[name], h5py.Group)
        and has_dataset(file[name], "layers", 4)
        and "energy" in file[name]
    ]


class GettingHighReader(HDF5Reader):
    """Reads ILD grids."""

    convention = "getting_high"

    def _cells(self) -> tuple[int, ...]:
        return tuple(self._layers.shape[1:])

    def _count(self) -> int:
        return int(self._layers.shape[0])

    @property
    def _group(self) -> h5py.Group:
        groups = _grid_groups(self._file)
        if len(groups) > 1:
            msg = f"several grids in one file ({', '.join(groups)}); split it"
            raise ValueError(msg)
        return self._file[groups[0]] if groups else self._file

    @property
    def _layers(self) -> h5py.Dataset:
        return dataset(self._group, "layers")

    def _read_particles(self) -> IncidentParticles:
        group = self._group
        energy = tensor(dataset(group, "energy")[...]) * GeV
        beam = self._beam(energy, pdg=self._one_pdg(PHOTON))
        if "theta" not in group:
            return beam
        theta = angles(dataset(group, "theta")[...])
        phi = torch.full_like(theta, pi / 2)
        if "phi" in group:
            phi = angles(dataset(group, "phi")[...])
            self._assume("theta and phi are polar angles about the long axis of the grid")
        return IncidentParticles(energy, beam.pdg, _direction(theta, phi), beam.position)

    def _read_deposits(self, start: int, stop: int) -> NDArray[np.float32]:
        grid = self._layers[start:stop].astype(np.float32, copy=False)
        return np.asarray(grid.reshape(len(grid), self.detector.geometry.cells))


class GettingHighWriter(HDF5Writer):
    """Writes ILD grids."""

    convention = "getting_high"
    carries_pdg = False

    def _check_detector(self) -> None:
        if not isinstance(self.detector.geometry, VoxelGrid):
            msg = (
                f"a getting_high file holds rectangular grids, and the cells of "
                f"{self.detector.name} are rings; write calochallenge or native instead"
            )
            raise ValueError(msg)  # noqa: TRY004 (a wrong choice of the user, not of a type)

    def _create(self) -> None:
        layers, rows, columns = self.detector.geometry.grid_shape
        self._grid = f"{rows}x{columns}"
        group = self._file.create_group(self._grid)
        self._layers = growing(group, "layers", (layers, rows, columns), "float32")
        self._energy = growing(group, "energy", (1,), "float32")
        self._directions: list[Tensor] = []
        self._tilted = False

    def _append(self, showers: Showers) -> None:
        particles = showers.particles
        append(self._layers, showers.grid.numpy())
        append(self._energy, (particles.energy / GeV).numpy()[:, None])
        self._directions.append(particles.direction)
        self._tilted |= tilted(particles)

    def _complete(self) -> None:
        if not self._tilted:
            return
        for key in ("layers", "energy"):
            self._file.move(f"{self._grid}/{key}", key)
        del self._file[self._grid]
        x, y, z = torch.cat(self._directions).unbind(dim=1)
        self._write_angle("theta", torch.atan2(torch.hypot(x, z), y))
        if bool((x != 0).any()):
            self._write_angle("phi", torch.atan2(z, x))

    def _write_angle(self, key: str, angle: Tensor) -> None:
        self._file.create_dataset(key, data=(angle / rad).numpy()[:, None], dtype="float32")


def _direction(theta: Tensor, phi: Tensor) -> Tensor:
    """Unit vectors (N, 3) in the shower frame."""
    along_x, along_y = _cosine(phi), _cosine(theta)
    x = torch.sin(theta) * along_x
    return torch.stack([x, along_y, torch.sin(theta) * torch.sin(phi)], dim=-1)


def _cosine(angle: Tensor) -> Tensor:
    """cos, without the 6e-17 that are left of pi/2."""
    return torch.where(angle == pi / 2, 0.0, torch.cos(angle))


CONVENTION = Convention(
    name="getting_high",
    summary="ILD grids: Getting High, BIB-AE, ConvL2LFlow",
    layout="group <rows>x<columns> of 4-D layers and energy, or layers, energy, theta without it",
    units="incident energy GeV, deposits MeV, angles rad",
    sniff=sniff,
    reader=GettingHighReader,
    writer=GettingHighWriter,
)
