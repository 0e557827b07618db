"""How to make a simulator: a function without arguments that can be sent to another process.

Simulators hold processes, compiled loops and weights, and are not sent themselves. What is sent is
one of the functions here with its arguments, ``partial(geant4, detector)``; whoever gets it makes
a simulator of its own, and says what a file of its showers states of their origin, so that two of
them can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heitler.detectors import Detector
from heitler.simulators.bank import load_showers
from heitler.simulators.base import ShowerSimulator
from heitler.simulators.geant4 import Geant4Simulator
from heitler.simulators.gflash import GflashSimulator

__all__ = ["Recipe", "geant4", "gflash", "trained"]

Recipe = Callable[[], tuple[ShowerSimulator, dict[str, Any]]]
"""Makes a simulator, and says what a file says of its origin; it can be pickled."""


def geant4(detector: Detector) -> tuple[ShowerSimulator, dict[str, Any]]:
    """Full simulation, with the data that ``HEITLER_GEANT4_DATA`` names where it is made.

    Raises:
        ValueError: Geant4 cannot be given this detector, or its data are missing.
        ImportError: The Python bindings of Geant4 are not installed.
    """
    simulator = Geant4Simulator(detector)
    return simulator, simulator.provenance()


def gflash(detector: Detector) -> tuple[ShowerSimulator, dict[str, Any]]:
    """The classical parameterisation.

    Raises:
        ValueError: The detector has no stack.
    """
    simulator = GflashSimulator(detector)
    return simulator, simulator.provenance()


def trained(model: str, *, extrapolate: bool = False) -> tuple[ShowerSimulator, dict[str, Any]]:
    """A trained model.

    Arguments:
        model: Run directory or name of a packaged model, as its maker sees it.
        extrapolate: Whether to accept particles outside of the training.

    Raises:
        ValueError: There is none.
    """
    simulator = load_showers(model, extrapolate=extrapolate)
    return simulator, simulator.provenance(model)
