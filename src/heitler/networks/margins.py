r"""Conditional laws of columns, one by one: each becomes a standard normal number.

    u_k = f_k((x_k - m_k) / s_k),        k = 1 ... columns,

with a mean m, a width s and a monotone spline f of its own for each column. All are functions of
the conditions c: a residual network, and a line beside it, which is all that a column needs that
lies about a condition. They are learnt by minus the log-likelihood

    h(u_k) - ln f_k' + ln s_k,           h(u) = u^2 / 2 up to |u| = 4.5, straight beyond,

so that u_k given c is standard normal where it is least: u_k = Phi^-1(F_k(x_k | c)). How columns
depend on each other is not learnt here.

Notation: N rows, C conditions, K bins of a spline.

References: Durkan et al. 2019 (arXiv:1906.04032) for the splines; Huber 1964 (Annals of
Mathematical Statistics 35, 73) for h: a row that is far out does not rule the gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import huber_loss

from heitler.networks.residual import ResidualNetwork
from heitler.networks.splines import rational_quadratic

__all__ = ["Margins"]

_NARROWEST = -5.0
"""Least ln s. Rows that are all the same are driven to it: they are generated without width."""

_FAR = 4.5
"""From where h is straight: outside of the splines."""

_SETTLED = 0.01
"""Weight of rows at the least width: their likelihood knows no bound, and all is said of them."""


class Margins(nn.Module):
    """Means, widths and splines of columns: see the module's docstring.

    Arguments:
        columns: Number of columns.
        conditions: C.
        width: Width of the network.
        blocks: Number of its residual blocks.
        bins: K.
    """

    def __init__(
        self, columns: int, conditions: int, *, width: int = 96, blocks: int = 3, bins: int = 12
    ) -> None:
        super().__init__()
        self.columns = columns
        outputs = columns * (3 * bins + 1)
        self.network = ResidualNetwork(conditions, width, blocks, outputs)
        self.line = nn.Linear(conditions, outputs, bias=False)
        nn.init.zeros_(self.line.weight)

    def loss(self, x: Tensor, c: Tensor) -> Tensor:
        """Minus the log-likelihood of each column of rows x, both (N, columns)."""
        mean, log_width, spline = self._laws(c)
        u, log_slope = rational_quadratic((x - mean) * torch.exp(-log_width), spline)
        far = huber_loss(u, torch.zeros_like(u), reduction="none", delta=_FAR)
        weight = torch.where(log_width > _NARROWEST, 1.0, _SETTLED)
        return weight * (far - log_slope + log_width)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Normal numbers u from rows x, both (N, columns)."""
        mean, log_width, spline = self._laws(c)
        return rational_quadratic((x - mean) * torch.exp(-log_width), spline)[0]

    def inverse(self, u: Tensor, c: Tensor) -> Tensor:
        """Rows x from normal numbers u, both (N, columns)."""
        mean, log_width, spline = self._laws(c)
        width = torch.where(log_width > _NARROWEST, log_width.exp(), 0.0)
        return mean + width * rational_quadratic(u, spline, inverse=True)[0]

    def _laws(self, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """M and ln s, each (N, columns), and the splines (N, columns, 3 K - 1)."""
        outputs = self.network(c) + self.line(c)
        mean, log_width, spline = outputs.split(
            [self.columns, self.columns, outputs.shape[1] - 2 * self.columns], dim=1
        )
        splines = spline.view(len(c), self.columns, -1)
        return mean, log_width.clamp(min=_NARROWEST), splines
