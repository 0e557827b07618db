r"""Calibration: from the energy of clusters to the energy of the particle.

Layers behind absorbers of equal thickness (in radiation lengths) sample equal shares of a shower:
they form a group g, with V_g the clustered energy of a shower in it. The estimate is

    S = sum_g a_g V_g,   E = S / f(ln E),   f a polynomial,

where the a_g minimise sum (S / E_true - 1)^2 over training showers, and f takes out what is not
linear: what leaks out behind, what the threshold cuts. It is fitted to S / E_true in powers of
ln E_true, and E is found by iteration: in powers of ln S, which fluctuates with S / E_true, the
ends of the range would be bent. Both are least squares; relative deviations count because a per
cent is one at any energy.

Notation: N showers, G groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.polynomial import Polynomial
from torch import Tensor

from heitler.detectors import Detector
from heitler.units import GeV

__all__ = ["Calibration", "sampling_groups"]

_ROUNDS = 5
"""Of E = S / f(ln E); each leaves as much of the last change as f changes with ln E."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Energies of groups of layers to the energy of the particle.

    Arguments:
        weights: a_g of the groups.
        response: Coefficients of f in powers of ln(E / GeV), the constant first.
        lowest: Lowest energy in MeV to which f was fitted; below, it is what it is there.
        highest: Highest one, likewise.
    """

    weights: tuple[float, ...]
    response: tuple[float, ...]
    lowest: float
    highest: float

    @classmethod
    def fit(cls, groups: Tensor, energy: Tensor, *, order: int = 2) -> Self:
        """The calibration of training showers.

        Arguments:
            groups: V_g in MeV: (N, G).
            energy: Energies of the particles in MeV: (N,).
            order: Order of f, 0 for a linear calibration.

        Raises:
            ValueError: There are fewer showers than numbers to be fitted, or a group is empty.
        """
        sums, true = groups.double().numpy(), energy.double().numpy()
        needed = sums.shape[1] + order + 1
        if len(true) < needed or not (sums.sum(axis=0) > 0).all():
            msg = (
                f"a calibration needs {needed} showers or more, with energy in each of the "
                f"{sums.shape[1]} groups of layers; got {len(true)}"
            )
            raise ValueError(msg)
        weights = np.linalg.lstsq(sums / true[:, None], np.ones(len(true)))[0]
        total = sums @ weights
        if not (total > 0).all():
            msg = f"{int((total <= 0).sum())} of {len(total)} training showers have no energy"
            raise ValueError(msg)
        response = Polynomial.fit(np.log(true / GeV), total / true, order).convert().coef
        return cls(
            tuple(weights.tolist()),
            tuple(response.tolist()),
            float(true.min()),
            float(true.max()),
        )

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Self:
        """The calibration that `content` states."""
        return cls(
            tuple(content["weights"]),
            tuple(content["response"]),
            float(content["lowest"]),
            float(content["highest"]),
        )

    @property
    def content(self) -> dict[str, Any]:
        """What `read` reads: numbers and lists of them."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    def energy(self, groups: Tensor) -> Tensor:
        """Estimated energies in MeV, 0 without energy: (N,).

        Arguments:
            groups: V_g in MeV: (N, G).

        Raises:
            ValueError: The calibration is for another number of groups.
        """
        if groups.shape[1] != len(self.weights):
            msg = (
                f"the calibration has {len(self.weights)} groups of layers, got {groups.shape[1]}"
            )
            raise ValueError(msg)
        total = groups.double() @ torch.tensor(self.weights, dtype=torch.float64)
        energy = total.clamp(min=0.0)
        for _ in range(_ROUNDS):
            energy = total.clamp(min=0.0) / self._response(energy)
        return energy

    def _response(self, energy: Tensor) -> Tensor:
        """The polynomial at energies in MeV, beyond its ends what it is there: (N,)."""
        logarithm = (energy.clamp(self.lowest, self.highest) / GeV).log()
        response = torch.zeros_like(energy)
        for coefficient in reversed(self.response):
            response = response * logarithm + coefficient
        return response


def sampling_groups(detector: Detector) -> Tensor:
    """Number of the group of each layer, 0, 1, ... from the thinnest absorber on: (layers,).

    The first layer belongs to the group of the absorbers in front of it; where the stack is not
    known, all layers are one group.
    """
    depths, passed = [], 0.0
    for slab in detector.stack:
        if slab.active:
            depths.append(round(passed, 6))
            passed = 0.0
        else:
            passed += slab.thickness / slab.material.radiation_length
    planes = detector.planes_per_layer
    layers = [round(sum(depths[i : i + planes]), 3) for i in range(0, len(depths), planes)]
    kinds = sorted(set(layers))
    if not layers:
        return torch.zeros(detector.geometry.layers, dtype=torch.int64)
    return torch.tensor([kinds.index(layer) for layer in layers])
