"""A model of a table from the command line: trained, assessed, inspected, used."""

from __future__ import annotations

import pytest
import torch
import yaml

from heitler.cli import main
from heitler.formats import open_table, read_table
from heitler.simulators import NeuralTable, RichSimulator, TrackGun, generate_table
from heitler.tracks import Tracks
from heitler.units import GeV

SETTINGS = {
    "data": {"file": "none.h5", "test": 220, "validation": 50, "columns": ["dll_K", "dll_p"]},
    "conditioning": [{"class_path": "heitler.preprocessing.LogMomentum"}],
    "preprocessing": [{"class_path": "heitler.preprocessing.Quantile"}],
    "model": {
        "class_path": "heitler.models.Regression",
        "init_args": {
            "hidden": [8],
            "law": {"class_path": "heitler.networks.Quantiles", "init_args": {"levels": 5}},
        },
    },
    "training": {"batch_size": 50, "stages": {"regression": {"epochs": 2}}},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A file of rows, a run that was trained on it, and what the training printed."""
    folder = tmp_path_factory.mktemp("table")
    file, config, run = (folder / name for name in ("rich.h5", "rich.yaml", "run"))
    generate_table(RichSimulator(), TrackGun(), file, number=600, seed=1, progress=False)
    config.write_text(yaml.safe_dump(SETTINGS))
    assert main(["train", str(config), "--data", str(file), "-o", str(run)]) == 0
    return file, run


@pytest.fixture
def generate(trained, tmp_path):
    """Generates with the trained model; the exit code and the file."""

    def call(*words):
        out = tmp_path / "out.h5"
        return main(["generate", str(trained[1]), *map(str, words), "-o", str(out)]), out

    return call


def test_training_compares_columns_with_held_out_rows(tmp_path, trained, capsys):
    file, _ = trained
    config, run = tmp_path / "rich.yaml", tmp_path / "run"
    config.write_text(yaml.safe_dump(SETTINGS))
    assert main(["train", str(config), "--data", str(file), "-o", str(run)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(run)
    assert [line.split()[0] for line in lines[1:5]] == ["dll_K", "dll_K", "dll_p", "dll_p"]
    assert "held-out rows among themselves" in lines[-1]


def test_the_card_has_numbers_beside_floors_and_times(trained, capsys):
    _, run = trained
    card = NeuralTable.load(run).card
    assert [column.name for column in card.columns] == ["dll_K", "dll_p"]
    assert card.fidelity["rows"] == 110
    assert main(["inspect", str(run)]) == 0
    text = capsys.readouterr().out
    assert "momentum" in text
    assert "all columns, classifier_auc, all energies" in text
    assert "held-out rows among themselves 0." in text
    assert "ms per row (CPU" in text


def test_rows_stand_behind_the_tracks_that_were_asked_for(trained, generate):
    code, out = generate("--momentum", "5..20GeV", "--pdg", 321, "-n", 1200, "--seed", 4)
    assert code == 0
    table = read_table(out)
    tracks = Tracks.of(table)
    assert len(table) == 1200
    assert set(tracks.pdg.tolist()) == {321}
    assert 5 * GeV <= float(tracks.momentum.min()) <= float(tracks.momentum.max()) <= 20 * GeV
    assert table.names[-2:] == ("dll_K", "dll_p")
    with open_table(out) as reader:
        assert reader.provenance["simulator"] == NeuralTable.load(trained[1]).card.name
        assert reader.provenance["tracks"]["pdg"] == [321]


def test_tracks_of_a_file_are_answered_in_order(trained, generate):
    file, _ = trained
    code, out = generate("--particles", file, "-n", 50)
    assert code == 0
    given, made = read_table(file), read_table(out)
    assert torch.equal(made.values[:, :4], given.values[:50, :4])
    assert not torch.equal(made.column("dll_K"), given.column("dll_K")[:50])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--energy", "5GeV", "-n", 3], "--energy says nothing to a model of tables"),
        (["--momentum", "5GeV"], "give the number of rows with -n"),
        (["--momentum", "500GeV", "-n", 3], "500"),
        (["-n", 3, "--to", "threedgan"], "writes a table: leave --to out"),
    ],
)
def test_what_a_table_cannot_be_asked_is_told(words, message, generate, capsys):
    code, out = generate(*words)
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_a_list_has_no_more_rows_than_it_has(trained, generate, capsys):
    file, _ = trained
    assert generate("--particles", file, "-n", 601)[0] == 2
    assert "holds 600 particles, asked for 601" in capsys.readouterr().err
    assert generate("--particles", file, "--momentum", "5GeV")[0] == 2
    assert (
        "--momentum says nothing to a model that is given --particles" in capsys.readouterr().err
    )
