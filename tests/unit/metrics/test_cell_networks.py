"""Networks on cells: what they see, angles that close, and what each finds that others miss."""

import numpy as np
import pytest
import torch

from heitler.metrics import (
    convolutional_classifier_auc,
    share_classifier_auc,
)
from heitler.metrics.cell_networks import Convolutions, LayerShares, LogDeposits

LAYER = np.repeat(np.arange(4), 10)


def layered(seed, *, slope, size=300):
    """Layer energies of one law; in each layer the cells follow exp(slope * place)."""
    rng = np.random.default_rng(seed)
    weight = np.exp(slope * np.arange(10) / 10)
    cells = rng.gamma(2.0, 1.0, (size, 4, 10)) * weight
    cells *= rng.gamma(5.0, 1.0, (size, 4, 1)) / cells.sum(axis=2, keepdims=True)
    return cells.reshape(size, 40), rng.uniform(1e4, 1e5, size)


def test_cells_as_shares_of_their_layer():
    x = torch.tensor([[1.0, 3.0, 0.0, 0.0, 10.0, 0.5]])
    seen = LayerShares(torch.tensor([0, 0, 1, 1, 2]))(x)[0].tolist()
    assert seen == pytest.approx([0.25, 0.75, 0, 0, 1, np.log10(4), -8, 1, 0.5], rel=1e-6)


def test_deposits_enter_by_their_logarithm():
    seen = LogDeposits()(torch.tensor([[10.0, 0.0, 0.5]]))
    assert seen[0].tolist() == pytest.approx([np.log(2), 0, 0.5])


def test_shares_show_a_shape_where_layer_energies_are_right():
    (first, e1), (same, e2), (other, e3) = (
        layered(seed, slope=slope) for seed, slope in ((1, 1.0), (2, 1.0), (3, 0.0))
    )
    floor = share_classifier_auc(first, same, energies=(e1, e2), layer_of_cell=LAYER, seed=1)
    value = share_classifier_auc(first, other, energies=(e1, e3), layer_of_cell=LAYER, seed=1)
    assert abs(floor.value - 0.5) < 3 * floor.error
    assert value.value > 0.8
    with pytest.raises(ValueError, match="40 cells need a layer each"):
        share_classifier_auc(first, same, energies=(e1, e2), layer_of_cell=LAYER[1:], seed=1)


def test_an_angle_closes():
    grid = (3, 8, 4)
    torch.manual_seed(1)
    network, plane = (Convolutions(grid, periodic=each).double() for each in (True, False))
    plane.load_state_dict(network.state_dict())
    image = 30 * torch.rand(2, *grid, dtype=torch.float64)
    turned = image.roll(4, dims=2)
    energy = torch.zeros(2, 1, dtype=torch.float64)
    logits = [
        [net(torch.cat([x.flatten(1), energy], dim=1)) for x in (image, turned)]
        for net in (network, plane)
    ]
    assert torch.allclose(*logits[0], rtol=0, atol=1e-12)
    assert not torch.allclose(*logits[1], rtol=0, atol=1e-9)


def pairs(seed, *, apart, size=1000):
    """Eight pairs of hits at random places, `apart` columns from each other around the grid."""
    rng = np.random.default_rng(seed)
    grid = np.zeros((size, 2, 6, 8), dtype=np.float32)
    shower = np.repeat(np.arange(size), 8)
    layer, row, column = (rng.integers(0, most, 8 * size) for most in (2, 6, 8))
    for place in (column, (column + apart) % 8):
        grid[shower, layer, row, place] = 50.0
    return grid.reshape(size, -1), np.full(size, 1e4)


def test_convolutions_see_neighbours_wherever_they_are():
    (first, e1), (same, e2), (other, e3) = (
        pairs(seed, apart=apart) for seed, apart in ((1, 1), (2, 1), (3, 3))
    )
    settings = {"grid": (2, 6, 8), "seed": 1}
    value = convolutional_classifier_auc(first, other, energies=(e1, e3), **settings)
    floor = convolutional_classifier_auc(first, same, energies=(e1, e2), **settings)
    assert value.value > 0.75  # and no cell alone tells the samples apart
    assert abs(floor.value - 0.5) < 3 * floor.error
    settings["epochs"] = 1
    again = [
        convolutional_classifier_auc(
            first[:50], same[:50], energies=(e1[:50], e2[:50]), **settings
        )
        for _ in range(2)
    ]
    assert again[0] == again[1]
    with pytest.raises(ValueError, match="does not have 96 cells"):
        convolutional_classifier_auc(first, same, energies=(e1, e2), grid=(2, 6, 7), seed=1)
