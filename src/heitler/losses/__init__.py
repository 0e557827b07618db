"""Loss functions: pure functions of tensors."""

from heitler.losses.adversarial import (
    cramer_critic,
    cramer_generator_loss,
    gradient_penalty,
    wasserstein_critic_loss,
)
from heitler.losses.divergences import kl_to_standard_normal
from heitler.losses.likelihoods import bernoulli_nll, gamma_nll
from heitler.losses.physics import percentage_error, soft_counts

__all__ = [
    "bernoulli_nll",
    "cramer_critic",
    "cramer_generator_loss",
    "gamma_nll",
    "gradient_penalty",
    "kl_to_standard_normal",
    "percentage_error",
    "soft_counts",
    "wasserstein_critic_loss",
]
