"""Observables: known answers, and how they transform."""

from math import pi

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heitler.detectors import detector_names, load_detector
from heitler.observables import (
    HIGH_LEVEL,
    OBSERVABLES,
    cell_spectrum,
    centre_x,
    centre_y,
    centre_z,
    energy_thirds,
    high_level_features,
    hits,
    hits_per_layer,
    layer_energy,
    longitudinal_profile,
    maximum_energy,
    maximum_layer,
    maximum_radius,
    mip_edges,
    mip_spectrum,
    observable,
    radial_profile,
    response,
    ring_edges,
    sparsity,
    spectrum_edges,
    visible_energy,
    width_x,
    width_y,
    width_z,
)
from heitler.particles import IncidentParticles
from heitler.showers import Showers

law = settings(deadline=None, max_examples=50)
LINEAR = {"visible_energy", "response", "layer_energy", "longitudinal_profile", "maximum_energy"}
LINEAR |= {"weighted_energy", "weighted_response"}
SHAPE = {"radial_profile", "maximum_layer", "maximum_radius", "shower_angle"} | {
    f"{moment}_{axis}" for moment in ("centre", "width") for axis in "xyz"
}
SHAPE |= {f"layer_{moment}_{axis}" for moment in ("centre", "width") for axis in "xy"}
SHAPE |= {f"{moment}_{axis}" for moment in ("skewness", "kurtosis") for axis in "xyz"}
SHAPE |= {
    "gamma_shape",
    "gamma_rate",
    "shower_maximum",
    "maximum_residual",
    "longitudinal_peaks",
    "peak_distance",
}
SHAPE |= {"principal_widths", "axis_angle", "axis_angle_residual"}
SHAPE |= {"azimuthal_profile", "energy_thirds"}
EMPTY = {"maximum_layer": -1.0, "shower_angle": 90.0, "axis_angle": 90.0, "sparsity": 1.0}


def single(detector, cells, *, energy=1000.0, theta=pi / 2, impact=None):
    """One shower with the given deposits {(layer, y, x): MeV}."""
    grid = torch.zeros(1, *detector.geometry.grid_shape)
    for place, deposit in cells.items():
        grid[0][place] = deposit
    particles = IncidentParticles.beam(
        [energy], theta=theta, impact=impact or detector.impact, depth=detector.face_z
    )
    return Showers(detector.geometry.from_grid(grid), particles, detector)


def test_energies_and_hits_of_a_known_shower(toy_detector):
    shower = single(toy_detector, {(0, 0, 1): 2.0, (0, 4, 1): 1.0, (2, 0, 1): 0.05})
    assert float(visible_energy(shower)) == pytest.approx(3.05)
    assert float(response(shower)) == pytest.approx(3.05e-3)
    assert layer_energy(shower)[0].tolist() == pytest.approx([3.0, 0.0, 0.05, 0.0])
    assert longitudinal_profile(shower)[0].tolist() == pytest.approx([3e-3, 0.0, 5e-5, 0.0])
    # 0.05 MeV is below the threshold of 0.1 MeV: energy, but not a hit.
    assert float(hits(shower)) == 2.0
    assert hits_per_layer(shower)[0].tolist() == [2.0, 0.0, 0.0, 0.0]
    assert float(maximum_energy(shower)) == 2.0
    assert float(maximum_layer(shower)) == 0.0
    assert sparsity(shower)[0].tolist() == pytest.approx([1 - 2 / 15, 1.0, 1.0, 1.0])


def test_thirds_are_of_the_layers(toy_detector):
    # Layers 0 and 1, layer 2, layer 3.
    shower = single(toy_detector, {(0, 0, 1): 2.0, (1, 4, 1): 1.0, (2, 0, 1): 4.0, (3, 0, 0): 1.0})
    assert energy_thirds(shower)[0].tolist() == pytest.approx([3 / 8, 4 / 8, 1 / 8])


def test_moments_of_a_known_shower(toy_detector):
    # Rows at -20 .. 20 mm, columns at -10 .. 10 mm, layers 3.5 mm apart.
    shower = single(toy_detector, {(0, 4, 2): 3.0, (2, 0, 2): 1.0})
    assert float(centre_x(shower)) == pytest.approx(10.0)
    assert float(centre_y(shower)) == pytest.approx(10.0)
    assert float(centre_z(shower)) == pytest.approx(1.75)
    assert float(width_x(shower)) == pytest.approx(0.0, abs=1e-6)
    assert float(width_y(shower)) == pytest.approx(40.0 * (3 / 16) ** 0.5)
    assert float(width_z(shower)) == pytest.approx(7.0 * (3 / 16) ** 0.5)


def test_rings_are_about_the_axis_of_the_particle(toy_detector):
    assert ring_edges(toy_detector.geometry)[:2].tolist() == [0.0, 10.0]
    # The beam of the toy enters at x = 10, y = -20: the centre of row 0, column 2.
    beside = single(toy_detector, {(0, 0, 2): 1.0, (3, 2, 2): 3.0})
    assert radial_profile(beside)[0].tolist() == pytest.approx([0.25, 0.75])
    assert float(maximum_radius(beside)) == pytest.approx(20.0)


def test_the_axis_leans_with_the_particle():
    detector = load_detector("ild_ecal_tilted")
    entry = IncidentParticles.beam(
        [1e4], theta=pi / 4, impact=detector.impact, depth=detector.face_z
    )
    centres = detector.geometry.cell_centres
    rings = {}
    for layer in (0, 10, 20):
        depth = detector.geometry.layer_z[layer] - detector.face_z
        point = torch.tensor(
            [detector.impact[0], detector.impact[1] + depth, detector.geometry.layer_z[layer]]
        )
        nearest = (centres - point).norm(dim=-1).argmin()
        deposits = torch.zeros(1, detector.geometry.cells)
        deposits[0, nearest] = 1.0
        rings[layer] = radial_profile(Showers(deposits, entry, detector))[0].argmax()
    assert all(ring == 0 for ring in rings.values())


def test_spectrum_counts_every_cell_once(toy_detector):
    # Without a MIP, twice the threshold of 0.1 MeV is the scale: edges from 2 keV to 20 TeV.
    edges = spectrum_edges(toy_detector)
    assert edges[0] == pytest.approx(2e-3)
    assert edges[-1] == pytest.approx(2e4)
    assert (edges[1:] / edges[:-1]).tolist() == pytest.approx([10**0.1] * (len(edges) - 1))
    shower = single(toy_detector, {(0, 0, 0): 1e-5, (1, 1, 1): 0.2001, (2, 2, 2): 1e5})
    counts = cell_spectrum(shower)[0]
    assert counts.nonzero().flatten().tolist() == [0, 20, len(counts) - 1]


def test_spectrum_is_in_units_of_the_mip():
    detector = load_detector("ild_ecal")
    assert spectrum_edges(detector)[20] == pytest.approx(detector.mip)
    assert mip_edges(detector)[20] == pytest.approx(detector.mip)


def test_the_spectrum_about_the_mip_counts_what_is_near(toy_detector):
    # A MIP stands in for 0.2 MeV here: bins of 0.01 MeV up to 0.8 MeV.
    shower = single(toy_detector, {(0, 0, 0): 1e-5, (1, 1, 1): 0.095, (2, 2, 2): 0.9})
    counts = mip_spectrum(shower)[0]
    assert counts.nonzero().flatten().tolist() == [0, 9]
    assert float(counts.sum()) == 2.0


@pytest.mark.parametrize("detector", detector_names())
@pytest.mark.parametrize("name", OBSERVABLES)
def test_shape_type_and_empty_showers(name, detector, toy_showers):
    showers = toy_showers(load_detector(detector), 3)
    showers = Showers(
        showers.deposits * torch.tensor([[1.0], [0.0], [1.0]]), showers.particles, showers.detector
    )
    values = OBSERVABLES[name](showers)
    assert values.dtype == torch.float64
    assert values.shape[0] == 3
    assert values.ndim == (1 if OBSERVABLES[name].axis is None else 2)
    assert bool(values.isfinite().all())
    assert values[1].flatten().tolist() == [EMPTY.get(name, 0.0)] * values[1].numel()


def test_layers_without_angles_say_nothing_about_x_and_y():
    detector = load_detector("calochallenge_ds1_pions")
    deposits = torch.zeros(1, detector.geometry.cells)
    deposits[0, : detector.geometry.layer_sizes[0]] = 1.0
    showers = Showers(deposits, IncidentParticles.beam([1e4]), detector)
    assert float(centre_x(showers)) == 0.0
    assert float(radial_profile(showers).sum()) == pytest.approx(1.0)


@law
@given(scale=st.floats(0.2, 5.0), seed=st.integers(0, 1000))
def test_a_common_scale_moves_energies_and_leaves_shapes(scale, seed, toy_showers):
    showers = toy_showers(seed=seed)
    scaled = Showers(showers.deposits * scale, showers.particles, showers.detector)
    for name in LINEAR:
        before, after = OBSERVABLES[name](showers), OBSERVABLES[name](scaled)
        torch.testing.assert_close(after, before * scale, rtol=1e-5, atol=1e-9)
    for name in SHAPE:
        before, after = OBSERVABLES[name](showers), OBSERVABLES[name](scaled)
        torch.testing.assert_close(after, before, rtol=1e-5, atol=1e-4)


@law
@given(seed=st.integers(0, 1000))
def test_each_shower_has_its_own_values(seed, toy_showers):
    showers = toy_showers(seed=seed)
    order = torch.randperm(len(showers), generator=torch.Generator().manual_seed(seed))
    for entry in OBSERVABLES.values():
        torch.testing.assert_close(entry(showers[order]), entry(showers)[order])


@law
@given(seed=st.integers(0, 1000))
def test_views_of_one_energy_agree(seed, toy_showers):
    showers = toy_showers(seed=seed)
    visible = visible_energy(showers)
    torch.testing.assert_close(layer_energy(showers).sum(dim=-1), visible)
    torch.testing.assert_close(longitudinal_profile(showers).sum(dim=-1), response(showers))
    torch.testing.assert_close(hits_per_layer(showers).sum(dim=-1), hits(showers))
    torch.testing.assert_close(radial_profile(showers).sum(dim=-1), (visible > 0).double())
    torch.testing.assert_close(energy_thirds(showers).sum(dim=-1), (visible > 0).double())
    cells = torch.tensor(showers.geometry.layer_sizes)
    torch.testing.assert_close((1 - sparsity(showers)) * cells, hits_per_layer(showers))
    occupied = (showers.deposits > 0).sum(dim=-1).double()
    torch.testing.assert_close(cell_spectrum(showers).sum(dim=-1), occupied)


def test_mirroring_a_shower_mirrors_its_centre(toy_showers):
    showers = toy_showers()
    mirrored = Showers(
        showers.geometry.from_grid(showers.grid.flip(-1)), showers.particles, showers.detector
    )
    torch.testing.assert_close(centre_x(mirrored), -centre_x(showers))
    torch.testing.assert_close(width_x(mirrored), width_x(showers))
    torch.testing.assert_close(centre_y(mirrored), centre_y(showers))


def test_features_are_the_named_observables_side_by_side(toy_showers):
    showers = toy_showers()
    values = {name: OBSERVABLES[name](showers) for name in HIGH_LEVEL}
    features = high_level_features(showers.particles.energy, values)
    layers = showers.geometry.layers
    assert features.shape == (len(showers), 9 + 2 * layers)
    torch.testing.assert_close(features[:, 0], showers.particles.energy.log())
    torch.testing.assert_close(features[:, 1 : 1 + layers], longitudinal_profile(showers))


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="'hits' already"):
        observable("again", "")(hits)
