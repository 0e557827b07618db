"""The tracks that a model has seen, as its card states them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from heitler.tracks import Tracks

__all__ = ["TrackRange", "significant"]

_BOUNDED = ("momentum", "pseudorapidity", "multiplicity")
_UNITS = {"momentum": " MeV"}


@dataclass(frozen=True)
class TrackRange:
    """The lowest and the highest of each property of the tracks of a training.

    Arguments:
        momentum: In MeV, widened to two significant digits.
        pseudorapidity: Widened to a tenth.
        multiplicity: Number of tracks in the event, widened to two significant digits.
        pdg: Particle codes.
    """

    momentum: tuple[float, float]
    pseudorapidity: tuple[float, float]
    multiplicity: tuple[float, float]
    pdg: tuple[int, ...]

    @classmethod
    def of(cls, tracks: Tracks) -> TrackRange:
        """The range of `tracks`, widened."""
        momentum, slope, crowd = (
            (float(values.min()), float(values.max()))
            for values in (getattr(tracks, name) for name in _BOUNDED)
        )
        return cls(
            momentum=significant(momentum),
            pseudorapidity=(floor(10 * slope[0]) / 10, ceil(10 * slope[1]) / 10),
            multiplicity=significant(crowd),
            pdg=tuple(sorted(set(tracks.pdg.tolist()))),
        )

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any]) -> TrackRange:
        """The range that a card states."""
        bounds = {name: (float(content[name][0]), float(content[name][1])) for name in _BOUNDED}
        return cls(pdg=tuple(content["pdg"]), **bounds)

    def check(self, tracks: Tracks) -> None:
        """Refuses tracks outside of the range.

        Raises:
            ValueError: Names the range, what came, and what to do.
        """
        if problems := list(self._problems(tracks)):
            msg = f"the model was trained on {'; '.join(problems)} (--extrapolate overrides)"
            raise ValueError(msg)

    def _problems(self, tracks: Tracks) -> Iterator[str]:
        for name in _BOUNDED:
            low, high = getattr(self, name)
            values = getattr(tracks, name)
            if not bool(((values >= low) & (values <= high)).all()):
                got = f"{float(values.min()):g} to {float(values.max()):g}"
                yield f"{name} of {low:g} to {high:g}{_UNITS.get(name, '')}, got {got}"
        if other := sorted(set(tracks.pdg.tolist()) - set(self.pdg)):
            yield f"the particle codes {list(self.pdg)}, got {other}"


def significant(bounds: tuple[float, float]) -> tuple[float, float]:
    """Positive bounds, widened to two significant digits."""
    low, high = (10.0 ** (floor(log10(bound)) - 1) for bound in bounds)
    return (
        float(floor(round(bounds[0] / low, 6)) * low),
        float(ceil(round(bounds[1] / high, 6)) * high),
    )
