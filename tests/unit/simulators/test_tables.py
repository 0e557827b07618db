"""Tracks to a file of labelled rows."""

from __future__ import annotations

from math import log

import pytest
import torch

from heitler.formats import open_table, read_table
from heitler.simulators import (
    BLOCK,
    CauseList,
    RichSimulator,
    TrackGun,
    TrackRange,
    generate_table,
)
from heitler.tracks import CHARGED, Tracks
from heitler.units import GeV


def columns(tracks):
    return [getattr(tracks, name) for name in Tracks.__slots__]


def test_blocks_are_reproducible_and_differ():
    gun = TrackGun()
    for one, again in zip(*(columns(gun.shoot(3, 9, seed=1)) for _ in range(2)), strict=True):
        assert torch.equal(one, again)
    first = gun.shoot(3, 9, seed=1).momentum
    assert not torch.equal(first, gun.shoot(4, 9, seed=1).momentum)
    assert not torch.equal(first, gun.shoot(3, 9, seed=2).momentum)
    assert torch.equal(first, gun.shoot(3, BLOCK, seed=1).momentum[:9])


def test_tracks_lie_between_the_bounds():
    gun = TrackGun(momentum=(2 * GeV, 100 * GeV), pseudorapidity=(2.0, 4.0), multiplicity=(5, 8))
    tracks = gun.shoot(0, BLOCK, seed=1)
    logarithm = tracks.momentum.log()
    assert float(tracks.momentum.min()) >= 2 * GeV
    assert float(tracks.momentum.max()) <= 100 * GeV
    middle = log(2000.0 * 1e5) / 2
    assert float(logarithm.mean()) == pytest.approx(middle, abs=0.1)
    assert float(tracks.pseudorapidity.mean()) == pytest.approx(3.0, abs=0.06)
    assert sorted(set(tracks.multiplicity.tolist())) == [5, 6, 7, 8]
    shares = [int((tracks.pdg == code).sum()) for code in CHARGED.values()]
    assert sum(shares) == BLOCK
    assert min(shares) > 160


def test_single_values_are_exact():
    tracks = TrackGun((211,), (5e4, 5e4), (3.0, 3.0), (7, 7)).shoot(0, 3, seed=1)
    values = [values.tolist() for values in columns(tracks)]
    assert values == [[211] * 3, [5e4] * 3, [3.0] * 3, [7.0] * 3]


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"pdg": ()}, "needs a particle code or more, got none"),
        ({"momentum": (0.0, 5.0)}, "momentum needs a lower and an upper bound in MeV above 0"),
        ({"momentum": (6.0, 5.0)}, "got 6.0 and 5.0"),
        ({"multiplicity": (0, 5)}, "multiplicity needs .* whole numbers from 1 on, got 0 and 5"),
        ({"multiplicity": (2.5, 5)}, "whole numbers from 1 on, got 2.5 and 5"),
        ({"pseudorapidity": (4.0, 2.0)}, "pseudorapidity needs .* got 4.0 and 2.0"),
    ],
)
def test_wrong_bounds_are_refused(bounds, message):
    with pytest.raises(ValueError, match=message):
        TrackGun(**bounds)


def test_a_gun_shoots_what_a_model_has_seen_but_for_what_is_asked():
    tracks = TrackGun(momentum=(2 * GeV, 50 * GeV)).shoot(0, BLOCK, seed=1)
    seen = TrackRange.of(tracks)
    gun = TrackGun.within(seen, momentum=(3 * GeV, 4 * GeV))
    assert gun.momentum == (3 * GeV, 4 * GeV)
    assert (gun.pdg, gun.pseudorapidity) == (seen.pdg, seen.pseudorapidity)
    seen.check(gun.shoot(2, BLOCK, seed=2))


def test_a_list_of_causes_is_a_source_of_its_blocks():
    tracks = TrackGun().shoot(0, BLOCK, seed=1)
    many = Tracks.concatenate([tracks, tracks[:500]])
    source = CauseList(many)
    assert torch.equal(source.shoot(1, 200, seed=9).momentum, tracks.momentum[:200])
    assert source.describe()["number"] == 1500
    assert source.describe() != CauseList(tracks).describe()


def test_one_call_makes_a_file_of_labelled_rows(tmp_path):
    gun, rich = TrackGun(), RichSimulator()
    path = generate_table(rich, gun, tmp_path / "rich.h5", number=1500, seed=3, progress=False)
    table = read_table(path)
    assert table.names == (
        *("pdg", "momentum", "pseudorapidity", "multiplicity"),
        *("dll_K", "dll_p", "dll_mu", "dll_e"),
    )
    assert len(table) == 1500
    tracks = Tracks.of(table)
    for values, shot in zip(
        columns(tracks[1000:]), columns(gun.shoot(1, 500, seed=3)), strict=True
    ):
        assert torch.equal(values, shot)
    with open_table(path) as reader:
        assert reader.provenance == {"seed": 3, "tracks": gun.describe()}
    shorter = generate_table(rich, gun, tmp_path / "s.h5", number=1000, seed=3, progress=False)
    assert torch.equal(read_table(shorter).values, table.values[:1000])
    other = generate_table(rich, gun, tmp_path / "o.h5", number=1000, seed=4, progress=False)
    assert not torch.equal(read_table(other).values, table.values[:1000])


def test_a_file_without_rows_is_refused(tmp_path):
    with pytest.raises(ValueError, match="number of rows must be at least 1, got 0"):
        generate_table(RichSimulator(), TrackGun(), tmp_path / "x.h5", number=0, seed=1)
