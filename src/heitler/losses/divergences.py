"""Divergences between distributions."""

from __future__ import annotations

from torch import Tensor

__all__ = ["kl_to_standard_normal"]


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""KL(N(m, s^2) || N(0, 1)) = 1/2 sum_j (m_j^2 + s_j^2 - 1 - ln s_j^2), in nats.

    Reference: Kingma and Welling 2013, arXiv:1312.6114, appendix B.

    Arguments:
        mean: m with shape (N, latent).
        log_variance: ln s^2 with shape (N, latent).

    Returns:
        One number per shower, with shape (N,).
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(dim=1)
