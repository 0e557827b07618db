r"""What is left between cells: a Gaussian field of a few modes.

The logarithm of the rate of a cell in layer l, zone q, azimuth t about the axis is shifted by

    f = a_lq + b_lq cos t + b'_lq sin t + d_lq cos 2t + d'_lq sin 2t - variance / 2

(a log-Gaussian Cox process: Moller, Syversveen and Waagepetersen 1998, Scand. J. Stat. 25, 451).
Amplitudes of one harmonic are jointly Gaussian over layers and zones; cosine and sine share their
law. The monopole of the axis' own cell is the normal score of its energy instead.

The covariances come from scores: with u_c the derivative of the log-likelihood of cell c with
respect to f, and I_c its variance, the sums U = sum psi u and I = sum psi^2 I over the cells of a
zone estimate an amplitude, U / I = a + noise, and

    cov(a_i, a_j) = <U_i U_j> / <I_i I_j> - the same of showers that lack the field.

Estimates are averaged along the depth at equal distance of layers, and shrunk by their errors.

Notation: L layers, zones 0 to 4; amplitudes of one harmonic are numbered zone by zone.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import convolve1d
from torch import Tensor

__all__ = ["GROUPS", "covariance", "factor", "ranks", "update"]

GROUPS = ((0, 1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3))
"""Zones that have amplitudes of the harmonic 0, 1 and 2."""

_F64 = NDArray[np.float64]
_AVERAGE = np.array([1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0])
_SHRINK = 1.0
"""Squared errors of an estimate that halve it."""

_FEW = 10.0
"""Information (squared, summed) that is next to none: steps are short there, so that one hit where
none was expected does not stand for a huge field."""


def ranks(layers: int) -> tuple[int, int, int]:
    """Normal numbers that make the amplitudes of each harmonic (cosine or sine)."""
    return 2 * layers, layers, layers // 2


def covariance(scores: Tensor, information: Tensor) -> tuple[_F64, _F64]:
    """<U_i U_j> and <I_i I_j>, summed over showers.

    Arguments:
        scores: U, (N, L, zones).
        information: I, (N, L, zones).
    """
    u, i = (a.transpose(1, 2).flatten(1).double() for a in (scores, information))
    return (u.T @ u).numpy(), (i.T @ i).numpy()


def update(
    present: _F64,
    data: tuple[_F64, _F64],
    made: tuple[_F64, _F64],
    layers: int,
    step: float,
) -> _F64:
    """Covariance of the amplitudes, corrected by what generated showers lack."""
    smooth = [tuple(_along(values, layers) for values in pair) for pair in (data, made)]
    missing = smooth[0][0] / (smooth[0][1] + _FEW)
    missing = missing - smooth[1][0] / (smooth[1][1] + _FEW)
    error = 2.0 / np.maximum(smooth[0][1] * _gain(), 1e-9)
    estimate = present + step * missing
    estimate = estimate * estimate**2 / (estimate**2 + _SHRINK * error + 1e-12)
    return (estimate + estimate.T) / 2


def factor(wanted: _F64, rank: int, unit: int = 0) -> tuple[Tensor, Tensor]:
    """A with A A^T near the wanted covariance: its leading eigenvectors.

    Arguments:
        wanted: Covariance, (K, K), symmetric but perhaps not positive.
        rank: Columns of A.
        unit: How many of the first amplitudes have the variance 1.

    Returns:
        A (K, rank), and the variances of the amplitudes (K).
    """
    matrix = wanted.copy()
    first = np.arange(unit)
    for _ in range(20 if unit else 1):
        matrix[first, first] = 1.0
        values, vectors = np.linalg.eigh(matrix)
        leading = np.argsort(values)[::-1][:rank]
        a = vectors[:, leading] * np.sqrt(np.maximum(values[leading], 0.0))
        matrix = a @ a.T
        if unit:
            norm = np.ones(len(matrix))
            norm[:unit] = 1 / np.sqrt(np.maximum(matrix[first, first], 1e-6))
            a = a * norm[:, None]
            matrix = matrix * norm[:, None] * norm[None, :]
    return torch.from_numpy(a).float(), torch.from_numpy((a**2).sum(axis=1)).float()


def _along(values: _F64, layers: int) -> _F64:
    """Sums over neighbours along the diagonals of each block of zones."""
    zones = len(values) // layers
    blocks = values.reshape(zones, layers, zones, layers)
    out = np.empty_like(blocks)
    for lag in range(-layers + 1, layers):
        rows = np.arange(max(0, -lag), min(layers, layers - lag))
        diagonal = blocks[:, rows, :, rows + lag]
        out[:, rows, :, rows + lag] = convolve1d(diagonal, _AVERAGE, axis=0, mode="constant")
    return out.reshape(values.shape)


def _gain() -> float:
    """Weights of an average to its effective number: sum w^2 / sum w."""
    return float(_AVERAGE.sum() / (_AVERAGE**2).sum())
