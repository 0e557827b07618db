"""Tracks with what is known of them."""

from __future__ import annotations

import pytest
import torch

from heitler.measured import MeasuredTracks
from heitler.preprocessing import ArcSinh, LogMomentum, Measured
from heitler.simulators import TrackGun
from heitler.tables import Column, Table
from heitler.tracks import Tracks


@pytest.fixture
def tracks():
    return TrackGun().shoot(0, 100, seed=1)


@pytest.fixture
def measured(tracks):
    values = torch.stack([tracks.momentum, -tracks.momentum], dim=1)
    return MeasuredTracks.join(tracks, Table((Column("up", "up"), Column("down", "down")), values))


def test_they_are_tracks(tracks, measured):
    assert torch.equal(measured.momentum, tracks.momentum)
    condition = LogMomentum()
    assert torch.equal(condition(measured), condition(tracks))
    assert torch.equal(Tracks.of(measured.table()).table().values, tracks.table().values)


def test_parts_keep_what_is_known(measured):
    parts = [measured[:30], measured[30:]]
    assert len(parts[0]) == 30
    together = MeasuredTracks.concatenate(parts)
    assert together.measured.names == ("up", "down")
    assert torch.equal(together.table().values, measured.table().values)


def test_every_track_needs_a_row(tracks, measured):
    with pytest.raises(ValueError, match="100 tracks need as many measured rows, got 50"):
        MeasuredTracks.join(tracks, measured.measured[:50])


def test_a_model_is_told_normal_scores(tracks, measured):
    condition = Measured(["down", "up"])
    condition.fit(measured)
    scores = condition(measured)
    assert scores.shape == (100, 2)
    assert scores.dtype == torch.float32
    order = tracks.momentum.argsort()
    assert bool((scores[order, 1].diff() >= 0).all())
    torch.testing.assert_close(scores[:, 0], -scores[:, 1], atol=1e-5, rtol=0.0)
    assert float(scores[:, 1].std()) == pytest.approx(1.0, abs=0.05)
    with pytest.raises(ValueError, match="is told down, up of each track"):
        condition(tracks)


def test_another_transform_takes_the_place_of_scores(tracks, measured):
    told = Measured(["up"], ArcSinh(5000.0))(measured)
    torch.testing.assert_close(told[:, 0], torch.asinh(tracks.momentum / 5000).float())
