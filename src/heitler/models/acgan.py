r"""Auxiliary-classifier GAN: one generator for several types of particles.

Notation: x is a real shower, y = G(z, c) a generated one, c the conditions, k the type among them
and c' the others; D is the logit of the probability that a shower is real, P(k|x) the type that
the same network reads off the shower, without being told it.

    L_S = E[ln p(real|x)] + E[ln p(generated|y)]
    L_C = E[ln P(k|x)] + E[ln P(k|y)]

The discriminator maximises L_S + L_C, the generator L_C - L_S, in which ln p(real|y) stands for
-ln p(generated|y) so that it does not saturate (Goodfellow et al. 2014, section 3). Reference:
Odena et al. 2016 (arXiv:1610.09585, eqs. 2 and 3); for calorimeters CaloGAN (arXiv:1712.10321),
whose discriminator is told the energy likewise. The discriminator has dropout, as published: its
masks are among the random numbers of the training.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, leaky_relu

from heitler.losses import discriminator_loss, generator_loss
from heitler.models.adversarial import AdversarialModel, cell_generator
from heitler.models.base import Noise, Phase, ShowerShape, Stage, Variates

__all__ = ["ACGAN"]

_SLOPE = 0.2
"""Of the leaky ReLU."""


class ACGAN(AdversarialModel):
    """Auxiliary-classifier GAN: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV, and the condition "type" says the
            type of the particle.
        latent: Number of latent numbers.
        generator: Widths of the generator's hidden layers.
        rank: Number of cell patterns of each layer that the generator combines.
        discriminator: Widths of the discriminator's hidden layers.
        dropout: Share of the hidden features that the discriminator does not see.
        unit: Energy in MeV below which the discriminator sees cells linearly, above
            logarithmically.

    Raises:
        ValueError: The conditions have no type.
    """

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
        generator: tuple[int, ...] = (128, 128),
        rank: int = 8,
        discriminator: tuple[int, ...] = (128, 64),
        dropout: float = 0.5,
        unit: float = 0.1,
    ) -> None:
        super().__init__(
            shape,
            latent=latent,
            generator=cell_generator(shape, latent=latent, hidden=generator, rank=rank),
            unit=unit,
        )
        if "type" not in shape.columns:
            msg = "ACGAN needs the type: put heitler.preprocessing.ParticleType into conditioning"
            raise ValueError(msg)
        self.types = shape.columns["type"]
        count = self.types.stop - self.types.start
        masks = Noise("uniform", sum(discriminator))
        self.training_noise = {**self.noise, "real mask": masks, "generated mask": masks}
        self.discriminator = _Discriminator(
            self.view.size + shape.conditions - count, discriminator, 1 + count, dropout
        )

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Minus L_S + L_C (discriminator), or minus L_C plus E[-ln p(real|y)] (generator)."""
        kind = c[:, self.types].argmax(dim=1)
        with torch.set_grad_enabled(phase == "generator" and torch.is_grad_enabled()):
            y = self(z, c)
        fake, guessed = self.judge(y, c, z["generated mask"])
        if phase == "generator":
            source, label = generator_loss(fake), cross_entropy(guessed, kind)
        else:
            real, read = self.judge(x, c, z["real mask"])
            source = discriminator_loss(real, fake)
            label = cross_entropy(read, kind) + cross_entropy(guessed, kind)
        return source + label, {f"{phase}/source": source, f"{phase}/type": label}

    def judge(self, x: Tensor, c: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logit of being real (N, 1), and logits of the types (N, types)."""
        told = torch.cat([c[:, : self.types.start], c[:, self.types.stop :]], dim=1)
        logits: Tensor = self.discriminator(torch.cat([self.view(x), told], dim=1), mask)
        return logits[:, :1], logits[:, 1:]


class _Discriminator(nn.Module):
    """Linear layers with leaky ReLU, and dropout whose masks are arguments."""

    def __init__(self, inputs: int, hidden: Sequence[int], outputs: int, dropout: float) -> None:
        super().__init__()
        self.hidden, self.dropout = list(hidden), dropout
        widths = [inputs, *hidden]
        self.layers = nn.ModuleList([nn.Linear(*pair) for pair in pairwise(widths)])
        self.last = nn.Linear(widths[-1], outputs)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        for layer, drawn in zip(self.layers, torch.split(mask, self.hidden, dim=1), strict=True):
            kept = (drawn >= self.dropout).float() / (1.0 - self.dropout)
            x = leaky_relu(layer(x), _SLOPE) * kept
        logits: Tensor = self.last(x)
        return logits
