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
from heitler.models.base import Phase, ShowerShape, Stage
from heitler.models.hit_autoencoder import MatchedAutoencoder

__all__ = ["WAEMMD"]


class WAEMMD(MatchedAutoencoder):
    """Wasserstein autoencoder with a maximum mean discrepancy: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        encoder: Widths of the encoder's hidden layers.
        decoder: Widths of the decoder's hidden layers.
        weight: Weight of the image in the cost, beside that of the quantities.
        discrepancy: Weight lambda of the discrepancy.
    """

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
        super().__init__(
            shape,
            latent=latent,
            encoder=encoder,
            decoder=decoder,
            weight=weight,
            strength=discrepancy,
        )

    def distance(self, t: Tensor, prior: Tensor, c: Tensor) -> Tensor:
        """MMD^2 of latent numbers beside their conditions."""
        return squared_mmd(torch.cat([t, c], dim=1), torch.cat([prior, c], dim=1))
