"""Showers: what a detector measures of incident particles.

They come in two forms with the same content: `Showers` have a number for every cell,
`SparseShowers` are lists of hits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from heitler.detectors import Detector, Geometry
from heitler.hits import Hits
from heitler.particles import IncidentParticles

__all__ = ["Showers", "SparseShowers"]


@dataclass(frozen=True, slots=True, eq=False)
class Showers:
    """Energy deposits in the cells of a detector, with the particles that caused them.

    Arguments:
        deposits: Energies in MeV, not negative, in the cell order of `detector.geometry`, with
            shape (N, cells), float32.
        particles: The N incident particles.
        detector: The detector.

    Raises:
        ValueError: A shape is not as stated, or a deposit is negative or not a number.
    """

    deposits: Tensor
    particles: IncidentParticles
    detector: Detector

    def __post_init__(self) -> None:
        object.__setattr__(self, "deposits", torch.as_tensor(self.deposits, dtype=torch.float32))
        expected = (len(self.particles), self.geometry.cells)
        if tuple(self.deposits.shape) != expected:
            msg = (
                f"deposits of {expected[0]} particles in {self.detector.name} must have shape "
                f"{expected}, got {tuple(self.deposits.shape)}"
            )
            raise ValueError(msg)
        if self.deposits.numel() == 0:
            return
        # aminmax hands NaN on, and NaN fails both comparisons.
        least, most = self.deposits.aminmax()
        if not (float(least) >= 0.0 and float(most) < float("inf")):
            wrong = ~((self.deposits >= 0) & torch.isfinite(self.deposits))
            shower, cell = (int(i) for i in wrong.nonzero()[0])
            msg = (
                f"deposits must be finite and not negative, got "
                f"{float(self.deposits[shower, cell])} MeV in cell {cell} of shower {shower} "
                f"({int(wrong.sum())} cells are wrong)"
            )
            raise ValueError(msg)

    @property
    def geometry(self) -> Geometry:
        """The cells of the detector."""
        return self.detector.geometry

    @property
    def grid(self) -> Tensor:
        """Deposits as (N, layers, y, x) or (N, layers, alpha, r) in MeV."""
        return self.geometry.to_grid(self.deposits)

    def sparse(self) -> SparseShowers:
        """The same showers as lists of hits."""
        return SparseShowers(Hits.of(self.deposits), self.particles, self.detector)

    def __len__(self) -> int:
        return len(self.particles)

    def __getitem__(self, index: slice | Tensor) -> Showers:
        """The showers of a slice, an index tensor or a mask."""
        return Showers(self.deposits[index], self.particles[index], self.detector)

    @classmethod
    def concatenate(cls, parts: Sequence[Showers]) -> Showers:
        """The showers of all parts, in order.

        Raises:
            ValueError: The parts are of different detectors, or there are none.
        """
        if not parts or any(part.detector != parts[0].detector for part in parts):
            names = sorted({part.detector.name for part in parts})
            msg = f"can only concatenate showers of one detector, got {names}"
            raise ValueError(msg)
        return cls(
            deposits=torch.cat([part.deposits for part in parts]),
            particles=IncidentParticles.concatenate([part.particles for part in parts]),
            detector=parts[0].detector,
        )


@dataclass(frozen=True, slots=True, eq=False)
class SparseShowers:
    """Lists of hits in the cells of a detector, with the particles that caused them.

    That the cells of a shower differ from each other is not checked here: it would need sorting.

    Arguments:
        hits: Lists of hits of N showers, in the cell order of `detector.geometry`.
        particles: The N incident particles.
        detector: The detector.

    Raises:
        ValueError: The lists do not fit the particles or each other, a cell does not exist, or an
            energy is not above 0 and finite.
    """

    hits: Hits
    particles: IncidentParticles
    detector: Detector

    def __post_init__(self) -> None:
        self._check_types()
        lists = self.hits.cells.dim() == 1 and self.hits.cells.shape == self.hits.energies.shape
        if not (lists and self.hits.valid(self.geometry.cells)):
            raise ValueError(self._complaint())

    @property
    def geometry(self) -> Geometry:
        """The cells of the detector."""
        return self.detector.geometry

    def dense(self) -> Showers:
        """The same showers with a number for every cell."""
        showers = object.__new__(Showers)
        # What was checked of the lists holds for the rows: nobody has to read all cells again.
        object.__setattr__(showers, "deposits", self.hits.dense(self.geometry.cells))
        object.__setattr__(showers, "particles", self.particles)
        object.__setattr__(showers, "detector", self.detector)
        return showers

    def __len__(self) -> int:
        return len(self.particles)

    def __getitem__(self, index: slice | Tensor) -> SparseShowers:
        """The showers of a slice, an index tensor or a mask."""
        return SparseShowers(self.hits[index], self.particles[index], self.detector)

    def _check_types(self) -> None:
        offsets, cells, energies = self.hits.offsets, self.hits.cells, self.hits.energies
        types = (offsets.dtype, cells.dtype, energies.dtype)
        if types != (torch.int64, torch.int32, torch.float32):
            msg = f"hits must be int64 offsets, int32 cells and float32 energies, got {types}"
            raise ValueError(msg)
        if offsets.shape != (len(self.particles) + 1,):
            msg = (
                f"hits of {len(self.particles)} particles must have {len(self.particles) + 1} "
                f"offsets, got shape {tuple(offsets.shape)}"
            )
            raise ValueError(msg)

    def _complaint(self) -> str:
        """What is wrong with the hits."""
        offsets, cells, energies = self.hits.offsets, self.hits.cells, self.hits.energies
        rising = int(offsets[0]) == 0 and bool((offsets.diff() >= 0).all())
        if not (rising and cells.shape == energies.shape == (int(offsets[-1]),)):
            return (
                f"offsets of hits must rise from 0 to the number of hits, got {int(offsets[0])} "
                f"to {int(offsets[-1])} with {tuple(cells.shape)} cells and "
                f"{tuple(energies.shape)} energies"
            )
        wrong = (cells < 0) | (cells >= self.geometry.cells)
        if bool(wrong.any()):
            hit = int(wrong.nonzero()[0])
            return (
                f"cells of {self.detector.name} are 0 to {self.geometry.cells - 1}, got "
                f"{int(cells[hit])} in shower {self._shower(hit)} ({int(wrong.sum())} hits are "
                "wrong)"
            )
        wrong = ~((energies > 0) & torch.isfinite(energies))
        hit = int(wrong.nonzero()[0])
        return (
            f"energies of hits must be finite and above 0, got {float(energies[hit])} MeV in "
            f"cell {int(cells[hit])} of shower {self._shower(hit)} ({int(wrong.sum())} hits "
            "are wrong)"
        )

    def _shower(self, hit: int) -> int:
        """The shower that a hit belongs to."""
        return int(torch.searchsorted(self.hits.offsets, hit, right=True)) - 1
