r"""Conditional Wasserstein GAN with gradient penalty.

Notation: x is a real shower, y = G(z, c) a generated one, D the critic, both conditioned on c.

    critic:     E[D(y,c)] - E[D(x,c)] + lambda E[(|grad_u D(u,c)| - 1)^2]
    generator:  -E[D(y,c)]

with u on the segments between x and y; the critic is updated several times for each update of the
generator. References: Arjovsky et al. 2017 (arXiv:1701.07875), Gulrajani et al. 2017
(arXiv:1704.00028, algorithm 1); on showers first by Erdmann et al. 2018 (arXiv:1807.01954).

Beside the cells the critic sees their sums over each layer: single cells are too noisy to show it
the longitudinal profile. The generator ends in a ReLU on the cells, so that it can make empty
ones.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import relu

from heitler.losses import gradient_penalty, wasserstein_critic_loss
from heitler.models.base import GenerativeModel, Noise, Phase, ShowerShape, Stage, Variates
from heitler.networks import mlp

__all__ = ["WGANGP"]


class WGANGP(GenerativeModel):
    """Conditional Wasserstein GAN with gradient penalty: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are not negative and of order one.
        latent: Number of latent numbers.
        generator: Widths of the generator's hidden layers.
        critic: Widths of the critic's hidden layers.
        penalty: Weight lambda of the gradient penalty.
    """

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
        latent: int = 64,
        generator: tuple[int, ...] = (128, 256),
        critic: tuple[int, ...] = (256, 128),
        penalty: float = 10.0,
    ) -> None:
        super().__init__(shape)
        self.penalty = penalty
        self.noise = {"latent": Noise("normal", latent)}
        self.training_noise = {"latent": Noise("normal", latent), "mix": Noise("uniform", 1)}
        self.generator = mlp(latent + shape.conditions, generator, shape.features)
        layers = len(shape.layers)
        self.critic = mlp(shape.features + layers + shape.conditions, critic, 1)
        of_cell = torch.arange(layers).repeat_interleave(torch.tensor(shape.layers))
        self.register_buffer("layer_of_cell", of_cell, persistent=False)
        self.layer_of_cell: Tensor

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Showers (N, globals + cells) from latent normals."""
        out = self.generator(torch.cat([z["latent"], c], dim=1))
        return torch.cat([out[:, : self.shape.globals], relu(out[:, self.shape.globals :])], dim=1)

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the critic or of the generator."""
        if phase == "generator":
            score = self._criticise(self(z, c), c).mean()
            return -score, {"score": score}
        with torch.no_grad():
            y = self(z, c)
        distance = wasserstein_critic_loss(self._criticise(x, c), self._criticise(y, c))
        steepness = gradient_penalty(lambda u: self._criticise(u, c), x, y, z["mix"])
        return distance + self.penalty * steepness, {"wasserstein": -distance, "gp": steepness}

    def _criticise(self, x: Tensor, c: Tensor) -> Tensor:
        layers = x.new_zeros(x.shape[0], len(self.shape.layers)).index_add(
            1, self.layer_of_cell, x[:, self.shape.globals :]
        )
        value: Tensor = self.critic(torch.cat([x, layers, c], dim=1))
        return value
