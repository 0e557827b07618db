r"""Bidirectional GAN: an encoder in the loop, a discriminator of pairs.

Notation: x is a shower, c the conditions, t = E(x, c) its latent numbers, t' normal latent
numbers, y = G(t', u, c) a generated shower, u one uniform number per cell, D the discriminator of
pairs, as log-odds.

    discriminator:          -E[ln s(D(x, E(x,c), c))] - E[ln(1 - s(D(y, t', c)))]
    encoder and generator:  -E[ln(1 - s(D(x, E(x,c), c)))] - E[ln s(D(y, t', c))]

with the sigmoid s. Where nobody can tell the pairs apart, showers and latent numbers have
the same joint distribution: generated showers are like real ones, encoded latent numbers are
normal, and the encoder inverts the generator. There is no reconstruction in the loss: that is what
makes it differ from autoencoders.

References: Donahue et al. 2016 (arXiv:1605.09782), eqs. (2) and (3) and section 3.4 for the second
line, which does not saturate; Dumoulin et al. 2016 (arXiv:1606.00704), who have a generator with
noise of its own, as our u. The cells are those of `HitGenerator`.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from heitler.losses import discriminator_loss, generator_loss
from heitler.models.adversarial_hits import Discriminator, HitGenerator, seen
from heitler.models.base import GenerativeModel, Noise, Phase, ShowerShape, Stage, Variates
from heitler.networks import mlp

__all__ = ["BiGAN"]


class BiGAN(GenerativeModel):
    """Bidirectional GAN: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        generator: Widths of the generator's hidden layers.
        encoder: Widths of the encoder's hidden layers.
        discriminator: Widths of the discriminator's hidden layers.
        rank: Number of cell patterns of each layer in the generator.
    """

    stages: ClassVar[tuple[Stage, ...]] = (
        Stage(
            "adversarial",
            (
                Phase("discriminator", ("discriminator",)),
                Phase("generator", ("generator", "encoder")),
            ),
            select="physics",
        ),
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int = 8,
        generator: tuple[int, ...] = (128, 128),
        encoder: tuple[int, ...] = (128, 64),
        discriminator: tuple[int, ...] = (128, 128),
        rank: int = 16,
    ) -> None:
        super().__init__(shape)
        self.noise = {
            "latent": Noise("normal", latent),
            "cells": Noise("uniform", shape.cells),
        }
        self.training_noise = self.noise
        self.generator = HitGenerator(shape, latent=latent, hidden=generator, rank=rank)
        self.encoder = mlp(shape.features + shape.conditions, encoder, latent)
        self.discriminator = Discriminator(shape, hidden=discriminator, others=latent)

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Showers (N, globals + cells) from latent normals and one uniform per cell."""
        y: Tensor = self.generator(z["latent"], z["cells"], c)
        return y

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the discriminator, or of encoder and generator."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and phase == "generator"):
            t, y = self.encode(x, c), self(z, c)
        real = self.discriminator(x, c, t)
        fake = self.discriminator(y, c, z["latent"])
        if phase == "discriminator":
            return discriminator_loss(real, fake), {"real": real.mean(), "fake": fake.mean()}
        return generator_loss(fake) + generator_loss(-real), {}

    def prepare(self, stage: str, x: Tensor, c: Tensor, z: Variates) -> None:  # noqa: ARG002
        """Starts the generator at the mean shower; standardises what the discriminator sees."""
        self.generator.start_at(x[:, self.shape.globals :])
        self.discriminator.start_at(x, c)

    def encode(self, x: Tensor, c: Tensor) -> Tensor:
        """Latent numbers (N, latent) of showers x (N, globals + cells)."""
        t: Tensor = self.encoder(torch.cat([seen(x, self.shape.globals), c], dim=1))
        return t
