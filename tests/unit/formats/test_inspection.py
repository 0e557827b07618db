"""Facts about files and run directories."""

import json

import pytest
import torch

from heitler.formats import create_showers, inspect, inspection, sha256, write_table
from heitler.tables import Column, Table


def test_facts_of_a_shower_file(toy_showers, tmp_path):
    showers = toy_showers(theta=torch.linspace(0.6, 1.5, 8), pdg=torch.tensor([11, 22] * 4))
    path = tmp_path / "x.h5"
    with create_showers(path, showers.detector, provenance={"seed": 3}) as writer:
        writer.write(showers)
    facts = json.loads(json.dumps(inspect(path)))
    assert facts["convention"] == "native"
    assert facts["showers"] == 8
    assert facts["sha256"] == sha256(path)
    assert facts["provenance"] == {"seed": 3}
    assert facts["detector"]["grid"] == "4 x 5 x 3"
    assert facts["particles"]["codes (PDG)"] == {"11": 4, "22": 4}
    energy = showers.particles.energy
    assert facts["particles"]["energy [GeV]"] == {
        "min": pytest.approx(float(energy.min()) / 1000),
        "mean": pytest.approx(float(energy.mean()) / 1000),
        "max": pytest.approx(float(energy.max()) / 1000),
    }
    assert facts["particles"]["angle to the face [deg]"]["min"] == pytest.approx(34.3775, rel=1e-5)
    fraction = showers.deposits.double().sum(dim=1) / energy
    sample = facts["sample"]
    assert sample["visible / incident energy"]["mean"] == pytest.approx(float(fraction.mean()))
    hits = (showers.deposits > 0.1).sum(dim=1).double()
    assert sample["hits"]["mean"] == pytest.approx(float(hits.mean()))
    assert sample["occupancy"] == pytest.approx(float(hits.mean()) / 60)


def test_an_empty_file(toy_detector, tmp_path):
    with create_showers(tmp_path / "x.h5", toy_detector):
        pass
    assert inspect(tmp_path / "x.h5")["showers"] == 0


def test_the_card_of_a_run_directory(tmp_path):
    (tmp_path / "card.json").write_text('{"model": "vae", "energies": [10, 100]}')
    assert inspect(tmp_path) == {"run": str(tmp_path), "model": "vae", "energies": [10, 100]}


def test_a_folder_that_is_no_run_directory(tmp_path):
    with pytest.raises(ValueError, match=r"without card\.json"):
        inspect(tmp_path)
    (tmp_path / "card.json").write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        inspect(tmp_path)


def test_facts_of_a_table(tmp_path, monkeypatch):
    monkeypatch.setattr(inspection, "_ROWS", 2)
    path = tmp_path / "table.h5"
    columns = (Column("momentum", "Momentum", "GeV"), Column("dll_K", "Difference"))
    values = torch.tensor([[1.0, -2.0], [5.0, 0.5], [3.0, 9.0]])
    write_table(path, Table(columns, values), provenance={"seed": 3})
    facts = json.loads(json.dumps(inspect(path)))
    assert (facts["convention"], facts["rows"]) == ("table", 3)
    assert facts["sha256"] == sha256(path)
    assert facts["columns"] == {
        "momentum [GeV]": {"min": 1.0, "mean": 3.0, "max": 5.0},
        "dll_K": {"min": -2.0, "mean": 2.5, "max": 9.0},
    }
    assert facts["provenance"] == {"seed": 3}


def test_facts_of_a_table_without_rows(tmp_path):
    path = tmp_path / "table.h5"
    write_table(path, Table((Column("x", "X"),), torch.zeros(0, 1)))
    assert inspect(path)["columns"] == {}
