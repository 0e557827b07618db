"""Trained models that ship with the package: found by name, small, complete, distributed."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch

import heitler.data
from heitler.data import models, resolve_model
from heitler.formats import open_showers
from heitler.particles import IncidentParticles
from heitler.simulators import (
    ModelCard,
    NeuralSimulator,
    NeuralTable,
    ParticleGun,
    TrackGun,
    TrackRange,
)

ROOT = Path(__file__).parents[3]
MEGABYTE = 1_000_000
FILES = {"card.json", "config.yaml", "model.safetensors"}
CARDS = {name: ModelCard.read(resolve_model(name) / "card.json") for name in models()}
SHOWERS = [name for name, card in CARDS.items() if not card.columns]
TABLES = [name for name, card in CARDS.items() if card.columns]


def test_a_path_comes_first_and_then_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(heitler.data, "_MODELS", tmp_path / "models")
    assert models() == []
    with pytest.raises(
        ValueError, match=r"neither a run directory nor a packaged model \(heitler list"
    ):
        resolve_model("tiny")
    for name in ("tiny", "small"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "card.json").write_text("{}")
    (tmp_path / "models" / "half").mkdir()
    assert models() == ["small", "tiny"]
    assert resolve_model("tiny") == tmp_path / "models" / "tiny"
    (tmp_path / "tiny").mkdir()
    assert resolve_model("tiny").resolve() == tmp_path / "tiny"
    with pytest.raises(ValueError, match=r"half is neither .* packaged model"):
        resolve_model("half")


def test_packaged_models_are_small_and_hold_nothing_else():
    for name in models():
        folder = resolve_model(name)
        assert {path.name for path in folder.iterdir()} == FILES
        assert (folder / "model.safetensors").stat().st_size <= 4 * MEGABYTE
    assert {path.name for path in heitler.data._MODELS.iterdir()} == {"README.md", *models()}
    files = heitler.data._MODELS.rglob("*.*")
    assert sum(path.stat().st_size for path in files) <= 30 * MEGABYTE


@pytest.mark.parametrize("name", SHOWERS)
def test_a_packaged_model_makes_the_same_showers_of_the_same_seed(name):
    simulator = NeuralSimulator.load(name)
    seen = simulator.card.training_range
    gun = ParticleGun.within(simulator.detector, seen, theta=seen.theta)
    particles = gun.shoot(0, 3, seed=1)
    first, again, other = (simulator.simulate(particles, seed=seed) for seed in (1, 1, 2))
    assert bool((first.deposits.sum(dim=1) > 0).all())
    assert torch.equal(first.deposits, again.deposits)
    assert not torch.equal(first.deposits, other.deposits)


@pytest.mark.parametrize("name", TABLES)
def test_a_packaged_table_makes_the_same_rows_of_the_same_seed(name):
    simulator = NeuralTable.load(name)
    seen = simulator.training_range
    if isinstance(seen, TrackRange):
        causes = TrackGun.within(seen).shoot(0, 50, seed=1)
    else:
        causes = IncidentParticles.beam([sum(seen.energy) / 2] * 50, impact=seen.entry)
    first, again, other = (simulator.simulate(causes, seed=seed).values for seed in (1, 1, 2))
    assert first.isfinite().all()
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", models())
def test_a_card_has_fidelity_beside_its_floor_speed_and_origin(name):
    card = CARDS[name]
    assert card.name == name
    assert card.licence == "Apache-2.0"
    assert len(card.data["sha256"]) == 64
    assert card.training["hardware"]
    assert card.speed["hardware"]
    values, rows = card.fidelity["values"], card.speed["rows"]
    assert "classifier_auc" in {row["metric"] for row in values}
    for row in values:
        assert row["candidate"] == name
        assert {"value", "error", "floor", "floor_error"} <= {
            k for k, v in row.items() if v is not None
        }
    assert {1, 100} <= {row["batch"] for row in rows}
    assert all(row["candidate"] == name and row["cpu_milliseconds"] > 0 for row in rows)


@pytest.mark.parametrize("name", SHOWERS)
def test_a_card_of_showers_compares_with_geant4(name):
    card = CARDS[name]
    assert "Geant4" in card.data["provenance"]["simulation"]
    assert "mean_ratio" in {row["metric"] for row in card.fidelity["values"]}
    assert card.fidelity["showers"] >= 200
    rows = card.speed["rows"]
    assert all(row["cpu_milliseconds"] < row["reference_milliseconds"] for row in rows)


def test_the_page_of_the_zoo_has_every_model_with_the_numbers_of_its_card():
    rows = (ROOT / "docs" / "results" / "model-zoo.md").read_text().splitlines()
    for name in models():
        card = CARDS[name]
        found = [row for row in rows if row.startswith(f"| `{name}` |")]
        assert len(found) == (1 if card.columns else 2)
        aucs = [row for row in card.fidelity["values"] if row["metric"] == "classifier_auc"]
        for auc in aucs:
            assert f"{auc['value']:.3f} ± {auc['error']:.3f} | {auc['floor']:.3f} ±" in found[-1]


def test_a_run_is_packaged_without_what_only_training_needs(toy_run, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    script = importlib.import_module("package_models")
    run = shutil.copytree(toy_run("vae"), tmp_path / "vae")
    card = json.loads((run / "card.json").read_text())
    fidelity, speed = {"values": [{"candidate": "vae"}]}, {"rows": [{"candidate": "vae"}]}
    (run / "card.json").write_text(json.dumps({**card, "fidelity": fidelity, "speed": speed}))
    folder = script.package(run, tmp_path / "models")
    assert folder.name == "vae_toy"
    assert {path.name for path in folder.iterdir()} == FILES
    one, other = NeuralSimulator.load(run), NeuralSimulator.load(folder)
    gun = ParticleGun.within(one.detector, one.card.training_range)
    made = [each.simulate(gun.shoot(0, 5, seed=1), seed=1).deposits for each in (one, other)]
    assert torch.equal(*made)
    assert other.card.name == "vae_toy"
    assert other.card.fidelity["values"] == [{"candidate": "vae_toy"}]
    assert not hasattr(other.model, "encoder")
    assert "data" not in (folder / "config.yaml").read_text()
    monkeypatch.setattr(script, "LARGEST", 100)
    with pytest.raises(ValueError, match="at most 100 are packaged"):
        script.package(run, tmp_path / "models")


@pytest.mark.slow
@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_the_distributions_hold_the_models(target, tmp_path):
    pytest.importorskip("hatchling")
    words = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.iterdir()
    if target == "wheel":
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    else:
        with tarfile.open(path) as archive:
            names = archive.getnames()
    expected = [f"{name}/{file}" for name in models() for file in FILES]
    for part in ("README.md", *expected):
        assert any(name.endswith(f"heitler/data/models/{part}") for name in names), part


@pytest.mark.slow
def test_an_unpacked_wheel_generates_by_the_name_of_a_model(tmp_path):
    pytest.importorskip("hatchling")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.iterdir()
    shutil.unpack_archive(wheel, tmp_path / "site", "zip")
    request = "vae_ild_ecal_coarse --energy 10..100GeV -n 20 -o x.h5"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "heitler", "generate", *request.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with open_showers(tmp_path / "x.h5") as reader:
        assert len(reader) == 20
        assert reader.provenance["simulator"] == "vae_ild_ecal_coarse"
