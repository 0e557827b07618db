r"""Conditional GAN of the responses of a Cherenkov detector, or of any other table.

Widths of likelihoods differ by decades between slow and fast tracks, and a loss would look at the
widest only; and a cut that lets one track in two hundred through lies where no distance of rows
looks. So the generator begins as a flow (`heitler.networks.ColumnFlow`) that is trained by its
likelihood, and everything behind happens in units u in which rows are standard normal and
independent, whatever c is, as far as the flow is right:

    G(z, c) = z_1 + g(z, c),   z = (z_1, z_2),   g = 0 at first,

with z_1 one normal number for each column. What is left to the critic is what the flow missed.

Notation: in these units x is a real row, y = G(z, c) and y' = G(z', c) are generated ones of the
same conditions c; D is the critic, of one output, and h that of several, both conditioned on c.
Two distances:

    Wasserstein, critic:     E[D(y)] - E[D(x)] + lambda E[(|grad_u D(u)| - 1)^2]
                 generator:  -E[D(y)]
    Cramer,      critic:     E[f(y)] - E[f(x)] + lambda E[(|grad_u f(u)| - 1)^2]
                 generator:  E|h(x) - h(y)| + E|h(x) - h(y')| - E|h(y) - h(y')|

with f(u) = |h(u) - h(y')| - |h(u)| and u on the segments between x and y. Of the Wasserstein
critic only slopes above 1 are penalised: max(0, |grad_u D(u)| - 1)^2. The critic learns by itself
before the generator does: one that knows nothing yet would lead a generator that is nearly right
astray.

References: Maevskiy et al. 2019 (arXiv:1905.11825) and Derkach et al. 2020 (NIM A 952, 161804) for
RICH detectors; Gulrajani et al. 2017 (arXiv:1704.00028), Bellemare et al. 2017 (arXiv:1705.10743)
and Petzka et al. 2018 (arXiv:1709.08894) for the distances; Grover et al. 2018 (arXiv:1705.08868)
for generators that are flows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import torch
from torch import Tensor, nn

from heitler.losses import (
    cramer_critic,
    cramer_generator_loss,
    gradient_penalty,
    slope_penalty,
    wasserstein_critic_loss,
)
from heitler.models.base import GenerativeModel, Noise, Phase, ShowerShape, Stage, Variates
from heitler.networks import ColumnFlow, ResidualNetwork

__all__ = ["RichGAN"]

Critic = Callable[[Tensor], Tensor]
"""From rows (N, features) to what the critic says of them, (N, outputs)."""

Rows = tuple[Tensor, Tensor, Tensor]
"""x, y and y', each (N, features)."""


class Distance(Protocol):
    """What the two networks play for."""

    @property
    def outputs(self) -> int:
        """Number of outputs that the critic needs."""

    def critic(self, critic: Critic, rows: Rows, mix: Tensor) -> tuple[Tensor, Tensor]:
        """Minus the distance, and the gradient penalty without its weight."""

    def generator(self, critic: Critic, rows: Rows) -> Tensor:
        """What the generator makes small."""


@dataclass(frozen=True)
class Wasserstein:
    """The Wasserstein-1 distance by a critic of bounded slope."""

    outputs: int = 1

    def critic(self, critic: Critic, rows: Rows, mix: Tensor) -> tuple[Tensor, Tensor]:
        """Minus the distance, and the gradient penalty without its weight."""
        x, y, _ = rows
        return wasserstein_critic_loss(critic(x), critic(y)), slope_penalty(critic, x, y, mix)

    def generator(self, critic: Critic, rows: Rows) -> Tensor:
        """Minus the mean score of generated rows."""
        return -critic(rows[1]).mean()


@dataclass(frozen=True)
class Cramer:
    """The energy distance of features that the critic chooses."""

    outputs: int = 64

    def critic(self, critic: Critic, rows: Rows, mix: Tensor) -> tuple[Tensor, Tensor]:
        """Minus the distance, and the gradient penalty without its weight."""
        x, y, other = rows
        away = critic(other)

        def surrogate(u: Tensor) -> Tensor:
            return cramer_critic(critic(u), away)

        distance = wasserstein_critic_loss(surrogate(x), surrogate(y))
        return distance, gradient_penalty(surrogate, x, y, mix)

    def generator(self, critic: Critic, rows: Rows) -> Tensor:
        """The energy distance, up to what no generator changes."""
        x, y, other = (critic(u) for u in rows)
        return cramer_generator_loss(x, y, other)


_DISTANCES: dict[str, Distance] = {"wasserstein": Wasserstein(), "cramer": Cramer()}


class RichGAN(GenerativeModel):
    """Conditional GAN of the rows of a table: see the module's docstring.

    Arguments:
        shape: Sizes of its input; cells are columns of order one, of either sign.
        distance: What generator and critic play for.
        latent: Number of latent numbers beside one for each column.
        width: Width of all networks.
        blocks: Number of residual blocks of all networks.
        bins: Bins of the splines of the flow.
        penalty: Weight lambda of the gradient penalty.
    """

    training_only: ClassVar[tuple[str, ...]] = ("critic",)
    stages: ClassVar[tuple[Stage, ...]] = (
        Stage("likelihood", (Phase("nll", ("flow",)),)),
        Stage("critic", (Phase("critic_alone", ("critic",)),)),
        Stage(
            "adversarial",
            (Phase("critic", ("critic",), steps=5), Phase("generator", ("generator",))),
            select="physics",
        ),
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        distance: Literal["wasserstein", "cramer"] = "cramer",
        latent: int = 12,
        width: int = 96,
        blocks: int = 3,
        bins: int = 12,
        penalty: float = 10.0,
    ) -> None:
        super().__init__(shape)
        self.distance, self.penalty = _DISTANCES[distance], penalty
        columns, told = shape.features, shape.conditions
        self.noise = {"latent": Noise("normal", columns + latent)}
        self.training_noise = {
            **self.noise,
            "other": Noise("normal", columns + latent),
            "filler": Noise("normal", columns),
            "mix": Noise("uniform", 1),
        }
        self.flow = ColumnFlow(columns, told, width=width, blocks=blocks, bins=bins)
        self.generator = ResidualNetwork(columns + latent + told, width, blocks, columns)
        for p in self.generator.end.parameters():
            nn.init.zeros_(p)
        self.critic = ResidualNetwork(columns + told, width, blocks, self.distance.outputs)

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Rows (N, features) from latent normals."""
        return self.flow.inverse(self._generate(z["latent"], c), c)

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the flow, of the critic, or of the generator against it."""
        if phase == "nll":
            return self.flow.loss(x, c).sum(dim=1).mean(), {}
        if phase.startswith("critic"):
            with torch.no_grad():
                rows = self._rows(x, c, z)
            distance, steepness = self.distance.critic(self._given(c), rows, z["mix"])
            return distance + self.penalty * steepness, {"distance": -distance, "gp": steepness}
        rows = self._rows(x, c, z)
        return self.distance.generator(self._given(c), rows), {}

    def _rows(self, x: Tensor, c: Tensor, z: Variates) -> Rows:
        with torch.no_grad():
            x = self.flow(x, c, z["filler"])
        both = self._generate(torch.cat([z["latent"], z["other"]]), torch.cat([c, c]))
        y, other = both.chunk(2)
        return x, y, other

    def _generate(self, latent: Tensor, c: Tensor) -> Tensor:
        """G(z, c), in the units."""
        rows: Tensor = self.generator(torch.cat([latent, c], dim=1))
        return latent[:, : self.shape.features] + rows

    def _given(self, c: Tensor) -> Critic:
        """The critic of rows that have these conditions."""

        def critic(u: Tensor) -> Tensor:
            said: Tensor = self.critic(torch.cat([u, c], dim=1))
            return said

        return critic
