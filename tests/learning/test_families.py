"""Families learn a toy law: what they generate comes near to what they saw, in seconds.

The law has independent cells, so that means and frequencies of cells are known.
"""

from __future__ import annotations

import csv

import pytest
import torch

from heitler.detectors import parse_detector
from heitler.formats import create_showers, open_showers
from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.simulators import NeuralSimulator
from heitler.training import train

CELLS = 60
PROBABILITY, MEAN = torch.linspace(0.9, 0.1, CELLS), torch.linspace(4e-4, 1e-4, CELLS)


@pytest.fixture(scope="module")
def large_file(toy_law, tmp_path_factory):
    showers = toy_law(2000, seed=7)
    path = tmp_path_factory.mktemp("learning") / "large.h5"
    with create_showers(path, showers.detector) as writer:
        writer.write(showers)
    return path


def learn(settings, file, folder):
    settings["data"] |= {"file": str(file), "test": 100, "validation": 200}
    return NeuralSimulator.load(train(settings, folder, progress=False))


def generate(simulator, energy, count=4000):
    detector = simulator.detector
    particles = IncidentParticles.beam(
        [energy] * count, impact=detector.impact, depth=detector.face_z
    )
    return simulator.simulate(particles, seed=11).deposits


@pytest.mark.slow
def test_the_vae_learns_response_frequencies_and_energies(toy_settings, large_file, tmp_path):
    settings = toy_settings(
        "vae",
        batch_size=64,
        checkpoint_seconds=1e9,
        stages={
            "autoencoder": {"epochs": 15, "weight_decay": 0.0, "learning_rate": 5e-3},
            "prior": {"epochs": 15, "learning_rate": 5e-3},
        },
    )
    settings["model"]["init_args"] = {"latent": 2, "encoder": [32], "decoder": [32], "flow": [16]}
    simulator = learn(settings, large_file, tmp_path / "run")
    for energy in (2e4, 5e4, 9e4):
        deposits = generate(simulator, energy)
        response = deposits.double().sum(dim=1) / energy
        expected = float((PROBABILITY * MEAN).sum())
        assert float(response.mean()) == pytest.approx(expected, rel=0.03)
        # Gamma energies of shape 2 and hits that come and go: variance p m^2 (3/2 - p).
        variance = float((PROBABILITY * MEAN**2 * (1.5 - PROBABILITY)).sum())
        assert float(response.std()) == pytest.approx(variance**0.5, rel=0.2)
        hit = (deposits > 0).float().mean(dim=0)
        assert float((hit - PROBABILITY).abs().mean()) < 0.03
        cells = deposits.mean(dim=0) / energy
        assert float((cells - PROBABILITY * MEAN).abs().sum()) < 0.1 * expected


@pytest.mark.slow
def test_the_gan_keeps_to_a_law_at_which_it_starts(toy_settings, large_file, tmp_path):
    settings = toy_settings(
        "wgan_gp",
        batch_size=32,
        physics_every=5,
        checkpoint_seconds=1e9,
        stages={
            "adversarial": {
                "epochs": 25,
                "learning_rate": 5e-3,
                "betas": [0.5, 0.9],
                "weight_decay": 0.0,
            }
        },
    )
    settings["model"]["init_args"] = {"latent": 8, "generator": [32], "critic": [32]}
    simulator = learn(settings, large_file, tmp_path / "run")
    response = generate(simulator, 5e4).double().sum(dim=1) / 5e4
    assert float(response.mean()) == pytest.approx(float((PROBABILITY * MEAN).sum()), rel=0.1)
    cells = generate(simulator, 5e4).mean(dim=0)
    both = torch.stack([cells, PROBABILITY * MEAN])
    assert float(torch.corrcoef(both)[0, 1]) > 0.8
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == "physics/mean"]
    assert len(rows) == 5


@pytest.mark.slow
def test_the_3dgan_learns_the_sampling_fraction_and_measures_energies(
    toy_settings, large_file, tmp_path
):
    settings = toy_settings(
        "threedgan",
        batch_size=32,
        physics_every=5,
        checkpoint_seconds=1e9,
        stages={
            "adversarial": {
                "epochs": 20,
                "learning_rate": 5e-3,
                "betas": [0.5, 0.9],
                "weight_decay": 0.0,
            }
        },
    )
    simulator = learn(settings, large_file, tmp_path / "run")
    fraction = float((PROBABILITY * MEAN).sum())
    model = simulator.model
    u = torch.tensor([[0.2], [0.5], [0.9]])
    expected = model.expected_sum(u) / u[:, 0] * model.unit / 1e5
    assert expected.tolist() == pytest.approx([fraction] * 3, rel=0.03)
    # The smallest energies are the last to follow: at first all showers have about the same sum.
    for energy, tolerance in ((2e4, 0.4), (5e4, 0.15), (9e4, 0.15)):
        deposits = generate(simulator, energy, 500)
        response = deposits.double().sum(dim=1) / energy
        assert float(response.mean()) == pytest.approx(fraction, rel=tolerance)
        both = torch.stack([deposits.mean(dim=0), PROBABILITY * MEAN])
        assert float(torch.corrcoef(both)[0, 1]) > 0.5
    # 60 cells of a gamma law of shape 2 tell the energy to 15 % by their sum.
    with open_showers(large_file) as reader:
        real = reader.read(0, 500)
    energy = real.particles.energy.float()
    with torch.inference_mode():
        measured = model.measure(simulator.preprocessing(real.deposits, energy)) * 1e5
    assert float((measured / energy - 1).abs().mean()) < 0.25


def round_showers(count, seed):
    """Poisson showers about the beam axis, which enters anywhere, and their mean hits per layer.

    A cell at the distance r (in cells) of an axis is hit with p = 1 - exp(-E f_l e^(-r / 1.5)).
    """
    layers, side = 6, 9
    detector = parse_detector(
        {
            "name": "round",
            "description": "A toy.",
            "hit_threshold": 0.1,
            "stack": [
                {
                    "repeat": layers,
                    "slabs": [
                        {"material": "tungsten", "thickness": 3.0},
                        {"material": "silicon", "thickness": 0.5, "active": True},
                    ],
                }
            ],
            "geometry": {"type": "VoxelGrid", "rows": side, "columns": side, "cell": [5.0, 5.0]},
        }
    )
    generator = torch.Generator().manual_seed(seed)
    energy = 1e4 + 9e4 * torch.rand(count, dtype=torch.float64, generator=generator)
    impact = 5.0 * torch.randint(-1, 2, (count, 2), generator=generator).double()
    particles = IncidentParticles.beam(energy, impact=impact, depth=detector.face_z)
    away = detector.geometry.cell_centres[None, :, :2] - impact[:, None]
    along = torch.tensor([0.3, 0.8, 1.0, 0.8, 0.5, 0.3])[detector.geometry.layer_of_cell]
    rate = energy[:, None] / 3e4 * along * torch.exp(-away.norm(dim=2) / 7.5)
    p = -torch.expm1(-rate)
    hit = torch.rand(p.shape, generator=generator) < p
    deposits = torch.empty(p.shape).exponential_(generator=generator) * (0.2 + rate) + 0.05
    expected = p.view(count, layers, -1).sum(2)
    return Showers(torch.where(hit, deposits, 0.0).float(), particles, detector), expected


@pytest.mark.slow
def test_compound_hits_learn_hits_per_layer_and_response(toy_settings, tmp_path):
    truth, _ = round_showers(1200, 1)
    file = tmp_path / "round.h5"
    with create_showers(file, truth.detector) as writer:
        writer.write(truth)
    settings = toy_settings(
        "vae",
        batch_size=64,
        checkpoint_seconds=1e9,
        stages={
            "rates": {"epochs": 8, "learning_rate": 5e-3},
            "prior": {"epochs": 40, "learning_rate": 1e-2},
        },
    )
    settings["preprocessing"] = []
    settings["conditioning"].append({"class_path": "heitler.preprocessing.Axis"})
    settings["model"] = {
        "class_path": "heitler.models.CompoundHits",
        "init_args": {"hidden": [16, 16], "rank": 3, "couplings": 4, "prior": [12]},
    }
    simulator = learn(settings, file, tmp_path / "run")
    fresh, expected = round_showers(2000, 2)
    made = simulator.simulate(fresh.particles, seed=3)
    cells = [s.deposits.double() for s in (made, fresh)]
    hits = (cells[0] > 0).double().view(2000, 6, -1).sum(2)
    energy = fresh.particles.energy
    for low, high in ((1e4, 4e4), (4e4, 7e4), (7e4, 1e5)):
        part = (energy >= low) & (energy < high)
        got, wanted = hits[part].mean(0), expected[part].mean(0)
        error = hits[part].std(0) / part.sum() ** 0.5
        assert float(((got - wanted).abs() / (error + 0.03 * wanted)).max()) < 3.0
        response, truth = (x[part].sum(1) / energy[part] for x in cells)
        assert float(response.mean()) == pytest.approx(float(truth.mean()), rel=0.05)
        # The prior narrows down on it step by step, and these steps are few.
        assert 0.8 < float(response.std() / truth.std()) < 1.5
