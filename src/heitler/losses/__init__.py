"""Loss functions: pure functions of tensors."""

from heitler.losses.adversarial import gradient_penalty, wasserstein_critic_loss
from heitler.losses.divergences import kl_to_standard_normal
from heitler.losses.likelihoods import bernoulli_nll, gamma_nll

__all__ = [
    "bernoulli_nll",
    "gamma_nll",
    "gradient_penalty",
    "kl_to_standard_normal",
    "wasserstein_critic_loss",
]
