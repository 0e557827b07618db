"""Files of histograms: one module per convention, known by the keys of its arrays."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile, is_zipfile

import numpy as np

from heitler.formats import caloclouds_histograms
from heitler.histograms import Histograms

__all__ = ["holds_histograms", "read_histograms"]

_CONVENTIONS = (caloclouds_histograms,)


def holds_histograms(path: str | Path) -> bool:
    """Whether a file is a numpy archive, as files of histograms are."""
    return Path(path).is_file() and is_zipfile(path)


def read_histograms(path: str | Path) -> Histograms:
    """The histograms of a file of any convention.

    Raises:
        ValueError: The file is no numpy archive, or fits no convention, or not its own.
        OSError: There is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
    except (ValueError, EOFError, BadZipFile) as error:
        msg = f"{path} is not a numpy archive of histograms: {error}"
        raise ValueError(msg) from error
    fitting = [convention for convention in _CONVENTIONS if convention.sniff(arrays)]
    if not fitting:
        keys = ", ".join(sorted(arrays)[:10])
        msg = f"{path} fits no convention of histograms, its keys are {keys}"
        raise ValueError(msg)
    try:
        histograms: Histograms = fitting[0].parse(arrays)
    except ValueError as error:
        msg = f"{path}: {error}"
        raise ValueError(msg) from error
    return histograms
