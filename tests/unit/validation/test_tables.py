"""A model of a table beside rows that training never saw."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from heitler.formats import write_table
from heitler.models import random_generator
from heitler.simulators import CAUSES, HELD_OUT, NeuralTable, TrackGun
from heitler.tables import Column, Table
from heitler.validation import assess_table, table_digest
from heitler.validation.tables import EVERY_COLUMN

COLUMNS = (Column("light", "light"), Column("angle", "angle"))


class Card:
    name, columns = "toy", COLUMNS


class Simulator:
    """Answers light = ln p and angle = eta with normal errors, light shifted by `shift`."""

    card = Card()

    def __init__(self, shift):
        self.shift, self.changes = shift, {}

    def simulate(self, incident, *, seed):
        errors = torch.from_numpy(random_generator(seed).normal(size=(len(incident), 2)))
        values = torch.stack([incident.momentum.log(), incident.pseudorapidity], dim=1) + errors
        return Table(COLUMNS, values + torch.tensor([self.shift, 0.0]))

    def rewrite_card(self, folder, **changes):
        self.changes = json.loads(json.dumps(changes))


@pytest.fixture
def folder(tmp_path):
    true = Simulator(0.0)
    kept, asked = (TrackGun().shoot(block, 1000, seed=1) for block in range(2))
    write_table(tmp_path / HELD_OUT, kept.table().beside(true.simulate(kept, seed=7)))
    write_table(tmp_path / CAUSES, asked.table())
    return tmp_path


def scores(folder, shift, monkeypatch, **settings):
    simulator = Simulator(shift)
    monkeypatch.setattr(NeuralTable, "load", lambda _: simulator)
    rows = assess_table(folder, seed=2, **settings)
    return simulator, {(row.observable, row.metric): row for row in rows}


def test_a_perfect_model_is_at_the_floor(folder, monkeypatch):
    _, rows = scores(folder, 0.0, monkeypatch)
    assert {row.verdict for row in rows.values()} <= {"floor", "above"}
    assert all(row.size == 500 for row in rows.values())
    assert len(table_digest(tuple(rows.values()))) == len(rows) == 5


def test_a_shift_shows_in_its_column_and_to_the_trees(folder, monkeypatch):
    simulator, rows = scores(folder, 1.0, monkeypatch, complete_card=True)
    shift = rows["light", "wasserstein"].value
    spread = np.sqrt(1 + np.log(50) ** 2 / 12)
    assert shift.value == pytest.approx(1.0 / spread, abs=4 * shift.error)
    assert rows["light", "kolmogorov_smirnov"].verdict == "far"
    assert rows["angle", "kolmogorov_smirnov"].verdict != "far"
    assert rows[EVERY_COLUMN, "classifier_auc"].verdict == "far"
    assert simulator.changes["fidelity"]["rows"] == 500


def test_too_few_rows(folder, monkeypatch):
    tracks = TrackGun().shoot(2, 150, seed=1)
    write_table(folder / HELD_OUT, tracks.table().beside(Simulator(0.0).simulate(tracks, seed=1)))
    with pytest.raises(ValueError, match=r"needs 100 rows per sample, got 75: hold out more"):
        scores(folder, 0.0, monkeypatch)
