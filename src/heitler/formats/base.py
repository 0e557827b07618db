"""What a file convention offers: a reader and a writer of showers.

A reader looks like a long list of showers of which only the part that is asked for is loaded; a
writer takes showers batch by batch. Units, axes and cell order are converted here and nowhere
else: on the inside everything is MeV, mm, rad and the flat cell order of the detector's geometry.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from heitler.detectors import Detector
from heitler.particles import IncidentParticles
from heitler.showers import Showers

__all__ = ["BATCH", "ShowerReader", "ShowerWriter"]

BATCH = 500
"""Showers per batch when streaming: 100 MB of the largest geometry in the catalogue."""


class ShowerReader(ABC):
    """Showers in a file, loaded part by part.

    Attributes:
        convention: Name of the file's convention.
        path: The file.
        detector: The detector whose cells it holds.
        particles: All incident particles; they are small.
        provenance: What the file says about its origin: any of `simulator`, `simulation`,
            `geant4_cpu_seconds_per_shower`, `seed`, `created`, ...
    """

    convention: ClassVar[str]
    path: Path
    detector: Detector
    particles: IncidentParticles
    provenance: dict[str, Any]

    def __len__(self) -> int:
        return len(self.particles)

    @abstractmethod
    def read(self, start: int, stop: int) -> Showers:
        """Showers `start` to `stop` (exclusive, cut at the end of the file)."""

    @abstractmethod
    def close(self) -> None:
        """Closes the file."""

    def batches(self, size: int = BATCH) -> Iterator[Showers]:
        """All showers in order, at most `size` at a time."""
        for start in range(0, len(self), size):
            yield self.read(start, start + size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class ShowerWriter(ABC):
    """A shower file that is being written.

    As a context manager it writes under a temporary name and renames at the end, so the file is
    there in full or not at all.

    Attributes:
        convention: Name of the file's convention.
    """

    convention: ClassVar[str]

    @abstractmethod
    def __init__(self, path: Path, detector: Detector, provenance: Mapping[str, Any]) -> None:
        """Creates `path` for showers of `detector`."""

    @abstractmethod
    def write(self, showers: Showers) -> None:
        """Appends showers."""

    @abstractmethod
    def close(self) -> None:
        """Completes and closes the file."""
