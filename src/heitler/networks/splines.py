r"""A conditional coupling flow of rational-quadratic splines.

    x = mu(c) + sigma(c) (f_1 o ... o f_K)(z; c),   z ~ N(0, 1)

Each coupling f_k leaves some of the numbers as they are; of these and of c a network makes the
monotone splines that transform the others (Durkan et al. 2019, arXiv:1906.04032, eqs. 4 to 8),
with identity tails outside of [-4, 4]. mu and ln sigma are linear in c.

Notation: N showers, D numbers, C conditions, K bins of a spline.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, pi

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, softplus

from heitler.networks.mlp import mlp

__all__ = ["SplineFlow", "rational_quadratic"]

_BOUND = 4.0
_LEAST = 1e-3
"""Least width, height (in units of the interval) and slope of a bin."""

_UNIT_SLOPE = 0.5413248546129181
"""softplus of it is 1."""


def rational_quadratic(
    x: Tensor, parameters: Tensor, *, inverse: bool = False
) -> tuple[Tensor, Tensor]:
    """Monotone spline, or its inverse, with the logarithm of its slope.

    Arguments:
        x: Arguments with any shape.
        parameters: Widths (K), heights (K) and inner slopes (K - 1) before normalisation, with
            shape (*x.shape, 3 K - 1).
        inverse: Whether to invert the spline.

    Returns:
        Values and ln of the derivative of what was computed, with the shape of x.
    """
    bins = (parameters.shape[-1] + 1) // 3
    widths, heights, slopes = torch.split(parameters, [bins, bins, bins - 1], dim=-1)
    left, bottom = _edges(widths), _edges(heights)
    slope = pad(_LEAST + softplus(slopes + _UNIT_SLOPE), (1, 1), value=1.0)
    inside = x.abs() < _BOUND
    y = x.clamp(-_BOUND + 1e-5, _BOUND - 1e-5)[..., None]
    index = torch.searchsorted(bottom if inverse else left, y, right=True).clamp(1, bins) - 1

    def at(values: Tensor, shift: int = 0) -> Tensor:
        return values.gather(-1, index + shift)

    x0, y0 = at(left), at(bottom)
    width, height = at(left, 1) - x0, at(bottom, 1) - y0
    d0, d1, s = at(slope), at(slope, 1), height / width
    bend = d0 + d1 - 2 * s
    if inverse:
        up = y - y0
        a, b, c = height * (s - d0) + up * bend, height * d0 - up * bend, -s * up
        t = 2 * c / (-b - (b * b - 4 * a * c).clamp(min=0).sqrt())
        value = x0 + t * width
    else:
        t = (y - x0) / width
        value = y0 + height * (s * t * t + d0 * t * (1 - t)) / (s + bend * t * (1 - t))
    root = s + bend * t * (1 - t)
    log_slope = (s * s * (d1 * t * t + 2 * s * t * (1 - t) + d0 * (1 - t) ** 2) / root**2).log()
    if inverse:
        log_slope = -log_slope
    outside = torch.zeros_like(x)
    return (
        torch.where(inside, value[..., 0], x),
        torch.where(inside, log_slope[..., 0], outside),
    )


class SplineFlow(nn.Module):
    """Conditional density of a few numbers: see the module's docstring.

    Arguments:
        size: D, at least 2.
        conditions: C.
        couplings: Number of couplings; every second one swaps what the one before did.
        hidden: Widths of the hidden layers of each coupling.
        bins: K.
    """

    def __init__(
        self,
        size: int,
        conditions: int,
        *,
        couplings: int = 4,
        hidden: Sequence[int] = (32, 32),
        bins: int = 4,
    ) -> None:
        super().__init__()
        self.size, self._bins = size, bins
        self.spline = (_BOUND, _LEAST, _UNIT_SLOPE)
        self.affine = nn.Linear(conditions, 2 * size)
        nn.init.zeros_(self.affine.weight)
        nn.init.zeros_(self.affine.bias)
        self.networks = nn.ModuleList()
        self.parts: list[tuple[Tensor, Tensor]] = []
        order = torch.Generator().manual_seed(1)
        for k in range(couplings):
            if k % 2:
                kept, changed = self.parts[-1][1], self.parts[-1][0]
            else:
                mixed = torch.randperm(size, generator=order)
                kept, changed = mixed[: (size + 1) // 2], mixed[(size + 1) // 2 :]
            self.parts.append((kept, changed))
            outputs = changed.numel() * (3 * bins - 1)
            network = mlp(kept.numel() + conditions, hidden, outputs)
            last = network[-1]
            if isinstance(last, nn.Linear):
                nn.init.zeros_(last.weight)
                nn.init.zeros_(last.bias)
            self.networks.append(network)

    def log_prob(self, x: Tensor, c: Tensor) -> Tensor:
        """Log-density ln p(x | c) in nats, with shape (N,); x is (N, D), c is (N, C)."""
        shift, log_scale = self.affine(c).chunk(2, dim=1)
        z = (x - shift) * torch.exp(-log_scale)
        total = -log_scale.sum(dim=1)
        for k in range(len(self.parts)):
            z, log_slope = self._couple(k, z, c, inverse=False)
            total = total + log_slope
        density: Tensor = total - 0.5 * (z * z).sum(dim=1) - 0.5 * self.size * log(2 * pi)
        return density

    def sample(self, z: Tensor, c: Tensor) -> Tensor:
        """Numbers x from standard normal z, both (N, D)."""
        for k in reversed(range(len(self.parts))):
            z, _ = self._couple(k, z, c, inverse=True)
        shift, log_scale = self.affine(c).chunk(2, dim=1)
        x: Tensor = z * torch.exp(log_scale) + shift
        return x

    def _couple(self, k: int, z: Tensor, c: Tensor, *, inverse: bool) -> tuple[Tensor, Tensor]:
        kept, changed = self.parts[k]
        parameters = self.networks[k](torch.cat([z[:, kept], c], dim=1))
        parameters = parameters.view(len(z), changed.numel(), 3 * self._bins - 1)
        value, log_slope = rational_quadratic(z[:, changed], parameters, inverse=inverse)
        return z.index_copy(1, changed, value), log_slope.sum(dim=1)


def _edges(logits: Tensor) -> Tensor:
    """Edges of the bins on [-4, 4], with shape (..., K + 1)."""
    share = _LEAST + (1 - _LEAST * logits.shape[-1]) * torch.softmax(logits, dim=-1)
    return pad(share.cumsum(dim=-1), (1, 0)) * (2 * _BOUND) - _BOUND
