"""What a simulator is: anything that turns incident particles into showers in a detector.

Geant4, a parameterisation, a trained network and a remote service all have this type, so nothing
above asks which one it holds. A wrapper has the type of what it wraps.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from heitler.detectors import Detector
from heitler.particles import IncidentParticles
from heitler.showers import Showers

__all__ = ["Simulator"]


@runtime_checkable
class Simulator(Protocol):
    """Anything that turns incident particles into showers in a detector."""

    @property
    def detector(self) -> Detector:
        """The detector whose cells the showers fill."""

    def simulate(self, incident: IncidentParticles, *, seed: int) -> Showers:
        """One shower for each particle; the same for the same particles and seed.

        Raises:
            ValueError: The simulator does not cover these particles.
        """
