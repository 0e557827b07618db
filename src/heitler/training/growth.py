r"""Training that begins at one energy and grows to all of them.

With energies E of the training rows, in epoch e of a growth over e_g epochs from E_0,

    |ln(E / E_0)| <= ln(2) / 2 + (e / e_g) max |ln(E / E_0)|

says which rows are trained on: E_0 alone at first, where the energies are powers of two, then its
neighbours above and below, all of them in the end. An epoch has the same number of updates
throughout: few rows come more often. Only epochs with all energies may give the weights that are
kept. Reference: ATLAS, AtlFast3 2021 (arXiv:2109.02551),
where FastCaloGAN begins at one energy and adds the others one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

__all__ = ["EnergyGrowth"]


@dataclass(frozen=True)
class EnergyGrowth:
    """See the module's docstring.

    Arguments:
        start: E_0 in MeV.
        epochs: e_g, from which on there are all energies.
    """

    start: float
    epochs: int

    def __post_init__(self) -> None:
        if not (self.start > 0 and self.epochs >= 1):
            msg = (
                "training.growth needs a positive start in MeV and at least one epoch, got "
                f"{self.start} and {self.epochs}"
            )
            raise ValueError(msg)

    def rows(self, energy: Tensor, epoch: int, *, widest: float) -> Tensor:
        """Indices of the rows of an epoch: the nearest to E_0 if there are none within reach.

        Arguments:
            energy: Energies in MeV, with shape (N,).
            epoch: Number of the epoch.
            widest: The largest of all |ln(E / E_0)|.
        """
        away = self.away(energy)
        reach = log(2.0) / 2 + min(1.0, epoch / self.epochs) * widest
        return (away <= max(reach, float(away.min()))).nonzero()[:, 0]

    def away(self, energy: Tensor) -> Tensor:
        """The distances |ln(E / E_0)|, (N,)."""
        return torch.log(energy.double() / self.start).abs()
