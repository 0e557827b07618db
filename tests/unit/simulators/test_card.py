"""Cards: the range of training, round trip, refusals."""

import json
from math import nan, pi

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
        (beam([50], impact=(0.0, 5.0)), "entry points x 0 y 0 mm, got x 0 y 5 mm"),
        (beam([50], impact=(-0.2, 0.0)), "entry points x 0 y 0 mm, got x -0.2 y 0 mm"),
        (beam([50], impact=(nan, 0.0)), "entry points x 0 y 0 mm, got x nan to nan y 0 mm"),
        (beam([50], pdg=11), r"particle codes \[22\], got \[11\]"),
    ],
)
def test_what_is_outside_is_named_with_the_remedy(particles, message):
    seen = TrainingRange.of(beam([10.02, 99.97]))
    with pytest.raises(ValueError, match=rf"{message} \(--extrapolate overrides\)"):
        seen.check(particles)


@pytest.mark.parametrize(
    ("seen", "inside", "outside"),
    [
        ([90, 90], [90, 90.04], [270, 89, 92]),
        ([10.4, 40.2], [10, 25, 41], [9, 42, -170]),
        ([170, 190], [175, 180, -175, -170], [0, 168, -168]),
        ([-180, 180], [180, -180], [178, 0]),
        (list(range(0, 360, 1)), [0, 13.7, 359.6, -90], []),
    ],
)
def test_azimuths_of_tilted_particles(seen, inside, outside):
    def tilted(*azimuths):
        phi = torch.tensor(azimuths, dtype=torch.float64) * degree
        return beam([50] * len(azimuths), theta=1.0, phi=phi)

    past = TrainingRange.of(tilted(*seen))
    past.check(tilted(*seen))
    past.check(tilted(*inside))
    for azimuth in outside:
        with pytest.raises(ValueError, match=r"azimuths of \S+.* degrees, got"):
            past.check(tilted(azimuth))


@pytest.mark.parametrize(("side", "lean"), [(90, 90), (-90, 90), (0, 0), (180, 0), (30, 30)])
def test_particles_that_lean_to_both_sides_of_a_plane(side, lean):
    """Their range is one of angles beyond 90 degrees, not one of all azimuths in between."""

    def shot(theta, phi=side):
        theta = torch.tensor(theta, dtype=torch.float64) * degree
        return beam([50] * len(theta), theta=theta, phi=phi * degree)

    past = TrainingRange.of(shot([60.5, 75, 90, 119.2]))
    assert past.lean / degree == pytest.approx(lean)
    assert [angle / degree for angle in past.theta] == pytest.approx((60, 120))
    past.check(shot([60.5, 90, 119.2]))
    past.check(shot([61, 119], phi=side + 180))
    for theta in ([59], [121]):
        with pytest.raises(ValueError, match=r"angles of 60 to 120 degrees, got (59|121) degrees"):
            past.check(shot(theta))
    with pytest.raises(ValueError, match=rf"azimuths of {lean} degrees, got \S+ degrees"):
        past.check(shot([75], phi=side + 40))


def test_a_perpendicular_particle_has_no_azimuth():
    assert TrainingRange.of(beam([50])).azimuth is None
    past = TrainingRange.of(beam([50, 60], theta=torch.tensor([1.0, pi / 2])))
    assert past.azimuth == pytest.approx((pi / 2, pi / 2))
    past.check(beam([55], phi=-1.0))


def test_points_of_entry_are_widened_to_a_tenth_of_a_millimetre():
    entry = torch.tensor([[2.5, -107.5], [2.5, -102.53]], dtype=torch.float64)
    past = TrainingRange.of(beam([50, 60], impact=entry))
    assert past.position == ((2.5, 2.5), (-107.5, -102.5))
    assert past.entry == pytest.approx((2.5, -105.0))
    assert past.lean == pi / 2
    past.check(beam([55], impact=(2.45, -107.55)))


def test_a_card_without_points_of_entry_is_refused(tmp_path):
    seen = {"energy": [1e4, 1e5], "theta": [1.5, 1.5], "pdg": [22]}
    (tmp_path / "card.json").write_text(json.dumps({"training_range": seen}))
    with pytest.raises(ValueError, match=r"card\.json cannot be used: .* train the model again"):
        ModelCard.read(tmp_path / "card.json")


def test_all_that_is_outside_is_named_at_once():
    with pytest.raises(ValueError, match=r"energies .*; angles .*; the particle codes"):
        TrainingRange.of(beam([10, 100])).check(beam([5], pdg=11, theta=1.0))


@pytest.mark.parametrize("theta", [pi / 2, 1.0])
def test_a_card_comes_back_from_its_file(theta, tmp_path):
    card = ModelCard(
        name="a",
        family="VAE",
        detector={"name": "toy"},
        training_range=TrainingRange.of(beam([10, 100], theta=theta, pdg=torch.tensor([11, 22]))),
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
