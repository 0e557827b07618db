r"""The visible energy in units of its resolution at the incident energy.

With s the sum of the cells, E the incident energy and u = ln E, standardised,

    r = (s / E)^(1/3),   q = (r - m(u)) / w(u),   m = m_0 + m_1 u + m_2 u^2,   ln w = w_0 + w_1 u.

The visible energy of a sampling calorimeter is a sum of many small deposits, nearly a gamma
variate, whose cube root is nearly normal (Wilson and Hilferty 1931, PNAS 17, 684); its relative
width falls about as E^(-1/2). So q is nearly a standard normal number at every energy, and a model
need not learn that. m is fitted by least squares, w by those of ln |r - m(u)|.
"""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.preprocessing.transforms import Features, Transform

__all__ = ["Resolution"]

_SMALLEST_SUM = 1e-20
"""Sum of cells that counts as empty: the scale of such a shower stays finite."""

_BEYOND = 1.0
"""How far q may be outside of the training sample's range."""


class Resolution(Transform):
    """Appends q, see the module's docstring; cells stay as they are.

    The inverse scales the cells so that their sum is that of q: a model may draw the visible
    energy by itself and cells of any scale. An empty shower stays empty.
    """

    adds = 1
    loses = "visible energies beyond the range of the training sample by more than its spread"

    def __init__(self) -> None:
        super().__init__()
        for name, size in (("centre", 2), ("middle", 3), ("width", 2), ("range", 2)):
            self.register_buffer(name, torch.zeros(size, dtype=torch.float64))
        self.centre: Tensor  # mean and deviation of ln E
        self.middle: Tensor  # m_0, m_1, m_2
        self.width: Tensor  # w_0, w_1
        self.range: Tensor  # lowest and highest q

    @torch.no_grad()
    def fit(self, features: Features, energy: Tensor) -> None:
        """Takes m, w and the range of q."""
        log_energy, r = energy.double().log(), self._root(features.cells, energy)
        self.centre.copy_(torch.stack([log_energy.mean(), log_energy.std().clamp(min=1e-6)]))
        powers = self._powers(energy)
        # The line first: there may be one energy or two, which know nothing of a curve.
        line, square = torch.linalg.pinv(powers[:, :2]), powers[:, 2]
        curve = square - powers[:, :2] @ (line @ square)
        bend = (curve @ r) / (curve @ curve) if bool((curve.abs() > 1e-6).any()) else 0.0
        self.middle.copy_(torch.cat([line @ (r - bend * square), r.new_tensor([bend])]))
        rest = (r - powers @ self.middle).abs().clamp(min=1e-9).log()
        self.width.copy_(line @ rest)
        # ln |z| of a normal z has a mean of its own: the spread of q decides.
        self.width[0] += self._standard(r, energy).std().clamp(min=1e-9).log()
        q = self._standard(r, energy)
        self.range.copy_(torch.stack([q.min() - _BEYOND, q.max() + _BEYOND]))

    def forward(self, features: Features, energy: Tensor) -> Features:
        """Appends q."""
        q = self._standard(self._root(features.cells, energy), energy)[:, None]
        return features._replace(quantities=torch.cat([features.quantities, q.float()], dim=1))

    def inverse(self, features: Features, energy: Tensor) -> Features:
        """Scales the cells to the visible energy of q."""
        low, high = self.range
        q = features.quantities[:, -1].double().clamp(low, high)
        powers = self._powers(energy)
        r = powers @ self.middle + (powers[:, :2] @ self.width).exp() * q
        visible = energy * r.clamp(min=0.0).pow(3)
        scale = visible / features.cells.sum(dim=1).clamp(min=_SMALLEST_SUM)
        cells = features.cells * scale[:, None].to(features.cells.dtype)
        return Features(features.quantities[:, :-1], cells)

    def _standard(self, r: Tensor, energy: Tensor) -> Tensor:
        powers = self._powers(energy)
        standard: Tensor = (r - powers @ self.middle) * (-(powers[:, :2] @ self.width)).exp()
        return standard

    def _powers(self, energy: Tensor) -> Tensor:
        """1, u, u^2: (N, 3)."""
        u = (energy.double().log() - self.centre[0]) / self.centre[1]
        return torch.stack([torch.ones_like(u), u, u.square()], dim=1)

    @staticmethod
    def _root(cells: Tensor, energy: Tensor) -> Tensor:
        return (cells.double().sum(dim=1) / energy.double()).pow(1 / 3)
