r"""Convolutions in three dimensions, as the 3DGAN stacks them.

A grid of cells has the axes (layer, y, x). The networks for 25 x 25 x 25 and 25 x 51 x 51 cells
have kernels, paddings and factors of their own, those of the Keras code that was published with
Khattak et al. 2022, doi:10.1140/epjc/s10052-022-10258-4 (there with the axes x, y, layer); other
grids get cubes of 3 cells.

Where the original has batch normalisation these networks have `ActNorm`: what a shower becomes
must not depend on the showers beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool3d, leaky_relu

__all__ = ["ActNorm", "Downsampler", "Size", "Upsampler"]

Size = tuple[int, int, int]
"""Along (layer, y, x)."""

_SLOPE = 0.3
"""Of the leaky rectifiers, as Keras has it."""


@dataclass(frozen=True, slots=True)
class _Up:
    """Layout of an upsampler: start, two enlargements, and convolutions in between.

    Arguments:
        start: Grid of the dense layer.
        kernels: Of the first three convolutions; the first keeps the size.
        factors: By which the grid grows after the first and the second.
        paddings: Zeros on both sides before the second and the third.
    """

    start: Size
    kernels: tuple[Size, Size, Size]
    factors: tuple[Size, Size]
    paddings: tuple[Size, Size]

    @classmethod
    def of(cls, grid: Size, kernel: int | None) -> _Up:
        """The published layout of a grid, or cubes that end a few cells too far."""
        if kernel is None and grid in _PUBLISHED_UP:
            return _PUBLISHED_UP[grid]
        edge = kernel or 3
        layers, rows, columns = (-(-(size + 1) // 4) for size in grid)
        start = (layers, rows, columns)
        return cls(start, (_cube(edge),) * 3, (_cube(2),) * 2, (_cube(edge // 2),) * 2)


@dataclass(frozen=True, slots=True)
class _Down:
    """Layout of a downsampler: four convolutions, of which the first keeps the size.

    Arguments:
        kernel: Of all convolutions.
        paddings: Zeros on both sides before the second, third and fourth.
    """

    kernel: Size
    paddings: tuple[Size, Size, Size]

    @classmethod
    def of(cls, grid: Size, kernel: int | None) -> _Down:
        """The published layout of a grid, or cubes that keep the size."""
        if kernel is None and grid in _PUBLISHED_DOWN:
            return _PUBLISHED_DOWN[grid]
        edge = kernel or 3
        return cls(_cube(edge), (_cube(edge // 2),) * 3)


def _cube(edge: int) -> Size:
    return (edge, edge, edge)


_PUBLISHED_UP: dict[Size, _Up] = {
    (25, 25, 25): _Up(
        start=(8, 7, 7),
        kernels=((8, 6, 6), (8, 5, 6), (8, 3, 3)),
        factors=((2, 2, 2), (3, 2, 2)),
        paddings=((0, 2, 2), (3, 0, 1)),
    ),
    (25, 51, 51): _Up(
        start=(8, 9, 9),
        kernels=((8, 6, 6), (8, 8, 5), (8, 5, 3)),
        factors=((2, 3, 3), (3, 2, 2)),
        paddings=((1, 3, 2), (0, 2, 0)),
    ),
}
_PUBLISHED_DOWN: dict[Size, _Down] = {
    (25, 25, 25): _Down(_cube(5), (_cube(2), _cube(2), _cube(1))),
    (25, 51, 51): _Down((6, 6, 5), ((1, 0, 0), (1, 0, 0), (0, 0, 0))),
}


class ActNorm(nn.Module):
    """Scale and shift of each channel, which start where the data have mean 0 and width 1.

    Reference: Kingma and Dhariwal 2018, arXiv:1807.03039, section 3.1.

    Arguments:
        channels: Number of channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1, 1))

    @torch.no_grad()
    def start_at(self, x: Tensor) -> None:
        """Takes mean and width of each channel of x, with shape (N, channels, layers, y, x)."""
        std, mean = torch.std_mean(x, dim=(0, 2, 3, 4))
        self.scale.copy_((1 / std.clamp(min=1e-6)).view_as(self.scale))
        self.shift.copy_(-mean.view_as(self.shift) * self.scale)

    def forward(self, x: Tensor) -> Tensor:
        """Scaled and shifted channels."""
        return x * self.scale + self.shift


class Upsampler(nn.Module):
    """From numbers to a grid of cells that are not negative.

    A dense layer, then four convolutions with leaky rectifiers, after the first two of which the
    grid is normalised and grows; a rectifier at the end makes empty cells.

    Arguments:
        inputs: Number of numbers.
        filters: Channels of the dense layer and of the first three convolutions.
        grid: Sizes of the result.
        kernel: Edge of cubic kernels in place of the published ones.
    """

    def __init__(
        self,
        inputs: int,
        filters: tuple[int, int, int, int],
        grid: Size,
        *,
        kernel: int | None = None,
    ) -> None:
        super().__init__()
        layout = _Up.of(grid, kernel)
        first, second, third, fourth = filters
        (k1, k2, k3), (f1, f2), (p2, p3) = layout.kernels, layout.factors, layout.paddings
        self.grid = grid
        self.layers = nn.Sequential(
            nn.Linear(inputs, first * prod(layout.start)),
            nn.Unflatten(1, (first, *layout.start)),
            _same(k1),
            nn.Conv3d(first, second, k1),
            nn.LeakyReLU(_SLOPE),
            ActNorm(second),
            nn.Upsample(scale_factor=tuple(float(f) for f in f1)),
            nn.Conv3d(second, third, k2, padding=p2),
            nn.LeakyReLU(_SLOPE),
            ActNorm(third),
            nn.Upsample(scale_factor=tuple(float(f) for f in f2)),
            nn.Conv3d(third, fourth, k3, padding=p3),
            nn.LeakyReLU(_SLOPE),
            nn.Conv3d(fourth, 1, 2, bias=False),
            nn.ReLU(),
        )

    def forward(self, numbers: Tensor) -> Tensor:
        """Numbers (N, inputs) to cells (N, layers, y, x)."""
        layers, rows, columns = self.grid
        cells: Tensor = self.layers(numbers)[:, 0, :layers, :rows, :columns]
        return cells

    @torch.no_grad()
    def start_at(self, numbers: Tensor, mean: Tensor, focus: float = 0.0) -> None:
        """Normalises channels, and scales the cells so that their mean sum is that of a grid.

        The dense layer, whose numbers lie on a coarse grid, starts wide where the mean m of the
        cells in a coarse cell is large: proportional to m^focus, 0 for the same width everywhere.

        Arguments:
            numbers: A sample of inputs with shape (N, inputs).
            mean: Mean cells with shape (layers, y, x).
            focus: Exponent of the mean.
        """
        total, dense, size = mean.sum(), self.layers[0], self.layers[1]
        if isinstance(dense, nn.Linear) and isinstance(size, nn.Unflatten):
            channels, layers, rows, columns = size.unflattened_size
            width = adaptive_avg_pool3d(mean[None], (layers, rows, columns)).clamp(min=0) ** focus
            width = (width / width.square().mean().sqrt()).flatten().repeat(channels)
            dense.weight.mul_(width[:, None])
            dense.bias.mul_(width)
        h = numbers
        for layer in self.layers:
            if isinstance(layer, ActNorm):
                layer.start_at(h)
            h = layer(h)
        last, made = self.layers[-2], self(numbers).sum(dim=(1, 2, 3)).mean()
        if isinstance(last, nn.Conv3d) and bool(made > 0) and bool(total > 0):
            last.weight.mul_(total / made)


class Downsampler(nn.Module):
    """From a grid of cells to features.

    Four convolutions with leaky rectifiers, the last three normalised, then means over 2 x 2 x 2
    cells. The features are divided by the root of their number, so that a linear layer behind them
    does not answer the more to a step of its weights the more features there are.

    Arguments:
        filters: Channels of the convolutions.
        grid: Sizes of the input.
        kernel: Edge of cubic kernels in place of the published ones.
        stride: Step of the second convolution.

    Attributes:
        features: Number of features.
    """

    def __init__(
        self,
        filters: tuple[int, int, int, int],
        grid: Size,
        *,
        kernel: int | None = None,
        stride: int = 1,
    ) -> None:
        super().__init__()
        layout = _Down.of(grid, kernel)
        first, *others = filters
        self.blocks = nn.ModuleList(
            [nn.Sequential(_same(layout.kernel), nn.Conv3d(1, first, layout.kernel))]
        )
        self.norms = nn.ModuleList([nn.Identity()])
        sizes, steps = list(grid), (stride, 1, 1)
        for i, (padding, step) in enumerate(zip(layout.paddings, steps, strict=True)):
            convolution = nn.Conv3d(
                filters[i], others[i], layout.kernel, stride=step, padding=padding
            )
            self.blocks.append(convolution)
            self.norms.append(ActNorm(others[i]))
            zipped = zip(sizes, padding, layout.kernel, strict=True)
            sizes = [(size + 2 * zeros - edge) // step + 1 for size, zeros, edge in zipped]
        layers, rows, columns = (min(2, size) for size in sizes)
        self.pool = nn.AvgPool3d((layers, rows, columns))
        self.features = filters[-1] * prod(max(1, size // 2) for size in sizes)

    def forward(self, cells: Tensor) -> Tensor:
        """Cells (N, layers, y, x) to features (N, features)."""
        h = cells[:, None]
        for block, norm in zip(self.blocks, self.norms, strict=True):
            h = norm(leaky_relu(block(h), _SLOPE))
        features: Tensor = self.pool(h).flatten(start_dim=1) / self.features**0.5
        return features

    @torch.no_grad()
    def start_at(self, cells: Tensor) -> None:
        """Normalises channels for a sample of cells, with shape (N, layers, y, x)."""
        h = cells[:, None]
        for block, norm in zip(self.blocks, self.norms, strict=True):
            h = leaky_relu(block(h), _SLOPE)
            if isinstance(norm, ActNorm):
                norm.start_at(h)
            h = norm(h)


def _same(kernel: Size) -> nn.ZeroPad3d:
    """Zeros around a grid, so that a convolution keeps its size; more behind than in front."""
    sides = [((edge - 1) // 2, edge // 2) for edge in reversed(kernel)]
    return nn.ZeroPad3d(tuple(n for side in sides for n in side))  # type: ignore[arg-type]
