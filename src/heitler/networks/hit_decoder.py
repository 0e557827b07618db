"""From latent numbers to what is expected of a shower: quantities and values of each cell."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from heitler.networks.factorised import LayerFactorised
from heitler.networks.mlp import mlp

__all__ = ["HitDecoder"]


class HitDecoder(nn.Module):
    """A trunk with two heads: a linear one for quantities, a `LayerFactorised` one for cells.

    Arguments:
        inputs: Number of latent numbers and conditions.
        layers: Number of cells of each layer.
        quantities: Number of quantities of the whole shower, may be 0.
        hidden: Widths of the hidden layers.
        rank: Number of cell patterns of each layer.
        channels: Number of values per cell.
    """

    def __init__(
        self,
        inputs: int,
        layers: Sequence[int],
        *,
        quantities: int,
        hidden: Sequence[int],
        rank: int,
        channels: int,
    ) -> None:
        super().__init__()
        self.trunk = nn.Sequential(mlp(inputs, hidden[:-1], hidden[-1]), nn.SiLU())
        self.cells = LayerFactorised(hidden[-1], layers, rank=rank, channels=channels)
        self.quantities = nn.Linear(hidden[-1], quantities) if quantities else None

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs (N, inputs) to quantities (N, quantities) and cells (N, channels, cells)."""
        h = self.trunk(inputs)
        quantities = self.quantities(h) if self.quantities else h[:, :0]
        return quantities, self.cells(h)

    def start_at(self, values: Tensor) -> None:
        """Sets the bias: values (channels, cells) that a network without knowledge gives."""
        self.cells.start_at(values)
