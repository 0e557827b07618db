"""What the readers of all HDF5 conventions share: opening, choosing the detector, batches.

A file's cells are either a grid (layers, rows, columns), or a flat list (cells,), or points that
fit any detector. Where a file does not state its detector and none is given, it is the one of the
catalogue with exactly these cells; the choice is written into the provenance.
"""

from __future__ import annotations

from abc import abstractmethod
from math import pi
from pathlib import Path
from typing import Any

import torch
from numpy import float32
from numpy.typing import NDArray
from torch import Tensor

from heitler.detectors import Detector, VoxelGrid, detector_names, load_detector
from heitler.formats.base import ShowerReader
from heitler.formats.hdf5 import naming, open_hdf5
from heitler.formats.origin import read_origin
from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.units import rad

__all__ = ["HDF5Reader", "angles", "tensor"]

_ANGLE_PRECISION = 1e-6  # rad; float32 leaves 4e-8 between a stored pi/2 and pi/2


class HDF5Reader(ShowerReader):
    """A reader of an HDF5 file; a convention says how to read its particles and deposits.

    Arguments:
        path: The file.
        detector: The detector, where the file does not state it.
        pdg: The particle code, where the file does not state it.

    Raises:
        ValueError: The file is not as its convention demands; the message names the file.
        OSError: There is no such file.
    """

    def __init__(
        self, path: Path, *, detector: Detector | None = None, pdg: int | None = None
    ) -> None:
        self.path = path
        self.left_out = {}
        self._file = open_hdf5(path)
        try:
            with naming(str(path)):
                self._open(detector, pdg)
        except BaseException:
            self._file.close()
            raise

    def _open(self, detector: Detector | None, pdg: int | None) -> None:
        origin = read_origin(self._file)
        self.provenance = origin.provenance
        self._given_pdg, self._stated_pdg = pdg, origin.pdg
        self.detector = self._choose_detector(detector, origin.detector)
        self.particles = self._read_particles()
        if len(self.particles) != (count := self._count()):
            msg = f"{len(self.particles)} incident energies but {count} showers"
            raise ValueError(msg)

    @abstractmethod
    def _count(self) -> int:
        """Number of showers."""

    @abstractmethod
    def _cells(self) -> tuple[int, ...] | None:
        """(layers, rows, columns) or (cells,) of a shower, None for points."""

    @abstractmethod
    def _read_particles(self) -> IncidentParticles:
        """All particles."""

    @abstractmethod
    def _read_deposits(self, start: int, stop: int) -> NDArray[float32]:
        """Deposits (stop - start, cells) in MeV."""

    def read(self, start: int, stop: int) -> Showers:
        """Showers `start` to `stop` (exclusive, cut at the end of the file).

        Raises:
            ValueError: A deposit is negative or not finite, or the file is damaged.
        """
        stop = max(start, min(stop, len(self)))
        with naming(f"{self.path}, showers {start} to {stop - 1}"):
            deposits = torch.from_numpy(self._read_deposits(start, stop))
            return Showers(deposits, self.particles[start:stop], self.detector)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _beam(
        self, energy: Tensor, *, pdg: int | Tensor, theta: float | Tensor = pi / 2
    ) -> IncidentParticles:
        """Particles at the detector's usual point of entry."""
        return IncidentParticles.beam(
            energy,
            pdg=pdg,
            theta=theta,
            impact=self.detector.impact,
            depth=self.detector.face_z,
        )

    def _one_pdg(self, default: int) -> int:
        """The particle code of a convention that has no place for it."""
        if self._given_pdg is None and self._stated_pdg is None:
            self._assume(f"particle {default}, since the file does not name it")
        return next(
            code for code in (self._given_pdg, self._stated_pdg, default) if code is not None
        )

    def _refuse_pdg(self) -> None:
        """Raises ValueError where a particle is given and the file has its own."""
        if self._given_pdg is not None:
            msg = "the file states its particles itself; leave the particle out"
            raise ValueError(msg)

    def _choose_detector(self, given: Detector | None, stated: Detector | None) -> Detector:
        cells = self._cells()
        if given and stated and given != stated:
            msg = (
                f"the file was made for detector {stated.name}, whose cells are not {given.name}'s"
            )
            raise ValueError(msg)
        if detector := given or stated:
            if not _fits(detector, cells):
                msg = (
                    f"the file holds {_words(cells)} cells, but detector {detector.name} has "
                    f"{_words(detector.geometry.grid_shape)}; {_candidates(cells)}"
                )
                raise ValueError(msg)
            return detector
        names = [name for name in detector_names() if _fits(load_detector(name), cells)]
        if cells is None or len(names) != 1:
            what = "points" if cells is None else f"{_words(cells)} cells"
            msg = f"the file holds {what} and does not state its detector; {_candidates(cells)}"
            raise ValueError(msg)
        self._assume(f"detector {names[0]}, since it alone has {_words(cells)} cells")
        return load_detector(names[0])


def tensor(array: NDArray[Any]) -> Tensor:
    """One number per particle, (N,) or (N, 1) of any float type, as float64 (N,)."""
    return torch.from_numpy(array.astype("float64").reshape(-1))


def angles(array: NDArray[Any]) -> Tensor:
    """One angle in rad per particle as float64 (N,); what float32 calls pi/2 is pi/2."""
    angle, right = tensor(array) * rad, pi / 2
    return torch.where((angle - right).abs() < _ANGLE_PRECISION, right, angle)


def _fits(detector: Detector, cells: tuple[int, ...] | None) -> bool:
    if cells is None:
        return True
    if len(cells) == 1:
        return cells == (detector.geometry.cells,)
    return isinstance(detector.geometry, VoxelGrid) and cells == detector.geometry.grid_shape


def _candidates(cells: tuple[int, ...] | None) -> str:
    names = [name for name in detector_names() if _fits(load_detector(name), cells)]
    if names:
        return f"say which detector it is (--detector), of {', '.join(names)}"
    return "no detector of the catalogue has these, so give a file of your own (--detector X.yaml)"


def _words(shape: tuple[int, ...] | None) -> str:
    return " x ".join(map(str, shape or ()))
