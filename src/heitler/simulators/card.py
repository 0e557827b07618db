"""The card of a trained model: what it was trained on, where it holds, how good and how fast.

The range of training is widened to two significant digits, since data that are flat in 10 to 100
GeV hold no shower at exactly 10 GeV. A simulator refuses particles outside of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

from heitler.particles import IncidentParticles
from heitler.units import GeV, degree

__all__ = ["ModelCard", "TrainingRange"]


@dataclass(frozen=True, slots=True)
class TrainingRange:
    """The incident particles that a model has seen.

    Arguments:
        energy: Lowest and highest energy in MeV.
        theta: Lowest and highest angle to the face in rad.
        pdg: Particle codes.
    """

    energy: tuple[float, float]
    theta: tuple[float, float]
    pdg: tuple[int, ...]

    @classmethod
    def of(cls, particles: IncidentParticles) -> TrainingRange:
        """The range of `particles`, widened to two significant digits (degrees for angles)."""
        low, high = float(particles.energy.min()), float(particles.energy.max())
        flat, steep = (float(a) / degree for a in (particles.theta.min(), particles.theta.max()))
        return cls(
            energy=(_round(low, floor), _round(high, ceil)),
            theta=(floor(flat + 1e-4) * degree, ceil(steep - 1e-4) * degree),
            pdg=tuple(sorted(set(particles.pdg.tolist()))),
        )

    def check(self, particles: IncidentParticles) -> None:
        """Refuses particles outside of the range.

        Raises:
            ValueError: Names the range, what came, and what to do.
        """
        problems = []
        low, high = self.energy
        if bool((particles.energy < low).any() or (particles.energy > high).any()):
            got = f"{_span(particles.energy.tolist(), GeV)} GeV"
            problems.append(f"energies of {low / GeV:g} to {high / GeV:g} GeV, got {got}")
        flat, steep = self.theta
        angles = particles.theta
        if bool((angles < flat - 1e-6).any() or (angles > steep + 1e-6).any()):
            got = f"{_span(angles.tolist(), degree)} degrees"
            problems.append(
                f"angles of {flat / degree:g} to {steep / degree:g} degrees, got {got}"
            )
        if other := sorted(set(particles.pdg.tolist()) - set(self.pdg)):
            problems.append(f"the particle codes {list(self.pdg)}, got {other}")
        if problems:
            msg = f"the model was trained on {'; '.join(problems)} (--extrapolate overrides)"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What belongs to a model beside its weights.

    Arguments:
        name: Name of the model.
        family: Name of the model's class.
        detector: Definition of the detector, as in its file.
        training_range: The particles that it has seen.
        data: File name, SHA-256, number of training showers, and origin of the training showers.
        training: Seed, seconds, number of parameters, versions, hardware.
        fidelity: Comparison with showers that training never saw, each number with its floor.
        speed: Times per shower beside those of the full simulation.
    """

    name: str
    family: str
    detector: Mapping[str, Any]
    training_range: TrainingRange
    data: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    fidelity: Mapping[str, Any] = field(default_factory=dict)
    speed: Mapping[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Writes the card as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> ModelCard:
        """Reads a card.

        Raises:
            ValueError: The file is not a card.
        """
        try:
            content = json.loads(path.read_text())
            seen = content.pop("training_range")
            training_range = TrainingRange(
                *(tuple(seen[key]) for key in ("energy", "theta", "pdg"))
            )
            return cls(training_range=training_range, **content)
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            msg = f"{path} is not a model card: {error}"
            raise ValueError(msg) from error


def _round(value: float, direction: Any) -> float:  # noqa: ANN401 (math.floor or math.ceil)
    step = 10.0 ** (floor(log10(value)) - 1)
    return float(direction(round(value / step, 6)) * step)


def _span(values: list[float], unit: float) -> str:
    low, high = min(values) / unit, max(values) / unit
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
