r"""A density of the columns of a table, one column after the other.

    p(x | c) = prod_k p(x_k | c, x_1 ... x_{k-1}),      u_k = f_k((x_k - m_k) / s_k) ~ N(0, 1),

with a mean m, a width s and a monotone spline f of its own for each column. All are functions of
the conditions c and of the columns before: a residual network of c that all columns share, a
small one for each column behind it, and for m a line beside, which is all that a column needs that
lies about a condition. They are learnt by minus the log-likelihood

    h(u_k) + max(ln s_k - ln f_k', -7),  h(u) = u^2 / 2 up to |u| = 4.5, straight beyond:

a column that is all the same in some rows would have a density without bound.

Any density can be written so, and the spline leaves a column its edges and its tails.

Notation: N rows, C conditions, K bins of a spline.

References: Durkan et al. 2019 (arXiv:1906.04032) for the splines; Papamakarios et al. 2017
(arXiv:1705.07057) for flows of one number after the other; Huber 1964 (Annals of Mathematical
Statistics 35, 73) for h: a row that is far out does not rule the gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import huber_loss

from heitler.networks.residual import ResidualNetwork
from heitler.networks.splines import rational_quadratic

__all__ = ["ColumnFlow"]

_POINT = -7.0
"""Least ln dx/du: what is narrower is a point."""

_NARROWEST, _WIDEST = -8.0, 3.0
"""Range of ln s."""

_FAR = 4.5
"""From where h is straight: outside of the splines."""

_HEAD_BLOCKS = 2


class ColumnFlow(nn.Module):
    """Means, widths and splines of columns: see the module's docstring.

    Arguments:
        columns: Number of columns.
        conditions: C.
        width: Width of the shared network; those behind it have half of it.
        blocks: Number of residual blocks of the shared network.
        bins: K.
    """

    def __init__(
        self, columns: int, conditions: int, *, width: int = 96, blocks: int = 3, bins: int = 12
    ) -> None:
        super().__init__()
        outputs = 3 * bins + 1
        self.shared = ResidualNetwork(conditions, width, blocks, width)
        self.heads = nn.ModuleList(
            ResidualNetwork(width + before, width // 2, _HEAD_BLOCKS, outputs)
            for before in range(columns)
        )
        self.lines = nn.ModuleList(
            nn.Linear(conditions + before, 1, bias=False) for before in range(columns)
        )
        for line in self.lines.parameters():
            nn.init.zeros_(line)

    def loss(self, x: Tensor, c: Tensor) -> Tensor:
        """Minus the log-likelihood of each column of rows x, both (N, columns)."""
        u, log_scale = self._normal(x, c)
        far = huber_loss(u, torch.zeros_like(u), reduction="none", delta=_FAR)
        return far + log_scale.clamp(min=_POINT)

    def forward(self, x: Tensor, c: Tensor, filler: Tensor) -> Tensor:
        """Normal numbers u from rows x, both (N, columns).

        A point says nothing of u, which is taken from the normal numbers `filler` there, likewise.
        """
        u, log_scale = self._normal(x, c)
        return torch.where(log_scale > _POINT, u, filler)

    def inverse(self, u: Tensor, c: Tensor) -> Tensor:
        """Rows x from normal numbers u, both (N, columns)."""
        h, x = self.shared(c), u[:, :0]
        for place in range(u.shape[1]):
            mean, log_width, spline = self._law(place, h, c, x)
            v, _ = rational_quadratic(u[:, place], spline, inverse=True)
            x = torch.cat([x, (mean + log_width.exp() * v)[:, None]], dim=1)
        return x

    def _normal(self, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Numbers u and ln dx/du, each (N, columns)."""
        mean, log_width, spline = self._laws(x, c)
        u, log_slope = rational_quadratic((x - mean) * torch.exp(-log_width), spline)
        return u, log_width - log_slope

    def _laws(self, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Means and ln s, each (N, columns), and the splines (N, columns, 3 K - 1)."""
        h = self.shared(c)
        laws = [self._law(place, h, c, x[:, :place]) for place in range(x.shape[1])]
        mean, log_width, spline = (torch.stack(parts, dim=1) for parts in zip(*laws, strict=True))
        return mean, log_width, spline

    def _law(self, place: int, h: Tensor, c: Tensor, before: Tensor) -> tuple[Tensor, ...]:
        """Mean and ln s, each (N,), and the spline (N, 3 K - 1) of one column."""
        outputs = self.heads[place](torch.cat([h, before], dim=1))
        mean = outputs[:, 0] + self.lines[place](torch.cat([c, before], dim=1))[:, 0]
        return mean, outputs[:, 1].clamp(_NARROWEST, _WIDEST), outputs[:, 2:]
