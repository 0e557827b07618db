r"""What a critic looks at: the cells, and what is too small to be seen in single cells.

    v(x) = (q, y, ln(E_l / E), h_l, S)

q are the quantities of the whole shower, y = ln(1 + x / unit) the cells, E_l the energy of layer
l, E the sum, h_l = sum_i x_i / (x_i + unit) a soft number of hits of the layer, S = (ln E, centre
of gravity, widths) the shape. A critic of cells alone learns the longitudinal profile last;
CaloGAN showed its discriminator layer energies and occupancies first (Paganini et al. 2017,
arXiv:1712.10321, section IV). All five have the same variance in the training sample, so that no
group hides another where the slope of the critic is bounded.

Notation: N showers, L layers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["ImageView", "ShowerView"]

_VARIANCE = 10.0
"""Of each group, summed over its columns: cells differ by a few units, as in Gulrajani et al."""


class ShowerView(nn.Module):
    """Showers as a critic sees them: columns (quantities, cells, summaries), to be fitted first.

    Arguments:
        quantities: Number of quantities of the whole shower.
        layers: Number of cells of each layer.
        unit: Energy in MeV below which the scale of cells is linear; a hit of it counts half.
        centres: Centres of the cells, (cells, 3); without them the shape is that in depth.
    """

    def __init__(
        self,
        quantities: int,
        layers: Sequence[int],
        *,
        unit: float,
        centres: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.quantities, self.cells, self.unit = quantities, sum(layers), unit
        number = torch.arange(len(layers)).repeat_interleave(torch.tensor(list(layers)))
        place = number[:, None].float() if centres is None else centres
        place = (place - place.mean(dim=0)) / place.std(dim=0).clamp(min=1e-9)
        self.register_buffer("place", place.float(), persistent=False)
        self.register_buffer("layer", nn.functional.one_hot(number).float(), persistent=False)
        self.groups = [
            *(quantities, self.cells, len(layers), len(layers)),
            *self._groups_of_shape(place.shape[1]),
        ]
        self.register_buffer("mean", torch.zeros(self.size))
        self.register_buffer("scale", torch.ones(self.size))
        self.place: Tensor
        self.layer: Tensor
        self.mean: Tensor
        self.scale: Tensor

    @staticmethod
    def _groups_of_shape(axes: int) -> list[int]:
        """Numbers of columns of S that share their variance."""
        return [1 + 2 * axes]

    @property
    def size(self) -> int:
        """Number of columns."""
        return sum(self.groups)

    @property
    def summaries(self) -> int:
        """Number of columns behind the cells."""
        return self.size - self.quantities - self.cells

    def forward(self, x: Tensor) -> Tensor:
        """What is seen of showers x (N, quantities + cells) in MeV: (N, size)."""
        return (self._columns(x) - self.mean) * self.scale

    def fit(self, x: Tensor) -> None:
        """Takes means and spreads of the groups from training showers."""
        columns = self._columns(x)
        self.mean.copy_(columns.mean(dim=0))
        parts = torch.split(columns.var(dim=0), self.groups)
        scales = [
            (_VARIANCE / part.sum().clamp(min=1e-9)).sqrt().expand_as(part) for part in parts
        ]
        self.scale.copy_(torch.cat(scales))

    def _columns(self, x: Tensor) -> Tensor:
        cells = x[:, self.quantities :]
        energy = cells @ self.layer + self.unit
        total = energy.sum(dim=1, keepdim=True)
        hits = (cells / (cells + self.unit)) @ self.layer
        centre = cells @ self.place / total
        square = cells @ self.place.square() / total
        width = (square - centre.square()).clamp(min=1e-6).sqrt()
        shape = [total.log(), centre, width]
        parts = [x[:, : self.quantities], torch.log1p(cells / self.unit)]
        return torch.cat([*parts, (energy / total).log(), hits, *shape], dim=1)


class ImageView(ShowerView):
    """The same of images: ln E, the centre of gravity and the widths are groups of their own.

    Where particles enter at many places, centre and widths say how a shower should look; together
    with ln E, which varies over the range of the energies, they would hardly be seen.
    """

    @staticmethod
    def _groups_of_shape(axes: int) -> list[int]:
        return [1, axes, axes]
