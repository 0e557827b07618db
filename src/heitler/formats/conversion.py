"""From one convention to another, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

import heitler
from heitler.detectors import Detector
from heitler.formats.base import ShowerReader, batch_size
from heitler.formats.checksum import sha256
from heitler.formats.registry import create_showers, open_showers

__all__ = ["Conversion", "convert"]


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion did.

    Arguments:
        source_convention: Convention that was read.
        target_convention: Convention that was written.
        detector: Name of the detector.
        showers: Number of showers.
        source_sha256: Checksum of the file that was read.
        assumed: What the source left open and was assumed.
        left_out: Points outside all cells: their number and `energy` in MeV.
        not_carried: What the target has no place for.
    """

    source_convention: str
    target_convention: str
    detector: str
    showers: int
    source_sha256: str
    assumed: tuple[str, ...]
    left_out: dict[str, float]
    not_carried: tuple[str, ...]


def convert(
    source: str | Path,
    target: str | Path,
    *,
    to: str = "native",
    convention: str | None = None,
    detector: Detector | None = None,
    pdg: int | None = None,
    progress: bool = False,
) -> Conversion:
    """Writes the showers of a file in another convention.

    The memory needed does not depend on the length of the file. What was done is appended to
    `conversions` in the provenance.

    Arguments:
        source: The file to read.
        target: The file to write; there in full at the end, or not at all.
        to: The convention to write.
        convention: The convention of `source`, by default recognised.
        detector: See `heitler.formats.open_showers`.
        pdg: See `heitler.formats.open_showers`.
        progress: Whether to show a progress bar on a terminal's standard error.

    Raises:
        ValueError: The source cannot be read or the target's convention cannot hold it.
        OSError: A file is missing or a place not writable.
    """
    if Path(target).resolve() == Path(source).resolve():
        msg = f"source and target are the same file, {source}; give the target another name"
        raise ValueError(msg)
    with open_showers(source, convention=convention, detector=detector, pdg=pdg) as reader:
        with create_showers(
            target, reader.detector, convention=to, provenance=reader.provenance
        ) as writer:
            size = batch_size(reader.detector.geometry.cells)
            with tqdm(
                total=len(reader), unit=" showers", leave=False, disable=None if progress else True
            ) as bar:
                for batch in reader.batches(size):
                    writer.write(batch)
                    bar.update(len(batch))
            checksum = sha256(source)
            done = writer.provenance.get("conversions", [])
            writer.provenance["conversions"] = [*done, _entry(reader, to, checksum)]
        return Conversion(
            source_convention=reader.convention,
            target_convention=to,
            detector=reader.detector.name,
            showers=len(reader),
            source_sha256=checksum,
            assumed=tuple(reader.provenance.get("assumed", ())),
            left_out=reader.left_out,
            not_carried=tuple(writer.not_carried),
        )


def _entry(reader: ShowerReader, to: str, checksum: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "from": reader.convention,
        "to": to,
        "source": reader.path.name,
        "source_sha256": checksum,
        "heitler": heitler.__version__,
    }
    if reader.left_out:
        entry["left_out"] = reader.left_out
    return entry
