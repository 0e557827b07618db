"""The convolutional networks: sizes of grids, numbers of parameters, where they start."""

import pytest
import torch

from heitler.networks import Downsampler, Upsampler
from heitler.networks.conv3d import ActNorm

GRIDS = [(25, 25, 25), (25, 51, 51), (3, 5, 5), (4, 3, 6), (1, 1, 1), (30, 30, 30), (10, 2, 7)]


def parameters(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("kernel", [None, 1, 3, 4])
@pytest.mark.parametrize("grid", GRIDS)
def test_any_grid_comes_out(grid, kernel):
    torch.manual_seed(1)
    cells = Upsampler(3, (2, 2, 2, 2), grid, kernel=kernel)(torch.randn(2, 3))
    assert cells.shape == (2, *grid)
    assert bool((cells >= 0).all())


@pytest.mark.parametrize(("kernel", "stride"), [(None, 1), (3, 2)])
@pytest.mark.parametrize("grid", GRIDS)
def test_any_grid_goes_in(grid, kernel, stride):
    network = Downsampler((2, 2, 2, 2), grid, kernel=kernel, stride=stride)
    features = network(torch.rand(2, *grid))
    assert features.shape == (2, network.features)


def test_the_published_generator_fills_its_grid_to_the_last_cell():
    """No cell is cut off: the layouts of both grids end at their sizes."""
    for grid in GRIDS[:2]:
        network = Upsampler(3, (1, 1, 1, 1), grid)
        assert network.layers(torch.zeros(1, 3)).shape == (1, 1, *grid)


def test_parameters_of_the_published_generator_by_hand():
    """Dense, three convolutions with bias, two norms, and the last one without bias."""
    dense = (1024 + 1) * 8 * 8 * 7 * 7
    convolutions = 64 * (8 * 8 * 6 * 6 + 1) + 6 * (64 * 8 * 5 * 6 + 1) + 6 * (6 * 8 * 3 * 3 + 1)
    norms = 2 * 64 + 2 * 6
    total = dense + convolutions + norms + 6 * 8
    assert parameters(Upsampler(1024, (8, 64, 6, 6), (25, 25, 25))) == total
    # Keras counts two moving moments per channel of a batch normalisation as well.
    assert total + norms == 3_457_012


def test_parameters_of_the_published_discriminator():
    network = Downsampler((32, 8, 8, 8), (25, 25, 25))
    heads, moments = 2 * (network.features + 1), 3 * 2 * 8
    assert parameters(network) + heads + moments == 73_450


def test_layers_of_a_discriminator_at_even_kernels_keep_their_size():
    network = Downsampler((2, 2, 2, 2), (25, 51, 51))
    assert network.blocks[0](torch.rand(1, 1, 25, 51, 51)).shape == (1, 2, 25, 51, 51)


def test_norms_start_at_mean_0_and_width_1():
    x = 3 + 2 * torch.randn(40, 2, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    x[:, 1] *= 7
    norm = ActNorm(2)
    norm.start_at(x)
    y = norm(x).detach()
    torch.testing.assert_close(y.mean(dim=(0, 2, 3, 4)), torch.zeros(2), rtol=0, atol=1e-5)
    torch.testing.assert_close(y.std(dim=(0, 2, 3, 4)), torch.ones(2))


def test_a_generator_starts_at_the_wanted_sum():
    torch.manual_seed(1)
    network = Upsampler(4, (2, 3, 2, 2), (5, 6, 7))
    numbers = torch.randn(30, 4)
    network.start_at(numbers, torch.full((5, 6, 7), 12.5 / 210))
    with torch.no_grad():
        cells = network(numbers)
    assert float(cells.sum(dim=(1, 2, 3)).mean()) == pytest.approx(12.5, rel=1e-4)


def test_a_focused_generator_starts_where_the_mean_is():
    """More of the energy is in the corner that has it, the more the larger the exponent."""
    mean = torch.zeros(16, 16, 16)
    mean[:8, :8, :8] = 1.0
    shares = []
    for focus in (0.0, 0.5, 1.0):
        torch.manual_seed(1)
        network, numbers = Upsampler(4, (4, 4, 4, 4), (16, 16, 16)), torch.randn(20, 4)
        before = network.layers[0].weight.clone()
        network.start_at(numbers, mean + 0.01, focus)
        assert torch.equal(before, network.layers[0].weight) == (focus == 0.0)
        with torch.no_grad():
            cells = network(numbers).mean(dim=0)
        shares.append(float(cells[:8, :8, :8].sum() / cells.sum()))
    assert shares[0] < shares[1] < shares[2]
    assert shares[2] > 2 * shares[0]


@pytest.mark.parametrize("grid", [(4, 4, 4), (12, 12, 12)])
def test_the_length_of_the_features_does_not_grow_with_their_number(grid):
    torch.manual_seed(1)
    network = Downsampler((2, 4, 4, 16), grid)
    cells = torch.rand(20, *grid)
    network.start_at(cells)
    with torch.no_grad():
        length = network(cells).square().sum(dim=1)
    assert bool((length < 2.0).all())
