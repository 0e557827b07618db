"""What Geant4 costs in the run in which something else is timed."""

from __future__ import annotations

import sys
from math import pi

import torch

from heitler.detectors import Detector
from heitler.particles import PHOTON, IncidentParticles
from heitler.simulators.geant4 import Geant4Simulator, MissingDataError

__all__ = ["cpu_seconds", "even_particles"]

_NUMBER = 60


def even_particles(
    detector: Detector,
    energy: tuple[float, float],
    *,
    pdg: int = PHOTON,
    theta: tuple[float, float] = (pi / 2, pi / 2),
    phi: float = pi / 2,
    impact: tuple[float, float] | None = None,
) -> IncidentParticles:
    """Particles at even steps of energy, with angles at even steps in another order.

    Arguments:
        detector: They enter its face.
        energy: Lowest and highest energy in MeV.
        pdg: Particle code.
        theta: Lowest and highest angle to the face in rad.
        phi: Azimuth in rad.
        impact: x and y of the point of entry in mm; by default the detector's.
    """
    steps = (torch.arange(_NUMBER, dtype=torch.float64) + 0.5) / _NUMBER
    turned = steps[torch.randperm(_NUMBER, generator=torch.Generator().manual_seed(1))]
    return IncidentParticles.beam(
        energy[0] + (energy[1] - energy[0]) * steps,
        pdg=pdg,
        theta=theta[0] + (theta[1] - theta[0]) * turned,
        phi=phi,
        impact=detector.impact if impact is None else impact,
        depth=detector.face_z,
    )


def cpu_seconds(detector: Detector, particles: IncidentParticles, half: int) -> list[float]:
    """CPU seconds of Geant4 per shower, or nothing where it cannot run.

    Arguments:
        detector: Where the particles go.
        particles: Of these every second one is simulated.
        half: 0 for the even ones, 1 for the odd ones: before and after what else is timed.
    """
    some = particles[half::2]
    try:
        with Geant4Simulator(detector) as geant4:
            geant4.simulate_sparse(some[:1], seed=0)  # the first call makes its tables
            geant4.simulate_sparse(some, seed=1 + half)
            return [geant4.measured()["geant4_cpu_seconds_per_shower"]]
    except (ImportError, MissingDataError) as error:
        print(f"Geant4 is not timed: {error}", file=sys.stderr)
        return []
