r"""Sinkhorn autoencoders, with a fixed prior or with a noise generator that is learnt with them.

Notation: x is a shower, c the conditions, t = E(x, c) its latent numbers, G the decoder, n normal
numbers, t' = N(n, c) latent numbers of the noise generator.

    L = E[cost(x, G(t, c))] + lambda S[(t, c), (t', c)]

S is the Sinkhorn divergence (see `heitler.losses.sinkhorn_divergence`) between a batch of encoded
showers and a batch of noise. It moves each latent number towards the noise that the transport plan
assigns to it, where a kernel compares smoothed densities. Both are published:

1. *Fixed prior*, t' = n: Patrini et al. 2018 (arXiv:1810.01118), algorithm 1. The encoder has to
   arrange the latent numbers as a normal distribution, at each condition.
2. *Noise generator*, end to end: Deja et al. 2020 (arXiv:2006.06704), for the zero degree
   calorimeter of ALICE. N is a network that learns the conditional distribution of the encoded
   showers, trained together with encoder and decoder: the encoder need not give way.

With a noise generator, latent numbers are divided by the spread of the encoded ones first, which
is our addition. The cost is that of `HitAutoencoder`, which also says how showers become hits. The
divergence without bias of the entropy is that of Genevay et al. 2018 (arXiv:1706.00292).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from heitler.losses import sinkhorn_divergence
from heitler.models.base import Phase, ShowerShape, Stage
from heitler.models.hit_autoencoder import MatchedAutoencoder
from heitler.networks import mlp

__all__ = ["SinkhornAE"]


class SinkhornAE(MatchedAutoencoder):
    """Sinkhorn autoencoder, with a noise generator or without: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        encoder: Widths of the encoder's hidden layers.
        decoder: Widths of the decoder's hidden layers.
        generator: Widths of the noise generator's hidden layers; with none the prior is fixed.
        weight: Weight of the image in the cost, beside that of the quantities.
        divergence: Weight lambda of the Sinkhorn divergence.
        epsilon: Weight of the entropy in the transport, in units of squared latent numbers.
    """

    stages: ClassVar[tuple[Stage, ...]] = (
        Stage("autoencoder", (Phase("sinkhorn", ("autoencoder", "generator")),), select="loss"),
        Stage("spectrum"),
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int = 6,
        encoder: tuple[int, ...] = (256, 128),
        decoder: tuple[int, ...] = (128, 128),
        generator: tuple[int, ...] = (64, 64),
        weight: float = 5.0,
        divergence: float = 1.0,
        epsilon: float = 0.5,
    ) -> None:
        super().__init__(
            shape,
            latent=latent,
            encoder=encoder,
            decoder=decoder,
            weight=weight,
            strength=divergence,
        )
        self.epsilon = epsilon
        self.generator = (
            mlp(latent + shape.conditions, generator, latent) if generator else nn.Sequential()
        )

    def distance(self, t: Tensor, prior: Tensor, c: Tensor) -> Tensor:
        """Sinkhorn divergence of latent numbers beside their conditions."""
        if len(self.generator):
            # In units of the spread: otherwise both could shrink, and the distance with them.
            unit = t.std(dim=0).clamp(min=1e-3)
            t, prior = t / unit, prior / unit
        encoded, noise = (torch.cat([a, c], dim=1) for a in (t, prior))
        return sinkhorn_divergence(encoded, noise, epsilon=self.epsilon)

    def prior(self, n: Tensor, c: Tensor) -> Tensor:
        """Latent numbers (N, latent) of noise: n itself, or what the noise generator makes."""
        if not len(self.generator):
            return n
        t: Tensor = self.generator(torch.cat([n, c], dim=1))
        return t
