"""What the writers of all HDF5 conventions share: checks, counting, the origin.

A convention that has no place for something says so when it would be lost: showers of several
particles, or tilted ones, are refused; a point of entry that is not the detector's usual one is
noted in the provenance under `not_carried`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import h5py
import torch

from heitler.detectors import Detector
from heitler.formats.base import ShowerWriter
from heitler.formats.origin import write_origin
from heitler.particles import IncidentParticles
from heitler.showers import Showers, SparseShowers

__all__ = ["HDF5Writer", "tilted"]


class HDF5Writer(ShowerWriter):
    """A writer of an HDF5 file; a convention says how to append and how to complete.

    Attributes:
        carries_pdg: Whether the convention has a place for particle codes.
        carries_direction: Whether it has one for angles.
        carries_position: Whether it has one for points of entry.

    Raises:
        ValueError: The detector's cells do not fit the convention.
    """

    carries_pdg: ClassVar[bool] = True
    carries_direction: ClassVar[bool] = True
    carries_position: ClassVar[bool] = False

    def __init__(self, path: Path, detector: Detector, provenance: Mapping[str, Any]) -> None:
        self.detector = detector
        self.provenance = dict(provenance)
        self.not_carried = []
        self._count = 0
        self._codes: set[int] = set()
        self._check_detector()
        self._file = h5py.File(path, "w")
        self._create()

    def _check_detector(self) -> None:
        """Raises ValueError where the convention cannot hold the detector's cells."""

    @abstractmethod
    def _create(self) -> None:
        """Creates the data sets."""

    @abstractmethod
    def _append(self, showers: Showers) -> None:
        """Appends a batch."""

    def _append_sparse(self, showers: SparseShowers) -> None:
        """Appends a batch of lists of hits; by default their dense form."""
        self._append(showers.dense())

    @abstractmethod
    def _complete(self) -> None:
        """Writes what is known only at the end."""

    def write(self, showers: Showers | SparseShowers) -> None:
        """Appends showers; the file is the same for both forms.

        Raises:
            ValueError: They are of another detector, or the convention cannot hold them.
        """
        if showers.detector != self.detector:
            msg = (
                f"the file is for {self.detector.name}, the showers are of {showers.detector.name}"
            )
            raise ValueError(msg)
        self._check_particles(showers.particles)
        if isinstance(showers, SparseShowers):
            self._append_sparse(showers)
        else:
            self._append(showers)
        self._count += len(showers)

    def close(self) -> None:
        """Completes and closes the file."""
        self._complete()
        if self.not_carried:
            self.provenance["not_carried"] = self.not_carried
        pdg = None if self.carries_pdg or not self._codes else next(iter(self._codes))
        write_origin(self._file, self.detector, pdg, self.provenance)
        self._file.close()

    def abandon(self) -> None:
        """Closes the file as it is, incomplete."""
        self._file.close()

    def _check_particles(self, particles: IncidentParticles) -> None:
        self._codes |= set(particles.pdg.tolist())
        if not self.carries_pdg and len(self._codes) > 1:
            msg = (
                f"a {self.convention} file has no place for particle codes and can hold one kind "
                f"only, got {', '.join(map(str, sorted(self._codes)))}; write native instead"
            )
            raise ValueError(msg)
        if not self.carries_direction and tilted(particles):
            msg = (
                f"a {self.convention} file has no place for angles, and some showers are tilted; "
                "write native instead"
            )
            raise ValueError(msg)
        usual = torch.tensor([*self.detector.impact, self.detector.face_z], dtype=torch.float64)
        if not self.carries_position and bool(((particles.position - usual).abs() > 1e-6).any()):
            self.not_carried = ["position"]


def tilted(particles: IncidentParticles) -> bool:
    """Whether any particle is tilted by more than 1 microradian."""
    return bool((particles.direction[:, :2].abs() > 1e-6).any())
