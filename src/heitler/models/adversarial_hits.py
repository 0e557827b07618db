r"""Hits that can be trained by a discriminator: what BiGAN and VAE-GAN share.

Notation: x are the cells in MeV, v the quantities of the whole shower, c the conditions, t latent
numbers, u one uniform number per cell.

A generator whose cells are functions of t alone makes smooth showers, which any discriminator
tells from real ones: hits of a shower are scattered. Here cell i is

    x_i = m_i [ln(p_i / u_i)]_+^k_i

with p_i, m_i, k_i(t, c) from the decoder. It is 0 with probability 1 - p_i, exactly, and a hit has
a Weibull-distributed energy of scale m_i and shape 1 / k_i. As x_i grows from 0 where u_i passes
p_i, it is continuous in all three, so gradients of the generated shower train hits as well.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from heitler.models.base import ShowerShape
from heitler.networks import HitDecoder, mlp

__all__ = ["Discriminator", "HitGenerator", "seen"]

_UNIT = 0.1
"""Energy in MeV below which networks see cells linearly, above logarithmically."""

_LEAST_POWER = 0.1
"""Least k: the energy of a hit scatters by 13 % at least."""

_SMALLEST = 1e-6
"""Least positive logarithm, and least uniform number: slopes stay finite."""

_LOG_SCALE_RANGE = (-9.0, 12.0)
"""Range of ln(m / MeV)."""


class HitGenerator(nn.Module):
    """Showers from latent and uniform numbers: see the module's docstring.

    Arguments:
        shape: Sizes of its output.
        latent: Number of latent numbers.
        hidden: Widths of the hidden layers.
        rank: Number of cell patterns of each layer.
    """

    def __init__(
        self, shape: ShowerShape, *, latent: int, hidden: tuple[int, ...], rank: int
    ) -> None:
        super().__init__()
        self.decoder = HitDecoder(
            latent + shape.conditions,
            shape.layers,
            quantities=shape.globals,
            hidden=hidden,
            rank=rank,
            channels=3,
        )

    def forward(self, t: Tensor, u: Tensor, c: Tensor) -> Tensor:
        """Showers (N, globals + cells)."""
        quantities, cells = self.decoder(torch.cat([t, c], dim=1))
        logit, level, power = cells.unbind(dim=1)
        excess = logsigmoid(logit) - torch.log(u.clamp(min=_SMALLEST))
        shape = _LEAST_POWER + softplus(power)
        energy = torch.exp(level.clamp(*_LOG_SCALE_RANGE)) * excess.clamp(min=_SMALLEST) ** shape
        return torch.cat([quantities, torch.where(excess > 0, energy, 0.0)], dim=1)

    def start_at(self, cells: Tensor) -> None:
        """Starts at the frequencies, means and relative spreads of showers (N, cells)."""
        hits = (cells > 0).sum(dim=0)
        often = (hits / len(cells)).clamp(1e-3, 1 - 1e-3)
        mean = (cells.sum(dim=0) / hits.clamp(min=1)).clamp(min=_UNIT)
        square = cells.square().sum(dim=0) / hits.clamp(min=1)
        spread = ((square / mean.square() - 1.0).clamp(min=0.02).sqrt()).clamp(max=2.0)
        power = spread**1.086  # of a Weibull law, within 2 %
        level = mean.log() - torch.lgamma(1.0 + power)
        inverse = torch.log(torch.expm1((power - _LEAST_POWER).clamp(min=0.02)))
        self.decoder.start_at(torch.stack([torch.logit(often), level, inverse]))


class Discriminator(nn.Module):
    """Log-odds that a shower is real, and the features that they are a linear function of.

    It sees four groups of numbers: quantities of the shower, sums of each layer (of energies and
    of ln(1 + x/u), which follows the number of hits), cells, and other inputs with the conditions.
    What a straight line in the conditions predicts is taken off and the rest is standardised: a
    shower is judged beside those of its energy. Groups have equal weight: thousands of cells would
    drown three quantities.

    Arguments:
        shape: Sizes of showers.
        hidden: Widths of the hidden layers.
        others: Number of other inputs, of order one.
    """

    def __init__(self, shape: ShowerShape, *, hidden: tuple[int, ...], others: int = 0) -> None:
        super().__init__()
        self.layers, self.globals = shape.layers, shape.globals
        sizes = (shape.globals, 2 * len(shape.layers), shape.cells, others + shape.conditions)
        self.body = nn.Sequential(mlp(sum(sizes), hidden[:-1], hidden[-1]), nn.SiLU())
        self.head = nn.Linear(hidden[-1], 1)
        groups = [torch.full((n,), (sum(sizes) / (4 * max(n, 1))) ** 0.5) for n in sizes]
        self.register_buffer("weight", torch.cat(groups), persistent=False)
        self.register_buffer("line", torch.zeros(1 + shape.conditions, sum(sizes[:3])))
        self.register_buffer("spread", torch.ones(sum(sizes[:3])))
        self.weight: Tensor
        self.line: Tensor
        self.spread: Tensor

    def forward(self, x: Tensor, c: Tensor, *others: Tensor) -> Tensor:
        """Log-odds (N, 1) of showers x (N, globals + cells), conditions and other inputs."""
        logit: Tensor = self.head(self.features(x, c, *others))
        return logit

    def features(self, x: Tensor, c: Tensor, *others: Tensor) -> Tensor:
        """The last hidden layer, (N, hidden[-1])."""
        about = (self._looked(x) - _with_one(c) @ self.line) / self.spread
        features: Tensor = self.body(torch.cat([about, c, *others], dim=1) * self.weight)
        return features

    def start_at(self, x: Tensor, c: Tensor) -> None:
        """Takes lines and spreads of showers."""
        looked, given = self._looked(x), _with_one(c)
        self.line.copy_(torch.linalg.pinv(given) @ looked)
        self.spread.copy_((looked - given @ self.line).std(dim=0).clamp(min=0.1))

    def _looked(self, x: Tensor) -> Tensor:
        looked, cells = seen(x, self.globals), x[:, self.globals :]
        quantities, levels = looked[:, : self.globals], looked[:, self.globals :]
        energies = torch.log1p(self._sums(cells) / _UNIT)
        return torch.cat([quantities, energies, self._sums(levels), levels], dim=1)

    def _sums(self, cells: Tensor) -> Tensor:
        parts = torch.split(cells, list(self.layers), dim=1)
        return torch.stack([part.sum(dim=1) for part in parts], dim=1)


def seen(x: Tensor, quantities: int) -> Tensor:
    """Showers (N, globals + cells) as networks see them: cells logarithmically."""
    return torch.cat([x[:, :quantities], torch.log1p(x[:, quantities:] / _UNIT)], dim=1)


def _with_one(c: Tensor) -> Tensor:
    return torch.cat([c.new_ones(c.shape[0], 1), c], dim=1)
