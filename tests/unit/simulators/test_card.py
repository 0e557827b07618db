"""Cards: the range of training, round trip, refusals."""

from math import pi

import pytest
import torch

from heitler.particles import IncidentParticles
from heitler.simulators import ModelCard, TrainingRange
from heitler.units import GeV, degree


def beam(energies, **settings):
    return IncidentParticles.beam([e * GeV for e in energies], **settings)


@pytest.mark.parametrize(
    ("seen", "low", "high"),
    [
        ([10.02, 99.97], 10, 100),
        ([10, 100], 10, 100),
        ([50, 50], 50, 50),
        ([1.234, 5.678], 1.2, 5.7),
        ([0.31, 1020], 0.31, 1100),
    ],
)
def test_the_range_is_widened_to_two_digits(seen, low, high):
    energy = TrainingRange.of(beam(seen)).energy
    assert energy == pytest.approx((low * GeV, high * GeV), rel=1e-12)


def test_the_range_of_angles_is_widened_to_degrees():
    angles = torch.tensor([30.3, 88.9]) * degree
    flat, steep = TrainingRange.of(beam([10, 20], theta=angles)).theta
    assert (flat / degree, steep / degree) == pytest.approx((30, 89))
    assert TrainingRange.of(beam([10])).theta == pytest.approx((pi / 2, pi / 2))


def test_training_particles_are_inside():
    particles = beam([10.02, 37, 99.97], pdg=torch.tensor([22, 11, 22]))
    TrainingRange.of(particles).check(particles)


@pytest.mark.parametrize(
    ("particles", "message"),
    [
        (beam([5]), "energies of 10 to 100 GeV, got 5 GeV"),
        (beam([50, 101]), "energies of 10 to 100 GeV, got 50 to 101 GeV"),
        (beam([50], theta=pi / 3), "angles of 90 to 90 degrees, got 60 degrees"),
        (beam([50], pdg=11), r"particle codes \[22\], got \[11\]"),
    ],
)
def test_what_is_outside_is_named_with_the_remedy(particles, message):
    seen = TrainingRange.of(beam([10.02, 99.97]))
    with pytest.raises(ValueError, match=rf"{message} \(--extrapolate overrides\)"):
        seen.check(particles)


def test_all_that_is_outside_is_named_at_once():
    with pytest.raises(ValueError, match=r"energies .*; angles .*; the particle codes"):
        TrainingRange.of(beam([10, 100])).check(beam([5], pdg=11, theta=1.0))


def test_a_card_comes_back_from_its_file(tmp_path):
    card = ModelCard(
        name="a",
        family="VAE",
        detector={"name": "toy"},
        training_range=TrainingRange.of(beam([10, 100], pdg=torch.tensor([11, 22]))),
        data={"sha256": "0" * 64},
        fidelity={"rows": [1.5, 2.5]},
    )
    card.write(tmp_path / "card.json")
    assert ModelCard.read(tmp_path / "card.json") == card


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"training_range": {}}', "no JSON"])
def test_what_is_no_card(text, tmp_path):
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(ValueError, match=r"card\.json is not a model card"):
        ModelCard.read(tmp_path / "card.json")
