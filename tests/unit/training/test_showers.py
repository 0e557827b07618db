"""Splits, sparse deposits and the stream of batches."""

import importlib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.formats import create_showers, open_showers
from heitler.models import Noise
from heitler.preprocessing import Conditioning, LogEnergy, Preprocessing
from heitler.training.data import Split
from heitler.training.showers import ShowerData, SparseDeposits, read_rows
from heitler.training.stream import TrainingStream

stream_module = importlib.import_module("heitler.training.showers")


@st.composite
def sizes(draw):
    test, validation = draw(st.integers(1, 200)), draw(st.integers(1, 200))
    return test + validation + draw(st.integers(1, 800)), test, validation


@given(sizes())
def test_a_split_is_disjoint_complete_and_of_the_right_sizes(numbers):
    showers, test, validation = numbers
    split = Split.of(showers, test=test, validation=validation)
    parts = (split.train, split.validation, split.test)
    assert [part.numel() for part in parts] == [showers - test - validation, validation, test]
    assert torch.equal(torch.cat(parts).sort().values, torch.arange(showers))
    assert all(bool((part.diff() > 0).all()) for part in parts)


@given(sizes())
def test_what_is_held_out_is_spread_evenly(numbers):
    showers, test, validation = numbers
    rows = Split.of(showers, test=test, validation=validation).test.double()
    step = showers / test
    ideal = (torch.arange(test, dtype=torch.float64) + 0.5) * step
    assert bool(((rows - ideal).abs() <= 1).all())


def test_a_file_with_too_few_showers():
    with pytest.raises(ValueError, match=r"10 showers: too few for 6 to test, 4 to validate"):
        Split.of(10, test=6, validation=4)


@pytest.fixture
def reader(toy_file):
    with open_showers(toy_file) as reader:
        yield reader


@given(rows=st.lists(st.integers(0, 199), unique=True, min_size=1))
def test_rows_are_read_wherever_they_are(rows, toy_file):
    rows = torch.tensor(sorted(rows))
    with open_showers(toy_file) as reader:
        whole = reader.read(0, len(reader))
        parts = list(read_rows(reader, rows))
    got = torch.cat([part.deposits for part in parts])
    assert torch.equal(got, whole.deposits[rows])
    energies = torch.cat([part.particles.energy for part in parts])
    assert torch.equal(energies, whole.particles.energy[rows])


def test_rows_of_later_batches_only(toy_law, tmp_path):
    showers = toy_law(1100)
    with create_showers(tmp_path / "long.h5", showers.detector) as writer:
        writer.write(showers)
    rows = torch.tensor([3, 499, 500, 1099])
    with open_showers(tmp_path / "long.h5") as reader:
        got = torch.cat([part.deposits for part in read_rows(reader, rows)])
    assert torch.equal(got, showers.deposits[rows])


@given(rows=st.lists(st.integers(0, 29), max_size=40))
def test_sparse_deposits_are_the_deposits(rows, toy_showers):
    parts = [toy_showers(count=20), toy_showers(count=10, seed=2)]
    for part in parts:
        part.deposits[3] = 0.0
    sparse = SparseDeposits(iter(parts), 60)
    whole = torch.cat([part.deposits for part in parts])
    assert len(sparse) == 30
    index = torch.tensor(rows, dtype=torch.int64)
    assert torch.equal(sparse.dense(index), whole[index])
    assert torch.equal(
        sparse.particles.energy, torch.cat([part.particles.energy for part in parts])
    )


def stream(reader, *, batch_size=16, seed=1, rows=None):
    conditioning = Conditioning([LogEnergy()])
    conditioning.fit(reader.particles)
    return TrainingStream(
        ShowerData(reader),
        torch.arange(150) if rows is None else rows,
        conditioning,
        Preprocessing([]),
        {"a": Noise("normal", 3), "b": Noise("uniform", 2)},
        batch_size=batch_size,
        seed=seed,
    )


def flat(batches):
    return [torch.cat([x, c, *z.values()], dim=1) for x, c, z in batches]


def test_equal_seeds_give_equal_batches_and_epochs_differ(reader):
    one, again, other = stream(reader), stream(reader), stream(reader, seed=2)
    first = flat(one)
    for a, b in zip(first, flat(again), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first[0], flat(other)[0])
    one.epoch = 1
    second = flat(one)
    assert not torch.equal(first[0], second[0])
    one.epoch = 0
    assert torch.equal(flat(one)[0], first[0])


def test_batches_are_full_and_each_shower_comes_at_most_once(reader):
    batches = list(stream(reader))
    assert len(batches) == len(stream(reader)) == 150 // 16
    seen = torch.cat([x for x, _, _ in batches])
    assert seen.shape == (9 * 16, 60)
    assert len({tuple(row.tolist()) for row in seen}) == 9 * 16
    allowed = {tuple(row.tolist()) for row in reader.read(0, 150).deposits}
    assert {tuple(row.tolist()) for row in seen} <= allowed


def test_conditions_and_showers_stay_together(reader):
    whole = reader.read(0, 150)
    conditions = stream(reader).conditioning(whole.particles)
    by_shower = {
        tuple(row.tolist()): float(c) for row, c in zip(whole.deposits, conditions, strict=True)
    }
    for x, c, _ in stream(reader):
        assert [by_shower[tuple(row.tolist())] for row in x] == c[:, 0].tolist()


@pytest.mark.parametrize("processes", [2, 4])
def test_slices_of_processes_make_up_the_global_batch(reader, processes):
    shares = []
    for rank in range(processes):
        share = stream(reader)
        share.share(rank, processes)
        shares.append(flat(share))
    for index, whole in enumerate(flat(stream(reader))):
        assert torch.equal(torch.cat([share[index] for share in shares]), whole)


def test_a_batch_that_cannot_be_shared(reader):
    with pytest.raises(ValueError, match="batch of 16 cannot be shared by 3 processes"):
        stream(reader).share(0, 3)


def test_a_batch_that_cannot_be_filled(reader):
    with pytest.raises(ValueError, match="8 training showers do not fill a batch of 16"):
        stream(reader, rows=torch.arange(8))


@pytest.mark.parametrize("showers", [20, 40])
def test_more_than_one_window(reader, showers, monkeypatch):
    hits = float((reader.read(0, 150).deposits > 0).sum()) / 150
    monkeypatch.setattr(stream_module, "_MAX_HITS", int(showers * hits * 1.05))
    windowed = stream(reader)
    assert len(windowed.windows) > 1
    assert max(window.numel() for window in windowed.windows) <= showers * 1.3
    assert torch.equal(torch.cat(windowed.windows), torch.arange(150))
    orders = []
    for epoch in range(3):
        windowed.epoch = epoch
        batches = list(windowed)
        assert len(batches) == len(windowed)
        seen = torch.cat([x for x, _, _ in batches])
        assert len({tuple(row.tolist()) for row in seen}) == len(seen)
        orders.append(seen)
    assert not torch.equal(orders[0], orders[1])
    windowed.epoch = 0
    assert torch.equal(torch.cat([x for x, _, _ in windowed]), orders[0])
