"""Convolutions on the grid of a calorimeter: its layers are the channels of an image.

The generator doubles an image twice by transposed convolutions, the critic halves one twice by
strided ones, as Radford et al. 2015 (arXiv:1511.06434, section 3) found for all images; no
pooling, leaky ReLUs in the critic. What is no image (quantities, summaries, conditions) joins the
critic behind its convolutions.

Notation: N showers, grid (L, R, C) of layers, rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from heitler.networks.mlp import mlp
from heitler.networks.rectified import RectifiedNormal

__all__ = ["GridCritic", "GridGenerator"]

_SLOPE = 0.2
"""Of the leaky ReLU."""

Grid = tuple[int, int, int]


class GridGenerator(nn.Module):
    """A convolutional generator of showers that ends in rectified normal numbers.

    Arguments:
        latent: Number of latent numbers.
        conditions: Number of conditions.
        quantities: Number of quantities of the whole shower.
        grid: (L, R, C).
        channels: Number of channels of the smallest image.
        norm: Makes the normalisation of some channels.
    """

    def __init__(
        self,
        latent: int,
        conditions: int,
        quantities: int,
        grid: Grid,
        *,
        channels: int,
        norm: Callable[[int], nn.Module] = nn.Identity,
    ) -> None:
        super().__init__()
        layers, rows, columns = grid
        self.grid, self.small = grid, (-(-rows // 4), -(-columns // 4))
        inputs, half = latent + conditions, channels // 2
        self.project = nn.Linear(inputs, channels * self.small[0] * self.small[1])
        self.grow = nn.Sequential(
            norm(channels),
            nn.ReLU(),
            nn.ConvTranspose2d(channels, half, 4, stride=2, padding=1, bias=False),
            norm(half),
            nn.ReLU(),
            nn.ConvTranspose2d(half, 2 * layers, 4, stride=2, padding=1),
        )
        self.whole = mlp(inputs, (32,), 2 * quantities) if quantities else None
        self.end = RectifiedNormal(quantities, layers * rows * columns, latent, conditions)

    def forward(self, latent: Tensor, noise: Tensor, c: Tensor) -> Tensor:
        """Showers (N, quantities + cells), cells in MeV.

        Arguments:
            latent: Latent numbers with shape (N, latent).
            noise: Normal numbers, one for each column, (N, quantities + cells).
            c: Conditions with shape (N, conditions).
        """
        t = torch.cat([latent, c], dim=1)
        image = self.grow(self.project(t).view(len(t), -1, *self.small))
        said = self._crop(image).reshape(len(t), 2, -1)
        if self.whole is not None:
            said = torch.cat([self.whole(t).view(len(t), 2, -1), said], dim=2)
        showers: Tensor = self.end(said, t, noise)
        return showers

    def _crop(self, image: Tensor) -> Tensor:
        """The middle of an image that is up to 3 cells too large."""
        _, rows, columns = self.grid
        top, left = (image.shape[2] - rows) // 2, (image.shape[3] - columns) // 2
        return image[:, :, top : top + rows, left : left + columns]


class GridCritic(nn.Module):
    """A convolutional critic of showers.

    Arguments:
        quantities: Number of columns in front of the cells.
        grid: (L, R, C).
        others: Number of columns behind the cells.
        channels: Number of channels of the smallest image.
        hidden: Width of the hidden layer behind the convolutions.
        norm: Makes the normalisation of some channels, not of the first.
    """

    def __init__(
        self,
        quantities: int,
        grid: Grid,
        others: int,
        *,
        channels: int,
        hidden: int,
        norm: Callable[[int], nn.Module] = nn.Identity,
    ) -> None:
        super().__init__()
        layers, rows, columns = grid
        self.grid, self.columns = grid, [quantities, layers * rows * columns, others]
        half = channels // 2
        self.shrink = nn.Sequential(
            nn.Conv2d(layers, half, 3, stride=2, padding=1),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(half, channels, 3, stride=2, padding=1, bias=False),
            norm(channels),
            nn.LeakyReLU(_SLOPE),
            nn.Flatten(),
        )
        size = channels * (-(-rows // 4)) * (-(-columns // 4))
        self.judge = mlp(size + quantities + others, (hidden,), 1)

    def forward(self, seen: Tensor) -> Tensor:
        """A number (N, 1) for columns (N, quantities + cells + others)."""
        quantities, cells, others = torch.split(seen, self.columns, dim=1)
        image = self.shrink(cells.view(-1, *self.grid))
        value: Tensor = self.judge(torch.cat([image, quantities, others], dim=1))
        return value
