"""Convolutions on the grid: sizes, order of the cells, and neighbourhood."""

import pytest
import torch

from heitler.networks import GridCritic, GridGenerator


@pytest.mark.parametrize("grid", [(1, 30, 30), (30, 10, 10), (3, 5, 7), (2, 1, 3)])
def test_every_grid_fits(grid):
    layers, rows, columns = grid
    cells = layers * rows * columns
    generator = GridGenerator(3, 2, 1, grid, channels=8)
    critic = GridCritic(1, grid, 4, channels=8, hidden=8)
    noise = torch.randn(2, 1 + cells)
    showers = generator(torch.randn(2, 3), noise, torch.randn(2, 2))
    assert showers.shape == (2, 1 + cells)
    assert critic(torch.cat([showers, torch.zeros(2, 4)], dim=1)).shape == (2, 1)


def test_the_critic_compares_neighbours_in_rows_and_columns():
    """A cell's neighbour in x is the next one, in y that of the next row."""
    grid = (1, 8, 8)
    critic = GridCritic(0, grid, 0, channels=4, hidden=4)
    first = critic.shrink[0]
    x = torch.zeros(1, 64)
    x[0, 8 * 3 + 5] = 1.0  # row 3, column 5
    with torch.no_grad():
        seen = first(x.view(1, *grid)) - first(torch.zeros(1, *grid))
    touched = seen[0].abs().sum(dim=0).nonzero().tolist()
    assert touched == [[1, 2], [1, 3], [2, 2], [2, 3]]


def test_quantities_come_before_cells():
    generator = GridGenerator(3, 2, 2, (1, 4, 4), channels=8)
    noise = torch.zeros(1, 18)
    latent, c = torch.zeros(1, 3), torch.zeros(1, 2)
    with torch.no_grad():
        still = generator(latent, noise, c)
        moved = generator(latent, noise - 5.0 * torch.eye(18)[0], c)
    assert float(moved[0, 0]) < float(still[0, 0]) - 1.0  # free to be negative
    assert torch.equal(moved[0, 1:], still[0, 1:])
