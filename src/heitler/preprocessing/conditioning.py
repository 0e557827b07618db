"""What a model is told of the incident particle or track.

Each `Condition` turns N causes into columns of numbers of order one; `Conditioning` puts them side
by side. A model sees only their number.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar, Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from heitler.particles import IncidentParticles
from heitler.tracks import Tracks
from heitler.units import GeV

__all__ = [
    "Angle",
    "Axis",
    "Condition",
    "Conditioning",
    "Impact",
    "LogEnergy",
    "LogMomentum",
    "Momentum",
    "Multiplicity",
    "ParticleType",
    "Pseudorapidity",
    "RootEnergy",
    "ScaledEnergy",
    "Theta",
]

Causes_contra = TypeVar("Causes_contra", contravariant=True)


class _Typed(Protocol):
    """Causes of which each has a particle code."""

    @property
    def pdg(self) -> Tensor:
        """Particle codes of the Particle Data Group, with shape (N,)."""


class Condition(nn.Module, ABC, Generic[Causes_contra]):
    """A property of incident particles or tracks as columns of numbers.

    Attributes:
        name: What a model that looks for this condition calls it.
        size: Number of columns.
    """

    name: ClassVar[str]
    size: int = 1

    def fit(self, particles: Causes_contra) -> None:
        """Learns from training particles; by default there is nothing to learn."""

    @abstractmethod
    def rows(self, particles: Causes_contra) -> NDArray[np.float32]:
        """Columns with shape (N, size), by numpy: torch needs three times as long for a few."""

    def forward(self, particles: Causes_contra) -> Tensor:
        """Columns with shape (N, size), float32."""
        return torch.from_numpy(self.rows(particles))


class _Standardised(Condition[Causes_contra]):
    """One number or several per particle, each shifted and scaled to mean 0 and deviation 1."""

    def __init__(self) -> None:
        super().__init__()
        shape = () if self.size == 1 else (self.size,)
        self.register_buffer("mean", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("std", torch.ones(shape, dtype=torch.float64))
        self.mean: Tensor
        self.std: Tensor

    @abstractmethod
    def value(self, particles: Causes_contra) -> NDArray[np.float64]:
        """What is standardised, with shape (N,) or (N, size)."""

    def fit(self, particles: Causes_contra) -> None:
        """Takes mean and standard deviation; of a single value only the mean."""
        value = self.value(particles)
        spread = value.std(axis=0, ddof=1) if len(value) > 1 else np.zeros(value.shape[1:])
        self.mean.copy_(torch.as_tensor(value.mean(axis=0)))
        self.std.copy_(torch.as_tensor(np.where(spread > 1e-9, spread, 1.0)))

    def rows(self, particles: Causes_contra) -> NDArray[np.float32]:
        """Columns with shape (N, size)."""
        about: NDArray[np.float64] = self.value(particles) - self.mean.numpy()
        standardised: NDArray[np.float32] = (about / self.std.numpy()).astype(np.float32)
        return standardised.reshape(len(about), self.size)


class LogEnergy(_Standardised[IncidentParticles]):
    """ln(E / MeV), standardised."""

    name = "energy"

    def value(self, particles: IncidentParticles) -> NDArray[np.float64]:
        """Logarithm of the energies, with shape (N,)."""
        values: NDArray[np.float64] = np.log(particles.energy.numpy())
        return values


class Angle(_Standardised[IncidentParticles]):
    """The angle theta to the calorimeter face in rad, standardised."""

    name = "angle"

    def value(self, particles: IncidentParticles) -> NDArray[np.float64]:
        """Angles in rad, with shape (N,)."""
        return particles.theta.numpy()


class ScaledEnergy(Condition[IncidentParticles]):
    """u = E / (100 GeV), not standardised: for families that calculate with the energy itself."""

    name = "scaled_energy"

    def rows(self, particles: IncidentParticles) -> NDArray[np.float32]:
        """Columns with shape (N, 1)."""
        u: NDArray[np.float64] = particles.energy.numpy() / (100 * GeV)
        return u.astype(np.float32)[:, None]


class Theta(Condition[IncidentParticles]):
    """The angle theta to the calorimeter face in rad, not standardised.

    It is beyond pi/2 for particles that lean towards -y, as in the files of 3DGAN.
    """

    name = "theta"

    def rows(self, particles: IncidentParticles) -> NDArray[np.float32]:
        """Columns with shape (N, 1)."""
        theta = particles.theta.numpy()
        signed = np.where(particles.direction.numpy()[:, 1] < 0.0, np.pi - theta, theta)
        return signed.astype(np.float32)[:, None]


class Momentum(_Standardised[IncidentParticles]):
    """The three components of the momentum in MeV, each standardised.

    The energy stands for the momentum, as it may far above the mass of an electron.
    """

    name = "momentum"
    size = 3

    def value(self, particles: IncidentParticles) -> NDArray[np.float64]:
        """Components with shape (N, 3)."""
        components: NDArray[np.float64] = (
            particles.energy.numpy()[:, None] * particles.direction.numpy()
        )
        return components


class RootEnergy(_Standardised[IncidentParticles]):
    """The square root of the energy in MeV, standardised: roots of counts have one width."""

    name = "root_energy"

    def value(self, particles: IncidentParticles) -> NDArray[np.float64]:
        """Roots of the energies in MeV, with shape (N,)."""
        values: NDArray[np.float64] = np.sqrt(particles.energy.numpy())
        return values


class Impact(_Standardised[IncidentParticles]):
    """The point of entry, x and y in mm, each standardised."""

    name = "impact"
    size = 2

    def value(self, particles: IncidentParticles) -> NDArray[np.float64]:
        """Coordinates with shape (N, 2)."""
        return particles.position.numpy()[:, :2]


class LogMomentum(_Standardised[Tracks]):
    """ln(p / MeV), standardised."""

    name = "momentum"

    def value(self, particles: Tracks) -> NDArray[np.float64]:
        """Logarithm of the momenta, with shape (N,)."""
        values: NDArray[np.float64] = np.log(particles.momentum.numpy())
        return values


class Pseudorapidity(_Standardised[Tracks]):
    """The pseudorapidity, standardised."""

    name = "pseudorapidity"

    def value(self, particles: Tracks) -> NDArray[np.float64]:
        """Pseudorapidities, with shape (N,)."""
        return particles.pseudorapidity.numpy()


class Multiplicity(_Standardised[Tracks]):
    """The number of tracks in the event, standardised."""

    name = "multiplicity"

    def value(self, particles: Tracks) -> NDArray[np.float64]:
        """Numbers of tracks, with shape (N,)."""
        return particles.multiplicity.numpy()


class ParticleType(Condition[_Typed]):
    """One column per particle type, 1 where the particle is of that type.

    Arguments:
        codes: Particle codes of the Particle Data Group.
    """

    name = "type"

    def __init__(self, codes: Sequence[int]) -> None:
        super().__init__()
        self.codes = tuple(codes)
        self.size = len(self.codes)

    def rows(self, particles: _Typed) -> NDArray[np.float32]:
        """Columns with shape (N, types).

        Raises:
            ValueError: A particle is of none of the types.
        """
        match: NDArray[np.bool_] = particles.pdg.numpy()[:, None] == np.array(self.codes)
        if not match.any(axis=1).all():
            other = sorted(set(particles.pdg.tolist()) - set(self.codes))
            msg = f"the model knows the particle codes {list(self.codes)}, got {other}"
            raise ValueError(msg)
        columns: NDArray[np.float32] = match.astype(np.float32)
        return columns


class Axis(Condition[IncidentParticles]):
    """The straight line that the particle would follow: x, y in mm at z = 0, dx/dz and dy/dz.

    For families that place the shower themselves; the numbers are not standardised.
    """

    name = "axis"
    size = 4

    def rows(self, particles: IncidentParticles) -> NDArray[np.float32]:
        """Columns with shape (N, 4)."""
        point, flight = particles.position.numpy(), particles.direction.numpy()
        slope = flight[:, :2] / flight[:, 2:]
        columns: NDArray[np.float64] = np.concatenate(
            [point[:, :2] - slope * point[:, 2:], slope], axis=1
        )
        return columns.astype(np.float32)


class Conditioning(nn.Module, Generic[Causes_contra]):
    """Conditions side by side.

    Arguments:
        conditions: At least one.
    """

    def __init__(self, conditions: Sequence[Condition[Causes_contra]]) -> None:
        super().__init__()
        self.conditions = nn.ModuleList(conditions)
        self._parts = tuple(conditions)  # the same, whose types are known

    @property
    def size(self) -> int:
        """Number of columns."""
        return sum(condition.size for condition in self._parts)

    @property
    def columns(self) -> dict[str, slice]:
        """Which columns hold the condition of a name."""
        ends = list(accumulate(condition.size for condition in self._parts))
        return {
            condition.name: slice(end - condition.size, end)
            for condition, end in zip(self._parts, ends, strict=True)
        }

    def fit(self, particles: Causes_contra) -> None:
        """Fits each condition on training particles."""
        for condition in self._parts:
            condition.fit(particles)

    def forward(self, particles: Causes_contra) -> Tensor:
        """Conditions with shape (N, size), float32."""
        rows = [condition.rows(particles) for condition in self._parts]
        return torch.from_numpy(np.concatenate(rows, axis=1))
