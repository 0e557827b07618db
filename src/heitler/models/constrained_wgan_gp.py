r"""Wasserstein GAN whose showers are as well measured as real ones: a constrainer network.

Notation: as in `heitler.models.wgan_gp`; a is the constrainer, e what it estimates.

    constrainer:  E[(a(v(x)) - e)^2]
    critic:       as without it
    generator:    -E[D(v(y),c)] + kappa E|(a(v(y)) - e)^2 - (a(v(x)) - e)^2|

A critic that compares distributions notices late that a generated shower does not fit its own
energy. A regression that was trained on real showers before, and stays as it is, says so at once.
Reference: Erdmann et al. 2018 (arXiv:1807.01954, on constrainer networks for energy and point of
impact). Here e are the conditions c, and x and y, which share them, stand side by side.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor
from torch.nn.functional import mse_loss

from heitler.losses import constrainer_loss
from heitler.models.base import Phase, ShowerShape, Stage, Variates
from heitler.models.wgan_gp import WGANGP
from heitler.networks import mlp

__all__ = ["ConstrainedWGANGP"]


class ConstrainedWGANGP(WGANGP):
    """Wasserstein GAN with a constrainer network: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        generator: Widths of the generator's hidden layers.
        critic: Widths of the critic's hidden layers.
        penalty: Weight lambda of the gradient penalty.
        unit: Energy in MeV below which the critic sees cells linearly, above logarithmically.
        constrainer: Widths of the constrainer's hidden layers.
        constraint: Weight kappa of the constrainer in the generator's loss.
    """

    training_only: ClassVar[tuple[str, ...]] = ("view", "critic", "constrainer")
    stages: ClassVar[tuple[Stage, ...]] = (
        Stage("constrainer", (Phase("regression", ("constrainer",)),), select="loss"),
        *WGANGP.stages,
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int = 32,
        generator: tuple[int, ...] = (128, 128),
        critic: tuple[int, ...] = (128, 128),
        penalty: float = 10.0,
        unit: float = 0.1,
        constrainer: tuple[int, ...] = (64, 64),
        constraint: float = 1.0,
    ) -> None:
        super().__init__(
            shape,
            latent=latent,
            generator=generator,
            critic=critic,
            penalty=penalty,
            unit=unit,
        )
        self.constraint = constraint
        self.constrainer = mlp(self.view.size, constrainer, shape.conditions)

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the constrainer, the critic or the generator."""
        if phase == "regression":
            error = mse_loss(self.constrainer(self.view(x)), c)
            return error, {"error": error}
        if phase == "critic":
            return super().loss(x, c, z, phase=phase)
        seen = self.view(self(z, c))
        score = self.score(seen, c).mean()
        estimates = self.constrainer(self.view(x)), self.constrainer(seen)
        excess = constrainer_loss(*estimates, c)
        return self.constraint * excess - score, {"score": score, "constraint": excess}

    def prepare(self, stage: str, x: Tensor, c: Tensor, z: Variates) -> None:  # noqa: ARG002
        """Fits what the constrainer and the critic see, then starts the generator."""
        if stage == "constrainer":
            self.view.fit(x)
        else:
            self.generator.end.start_at(x, c)
