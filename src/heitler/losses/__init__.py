"""Loss functions: pure functions of tensors."""

from heitler.losses.adversarial import (
    constrainer_loss,
    cramer_critic,
    cramer_generator_loss,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    slope_penalty,
    wasserstein_critic_loss,
)
from heitler.losses.divergences import kl_to_standard_normal
from heitler.losses.likelihoods import bernoulli_nll, gamma_nll
from heitler.losses.mmd import squared_mmd
from heitler.losses.physics import line_angle, percentage_error, soft_counts
from heitler.losses.sinkhorn import sinkhorn_divergence

__all__ = [
    "bernoulli_nll",
    "constrainer_loss",
    "cramer_critic",
    "cramer_generator_loss",
    "discriminator_loss",
    "gamma_nll",
    "generator_loss",
    "gradient_penalty",
    "kl_to_standard_normal",
    "line_angle",
    "percentage_error",
    "sinkhorn_divergence",
    "slope_penalty",
    "soft_counts",
    "squared_mmd",
    "wasserstein_critic_loss",
]
