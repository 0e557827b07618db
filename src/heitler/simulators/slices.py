r"""Slices of a barrel: which member of a bank answers a particle.

A particle that comes from the centre of a barrel meets its plates at the angle theta that it has
to the beam line, so that its pseudorapidity is

    eta = -ln tan(theta / 2),   sin(theta) = 1 / cosh(eta),

and it meets cosh(eta) times the material. A slice holds low <= |eta| < high, the last one its
upper edge as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import atan, exp

import torch
from torch import Tensor

from heitler.particles import IncidentParticles

__all__ = ["Slice", "Slices"]

_SAME = 1e-9
"""Difference in |eta| that rounding makes."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Particles of one type in one slice: code, lowest and highest |eta|."""

    pdg: int
    low: float
    high: float

    @property
    def name(self) -> str:
        """Such as ``pdg22_eta0.05-0.1``."""
        return f"pdg{self.pdg}_eta{self.low:g}-{self.high:g}"

    @property
    def theta(self) -> tuple[float, float]:
        """Lowest and highest angle to the face in rad."""
        return 2.0 * atan(exp(-self.high)), 2.0 * atan(exp(-self.low))


@dataclass(frozen=True)
class Slices:
    """Slices of equal width in |eta|, for each of some types of particles.

    Arguments:
        particles: Particle codes.
        eta: Lowest and highest |eta|.
        number: Number of slices between them.

    Raises:
        ValueError: There are no particles or no slices, or a particle comes twice.
    """

    particles: Sequence[int]
    eta: tuple[float, float]
    number: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "particles", tuple(self.particles))
        object.__setattr__(self, "eta", tuple(self.eta))
        low, high = self.eta
        unlike = len(set(self.particles)) == len(self.particles) > 0
        if not (unlike and 0 <= low < high and self.number >= 1):
            msg = (
                "a bank needs different particle codes and slices of |eta| that rises from 0 or "
                f"more, got {list(self.particles)} in {self.number} slices of {low:g} to {high:g}"
            )
            raise ValueError(msg)

    @property
    def edges(self) -> list[float]:
        """Edges of the slices in |eta|."""
        low, high = self.eta
        return [round(low + (high - low) * i / self.number, 9) for i in range(self.number + 1)]

    @property
    def members(self) -> list[Slice]:
        """All slices of the first type, then those of the next."""
        edges = self.edges
        pairs = list(itertools.pairwise(edges))
        return [Slice(pdg, low, high) for pdg in self.particles for low, high in pairs]

    def __len__(self) -> int:
        return len(self.particles) * self.number

    def places(self, incident: IncidentParticles) -> Tensor:
        """Place in `members` of the slice that each particle is in, -1 for none: (N,)."""
        edges = torch.tensor(self.edges, dtype=torch.float64)
        eta = incident.pseudorapidity
        slice_ = torch.bucketize(eta, edges, right=True) - 1
        slice_[(eta >= edges[-1]) & (eta <= edges[-1] + _SAME)] = self.number - 1
        slice_[slice_ >= self.number] = -1
        kinds = torch.tensor(self.particles)
        match = incident.pdg[:, None] == kinds
        place = match.int().argmax(dim=1) * self.number + slice_
        return torch.where((slice_ >= 0) & match.any(dim=1), place, -1)

    def locate(self, incident: IncidentParticles) -> Tensor:
        """The same for particles that must be in a slice.

        Raises:
            ValueError: A particle is in none.
        """
        places = self.places(incident)
        if bool((places < 0).any()):
            first = int((places < 0).nonzero()[0])
            low, high = self.eta
            msg = (
                f"the bank has members for the particle codes {list(self.particles)} at |eta| of "
                f"{low:g} to {high:g}, got code {int(incident.pdg[first])} at |eta| = "
                f"{float(incident.pseudorapidity[first]):.4g} (theta = 2 atan exp(-|eta|))"
            )
            raise ValueError(msg)
        return places
