"""The line that a particle would follow, and which columns hold what."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.particles import IncidentParticles
from heitler.preprocessing import (
    Angle,
    Axis,
    Conditioning,
    Impact,
    LogEnergy,
    Momentum,
    ParticleType,
    ScaledEnergy,
    Theta,
)

angles = st.floats(0.3, math.pi / 2)
azimuths = st.floats(-math.pi, math.pi)
places = st.floats(-50.0, 50.0)


def beam(**settings):
    return IncidentParticles.beam([1e4], **settings)


def test_a_perpendicular_particle_stays_where_it_enters():
    got = Axis()(beam(impact=(3.0, -4.0), depth=-12.0))
    assert got.shape == (1, 4)
    assert got.dtype == torch.float32
    assert got[0].tolist() == pytest.approx([3.0, -4.0, 0.0, 0.0], abs=1e-6)


def test_a_tilted_particle_by_hand():
    """At 45 degrees to the face it leans towards +y: 10 mm before the first layer are 10 mm."""
    got = Axis()(beam(impact=(3.0, -4.0), depth=-10.0, theta=math.pi / 4))
    assert got[0].tolist() == pytest.approx([3.0, 6.0, 0.0, 1.0], abs=1e-5)


@given(angles, azimuths, places, places, places)
def test_the_axis_passes_through_the_point_of_entry_in_the_direction_of_flight(
    theta, phi, x, y, z
):
    particle = beam(theta=theta, phi=phi, impact=(x, y), depth=z)
    axis = Axis()(particle)[0].double()
    torch.testing.assert_close(
        axis[:2] + z * axis[2:], particle.position[0, :2], rtol=1e-4, atol=1e-3
    )
    line = torch.cat([axis[2:], torch.ones(1, dtype=torch.float64)])
    torch.testing.assert_close(line / line.norm(), particle.direction[0], rtol=1e-5, atol=1e-5)


@given(angles, azimuths, places, places, st.floats(-50.0, 50.0))
def test_a_particle_further_along_its_way_has_the_same_axis(theta, phi, x, y, way):
    one = beam(theta=theta, phi=phi, impact=(x, y), depth=-5.0)
    other = IncidentParticles(
        one.energy, one.pdg, one.direction, one.position + way * one.direction
    )
    torch.testing.assert_close(Axis()(one), Axis()(other), rtol=1e-4, atol=1e-3)


def test_the_axis_learns_nothing():
    axis, particles = Axis(), beam(impact=(3.0, 4.0))
    before = axis(particles)
    axis.fit(particles)
    assert not axis.state_dict()
    assert torch.equal(axis(particles), before)


def test_columns_say_where_each_condition_is():
    parts = [LogEnergy(), Axis(), ParticleType([11, 22]), Angle()]
    conditioning = Conditioning(parts)
    particles = IncidentParticles.beam(
        [1e4, 2e4, 9e4],
        theta=torch.tensor([0.5, 1.0, 1.5]),
        impact=(3.0, 4.0),
        pdg=torch.tensor([11, 22, 11]),
    )
    conditioning.fit(particles)
    assert conditioning.columns == {
        "energy": slice(0, 1),
        "axis": slice(1, 5),
        "type": slice(5, 7),
        "angle": slice(7, 8),
    }
    assert conditioning.size == 8
    c = conditioning(particles)
    for part in parts:
        assert torch.equal(c[:, conditioning.columns[part.name]], part(particles))


@given(st.permutations(["energy", "axis", "type", "angle"]))
def test_columns_cover_all_and_overlap_nowhere(order):
    make = {
        "energy": LogEnergy,
        "axis": Axis,
        "type": lambda: ParticleType([22]),
        "angle": Angle,
    }
    conditioning = Conditioning([make[name]() for name in order])
    covered = [i for part in conditioning.columns.values() for i in range(conditioning.size)[part]]
    assert covered == list(range(conditioning.size))
    assert list(conditioning.columns) == list(order)


def test_energy_in_units_of_100_gev_and_the_angle_in_rad_learn_nothing():
    particles = IncidentParticles.beam([1e4, 2.5e5], theta=torch.tensor([1.0, 1.5]))
    for condition, expected in ((ScaledEnergy(), [0.1, 2.5]), (Theta(), [1.0, 1.5])):
        condition.fit(particles[:1])
        assert condition(particles)[:, 0].tolist() == pytest.approx(expected)


def test_the_angle_tells_both_sides_of_y_from_each_other():
    angle = torch.tensor([1.0, math.pi / 2, 2.0])
    towards_y = IncidentParticles.beam([1e4] * 3, theta=angle)
    assert Theta()(towards_y)[:, 0].tolist() == pytest.approx(angle.tolist())
    towards_x = IncidentParticles.beam([1e4] * 3, theta=angle, phi=0.0)
    assert Theta()(towards_x)[:, 0].tolist() == pytest.approx([1.0, math.pi / 2, math.pi - 2.0])


def test_momentum_and_impact_are_standardised_by_component():
    generator = torch.Generator().manual_seed(6)
    unit = torch.rand(4, 500, dtype=torch.float64, generator=generator)
    particles = IncidentParticles.beam(
        1e3 + 1e4 * unit[0],
        theta=1.2 + 0.3 * unit[1],
        phi=6.28 * unit[2],
        impact=torch.stack([20 * unit[3] - 10, 5 * unit[0]], dim=1),
    )
    conditioning = Conditioning([Momentum(), Impact()])
    conditioning.fit(particles)
    c = conditioning(particles)
    assert conditioning.columns == {"momentum": slice(0, 3), "impact": slice(3, 5)}
    torch.testing.assert_close(c.mean(dim=0), torch.zeros(5), rtol=0.0, atol=1e-5)
    torch.testing.assert_close(c.std(dim=0), torch.ones(5), rtol=1e-4, atol=1e-5)
    truth = particles.energy[:, None] * particles.direction
    for column, wanted in zip(c.T, [*truth.T, *particles.position[:, :2].T], strict=True):
        assert float(torch.corrcoef(torch.stack([column.double(), wanted]))[0, 1]) > 1 - 1e-6


def test_a_beam_at_one_point_has_an_impact_of_0():
    particles = IncidentParticles.beam([1e4, 2e4], impact=(3.0, -4.0))
    impact = Impact()
    impact.fit(particles)
    assert impact(particles).tolist() == [[0.0, 0.0]] * 2
