"""ROOT files: opening them with errors that a user understands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["is_root", "open_root"]


def is_root(path: Path) -> bool:
    """Whether there is a file that begins as ROOT files do."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"root"


def open_root(path: Path) -> Any:  # noqa: ANN401 (uproot has no types)
    """Opens a file for reading.

    Raises:
        ImportError: uproot is not installed.
        ValueError: The file is truncated or damaged.
    """
    try:
        import uproot  # noqa: PLC0415
    except ImportError as error:
        msg = "reading ROOT files needs uproot: pip install 'heitler[root]'"
        raise ImportError(msg) from error
    try:
        return uproot.open(path)
    except (OSError, ValueError, KeyError, IndexError, uproot.DeserializationError) as error:
        msg = f"{path} is truncated or damaged; make or copy it again"
        raise ValueError(msg) from error
