"""Summaries of showers made by hand, and how they transform."""

from math import log

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.detectors import VoxelGrid, parse_detector
from heitler.hits import Hits
from heitler.models.compound_hits.sample import SUMMARIES, Seen, centres, goal_of, summarise
from heitler.models.compound_hits.stencil import Stencil
from heitler.observables import centre_x, centre_y, centre_z, visible_energy, width_z
from heitler.particles import IncidentParticles
from heitler.showers import Showers

LAYERS, SIDE = 8, 9
CENTRE = (SIDE // 2) * SIDE + SIDE // 2
seeds = st.integers(0, 1000)


def geometry():
    return VoxelGrid(SIDE, SIDE, (5.0, 5.0), layer_z=range(LAYERS))


def look(deposits, axis=None):
    """Seen hits of deposits (N, cells) about the axis, by default through the middle."""
    stencil = Stencil(geometry().cell_centres, LAYERS, (1, 1))
    axis = torch.zeros(len(deposits), 4) if axis is None else axis
    return Seen.of(Hits.of(deposits), stencil.aim(axis), stencil)


def as_showers(deposits):
    """Showers in a detector whose depths in mm are numbers of layers."""
    detector = parse_detector(
        {
            "name": "millimetres",
            "description": "A toy.",
            "hit_threshold": 0.1,
            "stack": [
                {
                    "repeat": LAYERS,
                    "slabs": [
                        {"material": "tungsten", "thickness": 0.5},
                        {"material": "silicon", "thickness": 0.5, "active": True},
                    ],
                }
            ],
            "geometry": {"type": "VoxelGrid", "rows": SIDE, "columns": SIDE, "cell": [5.0, 5.0]},
        }
    )
    return Showers(deposits, IncidentParticles.beam([1e4] * len(deposits)), detector)


def shower(*hits):
    """One shower of (layer, row, column, MeV), counted from the middle cell."""
    deposits = torch.zeros(1, LAYERS * SIDE * SIDE)
    for layer, row, column, energy in hits:
        deposits[0, layer * SIDE * SIDE + CENTRE + row * SIDE + column] = energy
    return deposits


def random_showers(seed, count=6, layers=range(LAYERS)):
    """Sparse showers in some of the layers, each with at least ten hits."""
    generator = torch.Generator().manual_seed(seed)
    size = (count, LAYERS, SIDE * SIDE)
    energy = torch.empty(size).exponential_(generator=generator) + 0.1
    hit = torch.rand(size, generator=generator) < 0.05
    hit[:, :, :10] |= torch.eye(LAYERS, 10, dtype=torch.bool)
    hit[:, [n for n in range(LAYERS) if n not in layers]] = False
    return torch.where(hit, energy, 0.0).flatten(1)


def test_one_hit():
    got = summarise(look(shower((3, 1, -2, 4.0))))
    assert got.shape == (1, SUMMARIES)
    assert got.dtype == torch.float64
    # A width of nothing is taken as 0.3 layers.
    assert got[0].tolist() == pytest.approx([log(4.0), 3.0, log(0.3), 0.0, log(5.0)])


def test_two_hits():
    """3 MeV in layer 1 and 1 MeV in layer 5: mean 2, variance (3 + 9) / 4, skewness 6 / 3^1.5."""
    got = summarise(look(shower((1, 0, 1, 3.0), (5, 2, 2, 1.0))))
    wanted = [log(4.0), 2.0, 0.5 * log(3.0), (-3.0 + 27.0) / 4 / 3**1.5, log((3.0 + 8.0) / 4)]
    assert got[0].tolist() == pytest.approx(wanted)


def test_on_the_axis_the_spread_is_as_small_as_it_may_be():
    got = summarise(look(shower((1, 0, 0, 3.0), (5, 0, 0, 1.0))))
    assert float(got[0, 4]) == pytest.approx(log(0.02))


def test_nothing_is_finite():
    got = summarise(look(torch.cat([shower(), shower((2, 0, 1, 1.0)), shower()])))
    assert bool(torch.isfinite(got).all())
    assert got[0].tolist() == pytest.approx([log(0.01), 0.0, log(0.3), 0.0, log(0.02)])
    assert float(got[1, 0]) == pytest.approx(0.0)


@given(seeds, st.floats(0.05, 50.0))
def test_energies_change_only_the_visible_energy(seed, scale):
    deposits = random_showers(seed)
    before, after = (summarise(look(x)) for x in (deposits, (deposits.double() * scale).float()))
    torch.testing.assert_close(after[:, 0] - before[:, 0], torch.full((6,), log(scale)).double())
    torch.testing.assert_close(after[:, 1:], before[:, 1:], rtol=1e-5, atol=1e-5)


@given(seeds, st.integers(1, 3))
def test_a_later_start_changes_only_the_mean_depth(seed, steps):
    deposits = random_showers(seed, layers=range(LAYERS - 3))
    later = deposits.roll(steps * SIDE * SIDE, dims=1)
    before, after = (summarise(look(x)) for x in (deposits, later))
    torch.testing.assert_close(after[:, 1], before[:, 1] + steps)
    rest = [0, 2, 3, 4]
    torch.testing.assert_close(after[:, rest], before[:, rest], rtol=1e-6, atol=1e-6)


@given(seeds)
def test_reversed_layers_change_the_sign_of_the_skewness(seed):
    deposits = random_showers(seed)
    flipped = deposits.view(6, LAYERS, -1).flip(1).flatten(1)
    before, after = (summarise(look(x)) for x in (deposits, flipped))
    torch.testing.assert_close(after[:, 1], LAYERS - 1 - before[:, 1])
    torch.testing.assert_close(after[:, 3], -before[:, 3], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(after[:, [0, 2, 4]], before[:, [0, 2, 4]])


def test_the_spread_is_about_the_axis_wherever_it_goes():
    middle = shower((0, 0, 1, 1.0), (2, -1, 0, 2.0))
    moved = shower((0, 2, 0, 1.0), (2, 1, -1, 2.0))
    axis = torch.tensor([[-5.0, 10.0, 0.0, 0.0]])
    torch.testing.assert_close(summarise(look(moved, axis)), summarise(look(middle)))
    # An axis that leans by one row of 5 mm a layer.
    leaning = shower((0, 0, 1, 1.0), (2, 1, 0, 2.0))
    axis = torch.tensor([[0.0, 0.0, 0.0, 5.0]])
    torch.testing.assert_close(summarise(look(leaning, axis)), summarise(look(middle)))


@given(seeds)
def test_goals_are_the_observables_of_a_shower(seed):
    """Layers are 1 mm apart here, so depths in mm are depths in layers."""
    deposits = random_showers(seed)
    showers = as_showers(deposits)
    detector = showers.detector
    assert detector.geometry.layer_z.tolist() == pytest.approx(range(LAYERS))
    goal = goal_of(summarise(look(deposits)))
    for k, of in enumerate((visible_energy, centre_z, width_z)):
        torch.testing.assert_close(goal[:, k], of(showers), rtol=1e-5, atol=1e-5)


@given(st.lists(st.floats(-3.0, 3.0), min_size=SUMMARIES, max_size=SUMMARIES))
def test_goals_are_what_summaries_say(numbers):
    got = goal_of(torch.tensor([numbers], dtype=torch.float64))
    assert got.shape == (1, 4)
    visible, mean, width, spread = got[0].tolist()
    found = [log(visible), mean, log(width), log(spread)]
    assert found == pytest.approx([*numbers[:3], numbers[4]], abs=1e-12)


@given(seeds)
def test_sums_over_hits_are_those_of_cells(seed):
    deposits = random_showers(seed)
    seen = look(deposits)
    bins = int(seen.bin.max()) + 2
    by_layer = deposits.double().view(6, LAYERS, -1).sum(2)
    torch.testing.assert_close(seen.per_shower(seen.energy), by_layer.sum(1))
    torch.testing.assert_close(seen.per_layer(seen.energy), by_layer)
    by_bin = seen.per_bin(seen.energy, bins)
    assert by_bin.shape == (6, LAYERS, bins)
    torch.testing.assert_close(by_bin.sum(2), by_layer)
    one = torch.bincount(seen.bin, seen.energy, minlength=bins)
    torch.testing.assert_close(by_bin.sum((0, 1)), one)
    assert torch.equal(seen.cell, Hits.of(deposits).cells.long())
    assert torch.equal(seen.layer, seen.cell // SIDE**2)


@given(seeds)
def test_centres_are_those_of_the_observables_in_cells(seed):
    deposits = random_showers(seed)
    stencil = Stencil(geometry().cell_centres, LAYERS, (1, 1))
    got = centres(look(deposits), stencil)
    showers = as_showers(deposits)
    wanted = torch.stack([observe(showers).double() / 5.0 for observe in (centre_x, centre_y)], 1)
    torch.testing.assert_close(got, wanted, atol=1e-4, rtol=1e-4)


def test_an_empty_shower_has_its_centre_on_the_axis():
    stencil = Stencil(geometry().cell_centres, LAYERS, (1, 1))
    empty = torch.zeros(1, LAYERS * SIDE * SIDE)
    assert centres(look(empty), stencil).tolist() == [[0.0, 0.0]]
