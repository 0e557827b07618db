"""Which layers fluctuate together.

Notation: E_l is the energy of layer l in one shower, rho_kl the Pearson correlation of E_k and E_l
over N showers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Correlations", "layer_correlations"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Correlations:
    """Pearson correlations of layers.

    Arguments:
        matrix: rho, symmetric, with shape (layers, layers).
        error: (1 - rho^2) / sqrt(N - 1), that of normal values, likewise.
    """

    matrix: Array
    error: Array


def layer_correlations(layers: ArrayLike) -> Correlations:
    """Pearson correlations between layers over showers.

    The diagonal is 1. Where a layer always has the same energy there is no correlation: 0.

    References: Buhmann et al. 2021, Getting High (arXiv:2005.05334).

    Arguments:
        layers: E_l in any unit, with shape (N, layers).

    Raises:
        ValueError: There are fewer than two showers.
    """
    energy = np.asarray(layers, dtype=np.float64)
    if energy.ndim != 2 or len(energy) < 2:
        msg = f"correlations need two or more showers (N, layers), got shape {energy.shape}"
        raise ValueError(msg)
    centred = energy - energy.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    # What rounding leaves of a constant layer is no spread.
    varies = spread > 1e-12 * np.abs(energy).max(axis=0) * len(energy) ** 0.5
    unit = np.where(varies, centred, 0.0) / np.where(varies, spread, 1.0)
    matrix = np.clip(unit.T @ unit, -1.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    return Correlations(matrix, (1 - matrix**2) / (len(energy) - 1) ** 0.5)
