"""Spoil one thing in Geant4 showers: the right metric moves, and only that.

The table of distortions is that of the metrics reference: each has strengths, rows that must grow
with it, and rows that must stay at the floor.
"""

import h5py
import numpy as np
import pytest
import torch

from heitler.detectors import load_detector
from heitler.metrics import METRICS, permutation_importance, voxel_classifier_auc
from heitler.observables import (
    HIGH_LEVEL,
    LATERAL,
    OBSERVABLES,
    feature_names,
    high_level_features,
    lateral_features,
)
from heitler.particles import IncidentParticles
from heitler.showers import Showers

SIZE = 500


@pytest.fixture(scope="module")
def geant4(shared_data):
    """Two independent samples of Geant4 showers."""
    detector = load_detector("ild_ecal")
    with h5py.File(shared_data("geant4/ild_photons_perpendicular.h5")) as file:
        deposits = torch.from_numpy(file["30x30/layers"][: 2 * SIZE]).reshape(2 * SIZE, -1)
        energy = torch.from_numpy(file["30x30/energy"][: 2 * SIZE, 0]).double() * 1000
    particles = IncidentParticles.beam(energy, impact=detector.impact, depth=detector.face_z)
    showers = Showers(deposits, particles, detector)
    return showers[:SIZE], showers[SIZE:]


def spoil(showers, grid):
    return Showers(
        showers.geometry.from_grid(grid).contiguous(), showers.particles, showers.detector
    )


def scaled(showers, strength):
    return spoil(showers, showers.grid * (1 + strength))


def smeared_showers(showers, strength):
    noise = torch.randn(len(showers), 1, 1, 1, generator=torch.Generator().manual_seed(1))
    return spoil(showers, showers.grid * (1 + strength * noise).clamp(min=0))


def smeared_cells(showers, strength):
    noise = torch.randn(showers.grid.shape, generator=torch.Generator().manual_seed(1))
    return spoil(showers, showers.grid * (strength * noise - strength**2 / 2).exp())


def dimmed_layer(showers, strength):
    grid = showers.grid.clone()
    grid[:, 10] *= 1 - strength
    return spoil(showers, grid)


def hits_removed(showers, strength):
    return spoil(showers, torch.threshold(showers.grid, strength, 0.0))


def shifted_sideways(showers, strength):
    grid = showers.grid
    return spoil(showers, (1 - strength) * grid + strength * grid.roll(1, dims=-1))


def shifted_in_depth(showers, strength):
    grid = showers.grid
    return spoil(showers, (1 - strength) * grid + strength * grid.roll(1, dims=1))


def widened(showers, strength):
    grid = showers.grid
    beside = (grid.roll(1, dims=-1) + grid.roll(-1, dims=-1)) / 2
    return spoil(showers, (1 - strength) * grid + strength * beside)


def energies_permuted(showers, strength):
    order = torch.arange(len(showers))
    moved = order[: round(strength * len(showers))]
    order[: len(moved)] = moved.roll(1)
    return Showers(showers.deposits[order], showers.particles, showers.detector)


CASES = [
    (scaled, (0.01, 0.05, 0.2), ["response"], ["centre_z", "width_x", "radial_profile"]),
    (smeared_showers, (0.05, 0.1, 0.2), ["response"], ["centre_x", "width_z"]),
    (smeared_cells, (0.05, 0.1, 0.2), ["cell_spectrum"], ["response", "centre_z"]),
    (dimmed_layer, (0.1, 0.3, 0.9), ["layer_energy"], ["centre_x", "width_y"]),
    (hits_removed, (0.15, 0.3, 0.6), ["hits", "cell_spectrum"], ["centre_x", "maximum_layer"]),
    (shifted_sideways, (0.05, 0.1, 0.2), ["centre_x"], ["centre_y", "response", "centre_z"]),
    (shifted_in_depth, (0.2, 0.5, 1.0), ["centre_z"], ["width_x", "centre_y"]),
    (widened, (0.1, 0.3, 0.9), ["width_x"], ["layer_energy", "centre_z"]),
    (widened, (0.01, 0.02, 0.06), ["radial_profile"], ["width_y", "hits_per_layer"]),
    (energies_permuted, (0.05, 0.2, 0.6), ["response"], ["visible_energy", "hits", "width_z"]),
]


def distances(observable, reference, candidate):
    """The separation (of a spectrum: summed), KS and W1 of one observable, worst component."""
    entry = OBSERVABLES[observable]
    first, second = entry(reference).numpy(), entry(candidate).numpy()
    if observable == "cell_spectrum":
        return [METRICS["spectrum_separation"].function(first, second)]
    first, second = (values.reshape(len(values), -1).T for values in (first, second))
    return [
        max((metric.function(a, b) for a, b in zip(first, second, strict=True)), key=float_value)
        for metric in METRICS.values()
        if metric.kind == "distribution"
    ]


def float_value(estimate):
    return estimate.value


@pytest.mark.geant4
@pytest.mark.parametrize(
    ("distort", "strengths", "moved", "unmoved"), CASES, ids=[case[0].__name__ for case in CASES]
)
def test_the_right_metric_moves(distort, strengths, moved, unmoved, geant4):
    reference, candidate = geant4
    samples = [candidate, *(distort(candidate, strength) for strength in strengths)]
    for observable in moved:
        values = np.array(
            [
                [estimate.value for estimate in distances(observable, reference, sample)]
                for sample in samples
            ]
        )
        # Small strengths may hide in the floor; from there on every metric grows.
        assert (np.diff(values[1:], axis=0) > 0).all(), (observable, values)
        assert (values[-1] > 2 * values[0]).all(), (observable, values)
    for observable in unmoved:
        for first, last in zip(
            distances(observable, reference, samples[0]),
            distances(observable, reference, samples[-1]),
            strict=True,
        ):
            assert abs(last.value - first.value) < 2 * first.error, (observable, first, last)


@pytest.mark.geant4
def test_geant4_against_geant4_is_the_floor_and_falls_with_size(geant4):
    first, second = geant4
    for observable in ("response", "hits", "centre_z", "width_x", "maximum_energy"):
        small = distances(observable, first[:100], second[:100])
        large = distances(observable, first, second)
        assert sum(e.value for e in large) < sum(e.value for e in small)
        for estimate in large:
            assert 0 < estimate.value < 6 * estimate.error


FEATURES = {"high": (HIGH_LEVEL, high_level_features), "lateral": (LATERAL, lateral_features)}


def features(showers, name):
    observables, build = FEATURES[name]
    values = {each: OBSERVABLES[each](showers) for each in observables}
    return build(showers.particles.energy, values)


def leaning(showers, strength):
    """Each layer moves sideways in proportion to its depth, about the middle of the shower."""
    grid, layers = showers.grid, showers.geometry.layers
    share = strength * torch.linspace(-1, 1, layers)[:, None, None]
    moved = torch.where(share > 0, grid.roll(1, dims=-2), grid.roll(-1, dims=-2))
    return spoil(showers, (1 - share.abs()) * grid + share.abs() * moved)


@pytest.mark.geant4
@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("classifier_auc", "high"),
        ("classifier_auc", "lateral"),
        ("neural_classifier_auc", "high"),
        ("neural_classifier_auc", "lateral"),
    ],
)
def test_classifiers_start_at_the_floor_and_grow_with_the_distortion(metric, name, geant4):
    reference, candidate = geant4
    first = features(reference, name)
    estimates = [
        METRICS[metric].function(first, features(sample, name), seed=1)
        for sample in (candidate, *(widened(candidate, strength) for strength in (0.1, 0.4)))
    ]
    assert abs(estimates[0].value - 0.5) < 3 * estimates[0].error
    assert estimates[0].value < estimates[1].value < estimates[2].value
    assert estimates[2].value > 0.8


@pytest.mark.geant4
def test_only_the_lateral_features_see_layers_that_lean(geant4):
    reference, candidate = geant4
    spoilt = leaning(candidate, 0.3)
    high, lateral = (
        METRICS["classifier_auc"].function(
            features(reference, name), features(spoilt, name), seed=1
        )
        for name in FEATURES
    )
    assert lateral.value > high.value + 2 * high.error
    names = feature_names(LATERAL, reference.geometry.layers)
    drops = permutation_importance(
        features(reference, "lateral"), features(spoilt, "lateral"), names, 1
    )
    assert drops[0][0].startswith(("layer_centre_y", "layer_width_y"))
    angle = distances("shower_angle", reference, spoilt)
    floor = distances("shower_angle", reference, candidate)
    for value, least in zip(angle, floor, strict=True):
        assert value.value > 2 * least.value


@pytest.mark.geant4
def test_the_voxel_classifier_sees_a_shift_by_a_cell(geant4):
    reference, candidate = (showers[:300] for showers in geant4)
    energies = reference.particles.energy, candidate.particles.energy
    same, moved = (
        voxel_classifier_auc(
            reference.deposits, sample.deposits, energies=energies, seed=1, epochs=6
        )
        for sample in (candidate, shifted_sideways(candidate, 1.0))
    )
    assert abs(same.value - 0.5) < 3 * same.error
    assert moved.value > 0.9
