"""Step 6 of `compound` in plain torch, and the equations that it solves."""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.kernels.calibration import LIMIT, NEWTON, TILT

__all__ = ["factors", "solve", "tilts"]


def factors(above: Tensor, fixed: Tensor, goal: Tensor) -> Tensor:
    """Factor of each layer, (N, L); a shower that has its moments takes no further step."""
    visible, mean, width = goal[:, :1], goal[:, 1:2], goal[:, 2:3]
    u = (torch.arange(above.shape[1]) - mean) / width
    powers = torch.stack([u**k for k in range(5)], 1)
    factor, x = torch.ones(above.shape, dtype=torch.float64), torch.zeros(len(above), 3).double()
    wanted = torch.cat([visible, 0.0 * visible, visible], 1)
    for _ in range(NEWTON):
        part = above * factor
        miss = wanted - ((part + fixed)[:, None] * powers[:, :3]).sum(-1)
        going = miss.abs().amax(1) >= 1e-7 * visible[:, 0]
        s = (part[:, None] * powers).sum(-1)
        ridge = torch.diag_embed((1e-6 * s[:, :1] + 1e-12).expand(-1, 3))
        step = solve(s[:, [[0, 1, 2], [1, 2, 3], [2, 3, 4]]] + ridge, miss).clamp(-0.5, 0.5)
        x = torch.where(going[:, None], x + step, x)
        bent = (x[:, :1] + u * (x[:, 1:2] + u * x[:, 2:])).clamp(-LIMIT, LIMIT).exp()
        factor = torch.where(going[:, None], bent, factor)
    total = (above * factor).sum(1, keepdim=True)
    rest = visible - fixed.sum(1, keepdim=True)
    possible = (total > 0.0) & (rest > 0.0)
    return torch.where(possible, factor * (rest / total.where(possible, 1.0)), factor)


def tilts(
    at: tuple[Tensor, Tensor],
    square: Tensor,
    excess: Tensor,
    energies: Tensor,
    factor: Tensor,
    goal: Tensor,
    law: dict[str, Tensor],
) -> Tensor:
    """Factors of hits, (H,), that make the lateral spread what is prescribed.

    Arguments:
        at: Shower and layer of each hit.
        square: Squared distance from the axis in cells, (H,).
        excess: Energy above the threshold in MeV, (H,).
        energies: MeV, (H,).
        factor: Of each layer, (N, L).
        goal: What is prescribed, (N, 4).
        law: What is fitted.
    """

    def by_layer(values: Tensor) -> Tensor:
        zeros = torch.zeros(factor.shape, dtype=torch.float64)
        return zeros.index_put_(at, values.double(), accumulate=True)

    q = square / (square + law["settings"][8])
    far, fixed = excess * square, energies - excess
    above, bent = by_layer(excess), by_layer(excess * q)
    middle = torch.where(above > 0.0, bent / above.where(above > 0.0, 1.0), 0.0)
    have = (by_layer(fixed * square) + factor * by_layer(far)).sum(1)
    gain = (factor * (by_layer(far * q) - middle * by_layer(far))).sum(1)
    slope = (goal[:, 0] * goal[:, 3] - have) / gain.where(gain > 0.0, 1.0)
    slope = torch.where(gain > 0.0, slope.clamp(-TILT, TILT), 0.0)
    return 1.0 + slope[at[0]] * (q.double() - middle[at])


def solve(matrix: Tensor, right: Tensor) -> Tensor:
    """Solutions of three equations by Cramer's rule, (N, 3)."""
    columns = matrix.unbind(2)
    det = _determinant(*columns)
    parts = [
        _determinant(*(right if i == k else column for i, column in enumerate(columns)))
        for k in range(3)
    ]
    return torch.where(det == 0.0, 0.0, torch.stack(parts) / torch.where(det == 0.0, 1.0, det)).T


def _determinant(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    across: Tensor = torch.linalg.cross(b, c)
    return (a * across).sum(1)
