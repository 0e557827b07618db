"""Tables: named columns, one row for each particle."""

from __future__ import annotations

import pytest
import torch

from heitler.tables import Column, Table
from heitler.tracks import Tracks

A, B = Column("a", "first", "MeV"), Column("b", "second")


@pytest.fixture
def table():
    return Table((A, B), torch.arange(8.0).reshape(4, 2))


def test_columns_by_name(table):
    assert table.names == ("a", "b")
    assert table.column("b").tolist() == [1.0, 3.0, 5.0, 7.0]
    assert table.select(["b", "a"]).values[0].tolist() == [1.0, 0.0]
    assert table.select(["b"]).columns == (B,)
    assert table.values.dtype == torch.float64
    with pytest.raises(ValueError, match=r"no column 'c' in the table; it has a, b$"):
        table.column("c")


def test_rows_by_slice_and_mask(table):
    assert len(table) == 4
    assert table[1:3].column("a").tolist() == [2.0, 4.0]
    assert table[table.column("a") > 3].column("b").tolist() == [5.0, 7.0]


def test_parts_go_together_again(table):
    whole = Table.concatenate([table[:1], table[1:]])
    assert torch.equal(whole.values, table.values)
    assert whole.columns == table.columns
    with pytest.raises(ValueError, match="same columns"):
        Table.concatenate([table, table.select(["a"])])
    with pytest.raises(ValueError, match="same columns"):
        Table.concatenate([])


def test_side_by_side(table):
    one, other = table.select(["b"]), table.select(["a"])
    assert one.beside(other).names == ("b", "a")
    assert torch.equal(one.beside(other).values, table.values[:, [1, 0]])
    with pytest.raises(ValueError, match="got 4 and 3"):
        one.beside(other[:3])
    with pytest.raises(ValueError, match="different names, got b, b"):
        one.beside(one)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (torch.zeros(3, 3), r"shape \(N, 2\), got \(3, 3\)"),
        (torch.zeros(2), r"shape \(N, 2\), got \(2,\)"),
        ([[0.0, 1.0], [2.0, float("nan")]], r"got nan in row 1 of 'b' \(1 numbers are wrong\)"),
    ],
)
def test_wrong_values_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Table((A, B), values)


@pytest.fixture
def tracks():
    return Tracks([211, -321], [1e4, 2e4], [2.0, 3.5], [100, 30])


def test_the_polar_angle_follows_from_the_pseudorapidity(tracks):
    back = -torch.log(torch.tan(tracks.theta / 2))
    torch.testing.assert_close(back, tracks.pseudorapidity)
    assert float(Tracks([11], [1.0], [0.0], [1]).theta) == pytest.approx(torch.pi / 2)


def test_tracks_are_a_table_and_come_back(tracks):
    table = tracks.table()
    assert table.names == ("pdg", "momentum", "pseudorapidity", "multiplicity")
    assert [column.unit for column in table.columns] == ["", "MeV", "", ""]
    back = Tracks.of(Table((Column("x", "more"),), torch.zeros(2, 1)).beside(table))
    assert back.pdg.dtype == torch.int64
    for name in table.names:
        assert torch.equal(getattr(back, name), getattr(tracks, name))


def test_slices_and_parts_of_tracks(tracks):
    assert tracks[tracks.pdg < 0].momentum.tolist() == [2e4]
    whole = Tracks.concatenate([tracks[:1], tracks[1:]])
    assert whole.multiplicity.tolist() == [100.0, 30.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"momentum": [1e4, 0.0]}, "above 0 MeV and finite, got 0.0 for track 1 "),
        ({"momentum": [1e4]}, r"momentum of 2 tracks must have shape \(2,\), got \(1,\)"),
        ({"pseudorapidity": [2.0, float("inf")]}, "pseudorapidities .* got inf for track 1"),
        ({"multiplicity": [0, 5]}, "1 or more and finite, got 0.0 for track 0"),
    ],
)
def test_wrong_tracks_are_refused(change, message):
    right = {
        "pdg": [211, 321],
        "momentum": [1, 1],
        "pseudorapidity": [3, 3],
        "multiplicity": [9, 9],
    }
    with pytest.raises(ValueError, match=message):
        Tracks(**(right | change))
