"""Showers: what a detector measures of incident particles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from heitler.detectors import Detector, Geometry
from heitler.particles import IncidentParticles

__all__ = ["Showers"]


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
        # NaN fails both comparisons, so two reductions check everything.
        if not (float(self.deposits.min()) >= 0.0 and float(self.deposits.max()) < float("inf")):
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
