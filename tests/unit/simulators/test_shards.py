"""Shards: where requests are cut, seeds, and showers that do not depend on the cut."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.detectors import load_detector
from heitler.simulators import (
    BLOCK,
    DivisibleSimulator,
    GflashSimulator,
    NeuralSimulator,
    ParticleGun,
    block_seed,
    simulate_sparse,
)
from heitler.simulators.geant4 import Geant4Simulator, shower_seeds
from heitler.simulators.shards import Cut, Made, Request, Span, grain, make


@pytest.fixture(scope="module")
def gflash():
    return GflashSimulator(load_detector("ild_ecal_coarse"))


@pytest.fixture(scope="module")
def neural(toy_run):
    return NeuralSimulator.load(toy_run())


@pytest.fixture(scope="module")
def geant4(toy_detector, geant4_data):
    with Geant4Simulator(toy_detector, data=geant4_data) as simulator:
        yield simulator


def same(a, b):
    names = ("offsets", "cells", "energies")
    return all(torch.equal(getattr(a.hits, name), getattr(b.hits, name)) for name in names)


@pytest.mark.parametrize(
    ("name", "energy"),
    [
        ("gflash", 2e4),
        ("neural", 5e4),
        pytest.param("geant4", 50.0, marks=pytest.mark.geant4),
    ],
)
def test_part_of_the_showers_of_a_seed_are_those_of_the_whole(name, energy, request):
    simulator = request.getfixturevalue(name)
    assert isinstance(simulator, DivisibleSimulator)
    step = grain(simulator)
    gun = ParticleGun(simulator.detector, (energy, 1.5 * energy))
    incident = gun.shoot(0, 3 * step + 5, seed=1)
    whole = simulator.simulate_sparse(incident, seed=2)
    for start, stop in ((0, step), (step, 3 * step), (2 * step, 3 * step + 5)):
        part = simulate_sparse(simulator, incident[start:stop], seed=2, first=start)
        assert same(part, whole[start:stop])
    assert not same(simulator.simulate_sparse(incident[:step], seed=2, first=step), whole[:step])


@pytest.mark.parametrize("first", [-16, 5, 17])
def test_showers_that_share_random_numbers_are_not_parted(first, gflash):
    incident = ParticleGun(gflash.detector, (2e4, 2e4)).shoot(0, 1, seed=1)
    with pytest.raises(ValueError, match=f"at a multiple of it, not at {first}"):
        gflash.simulate_sparse(incident, seed=1, first=first)


def test_what_cannot_be_parted_says_so(toy_showers, toy_detector):
    class Whole:
        detector = toy_detector

        def simulate(self, incident, *, seed):
            return toy_showers(count=len(incident), seed=seed)

    incident = ParticleGun(toy_detector, (2e4, 2e4)).shoot(0, 3, seed=1)
    assert grain(Whole()) == BLOCK
    assert len(simulate_sparse(Whole(), incident, seed=1)) == 3
    with pytest.raises(ValueError, match="Whole makes all showers of a seed or none, not from 3"):
        simulate_sparse(Whole(), incident, seed=1, first=3)


@pytest.mark.parametrize(
    ("number", "seed", "message"),
    [(0, 1, "at least 1, got 0"), (1, -1, "a seed must not be negative, got -1")],
)
def test_requests_that_make_no_sense(number, seed, message, toy_detector):
    with pytest.raises(ValueError, match=message):
        Request(ParticleGun(toy_detector, (1e4, 1e5)), number, seed)


def test_a_shard_has_the_particles_and_the_seed_of_its_block(toy_detector):
    gun = ParticleGun(toy_detector, (1e4, 1e5))
    asked = Request(gun, 2 * BLOCK + 5, 3)
    assert asked.blocks == [Span(0, 0, BLOCK), Span(1, 0, BLOCK), Span(2, 0, 5)]
    shard = asked.shard(Span(1, 20, 50))
    assert torch.equal(shard.incident.energy, gun.shoot(1, BLOCK, seed=3).energy[20:50])
    assert shard.seed == block_seed(3, 1, 1)


@given(
    spans=st.lists(st.tuples(st.integers(0, 62), st.integers(1, 63)), max_size=5),
    grain=st.sampled_from([1, 16, 128, BLOCK]),
    pace=st.floats(1e-6, 1e3),
)
def test_a_cut_leaves_nothing_out_and_cuts_at_the_grain(spans, grain, pace):
    whole = [Span(i, 16 * a, min(16 * (a + n), BLOCK)) for i, (a, n) in enumerate(spans)]
    whole = [Span(s.block, s.start // grain * grain, s.stop) for s in whole]
    cut = Cut(whole, grain)
    seen = []
    for span in cut:
        seen.append(span)
        cut.note(Made(span, None, {}, pace * len(span)))
    for span in whole:
        parts = [part for part in seen if part.block == span.block]
        assert parts[0].start == span.start
        assert parts[-1].stop == span.stop
        for one, two in pairwise(parts):
            assert one.stop == two.start
            assert two.start % grain == 0


def test_shards_last_some_seconds_after_the_first():
    cut = Cut([Span(0, 0, BLOCK)], 1)
    lengths = []
    for span in cut:
        lengths.append(len(span))
        cut.note(Made(span, None, {}, 0.1 * len(span)))
    assert lengths == [1, *[50] * 19, 49]


def test_a_shard_is_timed_and_measured(gflash):
    shard = Request(ParticleGun(gflash.detector, (2e4, 2e4)), 40, 1).shard(Span(0, 16, 40))
    made = make(gflash, shard)
    assert made.seconds > 0
    assert made.measured == {}
    assert len(made.showers) == len(made.span) == 24


def test_seeds_of_showers_are_all_different():
    """Those of a request of 2,000, by the rule that files of Geant4 showers state."""
    blocks = [shower_seeds(block_seed(7, block, 1), BLOCK) for block in range(2)]
    seeds = {tuple(words) for block in blocks for words in block.tolist()}
    assert len(seeds) == 2 * BLOCK
    assert shower_seeds(block_seed(7, 1, 1), 10, first=30).tolist() == blocks[1][30:40].tolist()
