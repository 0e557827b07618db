"""HDF5 files: opening them with errors that a user understands, and data sets that grow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["append", "dataset", "growing", "has_dataset", "keys_of", "naming", "open_hdf5"]

_CHUNK_BYTES = 2**20


def open_hdf5(path: Path) -> h5py.File:
    """Opens a file for reading.

    Raises:
        OSError: There is no such file.
        ValueError: It is not HDF5, or a part of it is missing.
    """
    if not path.is_file():
        reason = "it is a folder" if path.is_dir() else "there is no such file"
        msg = f"cannot read {path}: {reason}"
        raise OSError(msg)
    if not h5py.is_hdf5(path):
        msg = f"{path} is not an HDF5 file, nor a ROOT file: shower files are one or the other"
        raise ValueError(msg)
    try:
        return h5py.File(path, "r")
    except OSError as error:
        sizes = re.search(r"eof = (\d+).*stored_eof = (\d+)", str(error))
        what = f"{sizes[1]} of {sizes[2]} bytes are there" if sizes else str(error)
        msg = f"{path} is truncated or damaged: {what}; make or copy it again"
        raise ValueError(msg) from error


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Errors inside the block name the file, and those of HDF5 become a `ValueError`."""
    try:
        yield
    except ValueError as error:
        msg = f"{where}: {error}"
        raise ValueError(msg) from error
    except (OSError, RuntimeError, KeyError, IndexError) as error:
        msg = f"{where}: the file is damaged ({error}); make or copy it again"
        raise ValueError(msg) from error


def keys_of(group: h5py.Group) -> str:
    """The names in a group or at the root of a file, for messages."""
    return ", ".join(f"'{key}'" for key in list(group)[:10]) or "none"


def has_dataset(group: h5py.Group, key: str, ndim: int | None = None) -> bool:
    """Whether `group` holds a data set called `key` with `ndim` axes."""
    found = group.get(key)
    return isinstance(found, h5py.Dataset) and (ndim is None or found.ndim == ndim)


def dataset(group: h5py.Group, key: str) -> h5py.Dataset:
    """The data set called `key`.

    Raises:
        ValueError: There is none.
    """
    if not has_dataset(group, key):
        msg = f"data set '{key}' is missing; the keys are {keys_of(group)}"
        raise ValueError(msg)
    return group[key]


def growing(
    group: h5py.Group,
    key: str,
    shape: tuple[int, ...],
    dtype: DTypeLike,
    *,
    compressed: bool = True,
) -> h5py.Dataset:
    """An empty data set (0, *shape) to append to, in chunks of at most 1 MiB."""
    row = int(np.prod(shape)) * np.dtype(dtype).itemsize
    rows = max(1, min(65536, _CHUNK_BYTES // row))
    filters = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
    return group.create_dataset(
        key,
        shape=(0, *shape),
        maxshape=(None, *shape),
        chunks=(rows, *shape),
        dtype=dtype,
        **(filters if compressed else {}),
    )


def append(target: h5py.Dataset, rows: NDArray[Any]) -> None:
    """Appends rows to a data set made by `growing`."""
    count = target.shape[0]
    target.resize(count + len(rows), axis=0)
    target[count:] = rows
