"""Losses of adversarial training.

Notation: D is the critic, x a real and y a generated sample, y' another generated one; h are
features that a critic chooses.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = [
    "cramer_critic",
    "cramer_generator_loss",
    "gradient_penalty",
    "wasserstein_critic_loss",
]

_NEAR = 1e-12
"""Squared distance that counts as none: the norm has no slope there."""


def wasserstein_critic_loss(real: Tensor, generated: Tensor) -> Tensor:
    """E[D(y)] - E[D(x)], minus which is a lower bound of the Wasserstein-1 distance.

    Reference: Arjovsky et al. 2017, arXiv:1701.07875, eq. (3).

    Arguments:
        real: D(x) with shape (N, 1).
        generated: D(y) with shape (N, 1).
    """
    return generated.mean() - real.mean()


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, generated: Tensor, mix: Tensor
) -> Tensor:
    """E[(|grad D(u)| - 1)^2] on the segments u = mix x + (1 - mix) y.

    Reference: Gulrajani et al. 2017, arXiv:1704.00028, eq. (3) without its factor lambda.

    Arguments:
        critic: D, from (N, features) to (N, 1).
        real: x with shape (N, features).
        generated: y with shape (N, features).
        mix: Uniform numbers in [0, 1) with shape (N, 1).
    """
    between = (mix * real + (1.0 - mix) * generated).detach().requires_grad_(True)
    with torch.enable_grad():
        value = critic(between).sum()
        (gradient,) = torch.autograd.grad(value, between, create_graph=True)
    penalty: Tensor = (gradient.norm(dim=1) - 1.0).square().mean()
    return penalty


def cramer_critic(features: Tensor, other: Tensor) -> Tensor:
    """F = |h - h(y')| - |h|, from which the energy distance follows: E f(x) - E f(y).

    The origin stands for the real sample that an unbiased estimate would need a second of.

    Reference: Bellemare et al. 2017, arXiv:1705.10743, algorithm 1.

    Arguments:
        features: h of real or generated samples, with shape (N, k).
        other: h(y') of generated samples that are independent of them, likewise.

    Returns:
        f with shape (N, 1).
    """
    return _distance(features, other) - _distance(features, torch.zeros_like(features))


def cramer_generator_loss(real: Tensor, generated: Tensor, other: Tensor) -> Tensor:
    """E|h(x) - h(y)| + E|h(x) - h(y')| - E|h(y) - h(y')|.

    This is the energy distance of the features up to E|h(x) - h(x')|, which no generator changes.

    Reference: Bellemare et al. 2017, arXiv:1705.10743, algorithm 1.

    Arguments:
        real: h(x) with shape (N, k).
        generated: h(y), likewise.
        other: h(y'), likewise.
    """
    away = _distance(real, generated) + _distance(real, other) - _distance(generated, other)
    return away.mean()


def _distance(first: Tensor, second: Tensor) -> Tensor:
    """|first - second| of each row, with a slope everywhere: (N, 1)."""
    return (first - second).square().sum(dim=1, keepdim=True).clamp(min=_NEAR).sqrt()
