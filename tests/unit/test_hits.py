"""Lists of hits are showers: cutting, joining, and the way to dense rows and back."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from heitler.hits import Hits


@st.composite
def dense_rows(draw, cells=None):
    cells = draw(st.integers(1, 12)) if cells is None else cells
    shape = (draw(st.integers(0, 6)), cells)
    energy = st.floats(2.0**-20, 2.0**30, width=32)
    return torch.from_numpy(draw(arrays("float32", shape, elements=energy, fill=st.just(0.0))))


def same(one, other):
    return all(
        torch.equal(getattr(one, name), getattr(other, name))
        for name in ("offsets", "cells", "energies")
    )


def shuffled(hits):
    """The same showers with the hits of each in reverse order."""
    order = [
        place
        for start, stop in zip(hits.offsets[:-1].tolist(), hits.offsets[1:].tolist(), strict=True)
        for place in reversed(range(start, stop))
    ]
    return Hits(hits.offsets, hits.cells[order], hits.energies[order])


@given(dense_rows())
def test_hits_of_dense_rows_are_the_rows(rows):
    hits = Hits.of(rows)
    assert len(hits) == len(rows)
    assert torch.equal(hits.dense(rows.shape[1]), rows)
    types = (hits.offsets.dtype, hits.cells.dtype, hits.energies.dtype)
    assert types == (torch.int64, torch.int32, torch.float32)
    shower, cell = rows.nonzero(as_tuple=True)
    assert torch.equal(hits.showers, shower)
    assert torch.equal(hits.cells, cell.int())
    assert torch.equal(hits.counts, (rows > 0).sum(dim=1))


@given(dense_rows())
def test_the_order_of_hits_within_a_shower_means_nothing(rows):
    hits = Hits.of(rows)
    other = shuffled(hits)
    assert torch.equal(other.dense(rows.shape[1]), rows)
    assert same(other.ascending(), hits)
    assert hits.ascending() is hits


@given(st.lists(dense_rows(cells=7), min_size=1, max_size=4))
def test_parts_of_the_whole_are_what_was_joined(rows):
    parts = [Hits.of(part) for part in rows]
    whole = Hits.concatenate(parts)
    assert torch.equal(whole.dense(7), torch.cat(rows))
    start = 0
    for part in parts:
        assert same(whole[start : start + len(part)], part)
        start += len(part)


@given(st.data())
def test_any_index_takes_what_it_takes_of_the_rows(data):
    rows = data.draw(dense_rows())
    hits, count = Hits.of(rows), len(rows)
    bound = st.none() | st.integers(-8, 8)
    part = slice(data.draw(bound), data.draw(bound), data.draw(st.none() | st.integers(1, 3)))
    places = st.lists(st.integers(-count, count - 1), max_size=9) if count else st.just([])
    index = torch.tensor(data.draw(places), dtype=torch.int64)
    mask = torch.tensor(data.draw(st.lists(st.booleans(), min_size=count, max_size=count))).bool()
    for which in (part, index, mask):
        assert torch.equal(hits[which].dense(rows.shape[1]), rows[which])


def test_nothing_joined_is_no_showers():
    assert len(Hits.concatenate([])) == 0


def test_columns_of_a_larger_tensor_that_learns():
    rows = torch.eye(3, 5).requires_grad_()
    assert torch.equal(Hits.of(rows[:, 1:]).dense(4), rows.detach()[:, 1:])


@pytest.mark.parametrize("cell", [-1, 5])
def test_a_cell_that_does_not_exist_does_not_spill_into_another_shower(cell):
    hits = Hits(torch.tensor([0, 1, 2]), torch.tensor([cell, 1]).int(), torch.ones(2))
    with pytest.raises(IndexError, match="of showers with 5 cells"):
        hits.dense(5)


def test_a_cell_that_comes_twice_is_found():
    offsets, cells = torch.tensor([0, 2, 5]), torch.tensor([1, 2, 3, 0, 3]).int()
    with pytest.raises(ValueError, match="shower 1 has 1 cells twice, such as cell 3"):
        Hits(offsets, cells, torch.ones(5)).ascending()
