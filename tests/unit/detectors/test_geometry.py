"""The contract of geometries, on every detector of the catalogue and at the edges of cells."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heitler.detectors import CylindricalLayers, VoxelGrid, detector_names, load_detector

CELLS = {
    "barrel_ecal": 204,
    "calochallenge_ds1_photons": 368,
    "calochallenge_ds1_pions": 533,
    "calochallenge_ds2": 6480,
    "calochallenge_ds3": 40500,
    "clic_ecal": 15625,
    "clic_ecal_51": 65025,
    "ild_ecal": 27000,
    "ild_ecal_coarse": 3000,
    "ild_ecal_tilted": 54000,
    "odd_ecal": 48 * 51 * 51,
    "shashlik_ecal": 30 * 30,
}
every_detector = pytest.mark.parametrize("name", sorted({*CELLS, *detector_names()}))


@every_detector
def test_number_of_cells(name):
    geometry = load_detector(name).geometry
    assert geometry.cells == CELLS[name]
    assert geometry.cell_centres.shape == (CELLS[name], 3)
    assert geometry.layer_of_cell.shape == (CELLS[name],)
    assert sum(geometry.layer_sizes) == CELLS[name]
    assert len(geometry.layer_sizes) == geometry.layers == geometry.grid_shape[0]


@every_detector
def test_the_centre_of_a_cell_is_in_the_cell(name):
    geometry = load_detector(name).geometry
    assert torch.equal(geometry.locate(geometry.cell_centres), torch.arange(geometry.cells))


@every_detector
def test_layers_are_in_order_and_start_at_zero(name):
    geometry = load_detector(name).geometry
    assert float(geometry.layer_z[0]) == 0.0
    assert bool((geometry.layer_of_cell.diff() >= 0).all())
    assert torch.equal(geometry.cell_centres[:, 2], geometry.layer_z[geometry.layer_of_cell])


@every_detector
def test_points_outside_are_in_no_cell(name):
    geometry = load_detector(name).geometry
    axes = 3 if geometry.layers > 1 else 2  # a single layer takes every depth
    far = torch.eye(3, dtype=torch.float64)[:axes] * 1e5
    assert geometry.locate(torch.cat([far, -far])).tolist() == [-1] * (2 * axes)


@every_detector
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_views_are_inverse_and_hold_the_same_energy(name, seed):
    geometry = load_detector(name).geometry
    flat = torch.empty(2, geometry.cells).exponential_(
        generator=torch.Generator().manual_seed(seed)
    )
    grid = geometry.to_grid(flat)
    assert grid.shape == (2, *geometry.grid_shape)
    assert torch.equal(geometry.from_grid(grid), flat)
    layers = geometry.sum_layers(flat)
    assert layers.dtype == torch.float64
    torch.testing.assert_close(layers, grid.double().sum(dim=(2, 3)))
    torch.testing.assert_close(layers.sum(dim=1), flat.double().sum(dim=1))


@every_detector
def test_views_take_any_leading_shape(name):
    geometry = load_detector(name).geometry
    flat = torch.rand(2, 1, geometry.cells)
    assert torch.equal(geometry.from_grid(geometry.to_grid(flat)), flat)
    assert geometry.sum_layers(flat).shape == (2, 1, geometry.layers)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 3), st.data())
def test_a_point_of_a_voxel_grid_is_in_the_cell_around_it(rows, columns, layer, data):
    grid = VoxelGrid(rows, columns, (2.0, 3.0), layer_z=[0.0, 4.0, 8.0, 20.0])
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    inside = st.floats(-0.499, 0.499)
    point = torch.tensor(
        [
            (column - (columns - 1) / 2 + data.draw(inside)) * 3.0,
            (row - (rows - 1) / 2 + data.draw(inside)) * 2.0,
            float(grid.layer_z[layer]) + data.draw(st.floats(-1.99, 1.99)),
        ],
        dtype=torch.float64,
    )
    assert int(grid.locate(point)) == (layer * rows + row) * columns + column


def test_the_layer_is_the_nearest_and_ends_half_a_step_outside():
    grid = VoxelGrid(1, 1, (1.0, 1.0), layer_z=[0.0, 2.0, 6.0])
    z = torch.tensor([-1.01, -1.0, 0.9, 1.1, 3.9, 4.1, 7.9, 8.1], dtype=torch.float64)
    points = torch.stack([torch.zeros_like(z), torch.zeros_like(z), z], dim=-1)
    assert grid.locate(points).tolist() == [-1, 0, 0, 1, 1, 2, 2, -1]


def test_rings_and_angles_of_cylinders():
    cylinders = CylindricalLayers([[0.0, 1.0, 3.0], [0.0, 2.0]], [4, 1], layer_z=[0.0, 1.0])
    assert cylinders.layer_sizes == (8, 1)
    # alpha starts at -pi and grows; radii run fastest.
    points = torch.tensor(
        [
            [-0.5, -0.1, 0.0],
            [-2.0, -0.1, 0.0],
            [0.1, -0.5, 0.0],
            [0.5, 0.1, 0.0],
            [-0.5, 0.1, 0.0],
            [-2.9, 0.0, 0.0],
            [1.9, 0.0, 1.0],
            [2.1, 0.0, 1.0],
            [3.1, 0.0, 0.0],
        ],
        dtype=torch.float64,
    )
    assert cylinders.locate(points).tolist() == [0, 1, 2, 4, 6, 7, 8, -1, -1]


def test_places_of_a_grid_without_a_cell_are_empty():
    cylinders = CylindricalLayers([[0.0, 1.0, 3.0], [0.0, 2.0]], [4, 1], layer_z=[0.0, 1.0])
    grid = cylinders.to_grid(torch.ones(9))
    assert grid.shape == (2, 4, 2)
    assert grid[1].sum() == 1.0


def test_the_coarse_detector_is_the_fine_one_in_blocks_of_nine():
    fine, coarse = (load_detector(name).geometry for name in ("ild_ecal", "ild_ecal_coarse"))
    deposits = torch.rand(2, fine.cells, dtype=torch.float64)
    owner = coarse.locate(fine.cell_centres)
    assert bool((torch.bincount(owner) == 9).all())
    by_place = torch.zeros(2, coarse.cells, dtype=torch.float64).index_add(1, owner, deposits)
    blocks = fine.to_grid(deposits).reshape(2, 30, 10, 3, 10, 3).sum(dim=(3, 5))
    torch.testing.assert_close(by_place, coarse.from_grid(blocks))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VoxelGrid(0, 3, (1, 1), layer_z=[0.0]), "cells of positive size"),
        (lambda: VoxelGrid(3, 3, (1, -1), layer_z=[0.0]), "cells of positive size"),
        (lambda: VoxelGrid(3, 3, (1, 1), layer_z=[]), "must increase"),
        (lambda: VoxelGrid(3, 3, (1, 1), layer_z=[0.0, 0.0]), "must increase"),
        (lambda: VoxelGrid(3, 3, (1, 1), layer_z=[0.0], layer_ids=[1, 2]), "2 layer numbers"),
        (lambda: CylindricalLayers([[0, 1]] * 2, [1] * 3, layer_z=[0, 1, 2]), "got 2 and 3"),
        (lambda: CylindricalLayers([[0, 2, 1]], [1], layer_z=[0]), "layer 0: radial edges"),
        (lambda: CylindricalLayers([[-1, 1]], [1], layer_z=[0]), "layer 0: radial edges"),
        (lambda: CylindricalLayers([[0, 1]], [0], layer_z=[0]), "layer 0"),
    ],
)
def test_geometries_that_make_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()
