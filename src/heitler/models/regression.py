r"""Regression of distributions: from a particle straight to the numbers of a table.

Notation: x_j are the k columns, standardised (normal scores, where the preprocessing is
`Quantile`), c the conditions, z_j a standard normal number.

The joint distribution is a product of one-dimensional ones,

    p(x|c) = prod_j p_j(x_j | c, x_1, ..., x_{j-1}),

each a small fully connected network that tells a `Law` its parameters. A column is drawn by the
inverse of its distribution, x_j = F_j^-1(Phi(z_j)), one after the other: the inverse of the
transform of Rosenblatt 1952 (Ann. Math. Stat. 23, 470). So columns depend on each other as in the
data, and all randomness enters through z.

Distributions by networks: Bishop 1994 (mixture density networks), Koenker and Bassett 1978
(regression of quantiles).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from heitler.models.base import GenerativeModel, Noise, Phase, ShowerShape, Stage, Variates
from heitler.networks import Gaussian, Law, mlp

__all__ = ["Regression"]


class Regression(GenerativeModel):
    """Columns drawn one after the other from conditional laws: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are numbers of order one, of either sign.
        law: Family of the one-dimensional distributions, by default normal ones.
        hidden: Widths of the hidden layers of each column's network.
    """

    stages: ClassVar[tuple[Stage, ...]] = (
        Stage("regression", (Phase("law", ("networks",)),), select="loss"),
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        law: Law | None = None,
        hidden: tuple[int, ...] = (64, 64),
    ) -> None:
        super().__init__(shape)
        self.law = Gaussian() if law is None else law
        self.noise = {"columns": Noise("normal", shape.features)}
        self.training_noise = {}
        self.networks = nn.ModuleList(
            mlp(shape.conditions + place, hidden, self.law.size) for place in range(shape.features)
        )

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Rows (N, columns) from one normal number for each."""
        seen = c
        for place, network in enumerate(self.networks):
            x = self.law.draw(network(seen), z["columns"][:, place])
            seen = torch.cat([seen, x[:, None]], dim=1)
        return seen[:, self.shape.conditions :]

    def loss(
        self,
        x: Tensor,
        c: Tensor,
        z: Variates,  # noqa: ARG002
        *,
        phase: str,  # noqa: ARG002
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The law's loss, summed over columns."""
        seen = torch.cat([c, x], dim=1)
        parts = [
            self.law.loss(network(seen[:, : self.shape.conditions + place]), x[:, place])
            for place, network in enumerate(self.networks)
        ]
        return torch.stack(parts).sum(dim=0).mean(), {}
