"""The last layer that knows of layers: each has its own basis of patterns."""

import pytest
import torch

from heitler.networks.factorised import LayerFactorised


@pytest.mark.parametrize("layers", [(4, 4, 4), (2, 5, 1)])
def test_values_are_the_formula(layers):
    torch.manual_seed(1)
    network = LayerFactorised(6, layers, rank=3, channels=2)
    with torch.no_grad():
        network.bias.normal_()
    h = torch.randn(7, 6)
    out = network(h)
    assert out.shape == (7, 2, sum(layers))
    widest = max(layers)
    k = network.coefficients(h).view(7, len(layers), 3)
    start = 0
    for index, size in enumerate(layers):
        for channel in range(2):
            part = slice(channel * widest, channel * widest + size)
            expected = k[:, index] @ network.basis[index, :, part] + network.bias[index, 0, part]
            torch.testing.assert_close(out[:, channel, start : start + size], expected)
        start += size


@pytest.mark.parametrize("layers", [(4, 4), (2, 5, 1)])
def test_without_features_it_gives_the_values_it_starts_at(layers):
    network = LayerFactorised(6, layers, rank=3, channels=2)
    with torch.no_grad():
        network.coefficients.weight.zero_()
        network.coefficients.bias.zero_()
    values = torch.randn(2, sum(layers))
    network.start_at(values)
    torch.testing.assert_close(network(torch.randn(3, 6)), values.expand(3, -1, -1))
