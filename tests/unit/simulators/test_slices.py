"""Slices: every particle is in the slice of its type and |eta|, or in none."""

from __future__ import annotations

from math import atan, cosh, exp, pi

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.particles import IncidentParticles
from heitler.simulators import Slices

BARREL = Slices([22, 11], (0.0, 1.2), 24)


def beam(eta, pdg, *, phi=pi / 2):
    theta = torch.tensor([2 * atan(exp(-each)) for each in eta], dtype=torch.float64)
    return IncidentParticles.beam([1e3] * len(eta), pdg=torch.tensor(pdg), theta=theta, phi=phi)


@given(
    st.lists(
        st.tuples(st.floats(0.0, 1.1999), st.sampled_from([22, 11])), min_size=1, max_size=30
    ),
    st.floats(-3.0, 3.0),
)
def test_every_particle_is_in_its_slice(particles, phi):
    eta, pdg = zip(*particles, strict=True)
    members = BARREL.members
    for place, value, code in zip(BARREL.locate(beam(eta, pdg, phi=phi)), eta, pdg, strict=True):
        member = members[int(place)]
        assert member.pdg == code
        assert member.low - 1e-9 <= value <= member.high + 1e-9


@given(st.floats(0.0, 3.0))
def test_the_pseudorapidity_says_how_much_material_is_met(eta):
    particle = beam([eta], [22])
    assert float(particle.pseudorapidity[0]) == pytest.approx(eta, abs=1e-9)
    assert 1 / float(particle.direction[0, 2]) == pytest.approx(cosh(eta))


def test_edges_belong_to_the_slice_above_and_the_last_one_to_the_last_slice():
    for place, member in enumerate(BARREL.members[:24]):
        middle = (member.low + member.high) / 2
        assert BARREL.locate(beam([middle], [22])).tolist() == [place]
        assert BARREL.locate(beam([middle], [11])).tolist() == [24 + place]
    assert BARREL.locate(beam([0.0, 1.2], [22, 11])).tolist() == [0, 47]
    assert BARREL.edges == [round(0.05 * i, 9) for i in range(25)]
    assert len({member.name for member in BARREL.members}) == len(BARREL) == 48


@pytest.mark.parametrize(("eta", "pdg"), [(1.2001, 22), (3.0, 11), (0.3, 211), (0.3, -11)])
def test_what_no_member_covers_is_refused(eta, pdg):
    both = beam([0.1, eta], [22, pdg])
    assert BARREL.places(both).tolist() == [2, -1]
    with pytest.raises(ValueError, match=rf"\[22, 11\] at \|eta\| of 0 to 1.2, got code {pdg} "):
        BARREL.locate(both)


def test_slices_begin_where_they_are_told():
    forward = Slices([22], (1.0, 2.0), 2)
    assert forward.places(beam([0.9, 1.0, 1.49, 1.51, 2.1], [22] * 5)).tolist() == [
        -1,
        0,
        0,
        1,
        -1,
    ]


@pytest.mark.parametrize(
    "arguments", [([], (0.0, 1.0), 2), ([22, 22], (0.0, 1.0), 2), ([22], (1.0, 0.5), 2),
                  ([22], (-1.0, 1.0), 2), ([22], (0.0, 1.0), 0)],
)  # fmt: skip
def test_slices_that_make_no_sense_are_refused(arguments):
    with pytest.raises(ValueError, match="a bank needs different particle codes and slices"):
        Slices(*arguments)
