"""What a file convention offers: a reader and a writer of showers.

A reader looks like a long list of showers of which only the part that is asked for is loaded; a
writer takes showers batch by batch. Units, axes and cell order are converted here and nowhere
else: on the inside everything is MeV, mm, rad and the flat cell order of the detector's geometry.

A convention is one module with a reader, a writer, a function `sniff` that knows its files by
their keys and shapes, and a `CONVENTION` that names the three for the registry.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Literal, Protocol, Self

from heitler.detectors import Detector
from heitler.particles import IncidentParticles
from heitler.showers import Showers, SparseShowers

__all__ = ["BATCH", "Convention", "ShowerReader", "ShowerWriter", "batch_size"]

BATCH = 500
"""Showers per batch when streaming: 100 MB of the largest geometry in the catalogue."""

_BATCH_BYTES = 64 * 2**20


def batch_size(cells: int) -> int:
    """Number of showers of `cells` cells whose deposits take 64 MiB, at least 1."""
    return max(1, _BATCH_BYTES // (4 * cells))


class ShowerReader(ABC):
    """Showers in a file, loaded part by part.

    Attributes:
        convention: Name of the file's convention.
        path: The file.
        detector: The detector whose cells it holds.
        particles: All incident particles; they are small.
        provenance: What the file says about its origin: any of `simulator`, `simulation`,
            `geant4_cpu_seconds_per_shower`, `seed`, `created`, ...; `assumed` lists what the file
            left open.
        left_out: What the reads so far could not place in cells: number of `points` and their
            `energy` in MeV, perhaps divided by reason. Empty for files of cells.
    """

    convention: ClassVar[str]
    path: Path
    detector: Detector
    particles: IncidentParticles
    provenance: dict[str, Any]
    left_out: dict[str, float]

    def __len__(self) -> int:
        return len(self.particles)

    @abstractmethod
    def read(self, start: int, stop: int) -> Showers:
        """Showers `start` to `stop` (exclusive, cut at the end of the file)."""

    def read_sparse(self, start: int, stop: int) -> SparseShowers:
        """The showers of `read` as lists of hits."""
        return self.read(start, stop).sparse()

    @abstractmethod
    def close(self) -> None:
        """Closes the file."""

    def _assume(self, what: str) -> None:
        """Notes in the provenance what the file left open."""
        assumed = self.provenance.setdefault("assumed", [])
        if what not in assumed:
            assumed.append(what)

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
    """A shower file that is being written; `heitler.formats.create_showers` makes one.

    Leaving its context completes the file, or abandons it when there was an exception.

    Attributes:
        convention: Name of the file's convention.
        detector: The detector whose cells are written.
        provenance: What the file will say about its origin; may be changed until `close`.
        not_carried: What was written so far and the convention has no place for.
    """

    convention: ClassVar[str]
    detector: Detector
    provenance: dict[str, Any]
    not_carried: list[str]

    @abstractmethod
    def __init__(self, path: Path, detector: Detector, provenance: Mapping[str, Any]) -> None:
        """Creates `path` for showers of `detector`."""

    @abstractmethod
    def write(self, showers: Showers | SparseShowers) -> None:
        """Appends showers; the file is the same for both forms."""

    @abstractmethod
    def close(self) -> None:
        """Completes and closes the file."""

    @abstractmethod
    def abandon(self) -> None:
        """Closes the file as it is, incomplete."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()


class OpensReader(Protocol):
    """A reader's constructor: path, detector and particle code where the file has neither."""

    def __call__(
        self, path: Path, *, detector: Detector | None, pdg: int | None
    ) -> ShowerReader: ...


@dataclass(frozen=True, slots=True)
class Convention:
    """One entry of the registry.

    Arguments:
        name: Name on the command line.
        summary: One line on who uses it.
        layout: The keys and shapes by which its files are known.
        units: Units in the file.
        sniff: Whether an open file has the layout.
        reader: Opens a file.
        writer: Creates a file; None where cells cannot be turned into what the files hold.
        container: Kind of file: "HDF5", whose `sniff` gets an `h5py.File`, or "ROOT", whose gets
            the directory that uproot opens.
    """

    name: str
    summary: str
    layout: str
    units: str
    sniff: Callable[[Any], bool]
    reader: OpensReader
    writer: Callable[[Path, Detector, Mapping[str, Any]], ShowerWriter] | None
    container: Literal["HDF5", "ROOT"] = "HDF5"
