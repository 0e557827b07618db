"""What a table says of the causes of its rows."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.causes import KINDS, kind_of
from heitler.particles import IncidentParticles
from heitler.tables import Column, Table
from heitler.tracks import Tracks

COLUMN = Column("light", "light")


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_is_recognised_by_its_columns(kind):
    assert kind_of((COLUMN, *kind.columns)) is kind
    with pytest.raises(ValueError, match="does not say what caused its rows"):
        kind_of((COLUMN, *kind.columns[1:]))


@given(
    energy=st.floats(1.0, 1e6),
    theta=st.floats(0.1, 1.5707),
    phi=st.floats(-3.1, 3.1),
    place=st.tuples(*[st.floats(-500, 500)] * 3),
)
def test_particles_come_back_from_a_table(energy, theta, phi, place):
    x, y, z = place
    particles = IncidentParticles.beam(
        [energy], pdg=11, theta=theta, phi=phi, impact=(x, y), depth=z
    )
    light = Table((COLUMN,), torch.ones(1, 1))
    found = IncidentParticles.of(light.beside(particles.table()))
    assert found.pdg.tolist() == [11]
    torch.testing.assert_close(found.energy, particles.energy)
    torch.testing.assert_close(found.position, particles.position)
    torch.testing.assert_close(found.direction, particles.direction, rtol=1e-6, atol=1e-6)


def test_perpendicular_particles_come_back_exactly():
    particles = IncidentParticles.beam([1e4])
    assert torch.equal(IncidentParticles.of(particles.table()).direction, particles.direction)


def test_each_kind_says_what_transforms_are_told():
    tracks = Tracks([211], [3e4], [3.0], [50])
    assert tracks.energy.tolist() == [3e4]
    assert IncidentParticles.beam([1e4]).energy.tolist() == [1e4]
