"""Banks: the same whoever trains them, and the right member for every particle."""

from __future__ import annotations

import shutil
from dataclasses import replace
from math import atan, exp
from pathlib import Path

import pytest
import torch
from distributed import Client, LocalCluster

from heitler.cli import main
from heitler.detectors import parse_detector
from heitler.formats import create_showers, open_showers
from heitler.particles import IncidentParticles
from heitler.production.banks import train_bank
from heitler.showers import Showers
from heitler.simulators import Bank, NeuralSimulator, block_seed, load_showers, ranking
from heitler.simulators.bank import _MEMBER
from heitler.training import BankPlan

SHARES = {(22, 0): 0.1, (22, 1): 0.2, (11, 0): 0.4, (11, 1): 0.8}
"""Of the incident energy that the two cells see: one for each member."""

DETECTOR = parse_detector(
    {
        "name": "two_cells",
        "description": "Two cells.",
        "hit_threshold": 0.1,
        "geometry": {
            "type": "CylindricalLayers",
            "radial_edges": [[0.0, 10.0]],
            "angular_bins": [1],
            "layer_z": [0.0, 10.0],
        },
    }
)


def beam(energies, eta, pdg):
    theta = torch.tensor([2 * atan(exp(-each)) for each in eta], dtype=torch.float64)
    return IncidentParticles.beam(energies, pdg=torch.tensor(pdg), theta=theta)


def settings(file, **training):
    network = {"latent": 2, "generator": [4], "critic": [4]}
    return {
        "bank": {"particles": [22, 11], "eta": [0.0, 0.4], "number": 2},
        "data": {"file": str(file), "test": 20, "validation": 50},
        "conditioning": [{"class_path": "heitler.preprocessing.LogEnergy"}],
        "preprocessing": [{"class_path": "heitler.preprocessing.Resolution"}],
        "model": {"class_path": "heitler.models.WGANGP", "init_args": network},
        "training": {
            "batch_size": 20,
            "physics": {"class_path": "heitler.training.EnergyChi2"},
            "physics_every": 1,
            "growth": {"start": 1000.0, "epochs": 2},
            "stages": {"adversarial": {"epochs": 4, "learning_rate": 1e-4}},
            **training,
        },
        "seed": 3,
    }


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """130 showers of 1 and 4 GeV for each member, those of all mixed."""
    draw = torch.Generator().manual_seed(1)
    rows = torch.randperm(520, generator=draw)
    member = rows % 4
    energies = torch.tensor([1e3, 4e3])[(rows // 4) % 2]
    eta = (0.2 * (member % 2) + 0.1).tolist()
    incident = beam(energies.tolist(), eta, [(22, 11)[m // 2] for m in member.tolist()])
    share = torch.tensor(list(SHARES.values()))[member][:, None]
    deposits = energies[:, None] * share / 2 * (1 + 0.1 * torch.randn(520, 2, generator=draw))
    path = tmp_path_factory.mktemp("file") / "showers.h5"
    with create_showers(path, DETECTOR) as writer:
        writer.write(Showers(deposits, incident, DETECTOR))
    return path


@pytest.fixture(scope="module")
def bank(file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bank") / "bank"
    return train_bank(settings(file), folder, progress=False)


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def test_each_particle_gets_the_shower_of_its_member(bank):
    simulator = load_showers(bank)
    assert isinstance(simulator, Bank)
    which = torch.randint(0, 4, (200,), generator=torch.Generator().manual_seed(2)).tolist()
    eta = [0.2 * (m % 2) + 0.05 + 0.1 * (i % 2) for i, m in enumerate(which)]
    incident = beam([2000.0] * 200, eta, [(22, 11)[m // 2] for m in which])
    showers = simulator.simulate(incident, seed=1)
    response = showers.deposits.sum(dim=1) / 2000
    expected = torch.tensor(list(SHARES.values()))[which]
    assert bool(((response / expected).log2().abs() < 0.5).all())  # neighbours differ by 2
    assert torch.equal(
        showers.deposits, simulator.simulate_sparse(incident, seed=1).dense().deposits
    )
    assert not torch.equal(showers.deposits, simulator.simulate(incident, seed=2).deposits)


def test_a_packed_member_is_the_one_that_was_trained(bank, tmp_path):
    packed = tmp_path / "packed"
    shutil.copytree(bank, packed, ignore=shutil.ignore_patterns("members"))
    simulator = Bank.load(packed)
    for place, each in enumerate(simulator.slices.members):
        middle = (each.low + each.high) / 2
        incident = beam([1000.0, 3000.0], [middle] * 2, [each.pdg] * 2)
        member = NeuralSimulator.load(bank / "members" / each.name)
        alone = member.simulate(incident, seed=block_seed(7, place, _MEMBER))
        assert torch.equal(simulator.simulate(incident, seed=7).deposits, alone.deposits)
        seen = replace(member.card.training_range, theta=each.theta)
        assert simulator.cards[place] == replace(member.card, training_range=seen)
    assert len(simulator.simulate(incident[:0], seed=1)) == 0


def test_what_no_member_has_seen_is_refused(bank):
    simulator, wide = Bank.load(bank), Bank.load(bank, extrapolate=True)
    for eta, pdg in ((0.5, 22), (0.1, 211)):
        other = beam([1000.0], [eta], [pdg])
        for each in (simulator, wide):
            with pytest.raises(ValueError, match=r"members for the particle codes \[22, 11\]"):
                each.simulate(other, seed=1)
    hard = beam([9000.0], [0.1], [22])
    with pytest.raises(ValueError, match="energies of 1 to 4 GeV, got 9 GeV"):
        simulator.simulate(hard, seed=1)
    assert len(wide.simulate(hard, seed=1)) == 1


def test_weights_are_of_the_lowest_chi2_and_members_ranked_by_it(bank):
    simulator = Bank.load(bank)
    for each, card in zip(simulator.slices.members, simulator.cards, strict=True):
        lines = (bank / "members" / each.name / "metrics.csv").read_text().splitlines()
        table = [line.split(",") for line in lines]
        scores = {int(e): float(v) for e, _, name, v in table[1:] if name == "physics/mean"}
        grown = {epoch: score for epoch, score in scores.items() if epoch >= 2}
        chosen = card.training["selected"]["adversarial"]
        assert chosen["score"] == pytest.approx(min(grown.values()), rel=1e-5)
        assert grown[chosen["epoch"]] == pytest.approx(chosen["score"], rel=1e-5)
    scores = [row["score"] for row in ranking(simulator.slices, simulator.cards)]
    assert scores == sorted(scores)


def test_workers_of_a_cluster_train_what_an_interruption_left(bank, file, tmp_path):
    half = Path(shutil.copytree(bank, tmp_path / "bank"))
    for name in ("bank.json", "card.json", "model.safetensors"):
        (half / name).unlink()
    for name in ("pdg22_eta0.2-0.4", "pdg11_eta0-0.2"):
        shutil.rmtree(half / "members" / name)
    with pytest.raises(ValueError, match=r"holds no card\.json: its training is not finished"):
        load_showers(half)
    before = {path: path.stat().st_mtime_ns for path in half.rglob("card.json")}
    assert len(before) == 2
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster),
    ):
        address = cluster.scheduler_address
        assert train_bank(settings(file), half, workers=address, progress=False) == half
    assert weights(half) == weights(bank)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert BankPlan.of(settings(file), half).tasks() == []


def test_a_member_that_fails_does_not_stop_the_others(file, tmp_path):
    wrong = settings(file)
    wrong["bank"]["number"] = 3
    with pytest.raises(ValueError, match=r"no showers for the member pdg22_eta0\.133333-0\.2666"):
        train_bank(wrong, tmp_path / "a", progress=False)
    few = settings(file)
    few["data"]["validation"] = 110
    with pytest.raises(ChildProcessError, match=r"4 of 4 members failed \(pdg22_eta0-0\.2: the"):
        train_bank(few, tmp_path / "b", progress=False)


def test_other_settings_are_refused(bank, file):
    with pytest.raises(ValueError, match="holds a training with another configuration"):
        train_bank(settings(file, batch_size=10), bank, progress=False)


def test_generate_takes_a_bank_for_a_model(bank, tmp_path, capsys):
    out = tmp_path / "out.h5"
    words = ["generate", str(bank), "--energy", "1..4GeV", "-n", "30", "-o", str(out)]
    assert main([*words, "--theta", "70..89deg", "--pdg", "11"]) == 0
    with open_showers(out) as reader:
        assert len(reader) == 30
        assert reader.provenance["members"] == 4
    assert main([*words, "--theta", "40deg"]) == 2
    assert "at |eta| of 0 to 0.4, got code 22" in capsys.readouterr().err
    assert main(["inspect", str(bank)]) == 0
    assert "pdg11_eta0-0.2" in capsys.readouterr().out
