"""Unfinished files: what is there, what is missing, and what a kill may leave."""

import pytest
import torch

from heitler.formats import create_showers, open_showers
from heitler.simulators import ParticleGun
from heitler.simulators.shards import Made, Request, Span
from heitler.simulators.unfinished import Unfinished


@pytest.fixture
def asked(toy_detector):
    return Request(ParticleGun(toy_detector, (1e4, 1e5)), 1012, 1)


@pytest.fixture
def folder(asked, toy_detector, tmp_path):
    """`folder()`: the folder as a new process finds it."""
    return lambda: Unfinished(tmp_path / "out.h5", asked, toy_detector, {"seed": 1})


@pytest.fixture
def shard(toy_showers):
    """`shard(block, start, stop)`: showers that depend on their number only."""

    def make(block, start, stop, cost=1.0):
        showers = toy_showers(count=1000, seed=block + 1).sparse()[start:stop]
        return Made(Span(block, start, stop), showers, {"cost": cost}, 1.0)

    return make


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "out.h5.blocks").iterdir())


def test_nothing_is_written_before_a_shower(folder, tmp_path):
    assert folder().missing == [Span(0, 0, 1000), Span(1, 0, 12)]
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_found_again(folder, shard):
    first = folder()
    for span in ((0, 500, 600), (1, 0, 4), (0, 0, 100)):
        first.add(shard(*span))
        assert folder().missing == first.missing
    assert first.missing == [Span(0, 100, 500), Span(0, 600, 1000), Span(1, 4, 12)]


def test_shards_become_blocks_and_blocks_the_file(folder, shard, tmp_path):
    """In any order, and whoever came in between."""
    folder().add(shard(1, 4, 12, cost=5.0))
    folder().add(shard(0, 100, 1000))
    assert files(tmp_path) == ["000000-0100-1000.h5", "000001-0004-0012.h5", "request.json"]
    folder().add(shard(0, 0, 100))
    last = folder()
    last.add(shard(1, 0, 4, cost=2.0))
    assert files(tmp_path) == ["000000.h5", "000001.h5", "request.json"]
    assert last.missing == []
    last.join("native")
    assert [path.name for path in tmp_path.iterdir()] == ["out.h5"]
    with open_showers(tmp_path / "out.h5") as reader:
        assert len(reader) == 1012
        whole = torch.cat(
            [shard(0, 0, 1000).showers.dense().deposits, shard(1, 0, 12).showers.dense().deposits]
        )
        assert torch.equal(reader.read(0, 1012).deposits, whole)
        cost = reader.provenance["cost"]
    assert cost == pytest.approx((1000 * 1.0 + 4 * 2.0 + 8 * 5.0) / 1012)


def test_shards_that_a_kill_left_beside_their_block_do_not_count(folder, shard, tmp_path):
    folder().add(shard(0, 0, 1000))
    left = shard(0, 0, 100)
    with create_showers(
        tmp_path / "out.h5.blocks" / "000000-0000-0100.h5", left.showers.detector
    ) as writer:
        writer.write(left.showers)
    again = folder()
    assert again.missing == [Span(1, 0, 12)]
    again.add(shard(1, 0, 12))
    again.join("native")
    with open_showers(tmp_path / "out.h5") as reader:
        assert len(reader) == 1012


def test_half_written_files_do_not_count(folder, shard, tmp_path):
    folder().add(shard(1, 0, 4))
    (tmp_path / "out.h5.blocks" / ".000000.h5.part").write_bytes(b"half")
    assert folder().missing == [Span(0, 0, 1000), Span(1, 4, 12)]
