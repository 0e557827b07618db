r"""Bidirectional GAN: an encoder in the loop, a discriminator of pairs.

Notation: x is a shower, c the conditions, v = v(x) what networks see of a shower, t = E(v, c) its
latent numbers, t' normal latent numbers, y = G(t', n, c) a generated shower, n one normal number
per column, D the discriminator of pairs, as log-odds.

    discriminator:          -E[ln s(D(v(x), t, c))] - E[ln(1 - s(D(v(y), t', c)))]
    encoder and generator:  -E[ln(1 - s(D(v(x), t, c)))] - E[ln s(D(v(y), t', c))]

with the sigmoid s. Where nobody can tell the pairs apart, showers and latent numbers have
the same joint distribution: generated showers are like real ones, encoded latent numbers are
normal, and the encoder inverts the generator. There is no reconstruction in the loss: that is what
makes it differ from autoencoders.

References: Donahue et al. 2016 (arXiv:1605.09782), eqs. (2) and (3) and section 3.4 for the second
line, which does not saturate; Dumoulin et al. 2016 (arXiv:1606.00704), who have a generator with
noise of its own, as our n. What it has in common with other families is in
`heitler.models.adversarial`.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from heitler.losses import discriminator_loss, generator_loss
from heitler.models.adversarial import AdversarialModel, cell_generator
from heitler.models.base import Phase, ShowerShape, Stage, Variates
from heitler.networks import mlp

__all__ = ["BiGAN"]


class BiGAN(AdversarialModel):
    """Bidirectional GAN: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        generator: Widths of the generator's hidden layers.
        rank: Number of cell patterns of each layer that the generator combines.
        encoder: Widths of the encoder's hidden layers.
        discriminator: Widths of the discriminator's hidden layers.
        unit: Energy in MeV below which networks see cells linearly, above logarithmically.
    """

    training_only: ClassVar[tuple[str, ...]] = ("view", "encoder", "discriminator")
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
        rank: int = 8,
        encoder: tuple[int, ...] = (128, 64),
        discriminator: tuple[int, ...] = (128, 128),
        unit: float = 0.1,
    ) -> None:
        super().__init__(
            shape,
            latent=latent,
            generator=cell_generator(shape, latent=latent, hidden=generator, rank=rank),
            unit=unit,
        )
        seen = self.view.size + shape.conditions
        self.encoder = mlp(seen, encoder, latent)
        self.discriminator = mlp(seen + latent, discriminator, 1)

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the discriminator, or of encoder and generator."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and phase == "generator"):
            seen = torch.cat([self.view(x), c], dim=1)
            made = torch.cat([self.view(self(z, c)), c], dim=1)
            t = self.encoder(seen)
        real = self.discriminator(torch.cat([seen, t], dim=1))
        fake = self.discriminator(torch.cat([made, z["latent"]], dim=1))
        if phase == "discriminator":
            return discriminator_loss(real, fake), {"real": real.mean(), "fake": fake.mean()}
        return generator_loss(fake) + generator_loss(-real), {}

    def encode(self, x: Tensor, c: Tensor) -> Tensor:
        """Latent numbers (N, latent) of showers x (N, globals + cells)."""
        t: Tensor = self.encoder(torch.cat([self.view(x), c], dim=1))
        return t
