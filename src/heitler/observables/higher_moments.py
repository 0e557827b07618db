"""How lopsided a shower is and how long its tails are.

Notation: u_i is the centre of cell i along x, y or z in mm in the frame of the detector, E_i its
deposit, m_k = sum_i E_i (u_i - <u>)^k / sum_i E_i the central moment of order k about the centre
of gravity <u>. The skewness is m_3 / m_2^(3/2) and the kurtosis m_4 / m_2^2 - 3, both 0 for a
normal distribution. All deposits count.

Where energy does not spread along an axis (all of it at one u, or none) both are 0. In the depth
they are those of the layers' energies. For rings without angles see `heitler.observables.shape`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.observables.base import observable
from heitler.observables.energy import layer_energy
from heitler.observables.shape import centroids
from heitler.showers import Showers

__all__ = ["kurtosis_x", "kurtosis_y", "kurtosis_z", "skewness_x", "skewness_y", "skewness_z"]

_NO_SPREAD = 1e-12
"""Share of the detector's squared extent: a smaller m_2 is what rounding leaves of 0."""


@observable("skewness in x", "", signed=True)
def skewness_x(showers: Showers) -> Tensor:
    """Standardised third moment in x, with shape (N,)."""
    return _skewness(_lateral(showers, axis=0))


@observable("skewness in y", "", signed=True)
def skewness_y(showers: Showers) -> Tensor:
    """Standardised third moment in y, with shape (N,)."""
    return _skewness(_lateral(showers, axis=1))


@observable("skewness in depth", "", signed=True)
def skewness_z(showers: Showers) -> Tensor:
    """Standardised third moment in depth, above 0 where the tail is behind, with shape (N,)."""
    return _skewness(_in_depth(showers))


@observable("kurtosis in x", "", signed=True)
def kurtosis_x(showers: Showers) -> Tensor:
    """Standardised fourth moment in x less 3, with shape (N,)."""
    return _kurtosis(_lateral(showers, axis=0))


@observable("kurtosis in y", "", signed=True)
def kurtosis_y(showers: Showers) -> Tensor:
    """Standardised fourth moment in y less 3, with shape (N,)."""
    return _kurtosis(_lateral(showers, axis=1))


@observable("kurtosis in depth", "", signed=True)
def kurtosis_z(showers: Showers) -> Tensor:
    """Standardised fourth moment in depth less 3, with shape (N,)."""
    return _kurtosis(_in_depth(showers))


def _lateral(showers: Showers, axis: int) -> Tensor:
    return _central(showers.deposits.double(), centroids(showers.geometry)[:, axis])


def _in_depth(showers: Showers) -> Tensor:
    return _central(layer_energy(showers), showers.geometry.layer_z)


def _central(energy: Tensor, u: Tensor) -> Tensor:
    """m_2, m_3 and m_4 of energies (N, n) at places (n,); 0 without spread, with shape (N, 3)."""
    # About the middle, in units of the extent: less rounding is left in the differences.
    u = u - (u.amin() + u.amax()) / 2
    u = u / u.abs().amax().clamp(min=torch.finfo(u.dtype).tiny)
    sums = energy @ u[:, None] ** torch.arange(5)
    means = sums[:, 1:] / sums[:, :1].where(sums[:, :1] > 0, 1.0)
    mean, square, cube, fourth = means.unbind(dim=-1)
    m2 = square - mean**2
    m3 = cube - 3 * mean * square + 2 * mean**3
    m4 = fourth - 4 * mean * cube + 6 * mean**2 * square - 3 * mean**4
    return torch.stack([m2, m3, m4], dim=-1).where((m2 > _NO_SPREAD)[:, None], 0.0)


def _skewness(moments: Tensor) -> Tensor:
    m2, m3, _ = moments.unbind(dim=-1)
    return m3 / m2.where(m2 > 0, 1.0) ** 1.5


def _kurtosis(moments: Tensor) -> Tensor:
    m2, _, m4 = moments.unbind(dim=-1)
    return (m4 / m2.where(m2 > 0, 1.0) ** 2 - 3.0).where(m2 > 0, 0.0)
