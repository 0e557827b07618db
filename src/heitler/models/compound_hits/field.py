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
Many small correlations of layers far from each other are lost by that, which together move the
centre of gravity: the wobble of the axis. So the amplitudes b share one more normal number xi,

    b_lq <- sqrt(1 - r) b_lq + sqrt(r) s_lq xi,   r = min(wobble / V, MOST),

with their standard deviations s and the visible energy V: centres of gravity scatter like
1 / sqrt(V). Variances stay as they are.

Notation: N showers of H hits together, L layers, B bins, zones 0 to 4; amplitudes of one harmonic
are numbered zone by zone.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import convolve1d
from torch import Tensor

from heitler.kernels import MOST_WOBBLE as MOST
from heitler.kernels.numbers_twin import softness
from heitler.models.compound_hits.sample import Seen
from heitler.models.compound_hits.stencil import HARMONICS, Aim, Stencil

__all__ = ["GROUPS", "Scores", "covariance", "factor", "ranks", "update"]

GROUPS = ((0, 1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3))
"""Zones that have amplitudes of the harmonic 0, 1 and 2."""

_ZONES = 5
_WAVES: tuple[tuple[int | None, ...], ...] = ((None,), (0, 1), (2, 3))
"""Harmonics of the azimuth that the amplitudes of each group stand for; None for the constant."""

_F64 = NDArray[np.float64]
_AVERAGE = np.array([1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0])
_SHRINK = 1.0
"""Squared errors of an estimate that halve it."""

_LEAST = 1e-10
"""Variance of an amplitude below which there is next to none."""

_PROJECTIONS = 20

_FEW = 10.0
"""Information (squared, summed) that is next to none: steps are short there, so that one hit where
none was expected does not stand for a huge field."""


class Scores:
    """Sums of scores and of information over the cells of zones, for all waves psi.

    Of a cell with the rate lambda, hit with p = 1 - exp(-lambda), with the normal score z of its
    energy,

        u = hit (lambda / p + load z) - lambda,     I = lambda^2 exp(-lambda) / p + p load^2,

    where load says how much a shift of ln lambda shifts z.

    Arguments:
        rate: lambda of each bin, (N, L, B).
        spread: Standard deviation of the logarithm of energies, likewise.
        aim: Crossings of the showers.
        stencil: Bins and weights.
    """

    def __init__(self, rate: Tensor, spread: Tensor, aim: Aim, stencil: Stencil) -> None:
        self.stencil, self.size = stencil, rate.shape
        p = -torch.expm1(-rate)
        self.load = (1.0 - softness(rate)) / spread
        self.pull = rate / p
        information = rate**2 * torch.exp(-rate) / p + p * self.load**2
        index, sums = stencil.exposures(aim)
        zone = torch.nn.functional.one_hot(stencil.zone, _ZONES).float()

        def over_cells(values: Tensor, column: int) -> Tensor:
            return ((values * sums[..., column][index]) @ zone).double()

        every = [wave for waves in _WAVES for wave in waves]
        columns = [0 if wave is None else 1 + wave for wave in every]
        squares = [0 if wave is None else 1 + HARMONICS + wave for wave in every]
        self.expected = {w: over_cells(rate, k) for w, k in zip(every, columns, strict=True)}
        self.information = {
            w: over_cells(information, k) for w, k in zip(every, squares, strict=True)
        }

    def covariances(self, seen: Seen, place: Tensor, z: Tensor) -> list[tuple[_F64, _F64]]:
        """<U_i U_j> and <I_i I_j> of each harmonic.

        Arguments:
            seen: Hits.
            place: Shower, layer and bin of each hit as one index, (H,).
            z: Normal score of the energy of each hit, (H,).
        """
        count, layers, _ = self.size
        zone = self.stencil.zone[seen.bin]
        spot = (seen.shower * layers + seen.layer) * _ZONES + zone
        score = self.pull.view(-1)[place] + self.load.view(-1)[place] * z
        trig = self.stencil.member_trig[seen.phase, seen.member]

        def over_hits(values: Tensor) -> Tensor:
            size = count * layers * _ZONES
            return torch.bincount(spot, values.double(), minlength=size).view(count, layers, -1)

        found = []
        for zones, waves in zip(GROUPS, _WAVES, strict=True):
            u, i = [], []
            for wave in waves:
                psi = 1.0 if wave is None else trig[:, wave]
                u.append(over_hits(score * psi) - self.expected[wave])
                i.append(self.information[wave].clone())
                if 0 in zones:  # the axis' own cell: the normal score of its energy
                    own = (zone == 0).double()
                    u[-1][..., 0], i[-1][..., 0] = (
                        over_hits(own * z)[..., 0],
                        over_hits(own)[..., 0],
                    )
            chosen = list(zones)
            found.append(covariance(torch.cat(u)[..., chosen], torch.cat(i)[..., chosen]))
        return found


def ranks(layers: int) -> tuple[int, int, int]:
    """Normal numbers that make the amplitudes of each harmonic (cosine or sine).

    Those of the first do not count the wobble's.
    """
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


def beside_wobble(a: Tensor) -> Tensor:
    """A of the first harmonic and, in one more column, its standard deviations.

    Arguments:
        a: A, (K, rank).
    """
    return torch.cat([a, a.square().sum(dim=1, keepdim=True).sqrt()], dim=1)


def wobbling(normal: Tensor, visible: Tensor, wobble: Tensor) -> Tensor:
    """Normal numbers of the first harmonic, of which the last is that of the wobble.

    Arguments:
        normal: (N, rank + 1).
        visible: V in MeV, (N,).
        wobble: In MeV.
    """
    r = (wobble / visible).clamp(max=MOST).to(normal.dtype)[:, None]
    return torch.cat([normal[:, :-1] * (1.0 - r).sqrt(), normal[:, -1:] * r.sqrt()], dim=1)


def factor(wanted: _F64, rank: int, unit: int = 0) -> tuple[Tensor, Tensor]:
    """A with A A^T near the wanted covariance: of its variances and a correlation of low rank.

    Wanted covariances are noisy and seldom positive. Their nearest positive matrix would have
    larger variances; here variances are kept, and correlations give way (Higham 2002, IMA J.
    Numer. Anal. 22, 329: alternating projections).

    Arguments:
        wanted: Covariance, (K, K), symmetric but perhaps not positive.
        rank: Columns of A.
        unit: How many of the first amplitudes have the variance 1.

    Returns:
        A (K, rank), and the variances of the amplitudes (K).
    """
    variance = np.diagonal(wanted).copy()
    variance[:unit] = 1.0
    some = variance > _LEAST
    scale = np.sqrt(np.where(some, variance, 0.0))
    inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=some)
    matrix = wanted * np.outer(inverse, inverse)
    for _ in range(_PROJECTIONS):
        np.fill_diagonal(matrix, some)
        values, vectors = np.linalg.eigh(matrix)
        leading = np.argsort(values)[::-1][:rank]
        a = vectors[:, leading] * np.sqrt(np.maximum(values[leading], 0.0))
        a = a / np.sqrt(np.maximum((a**2).sum(axis=1, keepdims=True), 1e-6))
        matrix = a @ a.T
    a = a * scale[:, None]
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
