"""Loss functions: pure functions of tensors."""

from heitler.losses.adversarial import (
    constrainer_loss,
    cramer_critic,
    cramer_generator_loss,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    wasserstein_critic_loss,
)
from heitler.losses.divergences import kl_to_standard_normal
from heitler.losses.likelihoods import bernoulli_nll, gamma_nll

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
    "wasserstein_critic_loss",
]
