"""Showers of Geant4, and the detectors of published references that the benchmark has as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heitler.detectors import Detector, load_detector
from heitler.particles import PHOTON, IncidentParticles
from heitler.showers import Showers
from heitler.simulators.geant4 import Geant4Simulator

_FOLDER = Path(__file__).parents[2] / "benchmarks" / "detectors"


@pytest.fixture
def shoot(geant4_data: Path) -> Callable[..., Showers]:
    """`shoot(detector, energies, pdg=, impact=, seed=, **settings)`: of upright particles."""

    def make(
        detector: Detector,
        energy: Any,
        *,
        pdg: int = PHOTON,
        impact: tuple[float, float] | None = None,
        seed: int = 1,
        **settings: Any,
    ) -> Showers:
        incident = IncidentParticles.beam(
            energy, pdg=pdg, impact=impact or detector.impact, depth=detector.face_z
        )
        with Geant4Simulator(detector, data=geant4_data, **settings) as simulator:
            return simulator.simulate(incident, seed=seed)

    return make


@pytest.fixture(scope="session")
def reference_detector() -> Callable[[str], Detector]:
    """`reference_detector("testem3")`: a detector of ``benchmarks/detectors``."""
    return lambda name: load_detector(str(_FOLDER / f"{name}.yaml"))
