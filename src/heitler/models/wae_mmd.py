r"""Wasserstein autoencoder with a maximum mean discrepancy.

Notation: x is a shower, c the conditions, t = E(x, c) its latent numbers, G the decoder, t' normal
latent numbers of the prior.

    L = E[cost(x, G(t, c))] + lambda MMD^2[(t, c), (t', c)]

The first term bounds the transport cost between real and generated showers if the encoded latent
numbers have the prior's distribution, which the second term demands: of the sample as a whole.
No shower by itself is drawn towards the prior, as by the KL divergence of a VAE, and nothing is
sampled in the encoder. The prior must hold at each condition, so the kernel sees (t, c).

The cost is that of `HitAutoencoder`, which also says how showers become hits. References:
Tolstikhin et al. 2017 (arXiv:1711.01558), eq. (4) with algorithm 2; the unbiased estimate is that
of Gretton et al. 2012 (J. Mach. Learn. Res. 13, 723), eq. (4).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from heitler.losses import squared_mmd
from heitler.models.base import GenerativeModel, Noise, Phase, ShowerShape, Stage, Variates
from heitler.models.hit_autoencoder import HitAutoencoder

__all__ = ["WAEMMD"]


class WAEMMD(GenerativeModel):
    """Wasserstein autoencoder with a maximum mean discrepancy: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        encoder: Widths of the encoder's hidden layers.
        decoder: Widths of the decoder's hidden layers.
        weight: Weight of the image in the cost, beside that of the quantities.
        discrepancy: Weight lambda of the discrepancy.
    """

    batchwise: ClassVar[bool] = True
    stages: ClassVar[tuple[Stage, ...]] = (
        Stage("autoencoder", (Phase("wae", ("autoencoder",)),), select="loss"),
        Stage("spectrum"),
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int = 6,
        encoder: tuple[int, ...] = (256, 128),
        decoder: tuple[int, ...] = (128, 128),
        weight: float = 5.0,
        discrepancy: float = 10.0,
    ) -> None:
        super().__init__(shape)
        self.discrepancy = discrepancy
        self.noise = {
            "latent": Noise("normal", latent),
            "cells": Noise("uniform", shape.cells),
        }
        self.training_noise = {"prior": Noise("normal", latent)}
        self.autoencoder = HitAutoencoder(
            shape, latent=latent, encoder=encoder, decoder=decoder, weight=weight
        )

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Showers (N, globals + cells) from latent normals and one uniform per cell."""
        return self.autoencoder.generate(z["latent"], z["cells"], c)

    def loss(
        self,
        x: Tensor,
        c: Tensor,
        z: Variates,
        *,
        phase: str,  # noqa: ARG002 (there is only one)
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Cost of the reconstruction and weighted discrepancy of the latent numbers."""
        t = self.autoencoder.encode(x, c)
        cost = self.autoencoder.cost(x, t, c).mean()
        mmd = squared_mmd(torch.cat([t, c], dim=1), torch.cat([z["prior"], c], dim=1))
        return cost + self.discrepancy * mmd, {"cost": cost, "mmd": mmd}

    def prepare(self, stage: str, x: Tensor, c: Tensor, z: Variates) -> None:  # noqa: ARG002
        """Starts the decoder at the mean shower; takes the spectrum of hits."""
        if stage == "autoencoder":
            self.autoencoder.start(x)
        if stage == "spectrum":
            self.autoencoder.take_spectrum(x, c)
