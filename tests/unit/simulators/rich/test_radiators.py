"""Gas radiators: formulae against values that are known otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heitler.simulators.rich import LHCB
from heitler.tracks import MASSES
from heitler.units import GeV

RICH1, RICH2 = LHCB
every_radiator = pytest.mark.parametrize("radiator", LHCB, ids=lambda r: r.name)
every_particle = pytest.mark.parametrize("name", MASSES)


@every_radiator
@every_particle
def test_light_begins_at_the_threshold(radiator, name):
    mass = MASSES[name]
    threshold = mass / (radiator.mean_index**2 - 1) ** 0.5
    assert radiator.threshold(mass) == pytest.approx(threshold)
    below, above = radiator.sine_squared(threshold * np.array([0.9999, 1.0001]), np.array(mass))
    assert below == 0.0
    assert above > 0.0
    assert radiator.expected_photons(np.array(0.0)) == 0.0


def test_thresholds_of_kaons_are_those_of_the_issue():
    """With n of 400 nm, 1.0014 and 1.0005: 9.3 and 15.6 GeV."""
    assert replace_colours(RICH1).threshold(MASSES["K"]) / GeV == pytest.approx(9.33, abs=0.01)
    assert replace_colours(RICH2).threshold(MASSES["K"]) / GeV == pytest.approx(15.61, abs=0.01)


def replace_colours(radiator):
    """The radiator with photons of 400 nm only."""
    return replace(radiator, photons=(3.0996e-6, 3.0996e-6))


@every_radiator
def test_photons_of_one_colour_have_the_nominal_index(radiator):
    assert replace_colours(radiator).mean_index == pytest.approx(radiator.index, abs=1e-12)
    assert replace_colours(radiator).index_spread == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("radiator", "angle"), [(RICH1, 52.9e-3), (RICH2, 31.6e-3)])
def test_the_angle_saturates(radiator, angle):
    fast = radiator.sine_squared(np.array(1e4 * GeV), np.array(MASSES["pi"]))
    assert np.arccos(1 / radiator.index) == pytest.approx(angle, abs=1e-4)
    assert np.arcsin(fast**0.5) == pytest.approx(np.arccos(1 / radiator.mean_index), rel=1e-5)
    assert radiator.expected_photons(fast) == pytest.approx(radiator.light, rel=1e-4)


@every_radiator
def test_light_and_angle_grow_with_momentum_and_fall_with_mass(radiator):
    momentum = np.geomspace(1 * GeV, 200 * GeV, 50)[:, None]
    s = radiator.sine_squared(momentum, np.array(list(MASSES.values())))
    assert (np.diff(s, axis=0) >= 0).all()
    assert (np.diff(s, axis=1) <= 0).all()


@every_radiator
def test_colour_spreads_the_angle_as_the_index_does(radiator):
    """Photons one by one against sigma_n / theta."""
    low, high = radiator.photons
    energy = np.linspace(low, high, 20001)
    index = 1 + radiator.strength / (radiator.resonance**2 - energy**2)
    angles = np.arccos(1 / index)
    saturated = np.array(1 - 1 / radiator.mean_index**2)
    assert float(radiator.chromatic_error(saturated)) == pytest.approx(angles.std(), rel=0.03)


@pytest.mark.parametrize(("radiator", "total"), [(RICH1, 1.6e-3), (RICH2, 0.65e-3)])
def test_all_terms_together_are_the_quoted_resolutions(radiator, total):
    saturated = np.array(1 - 1 / radiator.mean_index**2)
    assert float(radiator.error(saturated, np.array(80 * GeV))) == pytest.approx(total, rel=0.03)


@every_radiator
def test_slow_tracks_scatter(radiator):
    slow, fast = radiator.track_error(np.array([2 * GeV, 1e4 * GeV]))
    assert slow > 1.5 * fast
    assert fast == pytest.approx(radiator.tracking, rel=1e-3)


@every_radiator
def test_background_is_spread_over_the_acceptance(radiator):
    low, high = radiator.acceptance
    small = np.pi * (high**2 - low**2)
    photons = float(radiator.background(np.array(10.0))) * small
    assert photons == pytest.approx(10 * radiator.crowding * radiator.light, rel=0.01)
