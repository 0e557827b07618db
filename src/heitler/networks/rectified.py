r"""The end of a generator of cells that are mostly empty: squares of rectified normal numbers.

    x_i = u max(0, a_i + s_i n_i)^2,   n_i ~ N(0, 1)

a_i and s_i belong to cell i of one shower; n_i is a random number of its own. Cells of a real
shower fluctuate nearly independently about what the shower as a whole does, so a few latent
numbers for a, s and one number per cell do what a vector of latent numbers alone cannot. The
square makes the tail of a cell that is seldom hit an exponential, and the width of one that always
is grows with the root of its energy.

Rectified normal numbers r = max(0, a + s n) have the moments (Tobin 1958, Econometrica 26, 24),
with t = a / s and the normal distribution Phi and density phi,

    E r = s (t Phi + phi),   E r^2 = s^2 ((t^2 + 1) Phi + t phi),   d(E r)/da = Phi(t),

from which a generator starts at the mean energy of each cell and at that of its root. What they
share starts linear: with the conditions c by regression, with the latent numbers t by the
principal components that stand above the others, as in probabilistic principal components (Tipping
and Bishop 1999, J. R. Stat. Soc. B 61, 611, eq. 8),

    a = a_0 + A c + W t + (what the network says),   W W^T = sum_k (l_k - l_(K+1)) v_k v_k^T,

so that networks have to learn what is not linear. Quantities of the whole shower are a + s n, not
rectified. Notation: N showers, F columns, T latent numbers, C conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi

import torch
from torch import Tensor, nn
from torch.nn.functional import relu, silu

from heitler.networks.factorised import LayerFactorised
from heitler.networks.mlp import mlp

__all__ = ["CellGenerator", "RectifiedNormal", "rectified_normal"]

_LOG_WIDTHS = (-6.0, 3.0)
"""Range of ln s: what leaves it has lost its gradient anyway."""

_RARE = 0.05
"""Frequency below which the trend of a cell is noise."""

_OWN = 0.2
"""Least share of the variance of a cell that is its own at the start."""

_ENOUGH = 2000
"""Showers from which the principal components are taken."""


def rectified_normal(mean: Tensor, square: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A and s of the rectified normal law with given moments, and its frequency P(r > 0).

    Arguments:
        mean: E r, positive.
        square: E r^2, more than the square of the mean.
    """
    t = torch.linspace(-3.5, 40.0, 8000, dtype=torch.float64, device=mean.device)
    frequency, density = torch.special.ndtr(t), torch.exp(-0.5 * t.square()) / (2.0 * pi) ** 0.5
    first = t * frequency + density
    ratio = first.square() / ((t.square() + 1.0) * frequency + t * density)
    row = torch.searchsorted(ratio, (mean.square() / square).double().contiguous())
    row = row.clamp(max=t.numel() - 1)
    width = mean / first[row]
    return (t[row] * width).to(mean), width.to(mean), frequency[row].to(mean)


class RectifiedNormal(nn.Module):
    """From what a network says of a and ln s to showers: see the module's docstring.

    Arguments:
        quantities: Number of quantities of the whole shower.
        cells: Number of cells.
        latent: T.
        conditions: C.
    """

    def __init__(self, quantities: int, cells: int, latent: int, conditions: int) -> None:
        super().__init__()
        self.quantities, self.latent = quantities, latent
        self.start = nn.Parameter(torch.zeros(2, quantities + cells))
        self.slope = nn.Parameter(torch.zeros(latent + conditions, quantities + cells))
        self.register_buffer("unit", torch.ones(()))
        self.unit: Tensor

    def forward(self, said: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Showers (N, F), cells in MeV.

        Arguments:
            said: Differences of a and ln s to the linear model, (N, 2, F).
            t: Latent numbers and conditions with shape (N, T + C).
            noise: Normal numbers n with shape (N, F).
        """
        location, log_width = (said + self.start).unbind(dim=1)
        width = log_width.clamp(*_LOG_WIDTHS).exp()
        number = torch.addmm(location, t, self.slope) + width * noise
        cells = self.unit * relu(number[:, self.quantities :]).square()
        return torch.cat([number[:, : self.quantities], cells], dim=1)

    @torch.no_grad()
    def start_at(self, x: Tensor, c: Tensor) -> None:
        """Starts at the linear model of showers x (N, F) with conditions c (N, C)."""
        cut, about = self.quantities, c - c.mean(dim=0)
        hits = (x[:, cut:] > 0).sum().clamp(min=1)
        self.unit.copy_((x[:, cut:].sum() / hits).clamp(min=1e-9))
        root = torch.cat([x[:, :cut], (x[:, cut:] / self.unit).sqrt()], dim=1)
        mean, square = root.mean(dim=0), root[:, cut:].square().mean(dim=0).clamp(min=1e-6)
        location, width, often = rectified_normal(mean[cut:].clamp(min=1e-4), square)
        trend = torch.linalg.pinv(about) @ (root - mean)
        rest = root - mean - about @ trend
        left = rest.std(dim=0).clamp(min=1e-3)
        # A cell that is always hit fluctuates less about its trend than about its mean.
        width = torch.cat([left[:cut], torch.where(often > 1.0 - _RARE, left[cut:], width)])
        gain = torch.where(often > _RARE, 1.0 / often, 0.0)
        gain = torch.cat([torch.ones_like(mean[:cut]), gain])
        trend, loading = trend * gain, _components(rest[:_ENOUGH], self.latent) * gain
        shared = loading.square().sum(dim=0).clamp(min=1e-12)
        loading = loading * ((1.0 - _OWN) * width.square() / shared).clamp(max=1.0).sqrt()
        width = (width.square() - loading.square().sum(dim=0)).sqrt()
        location = torch.cat([mean[:cut], location]) - c.mean(dim=0) @ trend
        self.start.copy_(torch.stack([location, width.log()]))
        self.slope.copy_(torch.cat([loading, trend]))


def _components(rest: Tensor, count: int) -> Tensor:
    """The rows sqrt(l_k - l_(count + 1)) v_k of the first principal components: (count, F)."""
    values, vectors = torch.linalg.eigh(rest @ rest.T / len(rest))
    values, vectors = values.flip(0).clamp(min=0.0), vectors.flip(1)
    kept = min(count, len(rest) - 1)
    above = (values[:kept] - values[kept]).clamp(min=0.0)
    scale = (above / (values[:kept] * len(rest)).clamp(min=1e-12)).sqrt()
    found = scale[:, None] * (vectors[:, :kept].T @ rest)
    return torch.cat([found, rest.new_zeros(count - kept, rest.shape[1])])


class CellGenerator(nn.Module):
    """A fully connected generator of showers that ends in rectified normal numbers.

    Arguments:
        latent: Number of latent numbers.
        conditions: Number of conditions.
        quantities: Number of quantities of the whole shower.
        layers: Number of cells of each layer.
        hidden: Widths of the hidden layers.
        rank: Number of cell patterns of each layer, see `LayerFactorised`.
    """

    def __init__(
        self,
        latent: int,
        conditions: int,
        quantities: int,
        layers: Sequence[int],
        *,
        hidden: Sequence[int],
        rank: int,
    ) -> None:
        super().__init__()
        self.trunk = mlp(latent + conditions, hidden[:-1], hidden[-1])
        blocks = [quantities, *layers] if quantities else layers
        self.patterns = LayerFactorised(hidden[-1], blocks, rank=rank, channels=2)
        self.end = RectifiedNormal(quantities, sum(layers), latent, conditions)

    def forward(self, latent: Tensor, noise: Tensor, c: Tensor) -> Tensor:
        """Showers (N, quantities + cells), cells in MeV.

        Arguments:
            latent: Latent numbers with shape (N, latent).
            noise: Normal numbers, one for each column, (N, quantities + cells).
            c: Conditions with shape (N, conditions).
        """
        t = torch.cat([latent, c], dim=1)
        showers: Tensor = self.end(self.patterns(silu(self.trunk(t))), t, noise)
        return showers
