r"""Variational autoencoder whose reconstruction is judged by a discriminator's features.

Notation: x is a shower, c the conditions, q(t|x,c) = N(mu, s^2) the encoder, y = G(t, u, c) the
reconstruction with t from q, y' = G(t', u', c) a shower with t' from N(0, 1), u and u' one uniform
number per cell, D(x, c) the discriminator as log-odds and f(x, c) its last hidden layer.

    L_prior = KL(q(t|x,c) || N(0, 1)),   L_feature = E[|f(x,c) - f(y,c)|^2] / 2,
    L_GAN = -E[ln s(D(x))] - (E[ln(1 - s(D(y)))] + E[ln(1 - s(D(y')))]) / 2

with the sigmoid s. Three phases take turns:

    encoder:        L_prior + L_feature
    decoder:        gamma L_feature - (E[ln s(D(y))] + E[ln s(D(y'))]) / 2
    discriminator:  L_GAN

The feature loss is a likelihood in which f(x) is normal about f(y): an element-wise error would
punish a hit in the neighbouring cell, a feature does not. No gradient of it reaches f.

References: Larsen et al. 2015 (arXiv:1512.09300), algorithm 1; the mean over the two kinds of
generated showers (there the sum) weighs them like real ones, and the decoder's second term does
not saturate (Goodfellow et al. 2014, arXiv:1406.2661). In calorimeters: Sergeev et al. 2021 (J.
Phys. Conf. Ser. 1740, 012028) for LHCb. The cells are those of `HitGenerator`.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from heitler.losses import discriminator_loss, generator_loss, kl_to_standard_normal
from heitler.models.adversarial_hits import Discriminator, HitGenerator, seen
from heitler.models.base import GenerativeModel, Noise, Phase, ShowerShape, Stage, Variates
from heitler.networks import mlp

__all__ = ["VAEGAN"]


class VAEGAN(GenerativeModel):
    """Variational autoencoder with a discriminator: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        encoder: Widths of the encoder's hidden layers.
        decoder: Widths of the decoder's hidden layers.
        discriminator: Widths of the discriminator's hidden layers.
        rank: Number of cell patterns of each layer in the decoder.
        gamma: Weight of the feature loss beside the adversarial one in the decoder.
    """

    stages: ClassVar[tuple[Stage, ...]] = (
        Stage(
            "adversarial",
            (
                Phase("encoder", ("encoder",)),
                Phase("decoder", ("decoder",)),
                Phase("discriminator", ("discriminator",)),
            ),
            select="physics",
        ),
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int = 8,
        encoder: tuple[int, ...] = (256, 128),
        decoder: tuple[int, ...] = (128, 128),
        discriminator: tuple[int, ...] = (128, 128),
        rank: int = 16,
        gamma: float = 0.1,
    ) -> None:
        super().__init__(shape)
        self.gamma = gamma
        normal, uniform = Noise("normal", latent), Noise("uniform", shape.cells)
        self.noise = {"latent": normal, "cells": uniform}
        self.training_noise = {"posterior": normal, "scatter": uniform, **self.noise}
        self.encoder = mlp(shape.features + shape.conditions, encoder, 2 * latent)
        self.decoder = HitGenerator(shape, latent=latent, hidden=decoder, rank=rank)
        self.discriminator = Discriminator(shape, hidden=discriminator)

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Showers (N, globals + cells) from latent normals and one uniform per cell."""
        y: Tensor = self.decoder(z["latent"], z["cells"], c)
        return y

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of encoder, decoder or discriminator."""
        mean, log_variance = self.encode(x, c)
        t = mean + z["posterior"] * torch.exp(0.5 * log_variance)
        y = self.decoder(t, z["scatter"], c)
        if phase == "encoder":
            feature = self._feature_loss(x, y, c)
            kl = kl_to_standard_normal(mean, log_variance).mean()
            return kl + feature, {"kl": kl, "feature": feature}
        fakes = torch.cat([y, self(z, c)])
        if phase == "decoder":
            deceit = generator_loss(self.discriminator(fakes, torch.cat([c, c])))
            return self.gamma * self._feature_loss(x, y, c) + deceit, {"deceit": deceit}
        real = self.discriminator(x, c)
        fake = self.discriminator(fakes.detach(), torch.cat([c, c]))
        return discriminator_loss(real, fake), {"real": real.mean(), "fake": fake.mean()}

    def prepare(self, stage: str, x: Tensor, c: Tensor, z: Variates) -> None:  # noqa: ARG002
        """Starts the decoder at the mean shower; standardises what the discriminator sees."""
        self.decoder.start_at(x[:, self.shape.globals :])
        self.discriminator.start_at(x, c)

    def encode(self, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(t|x,c), each (N, latent)."""
        looked = torch.cat([seen(x, self.shape.globals), c], dim=1)
        mean, log_variance = self.encoder(looked).chunk(2, dim=1)
        return mean, log_variance

    def _feature_loss(self, x: Tensor, y: Tensor, c: Tensor) -> Tensor:
        off = self.discriminator.features(x, c) - self.discriminator.features(y, c)
        loss: Tensor = 0.5 * off.square().sum(dim=1).mean()
        return loss
