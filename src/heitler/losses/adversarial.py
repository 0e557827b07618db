"""Losses of adversarial training.

Notation: D is the critic, x a real and y a generated sample.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

__all__ = [
    "discriminator_loss",
    "generator_loss",
    "gradient_penalty",
    "wasserstein_critic_loss",
]


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-E[ln D(x)] - E[ln(1 - D(y))], D the sigmoid of the logits: binary cross-entropy.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, eq. (1), as a loss.

    Arguments:
        real_logits: Log-odds of being real for x, with shape (N, 1).
        fake_logits: Log-odds of being real for y, with shape (N, 1).
    """
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_loss(fake_logits: Tensor) -> Tensor:
    """-E[ln D(y)], which does not saturate where the discriminator is sure.

    Reference: Goodfellow et al. 2014, arXiv:1406.2661, section 3.

    Arguments:
        fake_logits: Log-odds of being real for y, with shape (N, 1).
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
    between = (mix * real + (1.0 - mix) * generated).detach().requires_grad_(True)
    with torch.enable_grad():
        value = critic(between).sum()
        (gradient,) = torch.autograd.grad(value, between, create_graph=True)
    penalty: Tensor = (gradient.norm(dim=1) - 1.0).square().mean()
    return penalty
