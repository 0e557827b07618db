"""Particles at the face of the calorimeter.

Shower frame: z points into the depth, x and y are lateral. The angle theta is measured to the
calorimeter face, so that theta = pi/2 is perpendicular incidence, as in the ILD papers; a tilted
particle leans towards +y.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from typing import ClassVar

import torch
from torch import Tensor

from heitler.tables import Column, Table
from heitler.units import degree

__all__ = ["ELECTRON", "PHOTON", "POSITRON", "IncidentParticles"]

PHOTON = 22
ELECTRON = 11
POSITRON = -11


@dataclass(frozen=True, slots=True, eq=False)
class IncidentParticles:
    """Particles as they enter the calorimeter.

    Arguments:
        energy: Kinetic energies in MeV, positive, with shape (N,), float64.
        pdg: Particle codes of the Particle Data Group, with shape (N,), int64.
        direction: Unit vectors of flight, with shape (N, 3), float64.
        position: Points of entry in mm, with shape (N, 3), float64.

    Raises:
        ValueError: A shape, an energy or a direction is not as stated above.

    Attributes:
        columns: What a table states of them.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column("true_energy", "incident energy", "MeV"),
        Column("true_theta", "true angle to the face", "degrees"),
        Column("true_azimuth", "true azimuth", "degrees"),
        Column("true_x", "x of the point of entry", "mm"),
        Column("true_y", "y of the point of entry", "mm"),
        Column("true_z", "z of the point of entry", "mm"),
        Column("pdg", "particle code"),
    )

    energy: Tensor
    pdg: Tensor
    direction: Tensor
    position: Tensor

    def __post_init__(self) -> None:
        for name, dtype in (
            ("energy", torch.float64),
            ("pdg", torch.int64),
            ("direction", torch.float64),
            ("position", torch.float64),
        ):
            object.__setattr__(self, name, torch.as_tensor(getattr(self, name), dtype=dtype))
        count = self.energy.numel()
        for name, shape in (
            ("energy", (count,)),
            ("pdg", (count,)),
            ("direction", (count, 3)),
            ("position", (count, 3)),
        ):
            got = tuple(getattr(self, name).shape)
            if got != shape:
                msg = f"{name} of {count} incident particles must have shape {shape}, got {got}"
                raise ValueError(msg)
        _check_energies(self.energy)
        norm = self.direction.norm(dim=1)
        if not bool(((norm - 1.0).abs() < 1e-4).all()):
            msg = "directions of incident particles must be unit vectors"
            raise ValueError(msg)

    def __len__(self) -> int:
        return self.energy.numel()

    def __getitem__(self, index: slice | Tensor) -> IncidentParticles:
        """The particles of a slice, an index tensor or a mask."""
        return IncidentParticles(
            energy=self.energy[index],
            pdg=self.pdg[index],
            direction=self.direction[index],
            position=self.position[index],
        )

    @property
    def theta(self) -> Tensor:
        """Angle to the calorimeter face in rad, pi/2 for perpendicular incidence: (N,)."""
        return torch.asin(self.direction[:, 2].clamp(-1.0, 1.0))

    @property
    def pseudorapidity(self) -> Tensor:
        """Eta = -ln tan(theta / 2) of particles from the centre of a barrel: (N,), never negative.

        Their angle to the face of the barrel is that to the beam line. So sinh(eta) = cot(theta).
        """
        lateral = torch.hypot(self.direction[:, 0], self.direction[:, 1])
        return torch.asinh(lateral / self.direction[:, 2])

    @property
    def phi(self) -> Tensor:
        """Azimuth of the direction in rad, from +x towards +y, in (-pi, pi]: (N,).

        It is pi/2 for a particle that leans towards +y, and for one that leans nowhere.
        """
        azimuth = torch.atan2(self.direction[:, 1], self.direction[:, 0])
        upright = (self.direction[:, :2] == 0.0).all(dim=1)
        return torch.where(upright, torch.full_like(azimuth, pi / 2), azimuth)

    @classmethod
    def beam(
        cls,
        energy: Tensor | Sequence[float],
        *,
        pdg: int | Tensor = PHOTON,
        theta: float | Tensor = pi / 2,
        phi: float | Tensor = pi / 2,
        impact: tuple[float, float] | Tensor = (0.0, 0.0),
        depth: float | Tensor = 0.0,
    ) -> IncidentParticles:
        """Particles by angles and point of entry; by default they lean towards +y.

        Arguments:
            energy: Energies in MeV, with shape (N,).
            pdg: One particle code, or one per particle.
            theta: Angle to the face in rad, one or one per particle.
            phi: Azimuth of the direction in rad, from +x towards +y, one or one per particle.
            impact: x and y of the point of entry in mm, one or one per particle, (N, 2).
            depth: z of the point of entry in mm, one or one per particle.
        """
        energy = torch.as_tensor(energy, dtype=torch.float64)
        angle = torch.as_tensor(theta, dtype=torch.float64).expand(energy.shape)
        azimuth = torch.as_tensor(phi, dtype=torch.float64).expand(energy.shape)
        lateral = _cos(angle)
        direction = torch.stack(
            [lateral * _cos(azimuth), lateral * torch.sin(azimuth), torch.sin(angle)], dim=-1
        )
        entry = torch.as_tensor(impact, dtype=torch.float64).expand(energy.numel(), 2)
        z = torch.as_tensor(depth, dtype=torch.float64).expand(energy.shape)
        position = torch.cat([entry, z[:, None]], dim=1)
        return cls(
            energy=energy,
            pdg=torch.as_tensor(pdg).expand(energy.shape),
            direction=direction,
            position=position,
        )

    def table(self) -> Table:
        """The same as a table of seven columns, beside which there is place for what is found."""
        angles = self.theta / degree, self.phi / degree
        values = [self.energy, *angles, *self.position.unbind(dim=1), self.pdg.double()]
        return Table(self.columns, torch.stack(values, dim=1))

    @classmethod
    def of(cls, table: Table) -> IncidentParticles:
        """The particles that a table states, among other columns or alone.

        Raises:
            ValueError: A column is missing, or a number is not as stated above.
        """
        names = [column.name for column in cls.columns]
        energy, theta, phi, x, y, z, pdg = table.select(names).values.unbind(dim=1)
        return cls.beam(
            energy,
            pdg=pdg,
            theta=theta * degree,
            phi=phi * degree,
            impact=torch.stack([x, y], dim=1),
            depth=z,
        )

    @classmethod
    def concatenate(cls, parts: Sequence[IncidentParticles]) -> IncidentParticles:
        """The particles of all parts, in order."""
        return cls(
            energy=torch.cat([part.energy for part in parts]),
            pdg=torch.cat([part.pdg for part in parts]),
            direction=torch.cat([part.direction for part in parts]),
            position=torch.cat([part.position for part in parts]),
        )


def _cos(angle: Tensor) -> Tensor:
    """The cosine, exactly 0 at pi/2, where it would be 6e-17: what is upright is exactly so."""
    return torch.where(angle == pi / 2, torch.zeros_like(angle), torch.cos(angle))


def _check_energies(energy: Tensor) -> None:
    wrong = ~((energy > 0) & torch.isfinite(energy))
    if bool(wrong.any()):
        first = int(wrong.nonzero()[0])
        msg = (
            f"incident energies must be positive and finite, got {float(energy[first])} MeV "
            f"for particle {first} ({int(wrong.sum())} of {energy.numel()} are wrong)"
        )
        raise ValueError(msg)
