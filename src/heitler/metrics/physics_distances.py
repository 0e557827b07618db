"""Frechet and kernel physics distances, as JetNet defines them.

Features are divided by their largest magnitude in the reference (`heitler.metrics.scaling`).
Batches are drawn with replacement, in the order of JetNet 0.2.5, so that equal seeds give its
numbers. JetNet asks for 50 000 showers; the sizes here shrink with smaller samples, whose values
compare with a floor of the same size only. Papers quote both distances times 1000.

Reference: Kansal et al. 2023, arXiv:2211.10295, section IV; code: JetNet (Kansal et al.,
J. Open Source Softw. 8 (2023) 5789).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.metrics.base import Estimate, Values, metric
from heitler.metrics.scaling import over_maximum

__all__ = [
    "extrapolated",
    "frechet_distance",
    "frechet_physics_distance",
    "kernel_physics_distance",
    "polynomial_discrepancy",
]

_Array = NDArray[np.float64]

_SMALLEST, _LARGEST = 20_000, 50_000
_POINTS, _DRAWS = 10, 20
_BATCHES, _BATCH = 10, 5_000
_DEGREE = 4


@metric("Frechet physics distance", kind="features")
def frechet_physics_distance(
    reference: Values,
    candidate: Values,
    *,
    seed: int,
    smallest: int | None = None,
    largest: int | None = None,
) -> Estimate:
    """FPD: the Frechet distance, extrapolated to infinitely large batches.

    At 10 sizes of batch, equally spaced in their inverse, the mean distance of 20 pairs of
    batches is taken. A line in 1/size whose two parameters are 0 or more is fitted to them; the
    value is its intercept. JetNet's error is that of the fit (`extrapolated`), which does not know
    that all batches are of one finite sample. To it is added here, in quadrature, the spread of
    the largest batches, scaled to the size of the sample: their bootstrap error.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        seed: Seed of the draws.
        smallest: Smallest batch, 20 000 by default (the CaloChallenge has 10 000), or 2/5 of
            the largest where that is less than 50 000.
        largest: Largest batch, by default 50 000 or as many as the smaller sample has.

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    first, second = over_maximum(reference, candidate)
    most = largest or min(len(first), len(second), _LARGEST)
    least = smallest or max(most * _SMALLEST // _LARGEST, 2)
    sizes = (1 / np.linspace(1 / least, 1 / most, _POINTS)).astype(int)
    rng = np.random.default_rng(seed)
    draws = np.empty((_POINTS, _DRAWS))
    for point, size in enumerate(sizes):
        for draw in range(_DRAWS):
            x, y = first[rng.choice(len(first), size)], second[rng.choice(len(second), size)]
            draws[point, draw] = frechet_distance(x, y)
    limit = extrapolated(sizes, draws)
    spread = draws[-1].std(ddof=1) * (sizes[-1] / min(len(first), len(second))) ** 0.5
    return Estimate(limit.value, float(np.hypot(limit.error, spread)))


@metric("kernel physics distance", kind="features")
def kernel_physics_distance(
    reference: Values, candidate: Values, *, seed: int, batch: int | None = None
) -> Estimate:
    """KPD: median of `polynomial_discrepancy` over ten pairs of batches.

    The error is half of the interval between their 16.275 % and 83.725 % percentiles. The
    value may be negative. A shower that is drawn twice is its own neighbour, which adds about
    (E k(x, x) - E k(x, x')) (1/N + 1/M): small for large samples, the same in the floor.

    Arguments:
        reference: Feature vectors with shape (N, k).
        candidate: Feature vectors with shape (M, k).
        seed: Seed of the draws.
        batch: Showers per batch, by default 5000 (the CaloChallenge has 10 000) or as many as the
            smaller sample has.

    Raises:
        ValueError: The features differ, or a sample is too small or not finite.
    """
    first, second = over_maximum(reference, candidate)
    size = batch or min(len(first), len(second), _BATCH)
    values = []
    for number in range(_BATCHES):
        rng = np.random.default_rng(seed + 1000 * number)
        x, y = first[rng.choice(len(first), size)], second[rng.choice(len(second), size)]
        values.append(polynomial_discrepancy(x, y))
    low, value, high = np.percentile(values, [16.275, 50.0, 83.725])
    return Estimate(float(value), float(high - low) / 2)


def frechet_distance(first: _Array, second: _Array) -> float:
    """Squared Wasserstein-2 distance of the normal distributions with the samples' moments.

        d = |mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))

    Reference: Dowson and Landau, J. Multivar. Anal. 12 (1982) 450, eq. (4).

    Arguments:
        first: Feature vectors with shape (N, k).
        second: Feature vectors with shape (M, k).
    """
    shift = first.mean(axis=0) - second.mean(axis=0)
    s1, s2 = (np.atleast_2d(np.cov(sample, rowvar=False)) for sample in (first, second))
    # S1 S2 has the eigenvalues of R S2 R with R^2 = S1, which is symmetric.
    powers, axes = np.linalg.eigh(s1)
    root = axes * np.sqrt(np.maximum(powers, 0.0)) @ axes.T
    common = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ s2 @ root), 0.0)).sum()
    return float(shift @ shift + np.trace(s1) + np.trace(s2) - 2 * common)


def polynomial_discrepancy(first: _Array, second: _Array) -> float:
    """MMD^2 with the kernel (x.y / k + 1)^4, without bias for showers that are all different.

    Arguments:
        first: Feature vectors with shape (N, k).
        second: Feature vectors with shape (M, k).
    """
    within = 0.0
    for sample in (first, second):
        n, kernel = len(sample), _kernel(sample, sample)
        within += float(kernel.sum() - kernel.trace()) / (n * (n - 1))
    return within - 2 * float(_kernel(first, second).mean())


def _kernel(first: _Array, second: _Array) -> _Array:
    kernel: _Array = (first @ second.T / first.shape[1] + 1) ** _DEGREE
    return kernel


def extrapolated(sizes: NDArray[np.int64], draws: _Array) -> Estimate:
    """Intercept of a line in 1/size through mean distances, with the error of the fit.

    Arguments:
        sizes: Showers per batch, with shape (points,).
        draws: Distances of batches of each size, with shape (points, draws).
    """
    # Loading scipy's optimisers takes a while.
    from scipy.optimize import curve_fit  # noqa: PLC0415

    bounds = ([0, 0], [np.inf, np.inf])
    fit, covariance = curve_fit(_line, 1 / sizes, draws.mean(axis=1), bounds=bounds)
    return Estimate(float(fit[0]), float(covariance[0, 0] ** 0.5))


def _line(x: _Array, intercept: float, slope: float) -> _Array:
    return intercept + slope * x
