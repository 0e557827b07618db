"""What is known of silicon-tungsten calorimeters, seen in Geant4 showers through heitler."""

import numpy as np
import pytest

from heitler.formats import open_showers
from heitler.observables import OBSERVABLES, mip_edges, mip_energy
from heitler.performance import (
    angular_response,
    fit_resolution,
    growth,
    layer_correlations,
    linearity,
    mip_peak,
    resolution,
)

pytestmark = pytest.mark.geant4

NAMES = (
    "weighted_energy",
    "shower_maximum",
    "gamma_shape",
    "gamma_rate",
    "mip_spectrum",
    "axis_angle_residual",
    "layer_energy",
)


def table(path, names, count):
    """Incident energies, angles in degrees, the detector, and observables of the first showers."""
    with open_showers(path) as reader:
        parts = [reader.read(first, first + 100) for first in range(0, count, 100)]
        detector = reader.detector
    values = {
        name: np.concatenate([OBSERVABLES[name](part).numpy() for part in parts]) for name in names
    }
    energy = np.concatenate([part.particles.energy.numpy() for part in parts])
    theta = np.rad2deg(np.concatenate([part.particles.theta.numpy() for part in parts]))
    return energy, theta, detector, values


@pytest.fixture(scope="module")
def photons(shared_data):
    return table(shared_data("geant4/ild_photons_perpendicular.h5"), NAMES, 2500)


@pytest.fixture(scope="module")
def electrons(shared_data):
    names = ("shower_maximum", "gamma_shape", "mip_spectrum")
    return table(shared_data("geant4/clic_electrons.h5"), names, 1000)


def test_the_maximum_grows_with_the_logarithm_of_the_energy(photons, electrons):
    energy, _, detector, values = photons
    later = growth(energy, values["shower_maximum"], detector.critical_energy)
    assert later.slope.value == pytest.approx(1.0, abs=3 * later.slope.error)
    assert later.slope.error < 0.1
    energy, _, detector, values = electrons
    sooner = growth(energy, values["shower_maximum"], detector.critical_energy)
    assert sooner.slope.value == pytest.approx(1.0, abs=0.15)
    # +0.5 and -0.5 in approximation B: photons shower later by one radiation length.
    assert sooner.offset.value == pytest.approx(-0.5, abs=0.2)
    assert later.offset.value == pytest.approx(0.5, abs=0.3)
    assert later.offset.value - sooner.offset.value == pytest.approx(1.0, abs=0.25)


def test_the_shape_grows_and_the_rate_hardly_does(photons):
    energy, _, detector, values = photons
    shape = growth(energy, values["gamma_shape"], detector.critical_energy)
    rate = growth(energy, values["gamma_rate"], detector.critical_energy)
    assert shape.slope.value > 5 * shape.slope.error
    assert values["gamma_rate"].mean() == pytest.approx(0.6, abs=0.1)
    assert abs(rate.slope.value) < 0.1 * values["gamma_rate"].mean()


def test_the_resolution_is_that_of_silicon_and_tungsten(photons):
    energy, _, _, values = photons
    response = linearity(energy, values["weighted_energy"])
    assert np.ptp(response.value) / response.value.mean() < 0.025
    fit = fit_resolution(resolution(energy, values["weighted_energy"]))
    # sigma is sigma_90 / 0.789 of normal values: 15 to 20 % / sqrt(E / GeV).
    assert 0.14 < fit.stochastic.value / 0.789 < 0.20
    assert fit.constant.value < 0.02
    assert fit.chi2 < 3 * fit.ndf


def test_both_detectors_have_one_mip_peak(photons, electrons):
    """Half a millimetre of silicon in both."""
    peaks = []
    for _, _, detector, values in (photons, electrons):
        counts = values["mip_spectrum"].sum(axis=0)
        peaks.append(mip_peak(mip_edges(detector), counts, expected=mip_energy(detector)))
    first, second = (peak.position for peak in peaks)
    assert 0.15 < first.value < 0.19
    assert abs(first.value - second.value) < 4 * np.hypot(first.error, second.error)


def test_upright_showers_lean_nowhere(photons):
    _, _, _, values = photons
    residual = values["axis_angle_residual"]
    assert abs(residual.mean()) < 4 * residual.std() / residual.size**0.5
    assert residual.std() < 2.0


def test_neighbouring_layers_go_together_and_distant_ones_against_each_other(photons):
    energy, _, _, values = photons
    narrow = (energy > 4e4) & (energy < 6e4)
    matrix = layer_correlations(values["layer_energy"][narrow]).matrix
    assert matrix[5, 6] > 0.8
    assert matrix[3, 18] < -0.2


def test_the_axis_of_tilted_showers_is_some_degrees_too_flat(shared_data):
    """As the module of the observable says; perpendicular showers are right."""
    path = shared_data("geant4/ild_photons_tilted.h5")
    _, theta, _, values = table(path, ["axis_angle_residual"], 600)
    bias = angular_response(theta, values["axis_angle_residual"], edges=[30, 50, 70, 85, 90])
    assert (bias.value[:2] < -3).all()
    assert (bias.value > -8).all()
    assert abs(bias.value[-1]) < 1.0
