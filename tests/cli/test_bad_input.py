"""Bad input to train, generate and list: exit code 2, one line, nothing left behind."""

from __future__ import annotations

import pytest
import yaml

from heitler.cli import VERBS, main

pytestmark = pytest.mark.usefixtures("unassessed")


def tree(folder):
    return sorted((str(p.relative_to(folder)), p.stat().st_size) for p in folder.rglob("*"))


@pytest.fixture
def fails(capfd, tmp_path):
    """The one line on standard error of a command that must end with 2 and write nothing."""

    def check(*words):
        before = tree(tmp_path)
        capfd.readouterr()
        assert main([str(word) for word in words]) == 2
        captured = capfd.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1, captured.err
        assert "Traceback" not in captured.err
        assert tree(tmp_path) == before
        return captured.err

    return check


def set_at(settings, path, value):
    place = settings
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value


MODEL, STAGES = ("model", "init_args"), ("training", "stages")
WRONG_SETTINGS = [
    (("nonsense",), 1, "unknown setting 'nonsense'"),
    ((*MODEL, "nonsense"), 1, "unknown setting 'nonsense'"),
    ((*STAGES, "autoencoder", "nonsense"), 1, "unknown setting 'nonsense'"),
    ((*STAGES, "nonsense"), {"epochs": 1}, "training.stages of VAE are autoencoder, prior"),
    ((*STAGES, "prior"), {}, "epochs"),
    ((*STAGES, "prior", "epochs"), 0, "epochs must be at least 1, got 0"),
    ((*MODEL, "latent"), "many", "latent"),
    ((*MODEL, "latent"), -1, "at least one latent number"),
    (("model", "class_path"), "heitler.models.Nonsense", "Nonsense"),
    (("model",), {}, "model"),
    (("training", "batch_size"), 0, "batch_size must be at least 1, got 0"),
    (("training", "batch_size"), 1000, "130 training showers do not fill a batch of 1000"),
    (("training", "batch_size"), "many", "batch_size"),
    (("data", "file"), "absent.h5", "absent.h5 is neither a file nor a packaged sample"),
    (("data", "detector"), "ild_ekal", "unknown detector 'ild_ekal'; did you mean 'ild_ecal'?"),
    (("data", "detector"), "ild_ecal", "toy"),
    (("data", "test"), 1000, "200 showers: too few for 1000 to test"),
    (("data", "test"), 0, "need showers, got 0"),
    (("trainer", "devices"), 0, "devices must be at least 1, got 0"),
    (("trainer", "accelerator"), "abacus", "abacus"),
    (("seed",), -1, "seed must be at least 0, got -1"),
    (("conditioning",), [], "conditioning needs a condition"),
    (("preprocessing",), [{"class_path": "heitler.models.VAE"}], "preprocessing"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG_SETTINGS)
def test_wrong_settings(path, value, message, toy_settings, tmp_path, fails):
    settings = toy_settings()
    set_at(settings, path, value)
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(settings))
    assert message in fails("train", tmp_path / "x.yaml", "-o", tmp_path / "runs" / "x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1,\n b: }", "is not YAML"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"", "expected keys and values"),
        (b"- 1\n- 2\n", "expected keys and values"),
    ],
)
def test_configurations_that_are_none(content, message, tmp_path, fails):
    (tmp_path / "x.yaml").write_bytes(content)
    assert message in fails("train", tmp_path / "x.yaml", "-o", tmp_path / "x")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--nonsense", 1], "--nonsense"),
        (["stray"], "stray"),
        (["--training.batch_size"], "expected one argument"),
        (["--training.batch_size", "many"], "batch_size"),
        (["--model.init_args.nonsense", 1], "nonsense"),
        (["--data", "absent.h5"], "absent.h5"),
        (["--trainer.devices", 3], "32 showers cannot be shared by 3 processes"),
    ],
)
def test_wrong_words(words, message, experiment, tmp_path, fails):
    assert message in fails("train", experiment(), "-o", tmp_path / "x", *words)


def test_configurations_that_are_not_there(experiment, tmp_path, fails):
    assert "absent.yaml does not exist" in fails("train", tmp_path / "absent.yaml")
    assert "does not exist" in fails("train", tmp_path)
    assert "does not exist" in fails("train", "--resume", tmp_path / "absent")
    assert "either the YAML file" in fails("train")
    assert "either the YAML file" in fails("train", experiment(), "--resume", tmp_path)


def test_damaged_data(toy_file, experiment, tmp_path, fails):
    (tmp_path / "half.h5").write_bytes(toy_file.read_bytes()[:3000])
    (tmp_path / "text.h5").write_text("text")
    words = ["train", experiment(), "-o", tmp_path / "x", "--data"]
    assert "half.h5 is truncated or damaged" in fails(*words, tmp_path / "half.h5")
    assert "text.h5 is not an HDF5 file" in fails(*words, tmp_path / "text.h5")


def test_places_that_are_taken_or_not_writable(
    experiment, assessed_run, toy_file, tmp_path, fails
):
    settings = experiment()
    assert "holds a finished training" in fails("train", settings, "-o", assessed_run)
    assert "holds a finished training" in fails("train", "--resume", assessed_run)
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.tex").write_text("")
    assert "is not empty and holds no training" in fails("train", settings, "-o", full)
    assert "not a writable folder" in fails("train", settings, "-o", toy_file / "x")
    assert "not a writable folder" in fails("train", settings, "-o", toy_file)
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.yaml").write_text("seed: 7\n")
    assert "another configuration" in fails("train", settings, "-o", other)


GENERATE = [
    (["--energy", "5GeV", "-n", 3], "10 to 100 GeV, got 5 GeV (--extrapolate overrides)"),
    (["--energy", "5..200GeV", "-n", 3000], "energies of 10 to 100 GeV"),
    (["--energy=-50GeV", "-n", 3], "energies must be positive, got '-50GeV'"),
    (["--energy", "-50GeV", "-n", 3], "energies must be positive, got '-50GeV'"),
    (["--energy", "50", "-n", 3], "such as 50GeV or 10..100GeV, got '50'"),
    (["--energy", "90..20GeV", "-n", 3], "runs backwards"),
    (["--energy", "50GeV", "-n", 0], "at least 1, got 0"),
    (["--energy", "50GeV", "-n", -3], "at least 1, got -3"),
    (["--energy", "50GeV", "-n", "many"], "'many'"),
    (["--energy", "50GeV"], "number of showers with -n"),
    (["--energy", "50GeV", "-n", 3, "--seed", -1], "a seed must not be negative, got -1"),
    (["--energy", "50GeV", "-n", 3, "--theta", "60deg"], "angles of 90 to 90 degrees, got 60"),
    (["--energy", "50GeV", "-n", 3, "--theta", "200deg"], "between 0 and 180 degrees"),
    (["--energy", "50GeV", "-n", 3, "--pdg", 11], "particle codes [22], got [11]"),
    (["--energy", "50GeV", "-n", 3, "--to", "nonsense"], "unknown convention 'nonsense'"),
    (["--energy", "50GeV", "-n", 3, "--nonsense"], "unknown argument '--nonsense'"),
    (["-n", 3], "either --energy or --particles"),
    (["--particles", "absent.csv"], "absent.csv does not exist"),
    (["--particles", "absent.h5"], "absent.h5"),
]


@pytest.mark.parametrize(("words", "message"), GENERATE)
def test_wrong_requests(words, message, toy_run, tmp_path, fails):
    assert message in fails("generate", toy_run(), *words, "-o", tmp_path / "new" / "out.h5")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "expected a column energy_GeV"),
        ("energy\n50\n", "expected a column energy_GeV"),
        ("energy_GeV,colour\n50,red\n", "expected a column energy_GeV"),
        ("energy_GeV\nfifty\n", "fifty"),
        ("energy_GeV\n50\n-50\n", "got -50000.0 MeV for particle 1"),
        ("energy_GeV\n50\n200\n", "energies of 10 to 100 GeV, got 50 to 200 GeV"),
    ],
)
def test_wrong_tables(table, message, toy_run, tmp_path, fails):
    (tmp_path / "beam.csv").write_text(table)
    words = ["--particles", tmp_path / "beam.csv", "-o", tmp_path / "out.h5"]
    assert message in fails("generate", toy_run(), *words)


def test_runs_that_are_none(toy_file, toy_run, tmp_path, fails):
    words = ["--energy", "50GeV", "-n", 3, "-o", tmp_path / "out.h5"]
    for folder in (tmp_path, toy_file):
        assert "holds no card.json: it is not a trained run" in fails("generate", folder, *words)
    absent = fails("generate", tmp_path / "absent", *words)
    assert "absent is neither a run directory nor a packaged model" in absent
    (tmp_path / "config.yaml").write_bytes((toy_run() / "config.yaml").read_bytes())
    assert "its training is not finished" in fails("generate", tmp_path, *words)
    for name in ("card.json", "model.safetensors"):
        (tmp_path / name).write_bytes((toy_run() / name).read_bytes()[:-20])
    assert "is not a model card" in fails("generate", tmp_path, *words)
    (tmp_path / "card.json").write_bytes((toy_run() / "card.json").read_bytes())
    assert "model.safetensors does not fit" in fails("generate", tmp_path, *words)
    (tmp_path / "config.yaml").write_text("a: [1,\n b: }")
    assert "is not YAML" in fails("generate", tmp_path, *words)


def test_outputs_that_cannot_be_written(toy_run, toy_file, tmp_path, fails):
    words = ["generate", toy_run(), "--energy", "50GeV", "-n", 3, "-o"]
    assert "not a writable folder" in fails(*words, toy_file / "out.h5")
    assert "it is a folder" in fails(*words, tmp_path)


def test_verbs_that_are_none(fails):
    error = fails("nonsense")
    assert "unknown verb 'nonsense'" in error
    assert all(verb in error for verb in VERBS)


def test_lists_that_are_none(fails):
    for words in (["list"], ["list", "nonsense"], ["list", "models", "stray"]):
        fails(*words)


@pytest.mark.parametrize("verb", ["train", "generate", "list"])
def test_every_verb_explains_itself(verb, capsys):
    assert main([verb, "--help"]) == 0
    assert verb in capsys.readouterr().out


@pytest.mark.parametrize(
    "what", ["detectors", "formats", "metrics", "models", "observables", "samples"]
)
def test_lists(what, capsys):
    for _ in range(2):  # the second time the module is loaded already
        assert main(["list", what]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 2
    assert lines[: len(lines) // 2] == lines[len(lines) // 2 :]
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)
