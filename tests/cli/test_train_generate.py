"""`heitler train` and `heitler generate`, end to end in one process."""

import pytest
import torch
import yaml

import heitler.validation
from heitler.cli import main
from heitler.formats import open_showers
from heitler.particles import IncidentParticles
from heitler.simulators import NeuralSimulator

pytestmark = pytest.mark.usefixtures("unassessed")


def run(*words):
    return main([str(word) for word in words])


@pytest.mark.parametrize("family", ["vae", "wgan_gp"])
def test_from_configuration_to_showers(family, experiment, tmp_path, capsys):
    folder = tmp_path / "runs" / family
    assert run("train", experiment(family), "-o", folder) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [str(folder), "not assessed"]
    assert captured.err == ""
    words = ["generate", folder, "--energy", "20..90GeV", "-n", 7, "-o", tmp_path / "out.h5"]
    assert run(*words) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{tmp_path / 'out.h5'}\n"
    assert captured.err == ""
    with open_showers(tmp_path / "out.h5") as reader:
        showers = reader.read(0, 7)
        assert reader.provenance["simulator"] == family
        assert reader.provenance["seed"] == 1
    assert bool(((showers.particles.energy >= 2e4) & (showers.particles.energy <= 9e4)).all())
    assert showers.detector == NeuralSimulator.load(folder).detector


def test_words_replace_settings_and_data(experiment, toy_file, tmp_path, monkeypatch):
    settings = experiment()
    settings.write_text(settings.read_text().replace(str(toy_file), "nowhere.h5"))
    monkeypatch.chdir(tmp_path)
    words = ["--data", toy_file, "--model.init_args.latent", 3, "--seed", 4]
    assert run("train", settings, *words) == 0
    simulator = NeuralSimulator.load(tmp_path / "runs" / "vae")
    assert simulator.model.latent == 3
    assert simulator.card.training["seed"] == 4


def test_equal_seeds_generate_equal_files(toy_run, tmp_path):
    files = []
    for name, seed in (("a.h5", 3), ("b.h5", 3), ("c.h5", 4)):
        words = ["--energy", "50GeV", "-n", 20, "--seed", seed, "-o", tmp_path / name]
        assert run("generate", toy_run(), *words) == 0
        with open_showers(tmp_path / name) as reader:
            files.append(reader.read(0, 20).deposits)
    assert torch.equal(files[0], files[1])
    assert not torch.equal(files[0], files[2])


def test_what_is_generated_is_what_the_simulator_makes(toy_run, tmp_path):
    from heitler.simulators import block_seed

    words = ["--energy", "50GeV", "-n", 5, "--seed", 3, "-o", tmp_path / "a.h5"]
    assert run("generate", toy_run(), *words) == 0
    simulator = NeuralSimulator.load(toy_run())
    with open_showers(tmp_path / "a.h5") as reader:
        expected = simulator.simulate(reader.particles, seed=block_seed(3, 0, 1))
        assert torch.equal(reader.read(0, 5).deposits, expected.deposits)


def test_particles_of_a_table_and_of_a_file(toy_run, tmp_path):
    (tmp_path / "beam.csv").write_text("energy_GeV\n20\n30.5\n90\n")
    assert (
        run("generate", toy_run(), "--particles", tmp_path / "beam.csv", "-o", tmp_path / "a.h5")
        == 0
    )
    words = ["--particles", tmp_path / "a.h5", "-n", 2, "-o", tmp_path / "b.h5"]
    assert run("generate", toy_run(), *words) == 0
    for name, energies in (("a.h5", [2e4, 3.05e4, 9e4]), ("b.h5", [2e4, 3.05e4])):
        with open_showers(tmp_path / name) as reader:
            assert reader.particles.energy.tolist() == pytest.approx(energies)


def test_beyond_the_range_only_when_asked(toy_run, tmp_path, capsys):
    words = ["generate", toy_run(), "--energy", "5GeV", "-n", 3, "-o", tmp_path / "a.h5"]
    assert run(*words) == 2
    assert "10 to 100 GeV, got 5 GeV (--extrapolate overrides)" in capsys.readouterr().err
    assert run(*words, "--extrapolate") == 0
    with open_showers(tmp_path / "a.h5") as reader:
        assert reader.provenance["extrapolate"] is True


def test_other_conventions(toy_run, tmp_path):
    words = ["--energy", "50GeV", "-n", 3, "--to", "getting_high", "-o", tmp_path / "a.h5"]
    assert run("generate", toy_run(), *words) == 0
    with open_showers(tmp_path / "a.h5") as reader:
        assert reader.convention == "getting_high"
        assert isinstance(reader.particles, IncidentParticles)


def test_too_few_held_out_showers_are_said_and_the_model_is_complete(
    toy_settings, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(heitler.validation, "LEAST_SHOWERS", 100)
    config, folder = tmp_path / "toy.yaml", tmp_path / "run"
    config.write_text(yaml.safe_dump(toy_settings("vae")))
    assert main(["train", str(config), "-o", str(folder)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out == [
        str(folder),
        "not assessed: that needs 200 held-out showers (data.test)",
    ]
    assert NeuralSimulator.load(folder).card.fidelity == {}
