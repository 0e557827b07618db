r"""Conditional Cramer GAN: the energy distance of learned features.

Notation: x is a real shower, y and y' are generated ones, independent of each other and of the
same conditions c; h are the features that a network makes of what it sees of a shower
(`heitler.networks.ShowerView`) and of c.

    f(h) = |h - h(y')| - |h|
    critic:     E[f(h(y))] - E[f(h(x))] + lambda E[(|grad_u f(h(u))| - 1)^2]
    generator:  E|h(x) - h(y)| + E|h(x) - h(y')| - E|h(y) - h(y')|

with u on the segments between x and y. The gradient of the Wasserstein distance between finite
samples is biased, that of the energy distance is not; the price is a second generated shower for
each real one. Reference: Bellemare et al. 2017 (arXiv:1705.10743, algorithm 1); of detectors first
for the likelihoods of particle identification.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from heitler.losses import cramer_critic, cramer_generator_loss, gradient_penalty
from heitler.models.adversarial import AdversarialModel, cell_generator
from heitler.models.base import Noise, Phase, ShowerShape, Stage, Variates
from heitler.networks import mlp

__all__ = ["CramerGAN"]


class CramerGAN(AdversarialModel):
    """Conditional Cramer GAN: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        generator: Widths of the generator's hidden layers.
        rank: Number of cell patterns of each layer that the generator combines.
        critic: Widths of the hidden layers of the network h.
        features: Number of features h.
        penalty: Weight lambda of the gradient penalty.
        unit: Energy in MeV below which the critic sees cells linearly, above logarithmically.
    """

    training_only: ClassVar[tuple[str, ...]] = ("view", "critic")
    stages: ClassVar[tuple[Stage, ...]] = (
        Stage(
            "adversarial",
            (Phase("critic", ("critic",), steps=5), Phase("generator", ("generator",))),
            select="physics",
        ),
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int = 32,
        generator: tuple[int, ...] = (128, 128),
        rank: int = 8,
        critic: tuple[int, ...] = (128,),
        features: int = 64,
        penalty: float = 10.0,
        unit: float = 0.1,
    ) -> None:
        super().__init__(
            shape,
            latent=latent,
            generator=cell_generator(shape, latent=latent, hidden=generator, rank=rank),
            unit=unit,
        )
        self.penalty = penalty
        self.training_noise = {
            **self.noise,
            "other latent": Noise("normal", latent),
            "other features": Noise("normal", shape.features),
            "mix": Noise("uniform", 1),
        }
        self.critic = mlp(self.view.size + shape.conditions, critic, features)

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the critic or of the generator."""
        with torch.set_grad_enabled(phase == "generator" and torch.is_grad_enabled()):
            real, generated, other = self.view(x), self.view(self(z, c)), self._other(z, c)
        if phase == "generator":
            distance = cramer_generator_loss(
                *(self.describe(v, c) for v in (real, generated, other))
            )
            return distance, {"distance": distance}
        away = self.describe(other, c)
        surrogate = self._witness(real, c, away).mean() - self._witness(generated, c, away).mean()
        steepness = gradient_penalty(
            lambda u: self._witness(u, c, away), real, generated, z["mix"]
        )
        return self.penalty * steepness - surrogate, {"surrogate": surrogate, "gp": steepness}

    def describe(self, seen: Tensor, c: Tensor) -> Tensor:
        """Features h of what the critic sees: (N, features)."""
        features: Tensor = self.critic(torch.cat([seen, c], dim=1))
        return features

    def _other(self, z: Variates, c: Tensor) -> Tensor:
        """What is seen of y'."""
        seen: Tensor = self.view(self.generator(z["other latent"], z["other features"], c))
        return seen

    def _witness(self, seen: Tensor, c: Tensor, away: Tensor) -> Tensor:
        return cramer_critic(self.describe(seen, c), away)
