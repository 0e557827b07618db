r"""The lateral centre of gravity as a quantity of its own.

Notation: x_i and y_i are the lateral coordinates of cell i, e_i its energy,

    X = sum_i e_i x_i / sum_i e_i,   Y = sum_i e_i y_i / sum_i e_i.

Cells that fluctuate independently have a centre of gravity that is too narrow: showers lean to
one side as a whole. The inverse transform tilts the cells,

    e_i -> e_i exp(a x_i + b y_i),

with the a and b that give the wanted X and Y: of all changes that do, the one with the least
relative entropy (exponential tilting, Csiszar 1975). The sums over depth suffice to find them by
Newton's method, whose Jacobian is the covariance of x and y in the shower.
"""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.detectors import Geometry
from heitler.preprocessing.transforms import Features, Transform

__all__ = ["Centre"]

_STEPS = 4
"""Newton steps; tilts are small, and two give the centre to a thousandth of a cell."""

_LARGEST = 3.0
"""Cells change by at most exp(3) and exp(-3)."""


class Centre(Transform):
    """Appends the lateral centre of gravity (X, Y), standardised; cells stay as they are.

    The inverse tilts the cells to the drawn centre; it changes their sum, so `Response` belongs
    in front of it. Centres further than one standard deviation outside the training sample's
    range are cut there. An empty shower stays empty.

    Raises:
        ValueError: The layers of the geometry do not have the same cells.
    """

    adds = 2
    loses = "centres of gravity beyond the range of the training sample by more than its spread"

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("std", torch.ones(2))
        self.register_buffer("low", torch.full((2,), -20.0))
        self.register_buffer("high", torch.full((2,), 20.0))
        self.register_buffer("lateral", torch.zeros(0, 2), persistent=False)
        self.mean: Tensor
        self.std: Tensor
        self.low: Tensor
        self.high: Tensor
        self.lateral: Tensor

    def see(self, geometry: Geometry) -> None:
        """Takes the lateral positions of the cells, in units of their spread."""
        layers = torch.split(geometry.cell_centres[:, :2], list(geometry.layer_sizes))
        first = layers[0]
        if any(layer.shape != first.shape or not layer.equal(first) for layer in layers):
            msg = "the transform Centre needs layers with the same cells; leave it out"
            raise ValueError(msg)
        self.lateral = (first / first.std().clamp(min=1e-9)).float()

    def fit(self, features: Features, energy: Tensor) -> None:  # noqa: ARG002
        """Takes mean, standard deviation and range of the centre."""
        centre = self._centre(self._over_depth(features.cells))
        self.mean.copy_(centre.mean(dim=0))
        self.std.copy_(centre.std(dim=0).clamp(min=1e-6))
        self.low.copy_(centre.min(dim=0).values - self.std)
        self.high.copy_(centre.max(dim=0).values + self.std)

    def forward(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Appends (X, Y)."""
        centre = (self._centre(self._over_depth(features.cells)) - self.mean) / self.std
        return Features(torch.cat([features.quantities, centre], dim=1), features.cells)

    def inverse(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Tilts the cells to (X, Y)."""
        wanted = features.quantities[:, -2:] * self.std + self.mean
        wanted = torch.minimum(torch.maximum(wanted, self.low), self.high)
        weights = self._over_depth(features.cells)
        slope = torch.zeros_like(wanted)
        for _ in range(_STEPS):
            tilted = weights * self._factor(slope)
            slope = slope + self._newton(tilted, wanted)
        cells = features.cells.view(len(wanted), -1, self.lateral.shape[0])
        cells = cells * self._factor(slope)[:, None, :]
        return Features(features.quantities[:, :-2], cells.reshape(features.cells.shape))

    def _over_depth(self, cells: Tensor) -> Tensor:
        """Energy of each lateral position, summed over the layers: (N, positions)."""
        return cells.view(cells.shape[0], -1, self.lateral.shape[0]).sum(dim=1)

    def _centre(self, weights: Tensor) -> Tensor:
        total = weights.sum(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
        return (weights / total) @ self.lateral

    def _factor(self, slope: Tensor) -> Tensor:
        return (slope @ self.lateral.T).clamp(-_LARGEST, _LARGEST).exp()

    def _newton(self, weights: Tensor, wanted: Tensor) -> Tensor:
        """Change of (a, b): the inverse covariance times the missing part of the centre."""
        centre = self._centre(weights)
        total = weights.sum(dim=1).clamp(min=torch.finfo(torch.float32).tiny)
        x, y = self.lateral.unbind(dim=1)
        second = (weights / total[:, None]) @ torch.stack([x * x, y * y, x * y], dim=1)
        # A shower in a single cell has no covariance and cannot be tilted: its slope stays small.
        xx, yy = (second[:, :2] - centre.square()).clamp(min=1e-3).unbind(dim=1)
        xy = second[:, 2] - centre[:, 0] * centre[:, 1]
        dx, dy = (wanted - centre).unbind(dim=1)
        determinant = (xx * yy - xy * xy).clamp(min=1e-6)
        return torch.stack([yy * dx - xy * dy, xx * dy - xy * dx], dim=1) / determinant[:, None]
