r"""Conditional Wasserstein GAN with gradient penalty.

Notation: x is a real shower, y = G(z, c) a generated one, v = v(x) what the critic sees of a
shower (`heitler.networks.ShowerView`), D the critic, both networks conditioned on c.

    critic:     E[D(v(y),c)] - E[D(v(x),c)] + lambda E[(|grad_u D(u,c)| - 1)^2]
    generator:  -E[D(v(y),c)]

with u on the segments between v(x) and v(y): the distance is that of what the critic sees. The
critic is updated several times for each update of the generator. References: Arjovsky et al. 2017
(arXiv:1701.07875), Gulrajani et al. 2017 (arXiv:1704.00028, eq. 3 and algorithm 1); on showers
first by Erdmann et al. 2018 (arXiv:1807.01954).

What generator and critic have in common with other families is in `heitler.models.adversarial`.
"""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import torch
from torch import Tensor, nn

from heitler.losses import gradient_penalty, wasserstein_critic_loss
from heitler.models.adversarial import AdversarialModel, cell_generator
from heitler.models.base import Noise, Phase, ShowerShape, Stage, Variates
from heitler.networks import CellGenerator, GridGenerator, mlp

__all__ = ["WGANGP", "WassersteinGAN"]


class WassersteinGAN(AdversarialModel, ABC):
    """The training that all Wasserstein GANs with gradient penalty have in common.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        generator: From latent numbers, one normal number per column, and c to showers.
        penalty: Weight lambda of the gradient penalty.
        unit: Energy in MeV below which the critic sees cells linearly, above logarithmically.

    Attributes:
        critic: From what it sees and c, side by side, to one number.
    """

    critic: nn.Module
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
        latent: int,
        generator: CellGenerator | GridGenerator,
        penalty: float,
        unit: float,
    ) -> None:
        super().__init__(shape, latent=latent, generator=generator, unit=unit)
        self.penalty = penalty
        self.training_noise = {**self.noise, "mix": Noise("uniform", 1)}

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the critic or of the generator."""
        if phase == "generator":
            score = self.score(self.view(self(z, c)), c).mean()
            return -score, {"score": score}
        with torch.no_grad():
            real, generated = self.view(x), self.view(self(z, c))
        distance = wasserstein_critic_loss(self.score(real, c), self.score(generated, c))
        steepness = gradient_penalty(lambda u: self.score(u, c), real, generated, z["mix"])
        return distance + self.penalty * steepness, {"wasserstein": -distance, "gp": steepness}

    def score(self, seen: Tensor, c: Tensor) -> Tensor:
        """D with shape (N, 1) of what the critic sees, (N, view)."""
        value: Tensor = self.critic(torch.cat([seen, c], dim=1))
        return value


class WGANGP(WassersteinGAN):
    """Conditional Wasserstein GAN with gradient penalty: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        generator: Widths of the generator's hidden layers.
        rank: Number of cell patterns of each layer that the generator combines.
        critic: Widths of the critic's hidden layers.
        penalty: Weight lambda of the gradient penalty.
        unit: Energy in MeV below which the critic sees cells linearly, above logarithmically.
    """

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int = 32,
        generator: tuple[int, ...] = (128, 128),
        rank: int = 8,
        critic: tuple[int, ...] = (128, 128),
        penalty: float = 10.0,
        unit: float = 0.1,
    ) -> None:
        super().__init__(
            shape,
            latent=latent,
            generator=cell_generator(shape, latent=latent, hidden=generator, rank=rank),
            penalty=penalty,
            unit=unit,
        )
        self.critic = mlp(self.view.size + shape.conditions, critic, 1)
