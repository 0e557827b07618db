r"""Variational autoencoder whose reconstruction is judged by a discriminator's features.

Notation: x is a shower, c the conditions, q(t|x,c) = N(mu, s^2) the encoder, y = G(t, n, c) the
reconstruction with t from q, y' = G(t', n', c) a shower with t' from N(0, 1), n and n' one normal
number per column, D(x, c) the discriminator as log-odds and f(x, c) its last hidden layer.

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
Phys. Conf. Ser. 1740, 012028) for LHCb. What it has in common with other families is in
`heitler.models.adversarial`; the decoder is the generator there.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from heitler.losses import discriminator_loss, generator_loss, kl_to_standard_normal
from heitler.models.adversarial import AdversarialModel, cell_generator
from heitler.models.base import Noise, Phase, ShowerShape, Stage, Variates
from heitler.networks import mlp

__all__ = ["VAEGAN"]


class VAEGAN(AdversarialModel):
    """Variational autoencoder with a discriminator: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        encoder: Widths of the encoder's hidden layers.
        generator: Widths of the decoder's hidden layers.
        rank: Number of cell patterns of each layer that the decoder combines.
        discriminator: Widths of the discriminator's hidden layers, of which the last are features.
        gamma: Weight of the feature loss beside the adversarial one in the decoder.
        unit: Energy in MeV below which networks see cells linearly, above logarithmically.
    """

    training_only: ClassVar[tuple[str, ...]] = ("view", "encoder", "features", "discriminator")
    stages: ClassVar[tuple[Stage, ...]] = (
        Stage(
            "adversarial",
            (
                Phase("encoder", ("encoder",)),
                Phase("decoder", ("generator",)),
                Phase("discriminator", ("features", "discriminator")),
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
        generator: tuple[int, ...] = (128, 128),
        rank: int = 8,
        discriminator: tuple[int, ...] = (128, 128),
        gamma: float = 0.1,
        unit: float = 0.1,
    ) -> None:
        super().__init__(
            shape,
            latent=latent,
            generator=cell_generator(shape, latent=latent, hidden=generator, rank=rank),
            unit=unit,
        )
        self.gamma = gamma
        self.training_noise = {
            **self.noise,
            "posterior": Noise("normal", latent),
            "scatter": Noise("normal", shape.features),
        }
        seen, last = self.view.size + shape.conditions, discriminator[-1]
        self.encoder = mlp(seen, encoder, 2 * latent)
        self.features = nn.Sequential(mlp(seen, discriminator[:-1], last), nn.SiLU())
        self.discriminator = nn.Linear(last, 1)

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of encoder, decoder or discriminator."""
        mean, log_variance = self.encode(x, c)
        t = mean + z["posterior"] * torch.exp(0.5 * log_variance)
        y = self.generator(t, z["scatter"], c)
        if phase == "encoder":
            feature = self._feature_loss(x, y, c)
            kl = kl_to_standard_normal(mean, log_variance).mean()
            return kl + feature, {"kl": kl, "feature": feature}
        fakes, twice = torch.cat([y, self(z, c)]), torch.cat([c, c])
        if phase == "decoder":
            deceit = generator_loss(self.judge(fakes, twice))
            return self.gamma * self._feature_loss(x, y, c) + deceit, {"deceit": deceit}
        real, fake = self.judge(x, c), self.judge(fakes.detach(), twice)
        return discriminator_loss(real, fake), {"real": real.mean(), "fake": fake.mean()}

    def encode(self, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(t|x,c), each (N, latent)."""
        mean, log_variance = self.encoder(self._seen(x, c)).chunk(2, dim=1)
        return mean, log_variance

    def judge(self, x: Tensor, c: Tensor) -> Tensor:
        """Log-odds of being real, with shape (N, 1)."""
        logit: Tensor = self.discriminator(self.features(self._seen(x, c)))
        return logit

    def _feature_loss(self, x: Tensor, y: Tensor, c: Tensor) -> Tensor:
        off = self.features(self._seen(x, c)) - self.features(self._seen(y, c))
        loss: Tensor = 0.5 * off.square().sum(dim=1).mean()
        return loss

    def _seen(self, x: Tensor, c: Tensor) -> Tensor:
        return torch.cat([self.view(x), c], dim=1)
