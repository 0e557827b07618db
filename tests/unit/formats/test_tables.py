"""Files of tables: what was written comes back, and other files are told apart."""

from __future__ import annotations

import h5py
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.formats import create_table, open_showers, open_table, read_table, write_table
from heitler.tables import Column, Table

COLUMNS = (Column("x", "a number", "MeV"), Column("dll_K", "Δ ln L(K - π)"))


def table_of(rows, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return Table(COLUMNS, torch.randn(rows, 2, generator=generator, dtype=torch.float64))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_numbers_come_back_bit_by_bit(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("tables") / "table.h5"
    table = Table(COLUMNS, torch.tensor([numbers, numbers[::-1]], dtype=torch.float64).T)
    write_table(path, table)
    back = read_table(path)
    assert back.columns == COLUMNS
    assert torch.equal(back.values, table.values)


def test_a_file_is_written_and_read_in_parts(tmp_path):
    path, table = tmp_path / "table.h5", table_of(10)
    origin = {"seed": 3, "tracks": {"momentum": [1.0, 2.0]}, "simulator": "rich"}
    with create_table(path, COLUMNS, provenance=origin) as writer:
        for start in range(0, 10, 4):
            writer.write(table[start : start + 4])
    with open_table(path) as reader:
        assert len(reader) == 10
        assert reader.provenance == origin
        assert torch.equal(reader.read(3, 7).values, table.values[3:7])
    with h5py.File(path) as file:
        assert file["columns/x"].attrs["unit"] == "MeV"


def test_rows_of_other_columns_are_refused_and_leave_no_file(tmp_path):
    path = tmp_path / "table.h5"
    with (
        pytest.raises(ValueError, match="the file has the columns x, dll_K, the table has x"),
        create_table(path, COLUMNS) as writer,
    ):
        writer.write(table_of(3).select(["x"]))
    assert not path.exists()


def test_what_is_no_table_says_so(tmp_path, toy_file):
    with pytest.raises(ValueError, match="expected a file of a table, got 'showers 1'"):
        read_table(toy_file)
    with pytest.raises(OSError, match="there is no such file"):
        read_table(tmp_path / "none.h5")
    path = tmp_path / "table.h5"
    write_table(path, table_of(3))
    with pytest.raises(ValueError, match="heitler_format"), open_showers(path):
        pass
    with h5py.File(path, "r+") as file:
        del file["columns/x"]
    with pytest.raises(ValueError, match=r"table\.h5: data set 'x' is missing"):
        read_table(path)
