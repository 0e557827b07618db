"""A last layer that knows of the layers of a calorimeter.

Cells of one layer share a few shapes: each layer has a small basis of cell patterns, and the
network only chooses the coefficients. With `rank` patterns instead of `inputs` features per cell
this takes several times fewer operations than a dense layer and needs less data to learn.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["LayerFactorised"]


class LayerFactorised(nn.Module):
    """Maps features to values per cell: y_lc = b_lc + sum_k (W h)_lk B_lkc.

    Layers of unequal size are computed as wide as the widest; places without a cell are dropped.

    Arguments:
        inputs: Number of features h.
        layers: Number of cells of each layer.
        rank: Number of patterns k of each layer.
        channels: Number of values per cell.
        bias: Whether there is b.
    """

    def __init__(
        self,
        inputs: int,
        layers: Sequence[int],
        *,
        rank: int,
        channels: int,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.layers, self.widest, self.channels = len(layers), max(layers), channels
        self.coefficients = nn.Linear(inputs, self.layers * rank)
        width = channels * self.widest
        self.basis = nn.Parameter(0.2 * torch.randn(self.layers, rank, width) / rank**0.5)
        start = torch.zeros(self.layers, 1, width)
        self.bias = nn.Parameter(start) if bias else None
        starts = torch.arange(self.layers) * self.widest
        places = [start + torch.arange(n) for start, n in zip(starts, layers, strict=True)]
        self.register_buffer("places", torch.cat(places), persistent=False)
        self.places: Tensor

    def forward(self, h: Tensor) -> Tensor:
        """Features (N, inputs) to values (N, channels, cells)."""
        k = self.coefficients(h).view(h.shape[0], self.layers, -1).transpose(0, 1)
        values = torch.bmm(k, self.basis)
        return self._to_cells(values if self.bias is None else values + self.bias)

    @torch.no_grad()
    def start_at(self, values: Tensor) -> None:
        """Sets the bias: values (channels, cells) that a network without knowledge gives.

        Raises:
            ValueError: There is no bias.
        """
        if self.bias is None:
            msg = "a layer without bias starts at 0: build it with bias=True"
            raise ValueError(msg)
        padded = values.new_zeros(self.channels, self.layers * self.widest)
        padded[:, self.places] = values
        by_layer = padded.view(self.channels, self.layers, self.widest).transpose(0, 1)
        self.bias.copy_(by_layer.reshape(self.bias.shape))

    def _to_cells(self, y: Tensor) -> Tensor:
        """(layers, N, channels * widest) to (N, channels, cells)."""
        split = y.view(self.layers, y.shape[1], self.channels, self.widest).permute(1, 2, 0, 3)
        flat = split.reshape(y.shape[1], self.channels, -1)
        if self.places.numel() == flat.shape[2]:
            return flat
        return flat.index_select(2, self.places)
