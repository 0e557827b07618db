"""Divergences between distributions."""

from __future__ import annotations

from torch import Tensor

__all__ = ["kl_to_standard_normal"]


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor, *, free_nats: float = 0.0) -> Tensor:
    r"""KL(N(m, s^2) || N(0, 1)) = sum_j 1/2 (m_j^2 + s_j^2 - 1 - ln s_j^2), in nats.

    With free bits each latent number counts at least so much, so that it costs nothing to carry
    that many nats and none collapses onto the prior.

    References: Kingma and Welling 2013, arXiv:1312.6114, appendix B; Kingma et al. 2016,
    arXiv:1606.04934, eq. (15), here for each shower rather than in the mean of a batch.

    Arguments:
        mean: m with shape (N, latent).
        log_variance: ln s^2 with shape (N, latent).
        free_nats: Nats of each latent number that cost nothing.

    Returns:
        One number per shower, with shape (N,).
    """
    each = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)
    return each.clamp(min=free_nats).sum(dim=1)
