"""heitler: fast simulation of calorimeter showers, trained, validated and timed.

The names below are the library's front door; each is imported when it is first asked for, so that
``import heitler`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heitler.detectors import Detector, load_detector
    from heitler.formats import convert, create_showers, inspect, open_showers
    from heitler.particles import IncidentParticles
    from heitler.showers import Showers
    from heitler.simulators import NeuralSimulator, ParticleGun, generate
    from heitler.training import train
    from heitler.validation import assess, validate

__all__ = [
    "Detector",
    "IncidentParticles",
    "NeuralSimulator",
    "ParticleGun",
    "Showers",
    "__version__",
    "assess",
    "convert",
    "create_showers",
    "generate",
    "inspect",
    "load_detector",
    "open_showers",
    "train",
    "validate",
]

__version__ = version("heitler")

_HOMES = {
    "Detector": "detectors",
    "IncidentParticles": "particles",
    "NeuralSimulator": "simulators",
    "ParticleGun": "simulators",
    "Showers": "showers",
    "assess": "validation",
    "convert": "formats",
    "create_showers": "formats",
    "generate": "simulators",
    "inspect": "formats",
    "load_detector": "detectors",
    "open_showers": "formats",
    "train": "training",
    "validate": "validation",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    if name in _HOMES:
        return getattr(import_module(f"heitler.{_HOMES[name]}"), name)
    msg = f"module 'heitler' has no attribute '{name}'"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return __all__
