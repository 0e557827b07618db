"""Maximum mean discrepancy: the distance of two samples as a kernel sees it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["SCALES", "squared_mmd"]

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Factors of the kernel's width: wide ones act far out, narrow ones where samples overlap."""


def squared_mmd(x: Tensor, y: Tensor, *, scales: Sequence[float] = SCALES) -> Tensor:
    r"""MMD^2 of two samples of pairs, without bias: it may be negative.

        MMD^2 = 1/(n (n-1)) sum_{i != j} [k(x_i,x_j) + k(y_i,y_j) - k(x_i,y_j) - k(x_j,y_i)]

    with inverse multiquadratic kernels k(a,b) = C / (C + |a - b|^2), the mean over several
    C = 2 D s. Row i of x and row i of y may depend on each other (they share a condition): unlike
    the form with all pairs in the cross term, this one leaves i = j out there too.

    References: Gretton et al. 2012, J. Mach. Learn. Res. 13, 723, eq. (4); the kernel is that of
    Tolstikhin et al. 2017, arXiv:1711.01558, section 4 (C for a standard normal prior).

    Arguments:
        x: Sample with shape (n, D), n at least 2.
        y: Sample with shape (n, D).
        scales: Factors s of C.
    """
    n, size = x.shape
    xx, yy, xy = (_squared_distances(a, b) for a, b in ((x, x), (y, y), (x, y)))
    off_diagonal = 1.0 - torch.eye(n, dtype=x.dtype, device=x.device)
    total = torch.zeros_like(xx)
    for scale in scales:
        c = 2.0 * size * scale
        total = total + c / (c + xx) + c / (c + yy) - 2.0 * c / (c + xy)
    return (total * off_diagonal).sum() / (n * (n - 1) * len(scales))


def _squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """|x_i - y_j|^2 with shape (n, m)."""
    return (x[:, None, :] - y[None, :, :]).square().sum(dim=2)
