"""Trained models that ship with the package: found by name, small, complete, distributed."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import heitler.data
from heitler.data import models, resolve_model
from heitler.simulators import NeuralSimulator, ParticleGun

ROOT = Path(__file__).parents[3]
MEGABYTE = 1_000_000
FILES = {"card.json", "config.yaml", "model.safetensors"}


def test_a_path_comes_first_and_then_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(heitler.data, "_MODELS", tmp_path / "models")
    assert models() == []
    with pytest.raises(ValueError, match=r"neither a run directory nor a packaged model \(none\)"):
        resolve_model("tiny")
    for name in ("tiny", "small"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "card.json").write_text("{}")
    (tmp_path / "models" / "half").mkdir()
    assert models() == ["small", "tiny"]
    assert resolve_model("tiny") == tmp_path / "models" / "tiny"
    (tmp_path / "tiny").mkdir()
    assert resolve_model("tiny").resolve() == tmp_path / "tiny"
    with pytest.raises(ValueError, match=r"half is neither .* packaged model \(small, tiny\)"):
        resolve_model("half")


def test_packaged_models_are_small_and_hold_nothing_else():
    for name in models():
        folder = resolve_model(name)
        assert {path.name for path in folder.iterdir()} == FILES
        assert (folder / "model.safetensors").stat().st_size <= 4 * MEGABYTE
    assert {path.name for path in heitler.data._MODELS.iterdir()} == {"README.md", *models()}


def test_packaged_models_make_showers_and_say_how_good_and_fast_they_are():
    for name in models():
        simulator = NeuralSimulator.load(name)
        seen = simulator.card.training_range
        gun = ParticleGun.within(simulator.detector, seen, theta=seen.theta)
        showers = simulator.simulate(gun.shoot(0, 3, seed=1), seed=1)
        assert float(showers.deposits.sum()) > 0
        assert simulator.card.name == name
        assert any(row["metric"] == "classifier_auc" for row in simulator.card.fidelity["values"])
        assert simulator.card.speed["rows"]


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
