"""A network on toys whose right answers are known."""

from __future__ import annotations

import pytest
import torch

from heitler.detectors import load_detector
from heitler.particles import IncidentParticles
from heitler.reconstruction import ReferenceNetwork, agreement, confusion, train_network
from heitler.showers import Showers

TYPES = (22, 11)


def toys(detector, count, seed, *, scale=1.0):
    """Photons leave 1 % of E in the first two layers, electrons 1.5 % in the last two."""
    generator = torch.Generator().manual_seed(seed)
    energy = 1e4 + 9e4 * torch.rand(count, generator=generator, dtype=torch.float64)
    electron = torch.rand(count, generator=generator) < 0.5
    layer = detector.geometry.layer_of_cell
    inside = (layer[None] >= 2) == electron[:, None]
    share = torch.empty(count, len(layer)).exponential_(generator=generator) * inside
    visible = scale * energy * torch.where(electron, 0.015, 0.010)
    deposits = visible[:, None].float() * share / share.sum(dim=1, keepdim=True)
    particles = IncidentParticles.beam(
        energy, pdg=torch.where(electron, 11, 22), impact=detector.impact, depth=detector.face_z
    )
    return Showers(deposits, particles, detector).sparse()


@pytest.fixture(scope="module")
def network(toy_detector):
    plain = ReferenceNetwork(toy_detector, TYPES, hidden=32)
    return train_network(plain, toys(toy_detector, 1000, 1), seed=1, epochs=20)


def by_name(rows):
    return {row.name: row for row in rows}


def test_it_learns_what_is_there(network, toy_detector):
    rows = by_name(agreement(network, toys(toy_detector, 400, 2), toys(toy_detector, 400, 3)))
    assert rows["mean absolute error of the energy, %"].reference.value < 5.0
    assert rows["mean share of the right type"].candidate.value > 0.99
    assert rows["mean absolute error of the angle, degrees"].candidate.value < 1e-3
    torch.testing.assert_close(
        confusion(network, toys(toy_detector, 400, 3)),
        torch.eye(2, dtype=torch.float64), atol=0.02, rtol=0.0,
    )  # fmt: skip


def test_two_samples_of_one_law_agree_and_another_scale_does_not(network, toy_detector):
    reference = toys(toy_detector, 600, 2)
    same, shifted = (
        by_name(agreement(network, reference, toys(toy_detector, 600, 3, scale=scale)))
        for scale in (1.0, 1.2)
    )
    name = "KS distance of energy / true energy"
    assert same[name].candidate.value < 0.1
    assert shifted[name].candidate.value > 0.6
    error = shifted["mean absolute error of the energy, %"].candidate
    assert error.value == pytest.approx(20.0, abs=4.0)


def test_a_candidate_of_the_wrong_type_is_seen(network, toy_detector):
    showers = toys(toy_detector, 300, 4)
    codes = torch.where(showers.particles.pdg == 11, 22, 11)
    wrong = toys(toy_detector, 300, 4)
    object.__setattr__(wrong.particles, "pdg", codes)
    rows = by_name(agreement(network, showers, wrong))
    assert rows["mean share of the right type"].candidate.value < 0.01
    row = rows["mean ln p of the type"]
    assert row.candidate.value < row.reference.value - 3.0


def test_equal_seeds_give_equal_networks(toy_detector):
    showers = toys(toy_detector, 100, 1)

    def answers(seed):
        plain = ReferenceNetwork(toy_detector, TYPES, hidden=8)
        return train_network(plain, showers, seed=seed, epochs=2).answer(showers).energy

    assert torch.equal(answers(1), answers(1))
    assert not torch.equal(answers(1), answers(2))


def test_sums_are_those_of_the_grid(network, toy_detector):
    showers = toys(toy_detector, 5, 1)
    grid = showers.dense().grid.double()
    sums = [grid.sum(dim=(2, 3)), grid.sum(dim=(1, 3)), grid.sum(dim=(1, 2))]
    sums.append(grid.sum(dim=(1, 2, 3))[:, None])
    torch.testing.assert_close(
        network.features(showers), torch.cat(sums, dim=1).log1p().float(), atol=1e-5, rtol=1e-5
    )


def test_what_makes_no_sense_is_refused(toy_detector):
    with pytest.raises(ValueError, match="rows, columns and types"):
        ReferenceNetwork(load_detector("calochallenge_ds2"), TYPES)
    plain = ReferenceNetwork(toy_detector, (211,))
    with pytest.raises(ValueError, match="there are others"):
        train_network(plain, toys(toy_detector, 10, 1), seed=1, epochs=1)
