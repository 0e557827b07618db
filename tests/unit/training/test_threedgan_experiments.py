"""The experiments of the 3DGAN: their sizes as Keras counts them, and one step of each phase."""

from pathlib import Path

import pytest
import torch

from heitler.detectors import load_detector
from heitler.models import draw
from heitler.particles import ELECTRON, IncidentParticles
from heitler.simulators import read_configuration, read_yaml
from heitler.training import Experiment
from heitler.units import degree

CONFIGS = Path(__file__).parents[3] / "configs" / "experiments"
DETECTORS = {"clic_ecal": [], "clic_ecal_51": ["theta"]}
"""Their conditions beside the energy."""


def build(name, suffix=""):
    path = CONFIGS / f"threedgan_{name}{suffix}.yaml"
    experiment, _ = read_configuration(Experiment, read_yaml(path), source=path.name)
    conditioning, preprocessing, model = experiment.build(load_detector(name).geometry)
    assert list(conditioning.columns) == ["scaled_energy", *DETECTORS[name]]
    assert experiment.settings_of(model)
    return conditioning, preprocessing, model


def count(*parts):
    """Parameters with the two moving moments that Keras has for each normalised channel."""
    named = [(name, p.numel()) for part in parts for name, p in part.named_parameters()]
    return sum(n for _, n in named) + 2 * sum(n for name, n in named if "scale" in name)


def test_perpendicular_showers_have_the_networks_of_the_talk():
    *_, model = build("clic_ecal", "_full")
    assert count(model.generator) == 3_457_012
    assert count(model.discriminator, model.head) == 73_450


def test_networks_of_the_publication_for_varied_angles_by_hand():
    """256 inputs, of which one is the angle; three answers, of which one is the angle."""
    *_, model = build("clic_ecal_51", "_full")
    dense = (256 + 1) * 8 * 8 * 9 * 9
    convolutions = 64 * (8 * 8 * 6 * 6 + 1) + 6 * (64 * 8 * 8 * 5 + 1) + 6 * (6 * 8 * 5 * 3 + 1)
    assert count(model.generator) == dense + convolutions + 4 * (64 + 6) + 6 * 8
    cubes = 6 * 6 * 5
    blocks = 16 * (cubes + 1) + 8 * (16 * cubes + 1) + 2 * 8 * (8 * cubes + 1) + 4 * 3 * 8
    assert count(model.discriminator, model.head) == blocks + 3 * (8 * 7 * 18 * 19 + 1)


def test_the_small_experiment_with_angles_learns_from_showers_of_its_detector():
    conditioning, preprocessing, model = build("clic_ecal_51")
    particles = IncidentParticles.beam(
        [2e4, 9e4], pdg=ELECTRON, theta=torch.tensor([60, 120]) * degree
    )
    c = conditioning(particles)
    assert c[:, 1].rad2deg().tolist() == pytest.approx([60, 120])
    deposits = torch.rand(2, model.shape.cells, generator=torch.Generator().manual_seed(1)).pow(9)
    x = preprocessing(deposits, particles.energy.float())
    z = draw(model.training_noise, 2, (1,))
    with torch.no_grad():
        model.prepare("adversarial", x, c, z)
        _, discriminator = model.loss(x, c, z, phase="discriminator")
        _, generator = model.loss(x, c, z, phase="generator")
    for parts, angles in (
        (discriminator, ("real angle", "generated angle")),
        (generator, ("angle", "line")),
    ):
        assert all(bool(torch.isfinite(value)) for value in parts.values())
        assert all(float(parts[name]) > 0 for name in angles)
