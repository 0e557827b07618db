"""Networks that judge a shower by its cells, and what they see of them.

Each takes x with shape (rows, cells + 1): deposits E_i in MeV and, last, the standardised
logarithm of the incident energy.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Convolutions", "LayerShares", "LogDeposits", "perceptron"]

_SCALE = 10.0
"""Deposits in MeV well below it enter in proportion, those above by their logarithm."""

_HIDDEN = (512, 512, 512)
_CHANNELS = (8, 16, 32)


class LogDeposits(nn.Module):
    """ln(1 + E_i / 10 MeV) of all cells, and the incident energy."""

    def forward(self, x: Tensor) -> Tensor:
        """From (rows, cells + 1) to (rows, cells + 1)."""
        return torch.cat([(x[:, :-1] / _SCALE).log1p(), x[:, -1:]], dim=1)


class LayerShares(nn.Module):
    """E_i / E_l of all cells, log10 E_l of all layers, and the incident energy.

    Arguments:
        layer: Index of the layer of each cell, with shape (cells,).
    """

    layer: Tensor

    def __init__(self, layer: Tensor) -> None:
        super().__init__()
        self.register_buffer("layer", layer)

    def forward(self, x: Tensor) -> Tensor:
        """From (rows, cells + 1) to (rows, cells + layers + 1)."""
        cells = x[:, :-1]
        sums = x.new_zeros(len(x), int(self.layer.max()) + 1).index_add(1, self.layer, cells)
        shares = cells / (sums[:, self.layer] + 1e-16)
        return torch.cat([shares, (sums + 1e-8).log10(), x[:, -1:]], dim=1)


class Convolutions(nn.Module):
    """Convolutions of `LogDeposits` in the grid, then one hidden layer with the incident energy.

    Arguments:
        grid: (layers, rows, columns) or (layers, angles, radii).
        periodic: Whether the second dimension is an angle.
    """

    def __init__(self, grid: tuple[int, int, int], *, periodic: bool) -> None:
        super().__init__()
        self.grid = grid
        self.periodic = periodic
        channels = (1, *_CHANNELS)
        self.convolutions = nn.ModuleList(
            nn.Conv3d(before, after, 3) for before, after in zip(channels, _CHANNELS, strict=False)
        )
        self.encode = LogDeposits()
        self.judge = nn.Sequential(nn.Linear(_CHANNELS[-1] + 1, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x: Tensor) -> Tensor:
        """From (rows, cells + 1) to logits with shape (rows, 1)."""
        seen = self.encode(x)
        image = seen[:, :-1].reshape(-1, 1, *self.grid)
        for number, convolution in enumerate(self.convolutions):
            if number:
                halves = [min(2, size) for size in image.shape[2:]]
                image = functional.avg_pool3d(image, halves, ceil_mode=True)
            image = functional.relu(convolution(self._padded(image)))
        return self.judge(torch.cat([image.mean(dim=(2, 3, 4)), seen[:, -1:]], dim=1))  # type: ignore[no-any-return]

    def _padded(self, image: Tensor) -> Tensor:
        """One more place on every side: of an angle its other end, else empty."""
        around = (0, 0, 1, 1, 0, 0)
        image = functional.pad(image, around, mode="circular" if self.periodic else "constant")
        return functional.pad(image, (1, 1, 0, 0, 1, 1))


def perceptron(inputs: int) -> list[nn.Module]:
    """Three hidden layers of 512 with ReLU, and a logit.

    Arguments:
        inputs: Numbers per shower.
    """
    layers: list[nn.Module] = []
    for width in _HIDDEN:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return [*layers, nn.Linear(inputs, 1)]
