"""Losses of adversarial training.

Notation: D is the critic, or the logit of the probability that a sample is real; x is a real, y
and y' are generated samples.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

__all__ = [
    "constrainer_loss",
    "cramer_critic",
    "cramer_generator_loss",
    "discriminator_loss",
    "generator_loss",
    "gradient_penalty",
    "slope_penalty",
    "wasserstein_critic_loss",
]

_NEAR = 1e-12
"""Squared distance that counts as none: the norm has no slope there."""


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """E[-ln p(x)] + E[-ln(1 - p(y))] with p = sigmoid(D).

    Its least value, 2 ln 2 for equal distributions, is 2 ln 2 minus twice their Jensen-Shannon
    divergence.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, minus eq. (1).

    Arguments:
        real_logits: D(x) with any shape.
        fake_logits: D(y) with any shape.
    """
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_loss(fake_logits: Tensor) -> Tensor:
    """E[-ln p(y)], the loss that does not saturate.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, section 3, below eq. (1).

    Arguments:
        fake_logits: D(y) with any shape.
    """
    return softplus(-fake_logits).mean()


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
    return (_slopes(critic, real, generated, mix) - 1.0).square().mean()


def slope_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, generated: Tensor, mix: Tensor
) -> Tensor:
    """E[max(0, |grad D(u)| - 1)^2] on the segments u = mix x + (1 - mix) y.

    The Wasserstein-1 distance asks for slopes of at most 1. A critic that must have slope 1
    everywhere has one between equal distributions too, and pushes the generator on.

    Reference: Petzka et al. 2018, arXiv:1709.08894, without its factor lambda.

    Arguments:
        critic: D, from (N, features) to (N, 1).
        real: x with shape (N, features).
        generated: y with shape (N, features).
        mix: Uniform numbers in [0, 1) with shape (N, 1).
    """
    return (_slopes(critic, real, generated, mix) - 1.0).clamp(min=0.0).square().mean()


def _slopes(
    critic: Callable[[Tensor], Tensor], real: Tensor, generated: Tensor, mix: Tensor
) -> Tensor:
    """|grad D| at u, with shape (N,)."""
    between = (mix * real + (1.0 - mix) * generated).detach().requires_grad_(True)
    with torch.enable_grad():
        value = critic(between).sum()
        (gradient,) = torch.autograd.grad(value, between, create_graph=True)
    norm: Tensor = gradient.norm(dim=1)
    return norm


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


def constrainer_loss(real: Tensor, generated: Tensor, truth: Tensor) -> Tensor:
    """E|(a(y) - e)^2 - (a(x) - e)^2|: generated samples are as hard to measure as real ones.

    The error of real samples stands beside it since a generator that made it 0 would have lost the
    resolution of the detector.

    Reference: Erdmann et al. 2018, arXiv:1807.01954, on constrainer networks.

    Arguments:
        real: Estimates a(x) with shape (N, k).
        generated: Estimates a(y), likewise.
        truth: e of both, likewise.
    """
    return ((generated - truth).square() - (real - truth).square()).abs().mean()


def _distance(first: Tensor, second: Tensor) -> Tensor:
    """|first - second| of each row, with a slope everywhere: (N, 1)."""
    return (first - second).square().sum(dim=1, keepdim=True).clamp(min=_NEAR).sqrt()
