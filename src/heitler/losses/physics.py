"""Losses that compare physical quantities of showers.

Notation: N showers, x_i the energy of cell i at the place r_i = (x, y, z), e_k the edges of bins
of energy.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["line_angle", "percentage_error", "soft_counts"]


def percentage_error(value: Tensor, target: Tensor, *, least: float = 1e-6) -> Tensor:
    """Mean absolute error in percent of the target: 100 <|v - t| / max(|t|, l)>.

    Arguments:
        value: v.
        target: t with the same shape.
        least: l, so that a target of zero has an error.
    """
    error: Tensor = 100.0 * ((value - target).abs() / target.abs().clamp(min=least)).mean()
    return error


def line_angle(cells: Tensor, centres: Tensor) -> Tensor:
    r"""Angle to the side of +y of the straight line y(z) nearest to the energy of each shower.

        theta = pi/2 - arctan(sum_i x_i (y_i - y) (z_i - z) / sum_i x_i (z_i - z)^2)

    with y and z the centre of gravity: the weighted least-squares line. A shower of nothing, or
    in one layer, is perpendicular.

    Khattak et al. 2022 (doi:10.1140/epjc/s10052-022-10258-4) and their code average instead the
    angles of the layers' centres of gravity, seen from that of the shower, with the number of the
    layer as weight. They divide by the energy of each layer, and late layers, which have little,
    count most; here each cell counts by its energy.

    Arguments:
        cells: x_i with shape (N, cells), not negative.
        centres: r_i in mm with shape (cells, 3).

    Returns:
        Angles in rad, in (0, pi), with shape (N,).
    """
    about = (centres - centres.mean(dim=0))[:, 1:].to(cells.dtype)
    y, z = about.unbind(dim=1)
    sums = cells @ torch.stack([torch.ones_like(y), y, z, y * z, z * z], dim=1)
    total = sums[:, 0].clamp(min=1e-12)
    mean_y, mean_z, yz, zz = (sums[:, 1:] / total[:, None]).unbind(dim=1)
    # 1e-3 mm^2: far below the spread in depth of any shower of more than one layer.
    return torch.atan2((zz - mean_z**2).clamp(min=1e-3), yz - mean_y * mean_z)


def soft_counts(cells: Tensor, edges: Sequence[float], *, softness: float = 0.1) -> Tensor:
    r"""Number of cells in each bin of energy, differentiable.

        n_k = A_k - A_{k+1},   A_k = sum_i 1 / (1 + (e_k / x_i)^(1/s)),

    with A_0 the number of all cells and nothing above the last bin. With s towards 0 these are
    the counts of a histogram, whose gradient is zero.

    Arguments:
        cells: x_i with shape (N, cells), not negative.
        edges: e_1 < e_2 < ..., positive.
        softness: s.

    Returns:
        Counts below the first edge, between edges, and above the last: (N, edges + 1).
    """
    level = cells.clamp(min=1e-12).log()[..., None]
    at = torch.tensor(edges, dtype=cells.dtype, device=cells.device).log()
    above = torch.sigmoid((level - at) / softness).sum(dim=1)
    every = above.new_full((len(cells), 1), cells.shape[1])
    none = torch.zeros_like(every)
    return torch.cat([every, above], dim=1) - torch.cat([above, none], dim=1)
