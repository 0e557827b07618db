"""Fully connected networks whose blocks add to what they are given."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["ResidualNetwork"]

_SLOPE = 0.1
"""Of the leaky rectifiers below zero."""


class ResidualNetwork(nn.Module):
    """h <- h + V a(W a(h)) in each block, with leaky rectifiers a, between two linear layers.

    Thresholds and edges of an acceptance are steps: rectifiers make them of few units, and what a
    block adds leaves the way through it open for gradients.

    Reference: He et al. 2016, arXiv:1603.05027 (activation before weights).

    Arguments:
        inputs: Number of input features.
        width: Number of features h.
        blocks: Number of blocks.
        outputs: Number of outputs; the last layer is linear.
    """

    def __init__(self, inputs: int, width: int, blocks: int, outputs: int) -> None:
        super().__init__()
        self.start = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList(_block(width) for _ in range(blocks))
        self.end = nn.Sequential(nn.LeakyReLU(_SLOPE), nn.Linear(width, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, inputs) to (N, outputs)."""
        h = self.start(x)
        for block in self.blocks:
            h = h + block(h)
        out: Tensor = self.end(h)
        return out


def _block(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LeakyReLU(_SLOPE),
        nn.Linear(width, width),
        nn.LeakyReLU(_SLOPE),
        nn.Linear(width, width),
    )
