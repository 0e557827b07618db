"""Centres and widths per layer, the angle that they give, and the feature sets made of them."""

from math import pi

import pytest
import torch

from heitler.detectors import load_detector
from heitler.observables import (
    HIGH_LEVEL,
    LATERAL,
    OBSERVABLES,
    feature_names,
    high_level_features,
    lateral_features,
    layer_centre_x,
    layer_centre_y,
    layer_energy,
    layer_width_x,
    layer_width_y,
    shower_angle,
)
from heitler.particles import IncidentParticles
from heitler.showers import Showers


def single(detector, cells):
    """One shower with the given deposits {(layer, y, x): MeV}."""
    grid = torch.zeros(1, *detector.geometry.grid_shape)
    for place, deposit in cells.items():
        grid[0][place] = deposit
    return Showers(detector.geometry.from_grid(grid), IncidentParticles.beam([1e3]), detector)


def test_moments_of_known_layers(toy_detector):
    # Rows at -20 .. 20 mm, columns at -10 .. 10 mm.
    shower = single(toy_detector, {(0, 4, 2): 3.0, (0, 0, 2): 1.0, (2, 1, 0): 1.0, (2, 1, 1): 1.0})
    assert layer_centre_x(shower)[0].tolist() == pytest.approx([10.0, 0.0, -5.0, 0.0])
    assert layer_centre_y(shower)[0].tolist() == pytest.approx([10.0, 0.0, -10.0, 0.0])
    assert layer_width_x(shower)[0].tolist() == pytest.approx([0.0, 0.0, 5.0, 0.0], abs=1e-6)
    assert layer_width_y(shower)[0].tolist() == pytest.approx(
        [40.0 * (3 / 16) ** 0.5, 0.0, 0.0, 0.0], abs=1e-6
    )


def test_layers_add_up_to_the_shower(toy_showers):
    showers = toy_showers(count=50)
    share = layer_energy(showers)
    share = share / share.sum(dim=-1, keepdim=True)
    for axis, centre, width in (
        ("x", layer_centre_x(showers), layer_width_x(showers)),
        ("y", layer_centre_y(showers), layer_width_y(showers)),
    ):
        mean = (share * centre).sum(dim=-1)
        square = (share * (width**2 + centre**2)).sum(dim=-1)
        torch.testing.assert_close(mean, OBSERVABLES[f"centre_{axis}"](showers))
        torch.testing.assert_close(square - mean**2, OBSERVABLES[f"width_{axis}"](showers) ** 2)


def test_mirroring_mirrors_the_layers_and_keeps_the_angle(toy_showers):
    showers = toy_showers(count=50)
    mirrored = Showers(
        showers.geometry.from_grid(showers.grid.flip(-1)), showers.particles, showers.detector
    )
    torch.testing.assert_close(layer_centre_x(mirrored), -layer_centre_x(showers))
    torch.testing.assert_close(layer_width_x(mirrored), layer_width_x(showers))
    torch.testing.assert_close(layer_centre_y(mirrored), layer_centre_y(showers))
    torch.testing.assert_close(shower_angle(mirrored), shower_angle(showers))


def test_the_angle_of_a_line_of_cells(toy_detector):
    # One row of 10 mm further in each layer, which are 3.5 mm apart; the weights do not matter.
    line = {(layer, layer, 1): float(weight) for layer, weight in enumerate((1, 5, 2, 9))}
    lean = torch.rad2deg(torch.atan(torch.tensor(10.0 / 3.5, dtype=torch.float64)))
    assert float(shower_angle(single(toy_detector, line))) == pytest.approx(90.0 - float(lean))
    straight = {(layer, 2, 1): 1.0 for layer in range(4)}
    assert float(shower_angle(single(toy_detector, straight))) == pytest.approx(90.0)


def test_the_angle_weights_layers_by_their_energy(toy_detector):
    shower = single(toy_detector, {(0, 2, 1): 1.0, (1, 3, 1): 1.0, (2, 2, 1): 2.0})
    z, y, w = torch.tensor([[0.0, 3.5, 7.0], [0.0, 10.0, 0.0], [0.25, 0.25, 0.5]]).double()
    z = z - (w * z).sum()
    slope = (w * z * y).sum() / (w * z * z).sum()
    expected = 90.0 - float(torch.rad2deg(slope.abs().atan()))
    assert float(shower_angle(shower)) == pytest.approx(expected)


@pytest.mark.parametrize("cells", [{}, {(1, 0, 0): 2.0}, {(1, 0, 0): 2.0, (1, 4, 2): 1.0}])
def test_energy_in_one_layer_has_no_angle(toy_detector, cells):
    assert float(shower_angle(single(toy_detector, cells))) == 90.0


def test_layers_without_angles_do_not_pull_at_the_line():
    detector = load_detector("calochallenge_ds1_pions")
    geometry = detector.geometry
    sliced = [layer for layer, bins in enumerate(geometry.angular_bins) if bins > 1]
    deposits = torch.zeros(1, geometry.cells)
    for layer in sliced:
        deposits[0, (geometry.layer_of_cell == layer).nonzero()[3]] = 1.0
    with_angles = Showers(deposits, IncidentParticles.beam([1e4]), detector)
    without = deposits.clone()
    for layer in set(range(geometry.layers)) - set(sliced):
        without[0, (geometry.layer_of_cell == layer).nonzero()[0]] = 50.0
    assert float(shower_angle(with_angles)) < 90.0
    torch.testing.assert_close(
        shower_angle(Showers(without, with_angles.particles, detector)), shower_angle(with_angles)
    )


def test_tilted_showers_have_their_angle():
    detector = load_detector("ild_ecal_tilted")
    centres, layers = detector.geometry.cell_centres, detector.geometry.layer_z
    theta = torch.tensor([60.0, 75.0, 90.0], dtype=torch.float64)
    particles = IncidentParticles.beam(
        [1e4] * 3, theta=theta * pi / 180, impact=detector.impact, depth=detector.face_z
    )
    deposits = torch.zeros(3, detector.geometry.cells)
    for row, direction in enumerate(particles.direction):
        for z in layers[:15]:
            point = particles.position[row] + direction * (z - detector.face_z) / direction[2]
            deposits[row, (centres - point).norm(dim=-1).argmin()] = 1.0
    angle = shower_angle(Showers(deposits, particles, detector))
    # Cells of 5 mm over a lever of 50 mm and more.
    assert (angle - torch.rad2deg(particles.theta)).abs().max() < 3.0


def test_feature_sets_and_the_names_of_their_columns(toy_showers):
    showers = toy_showers()
    values = {name: OBSERVABLES[name](showers) for name in LATERAL}
    energy, layers = showers.particles.energy, showers.geometry.layers
    a, b = high_level_features(energy, values), lateral_features(energy, values)
    assert (a.shape[1], b.shape[1]) == (2 * layers + 9, 6 * layers + 9)
    torch.testing.assert_close(b[:, : a.shape[1]], a)
    names = feature_names(LATERAL, layers)
    assert names[: a.shape[1]] == feature_names(HIGH_LEVEL, layers)
    assert len(names) == len(set(names)) == b.shape[1]
    for name, column in (("response", values["response"]), ("ln_energy", energy.log())):
        torch.testing.assert_close(b[:, names.index(name)], column)
    at = names.index("layer_width_y[3]")
    torch.testing.assert_close(b[:, at], values["layer_width_y"][:, 3])


def test_rings_are_no_features():
    with pytest.raises(ValueError, match="'radial_profile' has a value per ring"):
        feature_names(["response", "radial_profile"], 4)
