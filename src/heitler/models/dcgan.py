r"""Conditional deep convolutional GAN on the grid of a calorimeter.

Notation: x is a real shower, y = G(z, c) a generated one, v what the discriminator sees of a
shower (`heitler.networks.ShowerView`), D the logit of the probability p that a shower is real.

    discriminator:  E[-ln p(v(x),c)] + E[-ln(1 - p(v(y),c))]
    generator:      E[-ln p(v(y),c)]

Objective: Goodfellow et al. 2014 (arXiv:1406.2661, eq. 1, and the generator's form that does not
saturate), conditional as in Mirza and Osindero 2014 (arXiv:1411.1784, eq. 2). Architecture:
Radford et al. 2015 (arXiv:1511.06434, section 3): transposed and strided convolutions, batch
normalisation in both networks but not at the generator's output and the discriminator's input,
ReLU in the generator, leaky ReLU in the discriminator. Real and generated showers are normalised
in batches of their own. Other than there, layers of the calorimeter stand for colours, the output
is a square of rectified normal numbers instead of tanh, since cells are empty or positive
(`heitler.networks.RectifiedNormal`), and summaries and conditions join behind the convolutions.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from heitler.losses import discriminator_loss, generator_loss
from heitler.models.adversarial import AdversarialModel
from heitler.models.base import Phase, ShowerShape, Stage, Variates
from heitler.networks import GridCritic, GridGenerator

__all__ = ["DCGAN"]


class DCGAN(AdversarialModel):
    """Conditional deep convolutional GAN: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV and fill their grid.
        latent: Number of latent numbers.
        generator: Number of channels of the generator's smallest image.
        discriminator: Number of channels of the discriminator's smallest image.
        hidden: Width of the discriminator's hidden layer behind the convolutions.
        unit: Energy in MeV below which the discriminator sees cells linearly, above
            logarithmically.

    Raises:
        ValueError: The cells do not fill a grid.
    """

    batchwise: ClassVar[bool] = True
    training_only: ClassVar[tuple[str, ...]] = ("view", "discriminator")
    stages: ClassVar[tuple[Stage, ...]] = (
        Stage(
            "adversarial",
            (Phase("discriminator", ("discriminator",)), Phase("generator", ("generator",))),
            select="physics",
        ),
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int = 32,
        generator: int = 64,
        discriminator: int = 64,
        hidden: int = 64,
        unit: float = 0.1,
    ) -> None:
        grid = shape.full_grid
        super().__init__(
            shape,
            latent=latent,
            generator=GridGenerator(
                latent,
                shape.conditions,
                shape.globals,
                grid,
                channels=generator,
                norm=nn.BatchNorm2d,
            ),
            unit=unit,
        )
        self.discriminator = GridCritic(
            shape.globals,
            grid,
            self.view.summaries + shape.conditions,
            channels=discriminator,
            hidden=hidden,
            norm=nn.BatchNorm2d,
        )

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the discriminator or of the generator."""
        if phase == "generator":
            return generator_loss(self.judge(self(z, c), c)), {}
        with torch.no_grad():
            y = self(z, c)
        real, fake = self.judge(x, c), self.judge(y, c)
        right = 0.5 * ((real > 0).float().mean() + (fake < 0).float().mean())
        return discriminator_loss(real, fake), {"right": right}

    def judge(self, x: Tensor, c: Tensor) -> Tensor:
        """Logit of being real, with shape (N, 1)."""
        logit: Tensor = self.discriminator(torch.cat([self.view(x), c], dim=1))
        return logit
