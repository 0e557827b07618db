"""Run directories: what is in them, what they never saw, going on after an interruption."""

import csv
import importlib
import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from heitler.formats import open_showers, read_particles, sha256
from heitler.models import WGANGP, Stage
from heitler.preprocessing import Response
from heitler.simulators import NeuralSimulator
from heitler.training import train
from heitler.training.callbacks import Checkpoints
from heitler.training.data import Split
from heitler.training.stream import TrainingStream

train_module = importlib.import_module("heitler.training.run")
FAMILIES = pytest.mark.parametrize("family", ["vae", "wgan_gp"])
EPOCHS = {"vae": 6, "wgan_gp": 4}


def rows(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def weights(folder):
    return load_file(folder / "model.safetensors")


def assert_equal(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


@FAMILIES
def test_a_run_directory_has_all_files(family, toy_run):
    assert sorted(p.name for p in toy_run(family).iterdir()) == [
        "card.json",
        "config.yaml",
        "held_out.h5",
        "metrics.csv",
        "model.safetensors",
        "particles.csv",
    ]


@FAMILIES
def test_metrics_are_tidy(family, toy_run):
    entries = rows(toy_run(family))
    assert list(entries[0]) == ["epoch", "stage", "metric", "value"]
    keys = [(entry["epoch"], entry["metric"]) for entry in entries]
    assert len(keys) == len(set(keys))
    epochs = [int(entry["epoch"]) for entry in entries]
    assert epochs == sorted(epochs)
    assert set(epochs) == set(range(EPOCHS[family]))
    for entry in entries:
        assert float(entry["value"]) == float(entry["value"])
        kind = entry["metric"].split("/")[0]
        assert kind in {"train", "validation", "physics", "seconds"}


def test_metrics_name_the_stage_of_their_epoch(toy_run):
    stages = {int(entry["epoch"]): entry["stage"] for entry in rows(toy_run())}
    assert [stages[i] for i in range(6)] == ["autoencoder"] * 3 + ["prior"] * 3
    flow = {int(e["epoch"]) for e in rows(toy_run()) if e["metric"] == "train/flow"}
    assert flow == {3, 4, 5}


def test_the_card_says_what_it_was_trained_on(toy_run, toy_file):
    card = json.loads((toy_run() / "card.json").read_text())
    assert card["family"] == "VAE"
    assert card["data"]["sha256"] == sha256(toy_file)
    assert [card["data"][k] for k in ("train", "validation", "test")] == [130, 30, 40]
    assert card["data"]["provenance"]["simulator"] == "toy"
    assert card["training_range"]["energy"] == [1e4, 1e5]
    assert card["training"]["seed"] == 1
    assert card["training"]["accelerator"] == "cpu"
    assert card["training"]["gpu"] is None
    assert card["training"]["parameters"] > 100


def test_the_configuration_is_resolved(toy_run):
    content = yaml.safe_load((toy_run() / "config.yaml").read_text())
    assert content["seed"] == 1
    assert content["model"]["init_args"]["beta"] == 1.0
    assert content["training"]["stages"]["prior"]["learning_rate"] == 2e-3


def test_training_never_sees_what_is_held_out(toy_settings, toy_file, tmp_path, monkeypatch):
    """Fits of preprocessing and all batches use training rows only."""
    seen = []
    original = Response.forward

    def spy(self, features, energy):
        seen.append(energy.double())
        return original(self, features, energy)

    monkeypatch.setattr(Response, "forward", spy)
    folder = train(toy_settings(), tmp_path / "run", progress=False)
    with open_showers(toy_file) as reader:
        split = Split.of(len(reader), test=40, validation=30)
        energy = reader.particles.energy.float().double()
        held_out = reader.read(0, 200)[split.test]
    used = torch.cat(seen)
    assert not bool(torch.isin(energy[split.test], used).any())
    assert bool(torch.isin(energy[split.train], used).all())
    with open_showers(folder / "held_out.h5") as reader:
        assert torch.equal(reader.read(0, 40).deposits, held_out.deposits)
        assert torch.equal(reader.particles.energy, held_out.particles.energy)
        assert reader.provenance["held_out_from"] == "toy.h5"


def test_validation_showers_fit_nothing(toy_settings, toy_file, tmp_path):
    folder = train(toy_settings(), tmp_path / "run", progress=False)
    with open_showers(toy_file) as reader:
        split = Split.of(len(reader), test=40, validation=30)
        logarithm = reader.particles.energy[split.train].log()
    mean = weights(folder)["conditioning.conditions.0.mean"]
    torch.testing.assert_close(mean, logarithm.mean())


@FAMILIES
def test_equal_seeds_train_equal_weights(family, toy_settings, toy_run, tmp_path):
    torch.manual_seed(1234)
    again = train(toy_settings(family), tmp_path / "again", progress=False)
    assert_equal(weights(again), weights(toy_run(family)))
    other = train({**toy_settings(family), "seed": 2}, tmp_path / "other", progress=False)
    assert any(
        not torch.equal(v, weights(other)[k]) for k, v in weights(again).items() if "model" in k
    )


def interrupt_after(monkeypatch, epoch):
    """An interruption behind the checkpoint of an epoch."""
    original = Checkpoints.on_train_epoch_end

    def hook(self, trainer, module):
        original(self, trainer, module)
        if trainer.current_epoch == epoch:
            raise KeyError(epoch)

    monkeypatch.setattr(Checkpoints, "on_train_epoch_end", hook)


@pytest.mark.parametrize(
    ("family", "epoch"),
    [("vae", 0), ("vae", 2), ("vae", 4), ("vae", 5), ("wgan_gp", 1), ("wgan_gp", 3)],
)
def test_a_resumed_training_ends_with_the_same_weights(
    family, epoch, toy_settings, toy_run, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        interrupt_after(patch, epoch)
        with pytest.raises(KeyError):
            train(toy_settings(family), tmp_path / "run", progress=False)
    assert not (tmp_path / "run" / "card.json").exists()
    folder = train(toy_settings(family), tmp_path / "run", progress=False)
    assert_equal(weights(folder), weights(toy_run(family)))
    kept = [(r["epoch"], r["metric"], r["value"]) for r in rows(folder)]
    whole = [(r["epoch"], r["metric"], r["value"]) for r in rows(toy_run(family))]
    assert [r for r in kept if r[1] != "seconds"] == [r for r in whole if r[1] != "seconds"]


def test_every_epoch_has_an_order_and_noise_of_its_own(toy_settings, tmp_path, monkeypatch):
    first = []
    original = TrainingStream.__iter__

    def spy(self):
        for index, batch in enumerate(original(self)):
            if index == 0:
                first.append((self.epoch, batch[0], batch[2]["posterior"]))
            yield batch

    monkeypatch.setattr(TrainingStream, "__iter__", spy)
    train(toy_settings(), tmp_path / "run", progress=False)
    assert [epoch for epoch, _, _ in first] == list(range(6))
    for _, x, z in first[1:]:
        assert not torch.equal(x, first[0][1])
        assert not torch.equal(z, first[0][2])


def test_epochs_behind_the_last_checkpoint_are_trained_and_recorded_again(
    toy_settings, toy_run, tmp_path, monkeypatch
):
    original = Checkpoints.on_train_epoch_end

    def hook(self, trainer, module):
        if trainer.current_epoch == 3:
            raise KeyError
        if trainer.current_epoch < 2:
            original(self, trainer, module)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "on_train_epoch_end", hook)
        with pytest.raises(KeyError):
            train(toy_settings(), tmp_path / "run", progress=False)
    assert {row["epoch"] for row in rows(tmp_path / "run")} == {"0", "1", "2", "3"}
    folder = train(toy_settings(), tmp_path / "run", progress=False)
    assert_equal(weights(folder), weights(toy_run()))
    keys = [(row["epoch"], row["metric"]) for row in rows(folder)]
    assert keys == [(row["epoch"], row["metric"]) for row in rows(toy_run())]


def test_a_last_stage_without_epochs_is_prepared(toy_settings, tmp_path, monkeypatch):
    """Also where the interruption came behind the last epoch."""
    prepared = []
    monkeypatch.setattr(WGANGP, "stages", (*WGANGP.stages, Stage("behind")))
    monkeypatch.setattr(WGANGP, "prepare", lambda self, stage, *sample: prepared.append(stage))
    train(toy_settings("wgan_gp"), tmp_path / "whole", progress=False)
    assert prepared == ["adversarial", "behind"]
    with monkeypatch.context() as patch:
        interrupt_after(patch, 3)
        with pytest.raises(KeyError):
            train(toy_settings("wgan_gp"), tmp_path / "run", progress=False)
    prepared.clear()
    train(toy_settings("wgan_gp"), tmp_path / "run", progress=False)
    assert prepared == ["behind"]


def test_an_interruption_in_the_middle_of_an_epoch(toy_settings, toy_run, tmp_path, monkeypatch):
    original = train_module.TrainingModule.training_step

    def step(self, batch, index):
        if (self.current_epoch, index) == (3, 2):
            raise KeyError
        return original(self, batch, index)

    with monkeypatch.context() as patch:
        patch.setattr(train_module.TrainingModule, "training_step", step)
        with pytest.raises(KeyError):
            train(toy_settings(), tmp_path / "run", progress=False)
    folder = train(toy_settings(), tmp_path / "run", progress=False)
    assert_equal(weights(folder), weights(toy_run()))


def test_an_interruption_before_the_first_checkpoint(toy_settings, toy_run, tmp_path, monkeypatch):
    def nothing(self, batch, index):
        raise KeyError

    with monkeypatch.context() as patch:
        patch.setattr(train_module.TrainingModule, "training_step", nothing)
        with pytest.raises(KeyError):
            train(toy_settings(), tmp_path / "run", progress=False)
    folder = train(toy_settings(), tmp_path / "run", progress=False)
    assert_equal(weights(folder), weights(toy_run()))


def test_resuming_from_the_directory_alone(toy_settings, tmp_path, monkeypatch):
    """The written configuration is the one that was asked for, overrides and all."""
    words = ["--training.batch_size", "16", "--model.init_args.latent", "3"]
    whole = train(toy_settings(), tmp_path / "whole", overrides=words, progress=False)
    with monkeypatch.context() as patch:
        interrupt_after(patch, 1)
        with pytest.raises(KeyError):
            train(toy_settings(), tmp_path / "run", overrides=words, progress=False)
    content = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert content["training"]["batch_size"] == 16
    folder = train(content, tmp_path / "run", progress=False)
    assert_equal(weights(folder), weights(whole))


def test_a_finished_training_that_waits_for_its_fidelity_is_left_as_it_is(
    toy_settings, toy_run, tmp_path
):
    folder = Path(shutil.copytree(toy_run("vae"), tmp_path / "run"))
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert train(toy_settings(), folder, progress=False) == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_data_that_change_during_a_training_are_refused(toy_settings, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_after(patch, 0)
        with pytest.raises(KeyError):
            train(toy_settings(), tmp_path / "run", progress=False)
    monkeypatch.setattr(train_module, "sha256", lambda _: "of another file")
    with pytest.raises(ValueError, match="has changed since the training"):
        train(toy_settings(), tmp_path / "run", progress=False)


def test_the_assessment_has_particles_of_training_showers(toy_settings, toy_run):
    folder = toy_run("vae")
    simulator = NeuralSimulator.load(folder)
    particles = read_particles(folder / "particles.csv", simulator.detector)
    with open_showers(folder / "held_out.h5") as reader:
        held_out = set(reader.particles.energy.tolist())
    assert len(particles) == simulator.card.data["train"]
    assert not held_out & set(particles.energy.tolist())
    assert torch.equal(particles.theta, torch.full_like(particles.theta, torch.pi / 2))
    assert particles.position[0].tolist() == [10.0, -20.0, simulator.detector.face_z]
    simulator.check(particles)


def test_directories_that_are_taken(toy_settings, assessed_run, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="holds a finished training"):
        train(toy_settings(), assessed_run, progress=False)
    with monkeypatch.context() as patch:
        interrupt_after(patch, 0)
        with pytest.raises(KeyError):
            train(toy_settings(), tmp_path / "run", progress=False)
    before = sorted((p.name, p.stat().st_size) for p in (tmp_path / "run").iterdir())
    with pytest.raises(ValueError, match="unfinished training with another configuration"):
        train({**toy_settings(), "seed": 2}, tmp_path / "run", progress=False)
    assert sorted((p.name, p.stat().st_size) for p in (tmp_path / "run").iterdir()) == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("")
    with pytest.raises(ValueError, match="is not empty and holds no training"):
        train(toy_settings(), tmp_path / "full", progress=False)
    (tmp_path / "empty").mkdir()
    assert train(toy_settings(), tmp_path / "empty", progress=False) == tmp_path / "empty"


def test_settings_that_cannot_work_leave_nothing(toy_settings, tmp_path):
    few = toy_settings(batch_size=500)
    gpu = {**toy_settings(), "trainer": {"accelerator": "gpu"}}
    stages = toy_settings(stages={"prior": {"epochs": 1}})
    cases = [few, stages] if torch.cuda.is_available() else [few, stages, gpu]
    for settings in cases:
        with pytest.raises(
            ValueError, match=r"do not fit|do not fill|training\.stages|choose cpu"
        ):
            train(settings, tmp_path / "new" / "run", progress=False)
        assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_not_finite_ends_the_training_with_one_line(toy_settings, tmp_path):
    wild = {"epochs": 3, "learning_rate": 1e30, "clip": 1e30}
    settings = toy_settings("vae", stages={"autoencoder": wild, "prior": {"epochs": 1}})
    with pytest.raises(ValueError, match=r"not finite in epoch \d.*learning_rate"):
        train(settings, tmp_path / "run", progress=False)
    assert not (tmp_path / "run" / "card.json").exists()
