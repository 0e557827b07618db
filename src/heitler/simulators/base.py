"""What a simulator is: anything that turns what enters a detector into what the detector says.

Particles become showers in a calorimeter, tracks become a table of likelihoods in a Cherenkov
detector. Geant4, a parameterisation, a trained network and a remote service all have this type, so
nothing above asks which one it holds. A wrapper has the type of what it wraps. A simulator of
showers that makes lists of hits says so by a method more, and those that do not have their showers
made sparse.
"""

from __future__ import annotations

from typing import Protocol, TypeVar, runtime_checkable

from heitler.detectors import Detector
from heitler.particles import IncidentParticles
from heitler.showers import Showers, SparseShowers

__all__ = [
    "MeteredSimulator",
    "ShowerSimulator",
    "Simulator",
    "SparseSimulator",
    "simulate_sparse",
]

Causes_contra = TypeVar("Causes_contra", contravariant=True)
Responses_co = TypeVar("Responses_co", covariant=True)


@runtime_checkable
class Simulator(Protocol[Causes_contra, Responses_co]):
    """Anything that turns N causes into N responses of a detector."""

    def simulate(self, incident: Causes_contra, *, seed: int) -> Responses_co:
        """One response for each cause; the same for the same causes and seed.

        Raises:
            ValueError: The simulator does not cover these causes.
        """


@runtime_checkable
class ShowerSimulator(Simulator[IncidentParticles, Showers], Protocol):
    """Anything that turns incident particles into showers in a detector."""

    @property
    def detector(self) -> Detector:
        """The detector whose cells the showers fill."""


@runtime_checkable
class SparseSimulator(ShowerSimulator, Protocol):
    """A simulator that can make lists of hits without making dense deposits."""

    def simulate_sparse(self, incident: IncidentParticles, *, seed: int) -> SparseShowers:
        """The showers of `simulate` as lists of hits.

        Raises:
            ValueError: The simulator does not cover these particles.
        """


@runtime_checkable
class MeteredSimulator(ShowerSimulator, Protocol):
    """A simulator that measures what its showers cost."""

    def measured(self) -> dict[str, float]:
        """Numbers per shower of the last call, by the names that they have in a file."""


def simulate_sparse(
    simulator: ShowerSimulator, incident: IncidentParticles, *, seed: int
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
