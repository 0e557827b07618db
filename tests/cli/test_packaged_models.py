"""Every verb that takes a trained model takes the name of a packaged one."""

from __future__ import annotations

import json
import shutil
from math import pi
from pathlib import Path

import pytest

import heitler
import heitler.data
from heitler.cli import main
from heitler.formats import open_showers


@pytest.fixture
def models(toy_run, tmp_path, monkeypatch):
    """The folder of packaged models, with one that has been assessed: `tiny`."""
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    for name in ("config.yaml", "model.safetensors", "card.json"):
        shutil.copy(toy_run("vae") / name, folder / name)
    value = {"value": 0.6, "error": 0.02, "floor": 0.51, "floor_error": 0.03, "verdict": "above"}
    names = {"candidate": "tiny", "observable": "features", "energies": "all energies"}
    row = {"batch": 100, "threads": 1, "milliseconds": 0.25, "cpu_milliseconds": 0.24}
    change(
        folder,
        fidelity={"showers": 2000, "values": [{**names, "metric": "classifier_auc", **value}]},
        speed={"rows": [{**row, "reference_milliseconds": 250.0}]},
    )
    monkeypatch.setattr(heitler.data, "_MODELS", folder.parent)
    monkeypatch.chdir(tmp_path)
    return folder.parent


def change(folder: Path, **fields: object) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, **fields}))


def change_range(folder: Path, **fields: object) -> None:
    card = json.loads((folder / "card.json").read_text())
    change(folder, training_range={**card["training_range"], **fields})


def fails(capsys, *words):
    capsys.readouterr()
    assert main([str(word) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def generate(*words):
    return main(["generate", "tiny", "-o", "out.h5", *map(str, words)])


def particles():
    with open_showers("out.h5") as reader:
        return reader.particles


@pytest.mark.usefixtures("models")
def test_showers_by_the_name_of_a_model(capsys):
    assert generate("--energy", "20..90GeV", "-n", 5) == 0
    assert particles().position[:, :2].tolist() == [[10.0, -20.0]] * 5
    with open_showers("out.h5") as reader:
        assert len(reader.provenance["weights_sha256"]) == 64
    words = ["generate", "tine", "--energy", "20GeV", "-n", 5, "-o", "out.h5"]
    assert "tine is neither a run directory nor a packaged model (heitler list" in fails(
        capsys, *words
    )
    assert heitler.NeuralSimulator.load("tiny").card.family == "VAE"


def test_particles_enter_where_those_of_the_training_did(models, capsys):
    change_range(models / "tiny", position=[[1, 1], [2, 2]], theta=[0.5, pi / 2], azimuth=[0, 0])
    assert generate("--energy", "50GeV", "--theta", "45..60deg", "-n", 5) == 0
    assert particles().position[:, :2].tolist() == [[1.0, 2.0]] * 5
    assert particles().phi.tolist() == [0.0] * 5
    assert generate("--energy", "50GeV", "-n", 2) == 0
    assert particles().theta.tolist() == [pi / 2] * 2
    Path("beam.csv").write_text("energy_GeV,theta_deg\n50,60\n20,45\n")
    assert generate("--particles", "beam.csv") == 0
    assert particles().position[:, :2].tolist() == [[1.0, 2.0]] * 2
    assert particles().phi.tolist() == [0.0] * 2
    Path("beam.csv").write_text("energy_GeV,x_mm,y_mm,theta_deg,phi_deg\n50,1,3,60,90\n")
    Path("out.h5").unlink()
    words = ["generate", "tiny", "--particles", "beam.csv", "-o", "out.h5"]
    error = fails(capsys, *words)
    assert "entry points x 1 y 2 mm, got x 1 y 3 mm; azimuths of 0 degrees, got 90" in error
    assert main([*words, "--extrapolate"]) == 0
    assert particles().position[:, :2].tolist() == [[1.0, 3.0]]
    assert particles().phi.tolist() == pytest.approx([pi / 2])


def test_an_angle_is_asked_for_where_none_was_perpendicular(models, capsys):
    change_range(models / "tiny", theta=[0.5235987755982988, 1.3962634015954636])
    words = ["generate", "tiny", "--energy", "50GeV", "-n", 2, "-o", "out.h5"]
    assert "not seen 90 degrees: say the angle with --theta 30..80deg" in fails(capsys, *words)
    assert main([str(word) for word in [*words, "--theta", "45deg"]]) == 0


def test_a_card_without_points_of_entry_is_refused(models, capsys):
    card = json.loads((models / "tiny" / "card.json").read_text())
    del card["training_range"]["position"]
    (models / "tiny" / "card.json").write_text(json.dumps(card))
    words = ["generate", "tiny", "--energy", "50GeV", "-n", 2, "-o", "out.h5"]
    assert "train the model again" in fails(capsys, *words)


@pytest.mark.usefixtures("models")
def test_inspect_prints_the_card(capsys):
    assert main(["inspect", "tiny"]) == 0
    text = capsys.readouterr().out
    for fact in (
        "VAE",
        "toy",
        "x 10, y -20",
        "10 to 100",
        "0.6000 ± 0.0200, Geant4 against itself 0.5100 ± 0.0300",
        "0.2500 ms per shower (CPU 0.2400), Geant4 250 ms",
    ):
        assert fact in text
    assert main(["inspect", "tiny", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["family"] == "VAE"
    assert "nor a packaged model (heitler list" in fails(capsys, "inspect", "tine")


def test_lists_families_and_packaged_models(models, capsys):
    shutil.copytree(models / "tiny", models / "unassessed")
    change(models / "unassessed", speed={})
    assert main(["list", "models"]) == 0
    *families, tiny, unassessed = capsys.readouterr().out.splitlines()
    assert any(line.startswith("heitler.models.VAE ") for line in families)
    assert tiny.split(maxsplit=1) == [
        "tiny",
        (
            "packaged: photons of 10 to 100 GeV at 90 degrees in toy; AUC 0.600 (Geant4 against "
            "itself 0.510), 0.24 ms of CPU per shower in batches of 100"
        ),
    ]
    assert unassessed.split(maxsplit=1)[1] == (
        "packaged: photons of 10 to 100 GeV at 90 degrees in toy"
    )


@pytest.mark.usefixtures("models")
def test_benchmark_asks_for_a_reference(capsys):
    error = fails(capsys, "benchmark", "tiny")
    assert "tiny keeps no held-out showers" in error
    assert "--reference" in error


@pytest.mark.slow
@pytest.mark.usefixtures("models")
def test_benchmark_compares_with_the_reference(toy_law, capsys):
    from heitler.formats import create_showers

    showers = toy_law(400, seed=5)
    with create_showers("geant4.h5", showers.detector) as writer:
        writer.write(showers)
    assert main(["benchmark", "tiny", "--reference", "geant4.h5", "--batch", "10"]) == 0
    assert "AUC (floor)" in capsys.readouterr().out
