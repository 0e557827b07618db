"""`heitler simulate`: files, workers, resuming, and what it says without data."""

from __future__ import annotations

import signal
import time

import pytest
import torch

from heitler.cli import main
from heitler.formats import open_showers, open_table

DETECTOR = """
name: sandwich
description: Lead and silicon.
hit_threshold: 0.1
stack:
  - repeat: 6
    slabs:
      - {material: lead, thickness: 4.0}
      - {material: silicon, thickness: 1.0, active: true}
geometry: {type: VoxelGrid, rows: 4, columns: 6, cell: [20.0, 10.0]}
"""
ASKED = ["--simulator", "geant4", "--particle", "e-", "--energy", "20..80MeV", "--seed", 3]


@pytest.fixture
def detector(tmp_path):
    path = tmp_path / "sandwich.yaml"
    path.write_text(DETECTOR)
    return path


@pytest.fixture
def data(geant4_data, monkeypatch):
    monkeypatch.setenv("HEITLER_GEANT4_DATA", str(geant4_data))


def simulate(*words):
    return main(["simulate", *map(str, words)])


def showers(path):
    with open_showers(path) as reader:
        read = reader.read_sparse(0, len(reader))
        return read.hits, read.particles, reader.provenance


def same(one, other):
    names = ("offsets", "cells", "energies")
    return all(torch.equal(getattr(one[0], name), getattr(other[0], name)) for name in names)


@pytest.mark.geant4
def test_files_are_the_same_for_any_number_of_workers(data, detector, tmp_path, capsys):
    words = [*ASKED, "--detector", detector, "--theta", "60..90deg", "-n", 30]
    for workers in (1, 2):
        output = tmp_path / f"{workers}.h5"
        assert simulate(*words, "--workers", workers, "-o", output) == 0
        assert capsys.readouterr().out.strip() == str(output)
    one, two = showers(tmp_path / "1.h5"), showers(tmp_path / "2.h5")
    assert same(one, two)
    assert one[1].pdg.unique().tolist() == [11]
    said = one[2], two[2]
    cost = [provenance.pop("geant4_cpu_seconds_per_shower") for provenance in said]
    assert min(cost) > 0
    assert said[0] == said[1]


@pytest.mark.geant4
@pytest.mark.slow
def test_a_killed_simulation_goes_on_to_the_same_file(data, detector, program, tmp_path):
    words = [*ASKED, "--detector", detector, "-n", 2100]
    out, whole = tmp_path / "out.h5", tmp_path / "whole.h5"
    process = program("simulate", *words, "-o", out)
    blocks = tmp_path / "out.h5.blocks"
    while not (blocks / "000000.h5").exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not out.exists()
    assert simulate(*words, "--workers", 2, "-o", out) == 0
    assert simulate(*words, "-o", whole) == 0
    assert same(showers(out), showers(whole))
    assert len(showers(out)[0]) == 2100
    assert not blocks.exists()


def test_without_data_it_says_what_to_do_in_three_lines(monkeypatch, tmp_path, capfd):
    monkeypatch.delenv("HEITLER_GEANT4_DATA", raising=False)
    monkeypatch.setattr("heitler.simulators.geant4.simulator.find_spec", lambda _: object())
    words = ["--simulator", "geant4", "--detector", "ild_ecal", "--energy", "1GeV", "-n", 1]
    assert simulate(*words, "-o", tmp_path / "out.h5") == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 3
    assert captured.err.startswith("heitler simulate: Geant4 lacks its data: HEITLER_GEANT4_DATA")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--simulator": "geant3"}, "invalid choice: 'geant3'"),
        ({"--detector": "ild_ekal"}, "did you mean 'ild_ecal'?"),
        ({"--detector": "calochallenge_ds1_photons"}, "needs a stack of materials"),
        ({"--particle": "pi+"}, "invalid choice: 'pi+'"),
        ({"--particle": "K"}, "--simulator geant4 knows gamma, e-, e+, got K"),
        ({"--detector": None}, "give the detector with --detector"),
        ({"--momentum": "2GeV"}, "--momentum says nothing to --simulator geant4: leave it out"),
        ({"--energy": None}, "give the energies with --energy"),
        ({"--energy": "50"}, "such as 50GeV or 10..100GeV"),
        ({"-n": None}, "give the number of showers with -n"),
        ({"--workers": 0}, "at least one worker, got 0"),
        ({"--workers": 2, "--scheduler": "tcp://host:1"}, "either --workers or --scheduler"),
    ],
)
def test_wrong_requests(changes, message, tmp_path, capfd):
    asked = {"--simulator": "geant4", "--detector": "ild_ecal", "--energy": "1GeV", "-n": 1}
    asked |= {**changes, "-o": tmp_path / "out.h5"}
    words = [word for pair in asked.items() if pair[1] is not None for word in pair]
    assert simulate(*words) == 2
    captured = capfd.readouterr()
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert list(tmp_path.iterdir()) == []


def test_a_scheduler_that_is_not_there(tmp_path, capfd):
    words = ["--simulator", "gflash", "--detector", "ild_ecal", "--energy", "1GeV", "-n", 1]
    assert simulate(*words, "--scheduler", "nonsense", "-o", tmp_path / "out.h5") == 2
    captured = capfd.readouterr()
    assert captured.err.count("\n") == 1
    assert "no Dask scheduler answers at 'nonsense'" in captured.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.geant4
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"-n": 0}, "at least 1, got 0"),
        ({"--seed": -1}, "a seed must not be negative, got -1"),
        ({"--to": "nonsense"}, "unknown convention 'nonsense'"),
    ],
)
def test_wrong_requests_that_need_geant4(changes, message, data, tmp_path, capfd):
    asked = {"--simulator": "geant4", "--detector": "ild_ecal", "--energy": "1GeV", "-n": 1}
    asked |= {**changes, "-o": tmp_path / "out.h5"}
    assert simulate(*[word for pair in asked.items() for word in pair]) == 2
    assert message in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_gflash_needs_no_data(tmp_path):
    output = tmp_path / "fast.h5"
    words = ["--simulator", "gflash", "--detector", "ild_ecal_coarse", "--energy", "20GeV"]
    assert simulate(*words, "-n", 5, "--seed", 1, "-o", output) == 0
    _, particles, provenance = showers(output)
    assert len(particles) == 5
    assert provenance["simulator"] == "gflash"
    assert 0.5 < provenance["response"] < 1.0


def test_rich_writes_a_table_of_labelled_rows(tmp_path, capsys):
    output = tmp_path / "rich.h5"
    words = ["--simulator", "rich", "--momentum", "20GeV", "-n", 1200, "--seed", 2, "-o", output]
    assert simulate(*words, "--pseudorapidity", "2..4", "--multiplicity", 50) == 0
    assert capsys.readouterr().out.strip() == str(output)
    with open_table(output) as reader:
        table, provenance = reader.read(), reader.provenance
    assert len(table) == 1200
    assert set(table.column("pdg").tolist()) == {11, 13, 211, 321, 2212}
    assert set(table.column("momentum").tolist()) == {2e4}
    assert float(table.column("pseudorapidity").min()) >= 2
    assert set(table.column("multiplicity").tolist()) == {50}
    assert provenance["simulator"] == "rich"
    assert provenance["seed"] == 2
    assert simulate(*words, "--particle", "K") == 0
    with open_table(output) as reader:
        assert set(reader.read().column("pdg").tolist()) == {321}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"-n": None}, "give the number of rows with -n"),
        ({"-n": 0}, "the number of rows must be at least 1, got 0"),
        ({"--energy": "5GeV"}, "--energy says nothing to --simulator rich: leave it out"),
        ({"--detector": "ild_ecal"}, "--detector says nothing to --simulator rich"),
        ({"--workers": 2}, "in one process: leave --to, --workers and --scheduler out"),
        ({"--particle": "gamma"}, "rich knows the particles e, mu, pi, K, p, got gamma"),
        ({"--momentum": "5"}, "such as 50GeV or 10..100GeV"),
        ({"--pseudorapidity": "5..2"}, "the range '5..2' runs backwards"),
        ({"--pseudorapidity": "2m"}, "expected a number such as 3 or 1.6..5, got '2m'"),
        (
            {"--multiplicity": "0"},
            "multiplicity needs a lower and an upper bound, whole numbers from 1",
        ),
        ({"--seed": -1}, "a seed must not be negative, got -1"),
    ],
)
def test_wrong_requests_of_tables(changes, message, tmp_path, capfd):
    asked = {"--simulator": "rich", "-n": 5, **changes, "-o": tmp_path / "out.h5"}
    assert simulate(*[w for pair in asked.items() if pair[1] is not None for w in pair]) == 2
    captured = capfd.readouterr()
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert list(tmp_path.iterdir()) == []
