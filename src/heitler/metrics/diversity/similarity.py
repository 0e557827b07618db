"""Structural similarity of showers in pairs: how alike are two showers of one energy?

Notation: m, s^2 and s_xy are means, variances and covariance of two showers x and y in a window of
w^d cells, with equal weights, c1 = (0.01 L)^2 and c2 = (0.03 L)^2. Then

    SSIM = < (2 m_x m_y + c1)(2 s_xy + c2) / ((m_x^2 + m_y^2 + c1)(s_x^2 + s_y^2 + c2)) >

is the mean over all windows inside the grid: 1 for equal showers. In two dimensions the window
lies in one plane and planes count alike; in three it spans w layers too.

Where most cells are empty and L is the largest deposit, c1 and c2 exceed all else and all showers
are similar: give deposits on a scale on which hits differ, such as ln(1 + E / MIP), and L on it.

Reference: Wang et al., IEEE Trans. Image Process. 13 (2004) 600, eq. (13).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from heitler.metrics.base import Estimate, Values, as_values, metric

__all__ = [
    "Similarity",
    "similarity_across",
    "similarity_of_samples",
    "similarity_within",
    "structural_similarity",
]

_BATCH = 64
_Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
_Dimensions = Literal[2, 3]


@dataclass(frozen=True, slots=True)
class Similarity:
    """Mean SSIM of pairs within the reference, across both samples, and within the candidate.

    The first is what the others should be. Copies and collapsed modes raise the last; showers
    unlike the reference's lower the second.
    """

    within_reference: Estimate
    across: Estimate
    within_candidate: Estimate


def similarity_of_samples(
    reference: Values,
    candidate: Values,
    *,
    bins: tuple[NDArray[np.int64], NDArray[np.int64]],
    seed: int,
    dynamic_range: float | None = None,
    dimensions: _Dimensions = 3,
    window: int = 7,
) -> Similarity:
    """Mean structural similarity of random pairs of showers of the same bin.

    No shower is in two pairs of a mean, so pairs are independent and the error is their standard
    error. Showers without a partner are left out.

    Arguments:
        reference: Showers with shape (N, layers, rows, columns).
        candidate: Showers with shape (M, layers, rows, columns).
        bins: The bin of incident energy and angle of each shower, with shapes (N,) and (M,).
        seed: Seed of the pairs.
        dynamic_range: L, by default the largest value of the reference.
        dimensions: Of the window.
        window: Its cells in each dimension.

    Raises:
        ValueError: Shapes do not fit, or a mean has fewer than two pairs.
    """
    first, second = as_values(reference, ndim=4), as_values(candidate, ndim=4)
    if first.shape[1:] != second.shape[1:] or tuple(map(len, bins)) != (len(first), len(second)):
        msg = (
            "both samples need the same grid and a bin per shower, got "
            f"{first.shape} and {second.shape} with {len(bins[0])} and {len(bins[1])} bins"
        )
        raise ValueError(msg)
    x, y = torch.from_numpy(first), torch.from_numpy(second)
    span = float(first.max()) if dynamic_range is None else dynamic_range
    rng = np.random.default_rng(seed)

    def mean(left: Tensor, right: Tensor, pairs: _Pairs) -> Estimate:
        if len(pairs[0]) < 2:
            msg = "a mean similarity needs two pairs of showers in the same bins: take wider bins"
            raise ValueError(msg)
        values = torch.cat(
            [
                structural_similarity(
                    left[i], right[j], span, dimensions=dimensions, window=window
                )
                for i, j in _batches(pairs)
            ]
        )
        return Estimate(float(values.mean()), float(values.std() / len(values) ** 0.5))

    return Similarity(
        mean(x, x, _pairs_within(bins[0], rng)),
        mean(x, y, _pairs_across(*bins, rng)),
        mean(y, y, _pairs_within(bins[1], rng)),
    )


@metric("SSIM within the candidate", kind="voxels", ideal=1.0, two_sided=True)
def similarity_within(
    reference: Values,
    candidate: Values,
    *,
    bins: _Pairs,
    seed: int,
    dimensions: _Dimensions = 3,
    window: int = 7,
) -> Estimate:
    """Mean structural similarity of two showers of the candidate: copies and lost modes raise it.

    Arguments:
        reference: Showers with shape (N, layers, rows, columns), whose largest value is L.
        candidate: Showers with shape (M, layers, rows, columns).
        bins: The bin of each shower, with shapes (N,) and (M,); see `similarity_of_samples`.
        seed: Seed of the pairs.
        dimensions: Of the window.
        window: Its cells in each dimension.

    Raises:
        ValueError: Shapes do not fit, or a mean has fewer than two pairs.
    """
    return similarity_of_samples(
        reference, candidate, bins=bins, seed=seed, dimensions=dimensions, window=window
    ).within_candidate


@metric("SSIM across", kind="voxels", ideal=1.0, two_sided=True)
def similarity_across(
    reference: Values,
    candidate: Values,
    *,
    bins: _Pairs,
    seed: int,
    dimensions: _Dimensions = 3,
    window: int = 7,
) -> Estimate:
    """Mean structural similarity of a shower of each sample: lower where they are unlike.

    Arguments:
        reference: Showers with shape (N, layers, rows, columns), whose largest value is L.
        candidate: Showers with shape (M, layers, rows, columns).
        bins: The bin of each shower, with shapes (N,) and (M,); see `similarity_of_samples`.
        seed: Seed of the pairs.
        dimensions: Of the window.
        window: Its cells in each dimension.

    Raises:
        ValueError: Shapes do not fit, or a mean has fewer than two pairs.
    """
    return similarity_of_samples(
        reference, candidate, bins=bins, seed=seed, dimensions=dimensions, window=window
    ).across


def structural_similarity(
    first: Tensor,
    second: Tensor,
    dynamic_range: float,
    *,
    dimensions: _Dimensions = 3,
    window: int = 7,
) -> Tensor:
    """SSIM of each pair of showers, with shape (pairs,).

    Arguments:
        first: One of each pair, with shape (pairs, layers, rows, columns).
        second: The other.
        dynamic_range: L.
        dimensions: Of the window: 2 in each plane, or 3.
        window: Its cells in each dimension.

    Raises:
        ValueError: The window is larger than the grid.
    """
    grid = first.shape[-dimensions:]
    if min(grid) < window:
        msg = f"a window of {window} cells does not fit into {tuple(grid)}: take a smaller one"
        raise ValueError(msg)
    pool = functional.avg_pool2d if dimensions == 2 else functional.avg_pool3d

    def local(x: Tensor) -> Tensor:
        return pool(x, window, stride=1)

    c1, c2 = (0.01 * dynamic_range) ** 2, (0.03 * dynamic_range) ** 2
    m1, m2 = local(first), local(second)
    variances = local(first**2 + second**2) - m1**2 - m2**2
    covariance = local(first * second) - m1 * m2
    alike = (2 * m1 * m2 + c1) * (2 * covariance + c2)
    scale = (m1**2 + m2**2 + c1) * (variances.clamp(min=0) + c2)
    return (alike / scale).flatten(start_dim=1).mean(dim=1)


def _pairs_within(bins: NDArray[np.int64], rng: np.random.Generator) -> _Pairs:
    """Disjoint pairs of showers of one sample."""
    left, right = [], []
    for bin_ in np.unique(bins):
        rows = rng.permutation(np.flatnonzero(bins == bin_))
        half = len(rows) // 2
        left.append(rows[:half])
        right.append(rows[half : 2 * half])
    return np.concatenate(left), np.concatenate(right)


def _pairs_across(
    bins1: NDArray[np.int64], bins2: NDArray[np.int64], rng: np.random.Generator
) -> _Pairs:
    """Disjoint pairs of a shower of each sample."""
    left, right = [], []
    for bin_ in np.unique(bins1):
        rows1 = rng.permutation(np.flatnonzero(bins1 == bin_))
        rows2 = rng.permutation(np.flatnonzero(bins2 == bin_))
        count = min(len(rows1), len(rows2))
        left.append(rows1[:count])
        right.append(rows2[:count])
    return np.concatenate(left), np.concatenate(right)


def _batches(pairs: _Pairs) -> list[_Pairs]:
    starts = range(0, len(pairs[0]), _BATCH)
    return [(pairs[0][s : s + _BATCH], pairs[1][s : s + _BATCH]) for s in starts]
