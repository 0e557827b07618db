"""Fully connected networks."""

import torch
from torch import nn

from heitler.networks import mlp


def test_widths_and_activations():
    network = mlp(3, (5, 7), 2)
    kinds = [type(layer) for layer in network]
    assert kinds == [nn.Linear, nn.SiLU, nn.Linear, nn.SiLU, nn.Linear]
    assert [tuple(p.shape) for p in network.parameters() if p.ndim == 2] == [
        (5, 3),
        (7, 5),
        (2, 7),
    ]
    assert network(torch.zeros(4, 3)).shape == (4, 2)


def test_no_hidden_layer_is_a_linear_map():
    network = mlp(3, (), 2)
    a, b = torch.randn(2, 4, 3)
    zero = network(torch.zeros(4, 3))
    torch.testing.assert_close(network(a + b) - zero, network(a) + network(b) - 2 * zero)
