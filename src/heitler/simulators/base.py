"""What a simulator is: anything that turns what enters a detector into what the detector says.

Particles become showers in a calorimeter, tracks become a table of likelihoods in a Cherenkov
detector. Geant4, a parameterisation, a trained network and a remote service all have this type, so
nothing above asks which one it holds. A wrapper has the type of what it wraps. A simulator of
showers that makes lists of hits says so by a method more, and those that do not have their showers
made sparse. One that can begin anywhere among the showers of a seed says at which steps: its work
can be shared.
"""

from __future__ import annotations

from typing import Protocol, TypeVar, runtime_checkable

from heitler.detectors import Detector
from heitler.particles import IncidentParticles
from heitler.showers import Showers, SparseShowers

__all__ = [
    "DivisibleSimulator",
    "MeteredSimulator",
    "ShowerSimulator",
    "Simulator",
    "SparseSimulator",
    "part_number",
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
class DivisibleSimulator(SparseSimulator, Protocol):
    """A simulator that can make some of the showers of a seed without those before them.

    With `grain` g, and a and b multiples of g or the end: the showers a to b of the whole list are
    ``simulate_sparse(whole[a:b], seed=seed, first=a)``, bit by bit.
    """

    @property
    def grain(self) -> int:
        """Number of showers that have random numbers in common."""

    def simulate_sparse(
        self, incident: IncidentParticles, *, seed: int, first: int = 0
    ) -> SparseShowers:
        """The showers of `simulate` from number `first` on as lists of hits.

        Raises:
            ValueError: The simulator does not cover these particles, or `first` is no multiple
                of `grain`.
        """


@runtime_checkable
class MeteredSimulator(ShowerSimulator, Protocol):
    """A simulator that measures what its showers cost."""

    def measured(self) -> dict[str, float]:
        """Numbers per shower of the last call, by the names that they have in a file."""


def simulate_sparse(
    simulator: ShowerSimulator, incident: IncidentParticles, *, seed: int, first: int = 0
) -> SparseShowers:
    """The showers of any simulator as lists of hits.

    Arguments:
        simulator: What makes the showers.
        incident: Incident particles.
        seed: Seed of the showers.
        first: Number of the first shower among those of the seed.

    Raises:
        ValueError: The simulator does not cover these particles, or cannot begin at `first`.
    """
    if isinstance(simulator, DivisibleSimulator):
        return simulator.simulate_sparse(incident, seed=seed, first=first)
    if first:
        msg = f"{type(simulator).__name__} makes all showers of a seed or none, not from {first}"
        raise ValueError(msg)
    if isinstance(simulator, SparseSimulator):
        return simulator.simulate_sparse(incident, seed=seed)
    return simulator.simulate(incident, seed=seed).sparse()


def part_number(first: int, grain: int) -> int:
    """Which part of `grain` showers begins at the shower `first`.

    Raises:
        ValueError: None does.
    """
    number, rest = divmod(first, grain)
    if rest or number < 0:
        msg = f"showers are made {grain} at a time: begin at a multiple of it, not at {first}"
        raise ValueError(msg)
    return number
