r"""Families of one-dimensional distributions whose parameters a network gives.

Notation: t are the outputs of a network, (N, size), x numbers of order one and z standard normal
ones, (N,); a law has a loss of x that is least for the true distribution, and a map z -> x that
rises and makes that distribution of a normal z.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import log, pi

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

__all__ = ["Gaussian", "Law", "Mixture", "Quantiles"]

_NARROWEST, _WIDEST = -5.0, 2.0
"""Range of ln s: numbers that are all alike have a width, and the loss an end."""

_BISECTIONS = 32


class Law(nn.Module, ABC):
    """A family of one-dimensional distributions.

    Attributes:
        size: Number of parameters.
    """

    size: int

    @abstractmethod
    def loss(self, t: Tensor, x: Tensor) -> Tensor:
        """A proper score of x, with shape (N,)."""

    @abstractmethod
    def draw(self, t: Tensor, z: Tensor) -> Tensor:
        """F^-1(Phi(z)), with shape (N,)."""


class Gaussian(Law):
    """Normal with mean m and width s: -ln p(x) = ln s + ((x - m) / s)^2 / 2 + ln(2 pi) / 2."""

    size = 2

    def loss(self, t: Tensor, x: Tensor) -> Tensor:
        """Minus the log-likelihood in nats."""
        mean, width = t[:, 0], t[:, 1].clamp(_NARROWEST, _WIDEST)
        return 0.5 * ((x - mean) * torch.exp(-width)).square() + width + 0.5 * log(2 * pi)

    def draw(self, t: Tensor, z: Tensor) -> Tensor:
        """The number m + s z."""
        return t[:, 0] + z * torch.exp(t[:, 1].clamp(_NARROWEST, _WIDEST))


class Mixture(Law):
    """A sum of normal distributions (mixture density network, Bishop 1994).

    It is drawn by bisection of its distribution function.

    Arguments:
        components: How many, at least 1.

    Raises:
        ValueError: There is none.
    """

    def __init__(self, components: int = 4) -> None:
        super().__init__()
        if components < 1:
            msg = f"a mixture needs at least one component, got {components}"
            raise ValueError(msg)
        self.size = 3 * components

    def loss(self, t: Tensor, x: Tensor) -> Tensor:
        """Minus the log-likelihood in nats."""
        log_share, mean, width = self._parts(t)
        log_density = -0.5 * ((x[:, None] - mean) * torch.exp(-width)).square() - width
        return 0.5 * log(2 * pi) - torch.logsumexp(log_share + log_density, dim=1)

    @torch.no_grad()
    def draw(self, t: Tensor, z: Tensor) -> Tensor:
        """The number whose distribution function is Phi(z)."""
        log_share, mean, width = self._parts(t)
        share, scale = log_share.exp(), torch.exp(-width)
        reach = z.abs()[:, None] * width.exp()
        low = (mean - reach).min(dim=1).values
        high = (mean + reach).max(dim=1).values
        wanted = torch.special.ndtr(z)
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            below = (share * torch.special.ndtr((middle[:, None] - mean) * scale)).sum(dim=1)
            low = torch.where(below < wanted, middle, low)
            high = torch.where(below < wanted, high, middle)
        return 0.5 * (low + high)

    @staticmethod
    def _parts(t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logarithms of the shares, means, logarithms of the widths: (N, components) each."""
        share, mean, width = t.chunk(3, dim=1)
        # Components that begin alike would stay alike.
        spread = torch.linspace(-1.0, 1.0, mean.shape[1]).to(mean)
        return torch.log_softmax(share, dim=1), mean + spread, width.clamp(_NARROWEST, _WIDEST)


class Quantiles(Law):
    r"""Quantiles q_i at the levels Phi(z_i), with the z_i spaced evenly between -2.5 and 2.5.

        L = mean_i max(tau_i (x - q_i), (tau_i - 1) (x - q_i)),   tau_i = Phi(z_i),

    the pinball loss (Koenker and Bassett 1978, Econometrica 46, 33). The q_i rise with i. Between
    them, and beyond the outermost, z -> x is straight.

    Arguments:
        levels: How many, at least 2.

    Raises:
        ValueError: There are fewer.
    """

    scores: Tensor

    def __init__(self, levels: int = 21) -> None:
        super().__init__()
        if levels < 2:
            msg = f"a law of quantiles needs at least two levels, got {levels}"
            raise ValueError(msg)
        self.size = levels
        self.register_buffer("scores", torch.linspace(-2.5, 2.5, levels), persistent=False)

    def loss(self, t: Tensor, x: Tensor) -> Tensor:
        """Mean pinball loss over the levels."""
        tau = torch.special.ndtr(self.scores)
        error = x[:, None] - self._quantiles(t)
        return torch.maximum(tau * error, (tau - 1.0) * error).mean(dim=1)

    def draw(self, t: Tensor, z: Tensor) -> Tensor:
        """The line through the quantiles at z."""
        q = self._quantiles(t)
        right = torch.searchsorted(self.scores, z.contiguous()).clamp(1, self.size - 1)
        left = right - 1
        low, high = (q.gather(1, place[:, None])[:, 0] for place in (left, right))
        step = self.scores[1] - self.scores[0]
        return low + (z - self.scores[left]) * (high - low) / step

    def _quantiles(self, t: Tensor) -> Tensor:
        """q, (N, levels): the first number is that of the middle, the others make steps."""
        steps = softplus(t[:, 1:]) * (5.0 / (self.size - 1) / log(2.0))
        q = torch.cat([torch.zeros_like(t[:, :1]), steps.cumsum(dim=1)], dim=1)
        return q - q[:, self.size // 2, None] + t[:, :1]
