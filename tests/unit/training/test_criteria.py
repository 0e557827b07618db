"""What chooses weights: chi2 of the energy by hand, and training that grows in energy."""

from __future__ import annotations

import itertools
from math import log

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.training import EnergyChi2, EnergyGrowth


def showers(detector, energies, visible):
    deposits = torch.zeros(len(visible), detector.geometry.cells)
    deposits[:, 0] = torch.tensor(visible)
    return Showers(deposits, IncidentParticles.beam(energies), detector)


def test_the_chi2_of_two_histograms_by_hand(toy_detector):
    """2 bins of 10 showers each at 100 MeV: 10 and 10 against 15 and 5; at 200 MeV equal ones."""
    real = [1.0] * 10 + [2.0] * 9 + [3.0] + [4.0] * 10 + [5.0] * 9 + [6.0]
    made = [1.0] * 15 + [2.5] * 5 + [4.0] * 10 + [5.0] * 10
    energies = [100.0] * 20 + [200.0] * 20
    found = EnergyChi2(bins=2, copies=1)(
        showers(toy_detector, energies, real), showers(toy_detector, energies, made)
    )
    by_hand = (10 - 15) ** 2 / 25 + (10 - 5) ** 2 / 15  # of one degree of freedom
    assert found == pytest.approx(
        {"chi2_100MeV": by_hand, "chi2_200MeV": 0.0, "mean": by_hand / 2}
    )


def test_copies_count_as_more_showers(toy_detector):
    real = [1.0] * 10 + [2.0] * 9 + [3.0]
    made = [1.0] * 15 + [2.5] * 5
    reference = showers(toy_detector, [100.0] * 20, real)
    found = EnergyChi2(bins=2, copies=3)(reference, showers(toy_detector, [100.0] * 60, made * 3))
    # (c1 sqrt(n2 / n1) - c2 sqrt(n1 / n2))^2 / (c1 + c2) with n2 = 3 n1
    root = 3**0.5
    by_hand = (10 * root - 45 / root) ** 2 / 55 + (10 * root - 15 / root) ** 2 / 25
    assert found["mean"] == pytest.approx(by_hand)


def test_energies_that_are_not_discrete_are_refused(toy_detector):
    spread = showers(toy_detector, [100.0 + i for i in range(40)], [1.0] * 40)
    with pytest.raises(ValueError, match="20 validation showers of each incident energy, got 40"):
        EnergyChi2()(spread, spread)
    with pytest.raises(ValueError, match="at least 2 bins and 1 copy"):
        EnergyChi2(bins=1)


POINTS = torch.tensor([256.0, 512.0, 1024.0, 2048.0, 4096.0]).repeat(3)


def test_training_grows_from_one_energy_to_its_neighbours_and_to_all():
    growth = EnergyGrowth(1024.0, 8)
    widest = float(growth.away(POINTS).max())
    assert widest == pytest.approx(log(4))
    sets = [
        sorted(set(POINTS[growth.rows(POINTS, epoch, widest=widest)].tolist()))
        for epoch in range(10)
    ]
    assert sets[0] == [1024.0]
    assert sets[2] == [512.0, 1024.0, 2048.0]
    assert sets[8] == sets[9] == [256.0, 512.0, 1024.0, 2048.0, 4096.0]


@given(st.lists(st.floats(1.0, 1e6), min_size=1), st.floats(1.0, 1e6), st.integers(1, 20))
def test_growth_never_shrinks_and_ends_with_everything(energies, start, epochs):
    energy = torch.tensor(energies, dtype=torch.float64)
    growth = EnergyGrowth(start, epochs)
    widest = float(growth.away(energy).max())
    sets = [set(growth.rows(energy, e, widest=widest).tolist()) for e in range(epochs + 1)]
    assert sets[0]
    assert all(before <= after for before, after in itertools.pairwise(sets))
    assert sets[-1] == set(range(len(energies)))


def test_growth_needs_a_start():
    with pytest.raises(ValueError, match=r"training\.growth needs a positive start"):
        EnergyGrowth(0.0, 5)
