"""The card of a trained model: what it was trained on, where it holds, how good and how fast.

The range of training is widened to two significant digits, since data that are flat in 10 to 100
GeV hold no shower at exactly 10 GeV. A simulator refuses particles outside of it: other energies,
angles and codes, but also other points of entry and other directions of the tilt, since a model
that has seen one of them knows nothing of the cells below another.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import ceil, cos, floor, inf, pi, sin
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from heitler.particles import IncidentParticles
from heitler.simulators import tilt
from heitler.simulators.track_range import TrackRange, significant
from heitler.tables import Column
from heitler.units import GeV, degree

__all__ = ["ModelCard", "TrainingRange"]

_NEAR = 0.1
"""Distance in mm between points of entry that are the same: far below the size of a cell."""

_SAME = 1e-6
"""Difference in rad between angles to the face that are the same."""


@dataclass(frozen=True)
class TrainingRange:
    """The incident particles that a model has seen.

    Arguments:
        energy: Lowest and highest energy in MeV.
        theta: Lowest and highest angle to the face in rad; beyond pi/2 where particles lean to
            both sides of a plane (see `heitler.simulators.tilt`).
        pdg: Particle codes.
        position: Lowest and highest x, lowest and highest y of the point of entry in mm.
        azimuth: First and last azimuth in rad of the directions of tilted particles, from +x
            towards +y; None if none was tilted. The last is at most a turn further. In a plane
            that of one side.
    """

    energy: tuple[float, float]
    theta: tuple[float, float]
    pdg: tuple[int, ...]
    position: tuple[tuple[float, float], tuple[float, float]]
    azimuth: tuple[float, float] | None

    @classmethod
    def of(cls, particles: IncidentParticles) -> TrainingRange:
        """The range of `particles`, widened.

        Energies are widened to two significant digits, angles to degrees, points to 0.1 mm.
        """
        low, high = float(particles.energy.min()), float(particles.energy.max())
        plane = tilt.in_plane(particles)
        theta = particles.theta if plane is None else tilt.angles(particles, plane)
        azimuth = tilt.arc(tilt.tilted(particles).phi) if plane is None else (plane, plane)
        flat, steep = (float(angle) / degree for angle in (theta.min(), theta.max()))
        return cls(
            energy=significant((low, high)),
            theta=(floor(flat + 1e-4) * degree, ceil(steep - 1e-4) * degree),
            pdg=tuple(sorted(set(particles.pdg.tolist()))),
            position=(_edges(particles.position[:, 0]), _edges(particles.position[:, 1])),
            azimuth=azimuth,
        )

    @classmethod
    def union(cls, ranges: Sequence[TrainingRange]) -> TrainingRange:
        """The smallest range that holds all of some.

        Azimuths are taken as they are given: one that is None makes no difference.
        """
        arcs = [each.azimuth for each in ranges if each.azimuth is not None]
        (left, right), (lower, upper) = (
            _hull([each.position[axis] for each in ranges]) for axis in (0, 1)
        )
        return cls(
            energy=_hull([each.energy for each in ranges]),
            theta=_hull([each.theta for each in ranges]),
            pdg=tuple(dict.fromkeys(code for each in ranges for code in each.pdg)),
            position=((left, right), (lower, upper)),
            azimuth=_hull(arcs) if arcs else None,
        )

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any]) -> TrainingRange:
        """The range that a card states.

        Raises:
            ValueError: It is that of an old card, which knows no points of entry.
        """
        if "energy" in content and not {"position", "azimuth"} <= set(content):
            msg = "it does not say at which points of entry it was trained; train the model again"
            raise ValueError(msg)
        (x, y), azimuth = content["position"], content["azimuth"]
        return cls(
            energy=_pair(content["energy"]),
            theta=_pair(content["theta"]),
            pdg=tuple(content["pdg"]),
            position=(_pair(x), _pair(y)),
            azimuth=None if azimuth is None else _pair(azimuth),
        )

    @property
    def entry(self) -> tuple[float, float]:
        """The middle of the points of entry: x and y in mm."""
        (left, right), (lower, upper) = self.position
        return (left + right) / 2, (lower + upper) / 2

    @property
    def lean(self) -> float:
        """The middle azimuth in rad; pi/2, towards +y, if the model has seen no tilt."""
        return pi / 2 if self.azimuth is None else sum(self.azimuth) / 2

    def check(self, particles: IncidentParticles) -> None:
        """Refuses particles outside of the range.

        Raises:
            ValueError: Names the range, what came, and what to do.
        """
        x, y, _ = particles.position.numpy().T
        # At once, and in numpy: single particles would spend most of their time here otherwise.
        values = np.array([particles.energy.numpy(), particles.direction.numpy() @ self._up, x, y])
        low, high = self._bounds
        within = (values >= low) & (values <= high)  # so, since no comparison with nan holds
        other = sorted(set(particles.pdg.tolist()) - set(self.pdg))
        turned = self._turned(particles)
        if other or turned or not within.all():
            problems = self._problems(particles, within.all(axis=1).tolist(), other, turned=turned)
            msg = f"the model was trained on {'; '.join(problems)} (--extrapolate overrides)"
            raise ValueError(msg)

    @cached_property
    def _bounds(self) -> NDArray[np.float64]:
        """Lowest and highest energy, sine of theta, x and y, with what counts as equal.

        In a plane it is minus the cosine, which does not stop to grow at pi/2.
        """
        flat, steep = self.theta[0] - _SAME, self.theta[1] + _SAME
        slope = sin(flat), sin(steep) if steep < pi / 2 else inf
        if self._in_plane:
            slope = -cos(flat), -cos(steep)
        entry = [(low - _NEAR, high + _NEAR) for low, high in self.position]
        return np.array([self.energy, slope, *entry]).T[:, :, None]

    @cached_property
    def _up(self) -> NDArray[np.float64]:
        """The vector whose product with a direction is what `_bounds` has of theta."""
        side = [-cos(self.lean), -sin(self.lean), 0.0]
        return np.array(side if self._in_plane else [0.0, 0.0, 1.0])

    @property
    def _in_plane(self) -> bool:
        """Whether particles lean to both sides of a plane."""
        return self.theta[1] > pi / 2 + _SAME

    def _turned(self, particles: IncidentParticles) -> bool:
        """Whether there are tilted particles that lean where none did in training."""
        if self.azimuth is None:
            return False
        turn = pi if self._in_plane else 2 * pi
        return tilt.beyond(tilt.tilted(particles).phi, self.azimuth, turn)

    def _problems(
        self, particles: IncidentParticles, within: list[bool], other: list[int], *, turned: bool
    ) -> Iterator[str]:
        """What particles are outside of: ranges of `_bounds`, codes, azimuths."""
        energy, theta, x, y = within
        if not energy:
            low, high = (edge / GeV for edge in self.energy)
            got = _span(particles.energy.tolist(), GeV)
            yield f"energies of {low:g} to {high:g} GeV, got {got} GeV"
        if not theta:
            low, high = (edge / degree for edge in self.theta)
            angles = tilt.angles(particles, self.lean) if self._in_plane else particles.theta
            got = _span(angles.tolist(), degree)
            yield f"angles of {low:g} to {high:g} degrees, got {got} degrees"
        if other:
            yield f"the particle codes {list(self.pdg)}, got {other}"
        if not (x and y):
            seen, got = _place(self.position), _place(particles.position.T[:2].tolist())
            yield f"entry points {seen} mm, got {got} mm"
        if turned and self.azimuth is not None:
            azimuths = tilt.tilted(particles).phi
            seen, got = _span([*self.azimuth], degree), _span(azimuths.tolist(), degree)
            yield f"azimuths of {seen} degrees, got {got} degrees"


Range = TypeVar("Range", bound=TrainingRange | TrackRange)


@dataclass(frozen=True, slots=True)
class ModelCard(Generic[Range]):
    """What belongs to a model beside its weights.

    Arguments:
        name: Name of the model.
        family: Name of the model's class.
        detector: Definition of the detector, as in its file; empty for a model of a table.
        training_range: The particles or tracks that it has seen.
        data: File name, SHA-256, number of training showers, and origin of the training showers.
        training: Seed, seconds, number of parameters, versions, hardware.
        fidelity: Comparison with showers that training never saw, each number with its floor.
        speed: Times per shower beside those of the full simulation.
        columns: What the columns of a table are, for a model of one.
        licence: Under which terms the weights may be used (SPDX); empty if nothing was said.
    """

    name: str
    family: str
    detector: Mapping[str, Any]
    training_range: Range
    data: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    fidelity: Mapping[str, Any] = field(default_factory=dict)
    speed: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    licence: str = ""

    def write(self, path: Path) -> None:
        """Writes the card as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> ModelCard[Any]:
        """Reads a card.

        Raises:
            ValueError: The file is not a card.
        """
        try:
            content = json.loads(path.read_text())
        except json.JSONDecodeError as error:
            msg = f"{path} is not a model card: {error}"
            raise ValueError(msg) from error
        return ModelCard.of(content, str(path))

    @classmethod
    def of(cls, content: Mapping[str, Any], source: str) -> ModelCard[Any]:
        """The card whose fields these are.

        Arguments:
            content: As JSON holds them.
            source: What to call the card in messages.

        Raises:
            ValueError: It is not a card.
        """
        try:
            fields = dict(content)
            seen = fields.pop("training_range")
            kind = TrackRange if "momentum" in seen else TrainingRange
            columns = tuple(Column(**column) for column in fields.pop("columns", []))
            return ModelCard(training_range=kind.from_mapping(seen), columns=columns, **fields)
        except (AttributeError, KeyError, TypeError) as error:
            msg = f"{source} is not a model card: {error}"
            raise ValueError(msg) from error
        except ValueError as error:
            msg = f"{source} cannot be used: {error}"
            raise ValueError(msg) from error


def _pair(values: Iterable[float]) -> tuple[float, float]:
    low, high = values
    return float(low), float(high)


def _hull(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Lowest and highest of some pairs of lowest and highest."""
    return min(low for low, _ in pairs), max(high for _, high in pairs)


def _edges(values: Tensor) -> tuple[float, float]:
    """Lowest and highest of coordinates in mm, (N,), widened to 0.1 mm."""
    low, high = (round(10 * float(v), 4) for v in (values.min(), values.max()))
    return floor(low) / 10, ceil(high) / 10


def _span(values: list[float], unit: float) -> str:
    low, high = min(values) / unit, max(values) / unit
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _place(position: Iterable[Iterable[float]]) -> str:
    return " ".join(f"{axis} {_span([*v], 1.0)}" for axis, v in zip("xy", position, strict=True))
