"""Where tilted particles lean, as the range of a card states it.

A direction d has an angle theta to the face and an azimuth phi,

    d = (cos(theta) cos(phi), cos(theta) sin(phi), sin(theta)),

and (theta, phi) is the same as (pi - theta, phi + pi). Angles to the face are therefore at most
pi/2, with one exception: where all particles lie in one plane and lean to both sides of it, there
is one azimuth, that of the side towards +y, and theta goes beyond pi/2, as in the files of 3DGAN.
"""

from __future__ import annotations

from math import ceil, floor, pi

import torch
from torch import Tensor

from heitler.particles import IncidentParticles
from heitler.units import degree

__all__ = ["SAME", "angles", "arc", "beyond", "in_plane", "tilted"]

SAME = 1e-3
"""Difference in rad between azimuths that are the same."""

_UPRIGHT = 1e-4
"""Tilt in rad below which a direction has no azimuth."""


def tilted(particles: IncidentParticles) -> IncidentParticles:
    """The particles that have an azimuth."""
    x, y, _ = particles.direction.unbind(dim=1)
    return particles[torch.hypot(x, y) > _UPRIGHT]


def in_plane(particles: IncidentParticles) -> float | None:
    """The azimuth of the plane that particles lean to both sides of; None if there is none.

    It is in (-pi/2, pi/2] and that of the side towards +y, or towards +x if y is the same.
    """
    azimuths = tilted(particles).phi
    if not len(azimuths):
        return None
    turn = (azimuths - azimuths[0] + pi / 2) % (2 * pi) - pi / 2  # near 0 or near pi
    across = turn > pi / 2
    if not bool(across.any()) or bool(((turn - pi * across).abs() > SAME).any()):
        return None
    first = float(azimuths[0]) % pi
    return 0.0 if pi - first < SAME else first


def angles(particles: IncidentParticles, azimuth: float) -> Tensor:
    """Angles in rad to the side of an azimuth, in (0, pi) and pi/2 for a perpendicular: (N,)."""
    side = torch.tensor(azimuth, dtype=torch.float64)
    x, y, z = particles.direction.unbind(dim=1)
    return torch.atan2(z, x * torch.cos(side) + y * torch.sin(side))


def arc(azimuths: Tensor) -> tuple[float, float] | None:
    """The shortest arc that holds all azimuths, (N,) in rad, widened to degrees."""
    if not len(azimuths):
        return None
    ordered = azimuths.sort().values / degree
    gaps = torch.diff(ordered, append=ordered[:1] + 360)
    widest = int(gaps.argmax())
    first = float(ordered[(widest + 1) % len(ordered)])
    last = first + 360 - float(gaps[widest])
    low, high = floor(first + 1e-3), ceil(last - 1e-3)
    low, high = (-180, 180) if high - low >= 360 else (low, high)
    return low * degree, high * degree


def beyond(azimuths: Tensor, seen: tuple[float, float], turn: float) -> bool:
    """Whether some azimuths, (N,) in rad, are outside of an arc, modulo a turn or half of one."""
    first, last = seen
    outside = (azimuths - first + SAME) % turn - (last - first + 2 * SAME)
    return bool((outside > 0).any())
