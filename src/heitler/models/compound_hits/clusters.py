r"""Hits come in clusters: a Neyman-Scott process in each layer.

A particle that crosses the silicon obliquely, or makes others nearby, hits several cells. The
covariance of hits h of two cells of a layer at the displacement d, given the summaries, is

    gamma_d = cov(h_c, h_{c+d}) / sqrt(p_c p_{c+d})

in sparse cells, the same at every depth and radius; between layers it vanishes. A process of
parents with the density lambda / (1 + K), each with a Poisson number of children at random
displacements, kappa_d of them at d, has (Neyman and Scott 1958, J. R. Stat. Soc. B 20, 1)

    gamma_d = (2 kappa_d + sum_e kappa_e kappa_{d-e}) / (1 + K),   K = sum_d kappa_d.

To keep the rates what they are, a child lives with min(1, lambda_child / lambda_parent), and
points have the share beta of the rate that makes up for the children.

kappa is the same in all layers but the first ones and the last, behind which nothing throws
particles back; a factor of each layer says how much less.

Notation: d in a window of (2 R + 1)^2 displacements.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from torch import Tensor

from heitler.models.compound_hits.sample import Seen
from heitler.models.compound_hits.stencil import Aim, Stencil

__all__ = [
    "REACH",
    "accompanied",
    "children",
    "displacements",
    "kernel",
    "mirror",
    "pair_covariance",
    "shares",
]

REACH = 6
"""R: largest displacement along rows and columns."""

_SPARSE = 0.08
"""Cells with a smaller probability of a hit are sparse."""

_CODES = 4096
_ITERATIONS = 200  # after 60, one kernel in two thousand was off by 0.25 % of its largest value
_F64 = NDArray[np.float64]


def pair_covariance(
    seen: Seen, rate: Tensor, aim: Aim, stencil: Stencil, showers: int
) -> tuple[_F64, Tensor]:
    """gamma_d of hits against rates, from the first showers.

    Arguments:
        seen: Hits of N showers.
        rate: lambda of each bin, (N, L, B).
        aim: Crossings.
        stencil: Bins and weights.
        showers: How many showers to use.

    Returns:
        gamma, (2 R + 1, 2 R + 1), and by layer the sums over next neighbours of covariances and
        of sqrt(p_c p_{c+d}), (2, L).
    """
    rows, columns = stencil.rows, stencil.columns
    size = (rows + REACH, columns + REACH)
    total, norm = (torch.zeros(size[0], size[1] // 2 + 1) for _ in range(2))
    layers = torch.zeros(2, stencil.layers)
    y = torch.arange(rows)[:, None] + stencil.reach[0] - 1
    x = torch.arange(columns)[None, :] + stencil.reach[1] - 1
    order = torch.argsort(seen.shower, stable=True)
    ends = torch.searchsorted(seen.shower[order], torch.arange(showers + 1))
    for n in range(showers):
        phase = aim.phase[n][:, None, None]
        place = stencil.place[phase, y - aim.y[n][:, None, None], x - aim.x[n][:, None, None]]
        bins = stencil.member_bin[phase, place]
        layer = torch.arange(stencil.layers)[:, None, None]
        p = -torch.expm1(-rate[n][layer, bins] * stencil.weight[phase, place])
        inside = order[ends[n] : ends[n + 1]]
        hits = torch.zeros(p.numel())
        hits[seen.cell[inside]] = 1.0
        sparse = p < _SPARSE
        excess = torch.where(sparse, hits.view(p.shape) - p, 0.0)
        root = torch.where(sparse, p, 0.0).sqrt()
        total += _power(excess, size)
        norm += _power(root, size)
        layers += torch.stack([_neighbours(excess), _neighbours(root)])
    window = torch.arange(-REACH, REACH + 1)
    chosen = (window[:, None] % size[0], window[None, :] % size[1])
    # Correlations are the transforms of power spectra, of their sum as of each.
    pairs, most = (torch.fft.irfft2(power, size)[chosen] for power in (total, norm))
    gamma = (pairs / most.clamp(min=1e-6)).double().numpy()
    gamma[REACH, REACH] = 0.0
    return gamma, layers


def accompanied(seen: Seen, chosen: Tensor, stencil: Stencil) -> NDArray[np.bool_]:
    """Which of the hits have a hit next to them along rows or columns.

    Arguments:
        seen: Hits of N showers.
        chosen: The hits that count: all of some showers, (H,).
        stencil: Rows and columns.
    """
    columns = stencil.columns
    size = stencil.rows * columns * seen.layers
    cell = seen.cell[chosen].numpy()
    place = seen.shower[chosen].numpy() * size + cell
    taken, column = np.sort(place), cell % columns
    near = np.zeros(len(place), bool)
    for step, usable in (
        (1, column < columns - 1),
        (-1, column > 0),
        (columns, True),
        (-columns, True),
    ):
        spot = np.minimum(np.searchsorted(taken, place + step), len(taken) - 1)
        near |= (taken[spot] == place + step) & usable
    return near


def mirror(values: _F64, stencil: Stencil) -> _F64:
    """The mean over the symmetries of pairs, and of the bins."""
    images = [values, values[::-1, ::-1]]
    if stencil.phases[1] == 1:
        images += [image[:, ::-1] for image in images]
    if stencil.symmetric:
        images += [image.T for image in images]
    return np.asarray(np.mean(images, axis=0))


def kernel(gamma: _F64) -> _F64:
    """kappa_d of the measured gamma_d, by fixed-point iteration."""
    gamma = np.maximum(gamma, 0.0)
    kappa = gamma / 2
    for _ in range(_ITERATIONS):
        siblings = fftconvolve(kappa, kappa, mode="full")[REACH:-REACH, REACH:-REACH]
        expected = (2 * kappa + siblings) / (1 + kappa.sum())
        kappa = kappa * (gamma / np.maximum(expected, 1e-9)) ** 0.7
        kappa[REACH, REACH] = 0.0
    return kappa


def displacements(kappa: _F64) -> tuple[Tensor, Tensor]:
    """Rows and columns of a child's displacement by 12 random bits, each (4096,)."""
    edges = np.cumsum(kappa.ravel()) / max(kappa.sum(), 1e-12)
    code = np.searchsorted(edges, (np.arange(_CODES) + 0.5) / _CODES)
    y, x = np.divmod(np.minimum(code, kappa.size - 1), kappa.shape[1])
    return torch.from_numpy(y - REACH), torch.from_numpy(x - REACH)


def children(kappa: _F64, fertility: Tensor) -> Tensor:
    """Distribution function of the number of children by layer, (L, 8); the last is 1."""
    mean = kappa.sum() * fertility.double()[:, None]
    steps = torch.cat([torch.ones_like(mean), mean / torch.arange(1, 8)], dim=1)
    function = (torch.exp(-mean) * steps.cumprod(dim=1)).cumsum(dim=1)
    function[:, -1] = 1.0
    return function


def shares(kappa: _F64, fertility: Tensor, rate: Tensor, stencil: Stencil) -> Tensor:
    """beta: share of points among the rate of each bin, (L, B).

    Arguments:
        kappa: Children per parent and displacement.
        fertility: Factor of kappa by layer, (L).
        rate: Rates of the mean shower, (L, B).
        stencil: Bins; the middle phase stands for all.
    """
    middle = stencil.member_bin.shape[0] // 2
    bins = stencil.member_bin[middle][stencil.place[middle]]
    lam = rate[:, bins].double().numpy()
    p = -np.expm1(-lam)
    share = np.full_like(p, 1 / (1 + kappa.sum()))
    strong = [(y - REACH, x - REACH) for y, x in np.argwhere(kappa > 1e-3 * kappa.max())]
    weights = [kappa[y + REACH, x + REACH] for y, x in strong]
    weights = list(np.array(weights) * kappa.sum() / max(sum(weights), 1e-12))
    factor = fertility.double().numpy()[:, None, None]
    places = [_shifted(p.shape, y, x) for y, x in strong]
    living = [
        factor * weight * np.minimum(p[there], p[here])
        for (here, there), weight in zip(places, weights, strict=True)
    ]
    for _ in range(8):
        born = np.zeros_like(p)
        for (here, there), children_of in zip(places, living, strict=True):
            born[here] += children_of * share[there]
        points = np.maximum(lam - born, 0.1 * lam)
        share = 0.5 * share + 0.5 * (-np.expm1(-points) / np.maximum(p, 1e-12))
    ratio = torch.from_numpy(points / np.maximum(lam, 1e-12))
    total = torch.zeros(rate.shape, dtype=torch.float64)
    count = torch.zeros(rate.shape[1], dtype=torch.float64)
    for place, member_bin in zip(stencil.place, stencil.member_bin, strict=True):
        flat = member_bin[place].flatten()  # other phases have bins of their own near the axis
        total.index_add_(1, flat, ratio.flatten(1))
        count += torch.bincount(flat, minlength=len(count))
    return (total / count.clamp(min=1)).float().clamp(max=1)


def _neighbours(values: Tensor) -> Tensor:
    """Sums of products of next neighbours along rows and columns, by layer."""
    down = (values[:, 1:] * values[:, :-1]).sum((1, 2))
    return down + (values[:, :, 1:] * values[:, :, :-1]).sum((1, 2))


def _power(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Power spectrum over rows and columns, summed over layers."""
    spectrum = torch.view_as_real(torch.fft.rfft2(values, size))
    return spectrum.square().sum((0, 3))


def _shifted(
    shape: tuple[int, ...], y: int, x: int
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Places c, and the places c - (y, x)."""
    rows, columns = shape[1:]
    here = (slice(max(0, y), rows + min(0, y)), slice(max(0, x), columns + min(0, x)))
    there = (slice(max(0, -y), rows + min(0, -y)), slice(max(0, -x), columns + min(0, -x)))
    return (slice(None), *here), (slice(None), *there)
