"""What a simulator is: anything that turns incident particles into showers in a detector.

Geant4, a parameterisation, a trained network and a remote service all have this type, so nothing
above asks which one it holds. A wrapper has the type of what it wraps. A simulator that makes
lists of hits says so by a method more, and those that do not have their showers made sparse.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from heitler.detectors import Detector
from heitler.particles import IncidentParticles
from heitler.showers import Showers, SparseShowers

__all__ = ["MeteredSimulator", "Simulator", "SparseSimulator", "simulate_sparse"]


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


@runtime_checkable
class SparseSimulator(Simulator, Protocol):
    """A simulator that can make lists of hits without making dense deposits."""

    def simulate_sparse(self, incident: IncidentParticles, *, seed: int) -> SparseShowers:
        """The showers of `simulate` as lists of hits.

        Raises:
            ValueError: The simulator does not cover these particles.
        """


@runtime_checkable
class MeteredSimulator(Simulator, Protocol):
    """A simulator that measures what its showers cost."""

    def measured(self) -> dict[str, float]:
        """Numbers per shower of the last call, by the names that they have in a file."""


def simulate_sparse(
    simulator: Simulator, incident: IncidentParticles, *, seed: int
) -> SparseShowers:
    """The showers of any simulator as lists of hits.

    Arguments:
        simulator: What makes the showers.
        incident: Incident particles.
        seed: Seed of the showers.

    Raises:
        ValueError: The simulator does not cover these particles.
    """
    if isinstance(simulator, SparseSimulator):
        return simulator.simulate_sparse(incident, seed=seed)
    return simulator.simulate(incident, seed=seed).sparse()
