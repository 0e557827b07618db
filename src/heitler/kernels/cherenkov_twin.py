"""The likelihoods of `cherenkov` in plain torch: the same numbers and formulae, all at once.

Given the keys of tracks both see the same photons, with sums equal up to rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heitler.kernels.cherenkov import LEAST
from heitler.kernels.numbers_twin import normal, number, power, root, sinpi, uniform
from heitler.kernels.rings import COLOUR, KINDS, PLACE, SMEAR, TURN, Gas, Rings

__all__ = ["Photons", "likelihoods", "photons"]


class Photons(NamedTuple):
    """Detected photons of one radiator, the background of all tracks behind their own photons.

    Arguments:
        track: Row of the track about which they lie, (P).
        angle: Angle to the track in rad, (P), float32.
        own: How many of them the tracks have emitted; the others are background.
    """

    track: Tensor
    angle: Tensor
    own: int


def photons(gas: Gas, rings: Rings, radiator: int) -> Photons:
    """Draws all photons of a radiator."""
    key = torch.from_numpy(rings.key.astype(np.int64))
    first, i = _each(rings.own[:, radiator])
    second, j = _each(rings.others[:, radiator])
    purpose = KINDS * radiator

    def bits(track: Tensor, kind: int, index: Tensor) -> Tensor:
        return number(key[track, 0], key[track, 1], purpose + kind, index)

    def of(values: NDArray[np.float32], track: Tensor) -> Tensor:
        return torch.from_numpy(values[:, radiator])[track]

    lowest, width, resonance, strength, excess, sigma = (torch.tensor(a[radiator]) for a in gas)
    energy = lowest + width * uniform(bits(first, COLOUR, i))
    above = 2.0 * (strength / (resonance - energy * energy) - excess)
    s = (of(rings.sine, first) + above).clamp(min=0.0)
    angle = root(s) * (1.0 + s * torch.tensor(1 / 6, dtype=torch.float32))
    shift = of(rings.offset, first) * sinpi(0.5 - uniform(bits(first, TURN, i)))
    own = (angle + shift + sigma * normal(bits(first, SMEAR, i))).abs()
    area = of(rings.area, second) * uniform(bits(second, PLACE, j))
    others = root(of(rings.inner, second) + area)
    return Photons(torch.cat([first, second]), torch.cat([own, others]), len(first))


def likelihoods(gas: Gas, rings: Rings) -> NDArray[np.float64]:
    """Sums over photons of ln(1 + signal / background), for each track and hypothesis: (N, H)."""
    sums = torch.zeros(rings.key.shape[0], rings.angle.shape[2], dtype=torch.float64)
    for r in range(rings.own.shape[1]):
        drawn = photons(gas, rings, r)
        shape = (torch.from_numpy(a[:, r]) for a in (rings.angle, rings.steep, rings.weight))
        middle, steep, weight = (a[drawn.track] for a in shape)
        z = (drawn.angle[:, None] - middle) * steep
        ratio = weight / drawn.angle[:, None].clamp(min=float(LEAST)) * power(-0.5 * z * z)
        sums.index_add_(0, drawn.track, torch.log1p(ratio).double())
    return sums.numpy()


def _each(counts: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Row of each photon, and its number in the row."""
    number_of = torch.from_numpy(counts)
    row = torch.repeat_interleave(number_of)
    start = number_of.cumsum(0) - number_of
    return row, torch.arange(len(row)) - start[row]
