"""Training on tables: what is read, what is held out, and a law that is learnt."""

from __future__ import annotations

import json

import pytest
import torch

from heitler.formats import create_table, open_table, read_table, sha256, write_table
from heitler.models import GenerativeModel, Noise, Phase, Stage
from heitler.particles import IncidentParticles
from heitler.preprocessing import ArcSinh, Centre
from heitler.simulators import NeuralSimulator, NeuralTable, TrackGun
from heitler.tables import Column, Table
from heitler.tracks import Tracks
from heitler.training import Split, train
from heitler.training.tables import TableData

COLUMNS = (Column("light", "light", "photons"), Column("angle", "angle", "rad"))


class Line(GenerativeModel):
    """Columns are a linear function of the conditions with a constant normal error."""

    stages = (Stage("fit", (Phase("nll", ("mean", "law")),), select="loss"),)

    def __init__(self, shape):
        super().__init__(shape)
        self.noise = {"cells": Noise("normal", shape.cells)}
        self.training_noise = {}
        self.mean = torch.nn.Linear(shape.conditions, shape.cells)
        self.law = torch.nn.ParameterDict({"width": torch.nn.Parameter(torch.zeros(shape.cells))})

    def forward(self, z, c):
        return self.mean(c) + self.law["width"].exp() * z["cells"]

    def loss(self, x, c, z, *, phase):
        width = self.law["width"]
        pull = (x - self.mean(c)) * torch.exp(-width)
        return (0.5 * pull.square() + width).sum(dim=1).mean(), {}


@pytest.fixture(scope="module")
def tracks():
    return Tracks.concatenate([TrackGun().shoot(block, 1000, seed=1) for block in range(2)])


@pytest.fixture(scope="module")
def file(tracks, tmp_path_factory):
    """ln p with a width of 0.3 and, independently, minus the pseudorapidity with one of 0.1."""
    generator = torch.Generator().manual_seed(1)
    errors = torch.randn(2000, 2, generator=generator, dtype=torch.float64)
    line = torch.stack([tracks.momentum.log(), -tracks.pseudorapidity], dim=1)
    found = Table(COLUMNS, line + errors * torch.tensor([0.3, 0.1], dtype=torch.float64))
    path = tmp_path_factory.mktemp("tables") / "lines.h5"
    write_table(path, tracks.table().beside(found), provenance={"simulator": "lines"})
    return path


@pytest.fixture
def settings(file, monkeypatch):
    monkeypatch.setattr("heitler.models.Line", Line, raising=False)
    names = ["LogMomentum", "Pseudorapidity"]
    return {
        "data": {"file": str(file), "test": 200, "validation": 200},
        "conditioning": [{"class_path": f"heitler.preprocessing.{name}"} for name in names],
        "preprocessing": [{"class_path": "heitler.preprocessing.Quantile"}],
        "model": {"class_path": "heitler.models.Line"},
        "training": {
            "batch_size": 100,
            "checkpoint_seconds": 0.0,
            "stages": {"fit": {"epochs": 20, "learning_rate": 0.05, "weight_decay": 0.0}},
        },
    }


def test_a_table_is_learnt_and_simulated(settings, file, tracks, tmp_path):
    folder = train(settings, tmp_path / "run", progress=False)
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "card.json", "config.yaml", "held_out.h5", "metrics.csv", "model.safetensors",
        "particles.h5",
    ]  # fmt: skip
    simulator = NeuralTable.load(folder)
    table = simulator.simulate(tracks, seed=3)
    assert table.columns == COLUMNS
    assert torch.equal(simulator.simulate(tracks, seed=3).values, table.values)
    assert not torch.equal(simulator.simulate(tracks, seed=4).values, table.values)
    true = read_table(file).select(["light", "angle"])
    for name, spread in (("light", 1.2), ("angle", 1.0)):
        made, meant = table.column(name), true.column(name)
        assert float(made.mean()) == pytest.approx(float(meant.mean()), abs=0.1 * spread)
        assert float(made.std()) == pytest.approx(float(meant.std()), rel=0.1)
    # It follows the track, not only the distribution.
    follow = torch.stack([table.column("light"), tracks.momentum.log()])
    assert float(torch.corrcoef(follow)[0, 1]) > 0.9
    card = json.loads((folder / "card.json").read_text())
    assert card["data"]["sha256"] == sha256(file)
    assert card["data"]["provenance"]["simulator"] == "lines"
    assert [entry["name"] for entry in card["columns"]] == ["light", "angle"]
    with pytest.raises(ValueError, match="makes no showers but a table"):
        NeuralSimulator.load(folder)
    beyond = Tracks([211], [3e5], [3.0], [50])
    with pytest.raises(ValueError, match=r"momentum of 2000 to 100000 MeV, got 300000"):
        simulator.simulate(beyond, seed=1)
    assert len(NeuralTable.load(folder, extrapolate=True).simulate(beyond, seed=1)) == 1


def test_a_shower_run_holds_no_table(toy_run):
    with pytest.raises(ValueError, match="makes showers, no table"):
        NeuralTable.load(toy_run())


def test_training_never_sees_what_is_held_out(settings, file, tmp_path, monkeypatch):
    seen = []
    original = ArcSinh.forward

    def spy(self, features, energy):
        seen.append(features.cells[:, 0])
        return original(self, features, energy)

    monkeypatch.setattr(ArcSinh, "forward", spy)
    settings["preprocessing"] = [{"class_path": "heitler.preprocessing.ArcSinh"}]
    settings["training"]["stages"]["fit"]["epochs"] = 2
    folder = train(settings, tmp_path / "run", progress=False)
    split = Split.of(2000, test=200, validation=200)
    light = read_table(file).column("light").float()
    used = torch.cat(seen)
    assert not bool(torch.isin(light[split.test], used).any())
    assert bool(torch.isin(light[split.train], used).all())
    held_out = read_table(folder / "held_out.h5")
    assert torch.equal(held_out.values, read_table(file)[split.test].values)
    listed = Tracks.of(read_table(folder / "particles.h5"))
    assert bool(torch.isin(listed.momentum, Tracks.of(read_table(file)).momentum).all())
    assert not bool(torch.isin(listed.momentum, Tracks.of(held_out).momentum).any())
    with open_table(folder / "held_out.h5") as reader:
        assert reader.provenance["held_out_from"] == "lines.h5"


def test_columns_are_chosen(settings, tmp_path):
    settings["data"]["columns"] = ["angle"]
    settings["training"]["stages"]["fit"]["epochs"] = 1
    folder = train(settings, tmp_path / "run", progress=False)
    assert NeuralTable.load(folder).card.columns == COLUMNS[1:]
    assert read_table(folder / "held_out.h5").columns == (*Tracks.columns, COLUMNS[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": ["sound"]}, r"no 'sound' to make; there are light, angle"),
        ({"columns": ["momentum"]}, r"no 'momentum' to make"),
        ({"detector": "ild_ecal"}, r"data\.detector says nothing to it"),
    ],
)
def test_settings_that_do_not_fit_the_table(change, message, settings, tmp_path):
    settings["data"] |= change
    with pytest.raises(ValueError, match=message):
        train(settings, tmp_path / "run", progress=False)


def test_columns_say_nothing_to_showers(toy_settings, tmp_path):
    settings = toy_settings()
    settings["data"]["columns"] = ["angle"]
    with pytest.raises(ValueError, match=r"data\.columns says nothing to them"):
        train(settings, tmp_path / "run", progress=False)


def test_a_transform_that_needs_places(settings, tmp_path):
    settings["preprocessing"] = [{"class_path": f"heitler.preprocessing.{Centre.__name__}"}]
    with pytest.raises(ValueError, match="transform Centre needs cells that have a place"):
        train(settings, tmp_path / "run", progress=False)


def test_a_table_without_causes(settings, tmp_path):
    write_table(tmp_path / "no.h5", Table(COLUMNS, torch.zeros(9, 2)))
    settings["data"]["file"] = str(tmp_path / "no.h5")
    with pytest.raises(ValueError, match=r"does not say what caused its rows: .*true_energy"):
        train(settings, tmp_path / "run", progress=False)


def test_an_interrupted_training_goes_on(settings, tmp_path, monkeypatch):
    settings["training"]["stages"]["fit"]["epochs"] = 4
    whole = train(settings, tmp_path / "whole", progress=False)
    original = Line.loss
    calls = []

    def loss(self, *arguments, **named):
        calls.append(1)
        if len(calls) == 50:
            raise KeyError
        return original(self, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Line, "loss", loss)
        with pytest.raises(KeyError):
            train(settings, tmp_path / "run", progress=False)
    again = train(settings, tmp_path / "run", progress=False)
    name = "model.safetensors"
    assert (again / name).read_bytes() == (whole / name).read_bytes()


def test_rows_are_read_in_blocks(file, monkeypatch):
    monkeypatch.setattr("heitler.training.tables._BLOCK", 300)
    rows = torch.tensor([0, 299, 300, 1500, 1999])
    with open_table(file) as reader:
        data = TableData(reader)
        sample = data.load(rows)
    true = read_table(file)
    assert torch.equal(sample.dense(torch.arange(5)).double(), true.values[rows, -2:].float())
    assert torch.equal(sample.particles.momentum, true.column("momentum")[rows])


def test_rows_of_incident_particles(tmp_path):
    """A table of showers states particles with angles and points of entry."""
    theta = torch.linspace(0.5, 1.5, 50, dtype=torch.float64)
    particles = IncidentParticles.beam(
        torch.linspace(1e4, 1e5, 50), theta=theta, phi=0.3, impact=(3.0, -2.0), depth=-1.0
    )
    columns = (*IncidentParticles.columns, COLUMNS[0])
    with create_table(tmp_path / "t.h5", columns) as writer:
        writer.write(particles.table().beside(Table(COLUMNS[:1], torch.ones(50, 1))))
    with open_table(tmp_path / "t.h5") as reader:
        found = TableData(reader).particles
    for name in ("energy", "pdg", "direction", "position"):
        torch.testing.assert_close(getattr(found, name), getattr(particles, name))
