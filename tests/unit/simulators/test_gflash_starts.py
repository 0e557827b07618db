"""Where showers start: the Review's laws of bremsstrahlung and of pairs, bookkeeping."""

import numpy as np
import pytest
from scipy.integrate import quad

from heitler.detectors import load_detector
from heitler.particles import IncidentParticles
from heitler.simulators.gflash.medium import Medium
from heitler.simulators.gflash.starts import Starts, radiations, shares

MEDIUM = Medium.of(load_detector("ild_ecal"))


def mixed(energy=1e4, times=1):
    return IncidentParticles.concatenate(
        [IncidentParticles.beam([energy], pdg=pdg) for pdg in (22, 11, 22, -11) * times]
    )


@pytest.mark.parametrize("y", [20.0, 1e3, 1e5])
def test_radiated_photons_are_the_integral_of_their_spectrum(y):
    spectrum = lambda v: (4 / 3 - 4 / 3 * v + v * v) / v  # noqa: E731
    assert radiations(np.array(y)) == pytest.approx(quad(spectrum, 1 / y, 1)[0])


def test_an_electron_below_the_critical_energy_still_starts():
    assert radiations(np.array([1e-6, 0.5, 1.0])).tolist() == [1.0] * 3


def test_pairs_share_energy_as_the_law_says():
    law = lambda x: 9 / 7 * (1 - 4 / 3 * x * (1 - x))  # noqa: E731
    x = shares(np.random.default_rng(1), 400_000)
    assert ((x >= 0) & (x <= 1)).all()
    for edge in (0.1, 0.3, 0.5, 0.8):
        assert (x < edge).mean() == pytest.approx(quad(law, 0, edge)[0], abs=3e-3)
    shorter = (x * np.log(x) + (1 - x) * np.log(1 - x)).mean()
    assert shorter == pytest.approx(-0.476, abs=2e-3)


def test_pairs_have_the_energy_of_their_photon():
    starts = Starts.of(mixed(), MEDIUM, np.random.default_rng(2))
    assert starts.parent.tolist() == [0, 0, 1, 2, 2, 3]
    assert starts.second.tolist() == [False, True, False, False, True, False]
    assert np.bincount(starts.parent, starts.energy) == pytest.approx(np.full(4, 1e4))


def test_depths_have_the_stated_means():
    starts = Starts.of(mixed(times=5000), MEDIUM, np.random.default_rng(3))
    kind = np.array([22, 11, 22, -11] * 5000)[starts.parent]
    radiated = 1 / radiations(np.array(1e4 / MEDIUM.critical_energy))
    assert starts.depth[kind != 22].mean() == pytest.approx(radiated, rel=0.05)
    assert starts.depth[kind == 22].mean() == pytest.approx(9 / 7 + 1.2 * radiated, rel=0.05)


def test_slices_of_a_pair_come_together():
    starts = Starts.of(mixed(), MEDIUM, np.random.default_rng(2))
    values = np.arange(12).reshape(6, 2)
    assert starts.together(values).tolist() == [
        [0, 1, 2, 3],
        [4, 5, 0, 0],
        [6, 7, 8, 9],
        [10, 11, 0, 0],
    ]


def test_no_particles_have_no_starts():
    starts = Starts.of(IncidentParticles.beam([]), MEDIUM, np.random.default_rng(1))
    assert starts.together(np.zeros((0, 30))).shape == (0, 60)
