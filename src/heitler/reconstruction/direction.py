r"""Direction and centre of showers from their hits.

With hits i at x_i of energy E_i, the centre of gravity and the covariance

    m = sum_i w_i x_i / sum_i w_i,   C = sum_i w_i (x_i - m)(x_i - m)^T / sum_i w_i

of the weights w_i = E_i have the principal axis of the shower as eigenvector of the largest
eigenvalue of C (`principal_axis`), pointing into the depth. Its halo of soft photons and the edge
of the readout pull this axis to the perpendicular, by some degrees; `core_axis` therefore repeats

    w_i = E_i exp(-r_i^2 / (2 R^2)),   r_i the distance of hit i from the last axis,

a few times: it is the fixed point of "the axis of what lies near the axis".

Reference: Buhmann et al. 2021, Getting High, arXiv:2005.05334, for the principal axis.

Notation: N showers, H hits, W_n the sum of the weights of shower n.
"""

from __future__ import annotations

import torch
from scipy.sparse import csr_array
from torch import Tensor

from heitler.showers import SparseShowers

__all__ = ["centre_of_gravity", "core_axis", "principal_axis"]

_ROUNDS = 6
"""After which the axis moves by less than 0.01 degrees."""


def centre_of_gravity(showers: SparseShowers) -> Tensor:
    """Energy-weighted mean of the hits in mm, 0 without hits: (N, 3)."""
    return _moments(showers, showers.hits.energies.double())[0]


def principal_axis(showers: SparseShowers) -> Tensor:
    """Unit vector along the energy of each shower: (N, 3).

    A shower of fewer than two hits points straight into the depth.
    """
    return _axis(showers, _moments(showers, showers.hits.energies.double())[1])


def core_axis(showers: SparseShowers, radius: float) -> Tensor:
    """Unit vector along the core of each shower: (N, 3).

    Arguments:
        showers: Of one cluster each.
        radius: R in mm; half a Moliere radius is good.

    Raises:
        ValueError: The radius is not positive.
    """
    if not radius > 0:
        msg = f"the radius of a shower's core must be positive, got {radius} mm"
        raise ValueError(msg)
    hits, centres = showers.hits, showers.geometry.cell_centres
    energy, place, shower = hits.energies.double(), centres[hits.cells], hits.showers
    middle, covariance = _moments(showers, energy)
    axis = _axis(showers, covariance)
    for _ in range(_ROUNDS):
        offset = place - middle[shower]
        along = (offset * axis[shower]).sum(dim=-1)
        square = (offset * offset).sum(dim=-1) - along * along
        weight = energy * torch.exp(-0.5 * square / radius**2)
        middle, covariance = _moments(showers, weight)
        axis = _axis(showers, covariance)
    return axis


def _moments(showers: SparseShowers, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted mean and covariance of the hits: (N, 3) and (N, 3, 3)."""
    hits, centres = showers.hits, showers.geometry.cell_centres
    # About the middle of the detector: less rounding is left in <x x> - <x><x>.
    middle = centres.mean(dim=0)
    place = centres - middle
    outer = (place[:, :, None] * place[:, None, :]).reshape(-1, 9)
    powers = torch.cat([torch.ones_like(place[:, :1]), place, outer], dim=1)
    rows = csr_array(
        (weight.numpy(), hits.cells.numpy(), hits.offsets.numpy()), shape=(len(hits), len(place))
    )
    sums = torch.from_numpy(rows @ powers.numpy())
    total = sums[:, :1]
    some = total > 0
    means = sums[:, 1:] / total.where(some, 1.0)
    mean, square = means[:, :3], means[:, 3:].reshape(-1, 3, 3)
    covariance = square - mean[:, :, None] * mean[:, None, :]
    return (mean + middle).where(some, 0.0), covariance


def _axis(showers: SparseShowers, covariance: Tensor) -> Tensor:
    """Eigenvectors of the largest eigenvalues, into the depth."""
    axis: Tensor = torch.linalg.eigh(covariance)[1][:, :, 2]
    axis = torch.where(axis[:, 2:] < 0, -axis, axis)
    upright = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    return torch.where((showers.hits.counts < 2)[:, None], upright, axis)
