r"""Invertible transforms between deposits and what a model sees.

Notation: E is the incident energy in MeV; a shower is a pair of quantities q of the whole shower,
(N, g), and cells, (N, cells). Transforms are fitted on training showers only; what they learn
lies in buffers and is saved with the model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from heitler.detectors import Geometry

__all__ = [
    "ArcSinh",
    "Features",
    "LogCells",
    "Power",
    "Preprocessing",
    "Response",
    "Threshold",
    "Transform",
]

_SMALLEST_SUM = 1e-20
"""Sum of cells that counts as empty: the scale of such a shower stays finite."""


class Features(NamedTuple):
    """Quantities (N, g) and cells (N, cells) of N showers."""

    quantities: Tensor
    cells: Tensor


class Transform(nn.Module, ABC):
    """An invertible map of features, given the incident energies.

    Attributes:
        adds: Number of quantities that `forward` appends.
        loses: What `inverse(forward(x))` does not bring back; "" if nothing.
    """

    adds: ClassVar[int] = 0
    loses: ClassVar[str] = ""

    def see(self, geometry: Geometry) -> None:
        """Takes what it needs of the cells, before anything else; by default nothing."""

    def fit(self, features: Features, energy: Tensor) -> None:
        """Learns from training showers; by default there is nothing to learn."""

    @abstractmethod
    def forward(self, features: Features, energy: Tensor) -> Features:
        """From deposits towards the model; `energy` in MeV with shape (N,)."""

    @abstractmethod
    def inverse(self, features: Features, energy: Tensor) -> Features:
        """From the model towards deposits."""


class Response(Transform):
    r"""Appends the response r = ln(sum_i x_i / E), standardised; cells stay as they are.

    The inverse scales the cells so that their sum is E exp(r): a model may draw the visible
    energy by itself and cells of any scale. Responses further than one standard deviation
    outside the training sample's range are cut there. An empty shower stays empty.
    """

    adds = 1
    loses = "responses beyond the range of the training sample by more than its spread"

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("std", torch.ones(()))
        self.register_buffer("range", torch.tensor([-20.0, 20.0]))
        self.mean: Tensor
        self.std: Tensor
        self.range: Tensor

    def fit(self, features: Features, energy: Tensor) -> None:
        """Takes mean, standard deviation and range of r."""
        r = self._response(features.cells, energy)
        self.mean.copy_(r.mean())
        self.std.copy_(r.std().clamp(min=1e-6))
        self.range.copy_(torch.stack([r.min() - self.std, r.max() + self.std]))

    def forward(self, features: Features, energy: Tensor) -> Features:
        """Appends r."""
        r = (self._response(features.cells, energy) - self.mean) / self.std
        return Features(torch.cat([features.quantities, r[:, None]], dim=1), features.cells)

    def inverse(self, features: Features, energy: Tensor) -> Features:
        """Scales the cells to E exp(r)."""
        r = features.quantities[:, -1] * self.std + self.mean
        low, high = self.range
        visible = energy * torch.exp(torch.minimum(torch.maximum(r, low), high))
        scale = visible / features.cells.sum(dim=1).clamp(min=_SMALLEST_SUM)
        return Features(features.quantities[:, :-1], features.cells * scale[:, None])

    @staticmethod
    def _response(cells: Tensor, energy: Tensor) -> Tensor:
        return torch.log(cells.sum(dim=1).clamp(min=1e-3) / energy)


class LogCells(Transform):
    """Cells y = ln(1 + x / unit): linear below the unit, logarithmic above.

    Arguments:
        unit: Energy in MeV.
    """

    def __init__(self, unit: float = 0.1) -> None:
        super().__init__()
        self.unit = unit

    def forward(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Takes the logarithm of the cells."""
        return features._replace(cells=torch.log1p(features.cells / self.unit))

    def inverse(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Takes the exponential of the cells."""
        return features._replace(cells=torch.expm1(features.cells) * self.unit)


class ArcSinh(Transform):
    """Cells y = arsinh(x / unit): linear below the unit, logarithmic above, of either sign.

    For numbers that are no deposits, such as the columns of a table.

    Arguments:
        unit: In the unit of the cells.
    """

    def __init__(self, unit: float = 1.0) -> None:
        super().__init__()
        self.unit = unit

    def forward(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Takes the inverse hyperbolic sine of the cells."""
        return features._replace(cells=torch.asinh(features.cells / self.unit))

    def inverse(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Takes the hyperbolic sine of the cells."""
        return features._replace(cells=torch.sinh(features.cells) * self.unit)


class Power(Transform):
    """Cells y = (x / unit)^exponent: an exponent below 1 brings large and small ones together.

    Reference: Khattak et al. 2022, doi:10.1140/epjc/s10052-022-10258-4, with 0.85.

    Arguments:
        exponent: Positive.
        unit: Energy in MeV.

    Raises:
        ValueError: The exponent or the unit is not positive.
    """

    def __init__(self, exponent: float = 0.85, unit: float = 20.0) -> None:
        super().__init__()
        if not min(exponent, unit) > 0:
            msg = f"exponent and unit must be positive, got {exponent} and {unit}"
            raise ValueError(msg)
        self.exponent, self.unit = exponent, unit

    def forward(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Takes the power of the cells."""
        return features._replace(cells=(features.cells / self.unit) ** self.exponent)

    def inverse(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Takes the root of the cells."""
        return features._replace(cells=features.cells ** (1 / self.exponent) * self.unit)


class Threshold(Transform):
    """Empties cells below a threshold, in both directions.

    Arguments:
        energy: Threshold in MeV.
    """

    loses = "deposits below the threshold"

    def __init__(self, energy: float) -> None:
        super().__init__()
        self.energy = energy

    def forward(self, features: Features, energy: Tensor) -> Features:  # noqa: ARG002
        """Empties cells below the threshold."""
        cells = features.cells
        return features._replace(cells=torch.where(cells < self.energy, 0.0, cells))

    def inverse(self, features: Features, energy: Tensor) -> Features:
        """Empties cells below the threshold."""
        return self.forward(features, energy)


class Preprocessing(nn.Module):
    """Transforms in order: from deposits (N, cells) to what a model sees (N, features).

    Arguments:
        transforms: The first is nearest to the deposits.
    """

    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__()
        self.transforms = nn.ModuleList(transforms)

    @property
    def quantities(self) -> int:
        """Number of quantities in front of the cells."""
        return sum(transform.adds for transform in self._chain)

    @property
    def identity(self) -> bool:
        """Whether there are no transforms: the model sees the deposits themselves."""
        return not self._chain

    def fit(self, deposits: Tensor, energy: Tensor) -> None:
        """Fits each transform on showers that went through those before it.

        Arguments:
            deposits: Deposits of training showers in MeV, with shape (N, cells).
            energy: Incident energies in MeV, with shape (N,).
        """
        features = Features(deposits.new_zeros(deposits.shape[0], 0), deposits)
        for transform in self._chain:
            transform.fit(features, energy)
            features = transform(features, energy)

    def forward(self, deposits: Tensor, energy: Tensor) -> Tensor:
        """Deposits (N, cells) in MeV to features (N, quantities + cells)."""
        features = Features(deposits.new_zeros(deposits.shape[0], 0), deposits)
        for transform in self._chain:
            features = transform(features, energy)
        return torch.cat(features, dim=1)

    def inverse(self, x: Tensor, energy: Tensor) -> Tensor:
        """Features (N, quantities + cells) to deposits (N, cells) in MeV."""
        features = Features(x[:, : self.quantities], x[:, self.quantities :])
        for transform in reversed(self._chain):
            features = transform.inverse(features, energy)
        return features.cells

    @property
    def _chain(self) -> list[Transform]:
        return [t for t in self.transforms if isinstance(t, Transform)]
