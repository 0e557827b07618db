"""The toy spectrometer: what its formulas say, its rows must show."""

from __future__ import annotations

import pytest
import torch

from heitler.simulators import RichSimulator, SpectrometerSimulator, TrackGun
from heitler.simulators.sources import block_seed
from heitler.simulators.spectrometer.response import acceptance, decays, efficiency
from heitler.tracks import CHARGED, Tracks

COUNT = 4000


def beam(name, momentum, eta=3.2, multiplicity=100):
    ones = torch.ones(COUNT, dtype=torch.float64)
    return Tracks(ones * CHARGED[name], ones * momentum, ones * eta, ones * multiplicity)


@pytest.fixture(scope="module")
def simulator():
    return SpectrometerSimulator()


def test_rows_depend_on_tracks_and_seed(simulator):
    tracks = TrackGun().shoot(0, 500, seed=1)
    table = simulator.simulate(tracks, seed=1)
    assert torch.equal(simulator.simulate(tracks, seed=1).values, table.values)
    assert not torch.equal(simulator.simulate(tracks, seed=2).values, table.values)


def test_lost_tracks_have_zeros(simulator):
    tracks = TrackGun(multiplicity=(20, 400)).shoot(0, 1000, seed=1)
    table = simulator.simulate(tracks, seed=1)
    lost = table.column("reconstructed") == 0
    assert bool((table.values[lost, 3:] == 0).all())
    assert bool((table.column("accepted") >= table.column("reconstructed")).all())
    assert bool((table.column("tracks_found") <= tracks.multiplicity).all())


def test_shares_are_those_of_the_formulas(simulator):
    for name, momentum in (("mu", 20e3), ("K", 10e3), ("e", 3e3)):
        tracks = beam(name, momentum)
        table = simulator.simulate(tracks, seed=1)
        expected = float(acceptance(tracks)[0])
        accepted = table.column("accepted")
        assert float(accepted.mean()) == pytest.approx(expected, abs=0.03)
        found = table.column("reconstructed")[accepted == 1].mean()
        assert float(found) == pytest.approx(float(efficiency(tracks)[0]), abs=0.03)


def test_half_of_the_kaons_decay_on_their_mean_path_times_ln_2():
    momentum, mass, length = 10e3, 493.677, 3711.0
    path = 0.6931471805599453 * length * momentum / mass
    assert float(decays(beam("K", momentum), path)[0]) == pytest.approx(0.5)
    assert float(decays(beam("p", momentum), path)[0]) == 0.0


def test_rings_are_those_of_the_rich(simulator):
    tracks = beam("K", 20e3)
    table = simulator.simulate(tracks, seed=1)
    seen = table.column("reconstructed") == 1
    rings = RichSimulator().simulate(tracks, seed=block_seed(1, 0, 8))
    assert torch.equal(table.column("dll_K")[seen], rings.column("dll_K")[seen])
    error = (table.column("global_K") - table.column("dll_K"))[seen]
    assert float(error.std()) == pytest.approx(0.5**0.5, rel=0.05)
    momentum = table.column("momentum_error")[seen]
    assert float(momentum.std()) == pytest.approx(0.0055, rel=0.05)
