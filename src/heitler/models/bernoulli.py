r"""Yes or no: columns that are 1 with a probability that depends on the conditions.

    p(x|c) = prod_i p_i(c)^x_i (1 - p_i(c))^(1 - x_i)

Acceptance and efficiency of a detector are of this kind: a network learns ln p / (1 - p) by the
likelihood, and x_i = 1 where a uniform number is below p_i. For acceptance and efficiency in a
chain of such models see Barbetti 2023 (arXiv:2303.11428).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from heitler.losses import bernoulli_nll
from heitler.models.base import GenerativeModel, Noise, Phase, ShowerShape, Stage, Variates
from heitler.networks import ResidualNetwork

__all__ = ["Bernoulli"]


class Bernoulli(GenerativeModel):
    """Independent columns of 0 and 1: see the module's docstring.

    Arguments:
        shape: Sizes of its input; what is above 0 counts as 1.
        width: Width of the network.
        blocks: Number of residual blocks.
    """

    stages: ClassVar[tuple[Stage, ...]] = (
        Stage("likelihood", (Phase("nll", ("network",)),), select="loss"),
    )

    def __init__(self, shape: ShowerShape, *, width: int = 48, blocks: int = 2) -> None:
        super().__init__(shape)
        self.noise = {"chance": Noise("uniform", shape.features)}
        self.training_noise = {}
        self.network = ResidualNetwork(shape.conditions, width, blocks, shape.features)

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Columns of 0 and 1, (N, features), from one uniform number each."""
        return (z["chance"] < self.probability(c)).float()

    def loss(
        self,
        x: Tensor,
        c: Tensor,
        z: Variates,  # noqa: ARG002
        *,
        phase: str,  # noqa: ARG002
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Minus the log-likelihood in nats."""
        return bernoulli_nll((x > 0).float(), self.network(c)).mean(), {}

    def probability(self, c: Tensor) -> Tensor:
        """P with shape (N, features)."""
        return torch.sigmoid(self.network(c))
