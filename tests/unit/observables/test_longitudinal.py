"""The gamma profile: known parameters come back, in every unit of depth."""

from math import pi

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma

from heitler.detectors import load_detector
from heitler.observables import (
    gamma_rate,
    gamma_shape,
    layer_lengths,
    maximum_residual,
    shower_maximum,
    visible_energy,
    weighted_energy,
    weighted_response,
)
from heitler.particles import IncidentParticles
from heitler.showers import Showers


def follow(detector, layers, theta=pi / 2):
    """A shower with the given energy in the first cell of each layer."""
    deposits = torch.zeros(1, detector.geometry.cells)
    first = np.cumsum([0, *detector.geometry.layer_sizes[:-1]])
    deposits[0, torch.from_numpy(first)] = torch.as_tensor(layers, dtype=torch.float32)
    return Showers(deposits, IncidentParticles.beam([1e4], theta=theta), detector)


@settings(max_examples=20)
@given(a=st.floats(3.0, 4.5), b=st.floats(0.6, 0.8))
@pytest.mark.parametrize("name", ["ild_ecal", "calochallenge_ds2"])
def test_a_sampled_profile_gives_its_parameters(name, a, b):
    detector = load_detector(name)
    # What the planes see is dE/dt, however much absorber is between them. Little leaks.
    depth, _ = layer_lengths(detector)
    shower = follow(detector, gamma.pdf(depth.numpy(), a, scale=1 / b))
    assert float(gamma_shape(shower)) == pytest.approx(a, rel=0.03)
    assert float(gamma_rate(shower)) == pytest.approx(b, rel=0.03)
    assert float(shower_maximum(shower)) == pytest.approx((a - 1) / b, rel=0.02)


def test_depths_are_those_of_the_stack():
    detector = load_detector("ild_ecal")
    depth, weight = layer_lengths(detector)
    first, *_ = detector.stack
    tungsten = first.thickness / first.material.radiation_length
    silicon = 0.5 / 93.69
    assert float(depth[0]) == pytest.approx(tungsten + silicon / 2, rel=1e-3)
    assert float(depth[-1]) == pytest.approx(detector.radiation_lengths, rel=1e-3)
    # Twice the absorber in front of each of the last ten layers.
    assert float(weight[25] / weight[5]) == pytest.approx(2.0, rel=0.01)


def test_without_a_stack_depths_are_layers():
    detector = load_detector("calochallenge_ds1_photons")
    shower = follow(detector, [0.0, 3.0, 1.0, 0.0, 0.0])
    mean, variance = 1.75, 3 / 16
    assert float(gamma_shape(shower)) == pytest.approx(mean**2 / variance)
    assert float(gamma_rate(shower)) == pytest.approx(mean / variance)
    assert float(shower_maximum(shower)) == pytest.approx(mean - variance / mean)


def test_tilted_showers_are_followed_along_their_line_of_flight(toy_detector):
    upright, tilted = (
        follow(toy_detector, [1.0, 3.0, 2.0, 1.0], theta) for theta in (pi / 2, pi / 6)
    )
    assert float(gamma_shape(tilted)) == pytest.approx(float(gamma_shape(upright)))
    assert float(shower_maximum(tilted)) == pytest.approx(2 * float(shower_maximum(upright)))


def test_one_layer_has_a_maximum_but_no_profile(toy_detector):
    shower = follow(toy_detector, [0.0, 5.0, 0.0, 0.0])
    assert float(gamma_shape(shower)) == float(gamma_rate(shower)) == 0.0
    assert float(shower_maximum(shower)) == pytest.approx(float(layer_lengths(toy_detector)[0][1]))


def test_a_cascade_that_begins_later_has_a_larger_residual():
    detector = load_detector("ild_ecal")
    depth, _ = layer_lengths(detector)
    early, late = (gamma.pdf(depth.numpy() - start, 4.0, scale=1 / 0.6) for start in (0.0, 1.5))
    first, second = (float(maximum_residual(follow(detector, each))) for each in (early, late))
    assert first == pytest.approx(3.0 / 0.6 - np.log(1e4 / detector.critical_energy), abs=0.1)
    assert second > first + 1
    assert float(maximum_residual(follow(detector, torch.zeros(30)))) == 0.0
    unknown = follow(load_detector("calochallenge_ds1_photons"), [0.0, 3.0, 1.0, 0.0, 0.0])
    assert float(maximum_residual(unknown)) == float(shower_maximum(unknown))


def test_the_weighted_response_is_the_weighted_energy_over_the_incident_one():
    shower = follow(load_detector("ild_ecal"), torch.linspace(0, 1, 30))
    assert float(weighted_response(shower)) == pytest.approx(float(weighted_energy(shower)) / 1e4)


def test_the_weighted_energy_does_not_depend_on_the_depth():
    detector = load_detector("ild_ecal")
    # A cascade of the same size under two and under four millimetres of tungsten.
    early, late = torch.zeros(2, 30).double()
    early[10:14], late[24:26] = 1.0, 1.0
    first, second = (float(weighted_energy(follow(detector, each))) for each in (early, late))
    assert first == pytest.approx(second, rel=0.01)
    unknown = follow(load_detector("calochallenge_ds1_photons"), [1.0, 3.0, 1.0, 0.5, 0.0])
    assert float(weighted_energy(unknown)) == float(visible_energy(unknown))
