"""Negative log-likelihoods of cells, per shower and in nats."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

__all__ = ["bernoulli_nll", "gamma_nll"]


def bernoulli_nll(hit: Tensor, logit: Tensor) -> Tensor:
    """-ln p(hit) of independent cells, p = sigmoid(logit), summed over cells.

    Arguments:
        hit: 1 where a cell is hit, 0 elsewhere, with shape (N, cells).
        logit: Log-odds of a hit, with shape (N, cells).

    Returns:
        One number per shower, with shape (N,).
    """
    return binary_cross_entropy_with_logits(logit, hit, reduction="none").sum(dim=1)


def gamma_nll(energy: Tensor, log_mean: Tensor, shape: Tensor) -> Tensor:
    r"""-ln p(x) of gamma-distributed energies with mean m and shape k, for each cell.

        p(x) = (k/m)^k x^(k-1) exp(-k x / m) / Gamma(k),

    with standard deviation m / sqrt(k).

    Arguments:
        energy: x, positive.
        log_mean: ln m.
        shape: k, positive.

    Returns:
        A tensor of the common shape of the arguments.
    """
    return (
        shape * (log_mean - shape.log() + energy * torch.exp(-log_mean))
        - (shape - 1.0) * energy.log()
        + torch.lgamma(shape)
    )
