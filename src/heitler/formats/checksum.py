"""Checksums of files, which tie showers, models and reports to the data they came from."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["sha256"]


def sha256(path: str | Path) -> str:
    """SHA-256 of a file in hexadecimal digits, read in pieces."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
