"""heitler's own convention: sparse HDF5 that describes itself.

    attribute heitler_format     "showers 1": the name and version of this layout
    attribute complete           true once the file was closed properly
    attribute heitler_detector   definition of the detector (JSON), see `heitler.formats.origin`
    hits/offset       (N + 1) int64   hits of shower i are offset[i] to offset[i + 1] (exclusive)
    hits/cell         (hits) uint16, or uint32 above 65536 cells; index in the flat cell order,
                      ascending within a shower
    hits/energy       (hits) float32  MeV
    particles/energy  (N) float64     MeV
    particles/pdg     (N) int64
    particles/direction, particles/position   (N, 3) float64, unit vectors and mm

A hit takes 6 bytes (8 above 65536 cells) before compression (shuffle and gzip). Deposits and
particles come back bit by bit. N is the number of showers.
"""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray

from heitler.detectors import Detector
from heitler.formats.base import Convention
from heitler.formats.hdf5 import append, dataset, growing, naming
from heitler.formats.reading import HDF5Reader
from heitler.formats.writing import HDF5Writer
from heitler.hits import Hits
from heitler.particles import IncidentParticles
from heitler.showers import Showers, SparseShowers

__all__ = ["CONVENTION", "NativeReader", "NativeWriter", "sniff"]

_NAME, _VERSION = "showers", 1
_PARTICLES: dict[str, tuple[tuple[int, ...], str]] = {
    "energy": ((), "float64"),
    "pdg": ((), "int64"),
    "direction": ((3,), "float64"),
    "position": ((3,), "float64"),
}


def sniff(file: h5py.File) -> bool:
    """Whether the file says that it is heitler's."""
    return str(file.attrs.get("heitler_format", "")).startswith(f"{_NAME} ")


class NativeReader(HDF5Reader):
    """Reads heitler's own files."""

    convention = "native"

    def _open(self, detector: Detector | None, pdg: int | None) -> None:
        version = int(self._file.attrs["heitler_format"].split()[1])
        if version > _VERSION:
            msg = (
                f"version {version} of the layout, this heitler reads up to {_VERSION}; update it"
            )
            raise ValueError(msg)
        if not self._file.attrs.get("complete", False):
            msg = "the file was not completed; make it again"
            raise ValueError(msg)
        self._hits = self._file["hits"]
        self._offset: NDArray[np.int64] = dataset(self._hits, "offset")[...]
        super()._open(detector, pdg)
        self.provenance.pop("complete")

    def _count(self) -> int:
        return len(self._offset) - 1

    def _cells(self) -> None:
        """The file states its detector, which has the cells."""

    def _read_particles(self) -> IncidentParticles:
        self._refuse_pdg()
        group = self._file["particles"]
        columns = {key: torch.from_numpy(dataset(group, key)[...]) for key in _PARTICLES}
        return IncidentParticles(**columns)

    def read_sparse(self, start: int, stop: int) -> SparseShowers:
        """Showers `start` to `stop` (exclusive, cut at the end of the file) as lists of hits.

        Raises:
            ValueError: A hit is not of a cell of the detector, or the file is damaged.
        """
        stop = max(start, min(stop, len(self)))
        with naming(f"{self.path}, showers {start} to {stop - 1}"):
            hits = self._read_hits(start, stop)
            return SparseShowers(hits, self.particles[start:stop], self.detector)

    def _read_hits(self, start: int, stop: int) -> Hits:
        offset = self._offset[start : stop + 1]
        hits = slice(offset[0], offset[-1])
        return Hits(
            torch.from_numpy(offset - offset[0]),
            torch.from_numpy(self._hits["cell"][hits].astype(np.int32)),
            torch.from_numpy(self._hits["energy"][hits]),
        )

    def _read_deposits(self, start: int, stop: int) -> NDArray[np.float32]:
        hits = self._read_hits(start, stop)
        return hits.dense(self.detector.geometry.cells).numpy()


class NativeWriter(HDF5Writer):
    """Writes heitler's own files."""

    convention = "native"
    carries_position = True

    def _create(self) -> None:
        self._file.attrs["heitler_format"] = f"{_NAME} {_VERSION}"
        self._file.attrs["complete"] = False
        hits, particles = (self._file.create_group(name) for name in ("hits", "particles"))
        cell = "uint16" if self.detector.geometry.cells <= 2**16 else "uint32"
        self._columns: dict[str, Any] = {
            "offset": growing(hits, "offset", (), "int64"),
            "cell": growing(hits, "cell", (), cell),
            "hit_energy": growing(hits, "energy", (), "float32"),
        }
        append(self._columns["offset"], np.zeros(1, dtype=np.int64))
        for key, (shape, dtype) in _PARTICLES.items():
            self._columns[key] = growing(particles, key, shape, dtype)

    def _append(self, showers: Showers) -> None:
        self._append_sparse(showers.sparse())

    def _append_sparse(self, showers: SparseShowers) -> None:
        hits = showers.hits.ascending()
        append(self._columns["offset"], hits.offsets[1:].numpy() + self._columns["cell"].shape[0])
        append(self._columns["cell"], hits.cells.numpy())
        append(self._columns["hit_energy"], hits.energies.numpy())
        for key in _PARTICLES:
            append(self._columns[key], getattr(showers.particles, key).numpy())

    def _complete(self) -> None:
        self._file.attrs["complete"] = True


CONVENTION = Convention(
    name="native",
    summary="heitler's own sparse files, which describe themselves",
    layout="attribute heitler_format",
    units="incident energy MeV, deposits MeV, position mm",
    sniff=sniff,
    reader=NativeReader,
    writer=NativeWriter,
)
