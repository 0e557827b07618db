"""The conventions there are, and opening files in them.

A file's convention is known by its keys and shapes, never by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heitler.detectors import Detector
from heitler.formats import (
    calochallenge,
    edm4hep,
    getting_high,
    native,
    showerdata,
    step2point,
    threedgan,
)
from heitler.formats.atomic import atomic_file
from heitler.formats.base import Convention, ShowerReader, ShowerWriter
from heitler.formats.hdf5 import keys_of, open_hdf5
from heitler.formats.root import is_root, open_root

__all__ = ["CONVENTIONS", "create_showers", "open_showers", "recognise"]

CONVENTIONS: dict[str, Convention] = {
    module.CONVENTION.name: module.CONVENTION
    for module in (
        native,
        getting_high,
        calochallenge,
        threedgan,
        showerdata,
        step2point,
        edm4hep,
    )
}


def open_showers(
    path: str | Path,
    *,
    convention: str | None = None,
    detector: Detector | None = None,
    pdg: int | None = None,
) -> ShowerReader:
    """Opens a shower file of any convention.

    Arguments:
        path: The file.
        convention: Its convention, by default that which its keys and shapes tell.
        detector: Its detector, where the file does not state one and its cells do not tell.
        pdg: Its particles, where the file does not state them and the convention's usual ones
            (see its module) are not right.

    Raises:
        ValueError: The file is not a shower file, is damaged, fits no or several conventions, or
            its detector is unknown or another one.
        OSError: There is no such file.
    """
    fitting = recognise(path)
    if convention is not None:
        _check_name(convention)
        if convention not in fitting:
            msg = (
                f"{path} is not a {convention} file: expected "
                f"{CONVENTIONS[convention].layout}; it looks like {', '.join(fitting) or 'none'}"
            )
            raise ValueError(msg)
        fitting = [convention]
    if len(fitting) > 1:
        msg = f"{path} fits several conventions: {', '.join(fitting)}; say which (--from NAME)"
        raise ValueError(msg)
    if not fitting:
        known = "; ".join(f"{entry.name}: {entry.layout}" for entry in CONVENTIONS.values())
        _, file = _opened(Path(path))
        with file:
            msg = f"{path} fits no convention, its keys are {keys_of(file)}; known are {known}"
        raise ValueError(msg)
    return CONVENTIONS[fitting[0]].reader(Path(path), detector=detector, pdg=pdg)


@contextmanager
def create_showers(
    path: str | Path,
    detector: Detector,
    *,
    convention: str = "native",
    provenance: Mapping[str, Any] | None = None,
) -> Iterator[ShowerWriter]:
    """A writer of a new shower file, to be used in a ``with`` statement.

    The file gets its name when the block ends well and leaves nothing behind when it does not.

    Arguments:
        path: The file; one that is there is replaced at the end.
        detector: The detector whose showers will be written.
        convention: The convention to write.
        provenance: Where the showers come from: plain values, or lists and dictionaries of them.

    Raises:
        ValueError: There is no such convention, or it can only be read, or it cannot hold the
            detector's cells.
        OSError: The place is not writable.
    """
    _check_name(convention)
    create = CONVENTIONS[convention].writer
    if create is None:
        written = ", ".join(name for name, entry in CONVENTIONS.items() if entry.writer)
        msg = f"{convention} files can only be read; those that can be written are {written}"
        raise ValueError(msg)
    with atomic_file(path) as part, create(part, detector, provenance or {}) as writer:
        yield writer


def recognise(path: str | Path) -> list[str]:
    """Names of the conventions whose keys and shapes a file has."""
    container, file = _opened(Path(path))
    with file:
        return [
            entry.name
            for entry in CONVENTIONS.values()
            if entry.container == container and entry.sniff(file)
        ]


def _opened(path: Path) -> tuple[str, Any]:
    return ("ROOT", open_root(path)) if is_root(path) else ("HDF5", open_hdf5(path))


def _check_name(convention: str) -> None:
    if convention not in CONVENTIONS:
        msg = f"unknown convention '{convention}'; known are {', '.join(CONVENTIONS)}"
        raise ValueError(msg)
