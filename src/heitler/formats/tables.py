"""Files of tables: HDF5 that says what its columns are.

    attribute heitler_format     "table 1": the name and version of this layout
    attribute heitler_columns    names, labels and units of the columns in order (JSON)
    columns/<name>    (N) float64, in the unit of its attribute `unit`

The origin (provenance) is stated as in shower files, see `heitler.formats.origin`. Numbers come
back bit by bit. Files are written and read in parts, so they may be larger than memory. N is the
number of rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from heitler.formats.atomic import atomic_file
from heitler.formats.hdf5 import append, dataset, growing, naming, open_hdf5
from heitler.formats.origin import read_origin, write_provenance
from heitler.tables import Column, Table

__all__ = [
    "TableReader",
    "TableWriter",
    "create_table",
    "is_table",
    "open_table",
    "read_table",
    "write_table",
]

_FORMAT, _COLUMNS = "heitler_format", "heitler_columns"
_LAYOUT = "table 1"


class TableWriter:
    """Appends rows to an open file.

    Arguments:
        file: Where to; empty.
        columns: What its columns hold.
    """

    def __init__(self, file: h5py.File, columns: Sequence[Column]) -> None:
        self._columns = tuple(columns)
        file.attrs[_FORMAT] = _LAYOUT
        file.attrs[_COLUMNS] = json.dumps([asdict(column) for column in columns])
        group = file.create_group("columns")
        self._data = [growing(group, column.name, (), "float64") for column in columns]
        for column, data in zip(columns, self._data, strict=True):
            data.attrs["unit"] = column.unit

    def write(self, table: Table) -> None:
        """Appends the rows of a table.

        Raises:
            ValueError: Its columns are not those of the file.
        """
        if table.columns != self._columns:
            names = ", ".join(column.name for column in self._columns)
            msg = f"the file has the columns {names}, the table has {', '.join(table.names)}"
            raise ValueError(msg)
        for data, values in zip(self._data, table.values.numpy().T, strict=True):
            append(data, values)


class TableReader:
    """Rows of an open file, loaded part by part.

    Attributes:
        path: The file.
        columns: What the columns hold.
        provenance: What the file says about its origin.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        self.path = path
        if file.attrs.get(_FORMAT) != _LAYOUT:
            msg = f"expected a file of a table, got '{file.attrs.get(_FORMAT, 'something else')}'"
            raise ValueError(msg)
        self.columns = tuple(Column(**entry) for entry in json.loads(file.attrs[_COLUMNS]))
        self.provenance: dict[str, Any] = read_origin(file).provenance
        self.provenance.pop(_COLUMNS)
        self._data = {c.name: dataset(file["columns"], c.name) for c in self.columns}

    def __len__(self) -> int:
        return next((int(data.shape[0]) for data in self._data.values()), 0)

    def read(
        self,
        start: int = 0,
        stop: int | None = None,
        *,
        columns: Sequence[Column] | None = None,
    ) -> Table:
        """Rows `start` to `stop` (exclusive) of some columns; by default all of all."""
        chosen = self.columns if columns is None else tuple(columns)
        with naming(str(self.path)):
            values = [self._data[column.name][start:stop] for column in chosen]
            return Table(chosen, torch.from_numpy(np.stack(values, axis=1)))


@contextmanager
def create_table(
    path: str | Path, columns: Sequence[Column], *, provenance: Mapping[str, Any] | None = None
) -> Iterator[TableWriter]:
    """A file of a table to write rows to; it is there in full or not at all.

    Arguments:
        path: The file.
        columns: What its columns hold.
        provenance: What it says about its origin.

    Raises:
        OSError: The place is not writable.
    """
    with atomic_file(path) as part, h5py.File(part, "w") as file:
        yield TableWriter(file, columns)
        write_provenance(file, provenance or {})


def is_table(path: str | Path) -> bool:
    """Whether a file says that it holds a table; one that cannot be read does not."""
    if not Path(path).is_file() or not h5py.is_hdf5(path):
        return False
    try:
        with h5py.File(path) as file:
            return str(file.attrs.get(_FORMAT, "")).startswith("table ")
    except OSError:
        return False


@contextmanager
def open_table(path: str | Path) -> Iterator[TableReader]:
    """A file of a table to read rows from.

    Raises:
        OSError: There is no such file.
        ValueError: It holds no table, or is damaged.
    """
    with open_hdf5(Path(path)) as file:
        # Errors of reading name the file; those of whoever reads it are theirs.
        with naming(str(path)):
            reader = TableReader(Path(path), file)
        yield reader


def write_table(
    path: str | Path, table: Table, *, provenance: Mapping[str, Any] | None = None
) -> None:
    """Writes a table that is in memory; see `create_table`."""
    with create_table(path, table.columns, provenance=provenance) as writer:
        writer.write(table)


def read_table(path: str | Path) -> Table:
    """All rows of a file; see `open_table`."""
    with open_table(path) as reader:
        return reader.read()
