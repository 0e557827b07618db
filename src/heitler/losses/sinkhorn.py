r"""Entropic optimal transport between two samples.

    OT(x, y) = min_P <P, C> + epsilon KL(P | a b),   C_ij = |x_i - y_j|^2 / 2

over plans P whose marginals are the uniform weights a and b. At the optimum it is the mean of f
plus the mean of g, the dual potentials, which Sinkhorn's iteration finds in the log domain:

    f_i = -epsilon ln mean_j exp((g_j - C_ij) / epsilon),   g likewise.

Reference: Feydy et al. 2019, arXiv:1810.08278, sections 3.1 and 3.2.
"""

from __future__ import annotations

from math import log

import torch
from torch import Tensor

__all__ = ["sinkhorn_divergence"]


def sinkhorn_divergence(
    x: Tensor, y: Tensor, *, epsilon: float = 0.1, iterations: int = 20
) -> Tensor:
    r"""S(x, y) = OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2, which is 0 for equal samples.

    Without the two other terms, the entropy would pull x to less than the spread of y.

    References: Genevay et al. 2018, arXiv:1706.00292, definition 2.1; Feydy et al. 2019,
    arXiv:1810.08278, eq. (3).

    Arguments:
        x: Sample with shape (n, D).
        y: Sample with shape (m, D).
        epsilon: Weight of the entropy, in units of the squared distance.
        iterations: Number of Sinkhorn steps.
    """
    return (
        _transport(x, y, epsilon, iterations)
        - 0.5 * _transport(x, x, epsilon, iterations)
        - 0.5 * _transport(y, y, epsilon, iterations)
    )


def _transport(x: Tensor, y: Tensor, epsilon: float, iterations: int) -> Tensor:
    """OT(x, y); its gradient is that at fixed potentials, by the envelope theorem."""
    cost = 0.5 * (x[:, None, :] - y[None, :, :]).square().sum(dim=2)
    g = _potential(cost.detach(), epsilon, iterations)
    return _soft_minimum(cost, g, epsilon).mean() + g.mean()


def _potential(cost: Tensor, epsilon: float, iterations: int) -> Tensor:
    """The potential g: half of the steps lower epsilon from the largest cost to its value."""
    largest = max(float(cost.max()), epsilon)
    g = torch.zeros_like(cost[0])
    for step in range(iterations):
        share = min(1.0, 2.0 * (step + 1) / iterations)
        level = largest * (epsilon / largest) ** share
        g = _soft_minimum(cost.T, _soft_minimum(cost, g, level), level)
    return g


def _soft_minimum(cost: Tensor, potential: Tensor, epsilon: float) -> Tensor:
    """-epsilon ln mean_j exp((g_j - C_ij) / epsilon), with shape (n,)."""
    exponent = (potential[None, :] - cost) / epsilon
    return -epsilon * (torch.logsumexp(exponent, dim=1) - log(cost.shape[1]))
