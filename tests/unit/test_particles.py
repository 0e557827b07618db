"""Incident particles: validation, angles, slices."""

from math import pi, sqrt

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.particles import ELECTRON, PHOTON, POSITRON, IncidentParticles


def particles(count=3, **changes):
    columns = {
        "energy": torch.linspace(1e4, 3e4, count, dtype=torch.float64),
        "pdg": torch.full((count,), PHOTON),
        "direction": torch.tensor([[0.0, 0.0, 1.0]]).repeat(count, 1),
        "position": torch.zeros(count, 3),
    }
    return IncidentParticles(**{**columns, **changes})


def test_codes_of_the_particle_data_group():
    assert (PHOTON, ELECTRON, POSITRON) == (22, 11, -11)


@pytest.mark.parametrize("energy", [-1.0, 0.0, float("nan"), float("inf")])
def test_energies_are_positive_and_finite(energy):
    with pytest.raises(ValueError, match=rf"got {energy} MeV for particle 1 \(1 of 3"):
        particles(energy=torch.tensor([1.0, energy, 1.0]))


@pytest.mark.parametrize(
    ("name", "value", "shape"),
    [
        ("pdg", torch.tensor([22, 22]), r"\(3,\), got \(2,\)"),
        ("direction", torch.tensor([[0.0, 0.0, 1.0]]), r"\(3, 3\), got \(1, 3\)"),
        ("position", torch.zeros(3, 2), r"\(3, 3\), got \(3, 2\)"),
        ("energy", torch.ones(3, 1), r"\(3,\), got \(3, 1\)"),
    ],
)
def test_shapes_are_checked(name, value, shape):
    with pytest.raises(ValueError, match=f"{name} of 3 incident particles .* {shape}"):
        particles(**{name: value})


@pytest.mark.parametrize("length", [0.0, 0.9, 1.1, float("nan")])
def test_directions_are_unit_vectors(length):
    with pytest.raises(ValueError, match="unit vectors"):
        particles(direction=torch.tensor([[0.0, 0.0, length]]).repeat(3, 1))


def test_columns_have_fixed_types():
    made = particles(energy=[1, 2, 3], pdg=[22.0, 11.0, -11.0])
    assert made.energy.dtype == made.direction.dtype == made.position.dtype == torch.float64
    assert made.pdg.dtype == torch.int64


@given(st.floats(1e-3, pi / 2))
def test_a_beam_has_the_angle_that_it_was_given_and_leans_to_y(theta):
    beam = IncidentParticles.beam([1e4, 2e4], theta=theta, impact=(1.0, 2.0), depth=-3.0)
    torch.testing.assert_close(beam.theta, torch.full((2,), theta, dtype=torch.float64))
    assert torch.equal(beam.direction[:, 0], torch.zeros(2, dtype=torch.float64))
    assert bool((beam.direction[:, 1] >= 0).all())
    assert beam.position.tolist() == [[1.0, 2.0, -3.0]] * 2


def test_a_perpendicular_beam_is_exactly_perpendicular():
    beam = IncidentParticles.beam([1e4])
    assert beam.direction.tolist() == [[0.0, 0.0, 1.0]]
    assert float(beam.theta) == pi / 2


def test_a_beam_of_60_degrees():
    beam = IncidentParticles.beam([1e4], theta=pi / 3)
    torch.testing.assert_close(
        beam.direction[0], torch.tensor([0.0, 0.5, sqrt(3) / 2], dtype=torch.float64)
    )


def test_a_beam_may_lean_anywhere_and_enter_anywhere():
    phi = torch.tensor([0.0, pi / 2, -2.0], dtype=torch.float64)
    entry = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=torch.float64)
    beam = IncidentParticles.beam([1e4] * 3, theta=pi / 3, phi=phi, impact=entry, depth=-1.0)
    torch.testing.assert_close(beam.phi, phi)
    torch.testing.assert_close(beam.theta, torch.full((3,), pi / 3, dtype=torch.float64))
    assert torch.equal(beam.position[:, :2], entry)
    assert beam.position[:, 2].tolist() == [-1.0] * 3
    assert float(IncidentParticles.beam([1e4], phi=0.3).phi) == pi / 2


def test_codes_and_angles_may_differ_within_a_beam():
    beam = IncidentParticles.beam(
        [1e4, 2e4], pdg=torch.tensor([11, 22]), theta=torch.tensor([1.0, 1.5])
    )
    assert beam.pdg.tolist() == [11, 22]
    assert beam.theta.tolist() == pytest.approx([1.0, 1.5])


@pytest.mark.parametrize(
    "index", [slice(1, 3), torch.tensor([2, 0]), torch.tensor([True, False, True])]
)
def test_parts_keep_rows_together(index):
    whole = particles(pdg=torch.tensor([11, 22, -11]), position=torch.arange(9.0).view(3, 3))
    part = whole[index]
    for name in IncidentParticles.__slots__:
        assert torch.equal(getattr(part, name), getattr(whole, name)[index])


def test_concatenation_is_the_inverse_of_cutting():
    whole = particles(5, position=torch.arange(15.0).view(5, 3))
    again = IncidentParticles.concatenate([whole[:2], whole[2:2], whole[2:]])
    assert len(again) == 5
    for name in IncidentParticles.__slots__:
        assert torch.equal(getattr(again, name), getattr(whole, name))
