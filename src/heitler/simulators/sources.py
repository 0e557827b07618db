"""Where incident particles come from: a gun, or a list that somebody made.

A source is a long sequence of particles of which any part can be asked for. The particles of a
block depend on the seed and on the number of the block only, so that the same request gives the
same particles, however it is cut and resumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from math import pi
from typing import Any, Protocol, TypeVar

import numpy as np
import torch

from heitler.detectors import Detector
from heitler.models import random_generator
from heitler.particles import PHOTON, IncidentParticles
from heitler.simulators.card import TrainingRange
from heitler.units import degree

__all__ = [
    "BLOCK",
    "ParticleGun",
    "ParticleList",
    "ParticleSource",
    "Source",
    "block_seed",
]

Causes_co = TypeVar("Causes_co", covariant=True)

BLOCK = 1000
"""Showers that share a seed; part of what a seed means, so not to be changed."""


def block_seed(seed: int, block: int, purpose: int) -> int:
    """A seed for one block of showers, independent between blocks and purposes.

    Raises:
        ValueError: The seed is negative.
    """
    if seed < 0:
        msg = f"a seed must not be negative, got {seed}"
        raise ValueError(msg)
    words = np.random.SeedSequence((seed, block, purpose)).generate_state(2, np.uint32)
    return (int(words[0]) << 31) ^ int(words[1])


class Source(Protocol[Causes_co]):
    """A sequence of what enters a detector: particles, tracks."""

    def shoot(self, block: int, count: int, *, seed: int) -> Causes_co:
        """The first `count` entries of block number `block`."""

    def describe(self) -> dict[str, Any]:
        """What decides them beside the seed, for the provenance of a file."""


ParticleSource = Source[IncidentParticles]
"""A sequence of incident particles."""


@dataclass(frozen=True, slots=True)
class ParticleGun:
    """Particles of one type; energies, angles and points of entry uniform between two bounds.

    Arguments:
        detector: Particles enter on its face.
        energy: Lowest and highest energy in MeV.
        theta: Lowest and highest angle to the face in rad; beyond pi/2 particles lean to the
            other side.
        pdg: Particle code.
        position: Lowest and highest x, lowest and highest y of the point of entry in mm; None is
            the detector's point of impact.
        azimuth: Lowest and highest azimuth of the direction in rad, from +x towards +y: particles
            lean towards +y by default.
    """

    detector: Detector
    energy: tuple[float, float]
    theta: tuple[float, float] = (pi / 2, pi / 2)
    pdg: int = PHOTON
    position: tuple[tuple[float, float], tuple[float, float]] | None = None
    azimuth: tuple[float, float] = (pi / 2, pi / 2)

    @classmethod
    def within(
        cls,
        detector: Detector,
        seen: TrainingRange,
        *,
        energy: tuple[float, float] | None = None,
        theta: tuple[float, float] | None = None,
        pdg: int | None = None,
    ) -> ParticleGun:
        """A gun that shoots what a model has seen; points of entry and azimuths are its.

        Arguments:
            detector: The model's.
            seen: Where the model holds.
            energy: Lowest and highest energy in MeV; by default all that it has seen.
            theta: Lowest and highest angle to the face in rad; by default perpendicular.
            pdg: Particle code; by default the first that it has seen.

        Raises:
            ValueError: No angle is given, and the model has seen none that are perpendicular.
        """
        if theta is None:
            theta = (pi / 2, pi / 2)
            if seen.theta[1] < pi / 2 - 1e-6:
                flat, steep = (f"{angle / degree:g}" for angle in seen.theta)
                angles = flat if flat == steep else f"{flat}..{steep}"
                msg = f"the model has not seen 90 degrees: say the angle with --theta {angles}deg"
                raise ValueError(msg)
        return cls(
            detector,
            energy or seen.energy,
            theta,
            seen.pdg[0] if pdg is None else pdg,
            seen.position,
            seen.azimuth or (pi / 2, pi / 2),
        )

    def shoot(self, block: int, count: int, *, seed: int) -> IncidentParticles:
        """The first `count` particles of block number `block`."""
        generator = random_generator(block_seed(seed, block, 0))
        unit = torch.from_numpy(generator.random((BLOCK, 2)))[:count]
        # Drawn last: what a seed means for energies and angles is not to be changed.
        place = torch.from_numpy(generator.random((BLOCK, 3)))[:count]
        x, y = self._position
        return IncidentParticles.beam(
            _between(self.energy, unit[:, 0]),
            pdg=self.pdg,
            theta=_between(self.theta, unit[:, 1]),
            phi=_between(self.azimuth, place[:, 2]),
            impact=torch.stack([_between(x, place[:, 0]), _between(y, place[:, 1])], dim=1),
            depth=self.detector.face_z,
        )

    def describe(self) -> dict[str, Any]:
        """Bounds of energy (MeV), angles (rad) and point of entry (mm), and the particle code."""
        return {
            "energy": list(self.energy),
            "theta": list(self.theta),
            "azimuth": list(self.azimuth),
            "position": [list(edges) for edges in self._position],
            "pdg": self.pdg,
        }

    @property
    def _position(self) -> tuple[tuple[float, float], tuple[float, float]]:
        x, y = self.detector.impact
        return ((x, x), (y, y)) if self.position is None else self.position


@dataclass(frozen=True, slots=True)
class ParticleList:
    """Given particles, in order.

    Arguments:
        particles: At least as many as will be asked for.
    """

    particles: IncidentParticles

    def shoot(self, block: int, count: int, *, seed: int) -> IncidentParticles:  # noqa: ARG002
        """The first `count` particles of block number `block`."""
        return self.particles[block * BLOCK : block * BLOCK + count]

    def describe(self) -> dict[str, Any]:
        """Number of the particles and SHA-256 of what they are."""
        parts = (getattr(self.particles, name) for name in IncidentParticles.__slots__)
        content = b"".join(part.contiguous().numpy().tobytes() for part in parts)
        return {"particles": len(self.particles), "sha256": sha256(content).hexdigest()}


def _between(bounds: tuple[float, float], unit: torch.Tensor) -> torch.Tensor:
    low, high = bounds
    return low + (high - low) * unit
