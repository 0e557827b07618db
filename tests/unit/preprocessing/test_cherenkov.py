"""What a model is told of rings, beside what the simulator of rings expects."""

import numpy as np
import pytest
import torch

from heitler.preprocessing import CherenkovLight
from heitler.simulators import TrackGun
from heitler.simulators.rich import LHCB
from heitler.tracks import CHARGED, MASSES, Tracks
from heitler.units import GeV

RICH1 = LHCB[0]


def light():
    return CherenkovLight(RICH1.mean_index, RICH1.acceptance)


def track(name, momentum, eta=3.2):
    return Tracks(*(torch.tensor([v]) for v in (CHARGED[name], momentum * GeV, eta, 100.0)))


def test_squares_of_shares_are_photons_over_those_at_the_speed_of_light():
    tracks = TrackGun(pseudorapidity=(2.0, 4.3)).shoot(0, 300, seed=1)
    sine = RICH1.sine_squared(tracks.momentum.numpy()[:, None], np.array(list(MASSES.values())))
    want = RICH1.expected_photons(sine) / RICH1.light
    told = light()(tracks).numpy()
    np.testing.assert_allclose(told[:, 1:6] ** 2, want, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(told[:, 6:], told[:, :6] ** 2, rtol=1e-6)


@pytest.mark.parametrize("name", ["pi", "K", "p"])
def test_light_begins_at_the_threshold_of_the_own_mass(name):
    at = RICH1.threshold(MASSES[name]) / GeV
    assert float(light()(track(name, 0.999 * at))[0, 0]) == 0
    bright = light()(track(name, 1.01 * at))[0]
    assert float(bright[0]) == float(bright[1 + list(MASSES).index(name)]) > 0


def test_antiparticles_are_as_bright():
    kaon, anti = track("K", 20.0), track("K", 20.0)
    anti.pdg.neg_()
    assert torch.equal(light()(kaon), light()(anti))


@pytest.mark.parametrize("eta", [1.8, 4.5])
def test_there_is_no_light_outside_of_the_acceptance(eta):
    assert float(light()(track("e", 50.0, eta)).abs().max()) == 0


def test_a_vacuum_is_refused():
    with pytest.raises(ValueError, match="has an index above 1, got 1"):
        CherenkovLight(1, (0.0, 0.1))
