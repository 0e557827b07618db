"""The point clouds of showerdata (FLC-QU-hep), read by AllShowers and PointCountFM.

    attribute showerdata_version
    showers       (N,) variable length float32   points x features of each shower, flattened
    shape         (3,) = (N, most points, features), features 4 or 5: x, y, z, energy[, time]
    num_points    (N,) int32
    energies      (N, 1) float32   GeV
    directions    (N, 3) float32   unit vectors
    pdg           (N,) int32
    shower_ids    (N,) int32

Units are not in the files. The package's filters take GeV and its observables take x and y in mm
and z as the number of the layer (0, 1, ...; the integer part of z + 0.1), so that is what is read
and written here. Points go to the cell that holds them and are summed; points outside all cells
are counted. Cells become points at the centre of the cell, which the attribute `points` says. Time
is not read. Deposits are float32 in MeV here and in GeV there: converting moves the last bit.
"""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray

from heitler.detectors import Detector, Geometry
from heitler.formats.base import Convention
from heitler.formats.hdf5 import append, dataset, growing, has_dataset
from heitler.formats.reading import HDF5Reader, tensor
from heitler.formats.writing import HDF5Writer
from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.units import GeV

__all__ = ["CONVENTION", "ShowerDataReader", "ShowerDataWriter", "sniff"]

_VERSION = "0.7.0"  # of the package whose layout this is


def sniff(file: h5py.File) -> bool:
    """Whether the file says that it is of showerdata."""
    return "showerdata_version" in file.attrs and has_dataset(file, "energies")


class ShowerDataReader(HDF5Reader):
    """Reads point clouds into the cells of a detector."""

    convention = "showerdata"

    def _open(self, detector: Detector | None, pdg: int | None) -> None:
        if "showers" not in self._file:
            msg = "the file holds incident particles only, no showers"
            raise ValueError(msg)
        super()._open(detector, pdg)
        self._features = int(dataset(self._file, "shape")[2])
        self.left_out = {"points": 0, "energy": 0.0}

    def _count(self) -> int:
        return int(self._file["showers"].shape[0])

    def _cells(self) -> None:
        """Points fit any detector."""

    def _read_particles(self) -> IncidentParticles:
        self._refuse_pdg()
        energy = tensor(dataset(self._file, "energies")[...]) * GeV
        beam = self._beam(energy, pdg=torch.from_numpy(dataset(self._file, "pdg")[...]))
        direction = torch.from_numpy(dataset(self._file, "directions")[...]).double()
        # Unit vectors of float32 are unit vectors to 1e-7 only.
        direction = direction / direction.norm(dim=1, keepdim=True)
        return IncidentParticles(energy, beam.pdg, direction, beam.position)

    def _read_deposits(self, start: int, stop: int) -> NDArray[np.float32]:
        clouds = list(self._file["showers"][start:stop])
        counts = [cloud.size // self._features for cloud in clouds]
        points = np.concatenate([np.zeros(0, np.float32), *clouds]).reshape(-1, self._features)
        energy = points[:, 3].astype(np.float64) * GeV
        if not bool(np.all((energy >= 0) & np.isfinite(energy))):
            msg = "energies of points must be finite and not negative"
            raise ValueError(msg)
        cell = _cell_of(points, self.detector.geometry)
        outside = (cell < 0) & (energy > 0)
        self.left_out["points"] += int(outside.sum())
        self.left_out["energy"] += float(energy[outside].sum())
        return self._sum(counts, cell, energy)

    def _sum(
        self, counts: list[int], cell: NDArray[np.int64], energy: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Energy of the points in each cell, (showers, cells) in MeV."""
        cells = self.detector.geometry.cells
        shower = np.repeat(np.arange(len(counts)), counts)
        inside = cell >= 0
        place = (shower * cells + cell)[inside]
        summed = np.bincount(place, energy[inside], minlength=len(counts) * cells)
        return np.asarray(summed.astype(np.float32).reshape(len(counts), cells))


class ShowerDataWriter(HDF5Writer):
    """Writes the hit cells as points."""

    convention = "showerdata"

    def _create(self) -> None:
        geometry = self.detector.geometry
        self._points = geometry.cell_centres.numpy().astype(np.float32)
        self._points[:, 2] = geometry.layer_of_cell.numpy()
        self._most_points = 0
        self._columns: dict[str, Any] = {
            "showers": growing(
                self._file, "showers", (), h5py.vlen_dtype(np.float32), compressed=False
            ),
            "energies": growing(self._file, "energies", (1,), "float32"),
            "directions": growing(self._file, "directions", (3,), "float32"),
            "pdg": growing(self._file, "pdg", (), "int32"),
            "num_points": growing(self._file, "num_points", (), "int32"),
        }

    def _append(self, showers: Showers) -> None:
        deposits, particles = showers.deposits.numpy(), showers.particles
        counts = np.count_nonzero(deposits, axis=1)
        self._append_points(deposits, counts)
        append(self._columns["energies"], (particles.energy / GeV).numpy()[:, None])
        append(self._columns["directions"], particles.direction.numpy())
        append(self._columns["pdg"], particles.pdg.numpy())
        append(self._columns["num_points"], counts)
        self._most_points = max(self._most_points, *counts.tolist(), 0)

    def _append_points(self, deposits: NDArray[np.float32], counts: NDArray[np.int64]) -> None:
        """Appends one flattened array of points per shower."""
        shower, cell = np.nonzero(deposits)
        energy = deposits[shower, cell].astype(np.float64) / GeV
        points = np.column_stack([self._points[cell], energy]).astype(np.float32)
        clouds = self._columns["showers"]
        clouds.resize(self._count + len(counts), axis=0)
        # One by one: h5py mistakes clouds of equal length for a matrix (h5py #2429).
        for index, cloud in enumerate(np.split(points, np.cumsum(counts))[:-1]):
            clouds[self._count + index] = cloud.reshape(-1)

    def _complete(self) -> None:
        self._file.create_dataset("shower_ids", data=np.arange(self._count, dtype=np.int32))
        shape = np.array([self._count, self._most_points, 4], dtype=np.int32)
        self._file.create_dataset("shape", data=shape)
        self._file.attrs["showerdata_version"] = _VERSION
        self.provenance["points"] = "centres of the hit cells: x, y in mm, layer, energy in GeV"


def _cell_of(points: NDArray[np.float32], geometry: Geometry) -> NDArray[np.int64]:
    """Cells of points whose third coordinate is the number of the layer, -1 outside."""
    position = torch.from_numpy(points[:, :3].astype(np.float64))
    layer = torch.floor(position[:, 2] + 0.1).long()
    known = (layer >= 0) & (layer < geometry.layers)
    position[:, 2] = geometry.layer_z[layer.clamp(0, geometry.layers - 1)]
    cell = torch.where(known, geometry.locate(position), -1)
    return np.asarray(cell.numpy())


CONVENTION = Convention(
    name="showerdata",
    summary="point clouds of AllShowers and PointCountFM",
    layout="attribute showerdata_version with energies",
    units="incident energy GeV, energy of points GeV, x and y mm, z number of the layer",
    sniff=sniff,
    reader=ShowerDataReader,
    writer=ShowerDataWriter,
)
