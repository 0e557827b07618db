"""Numbers and elementary functions of `numbers` in plain torch, equal to the last bit."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

__all__ = ["exponential", "growth", "number", "power", "root", "uniform"]

_WORD = 2**32 - 1


def number(k0: Tensor, k1: Tensor, purpose: int | Tensor, i: Tensor) -> Tensor:
    """32 random bits as int64."""
    place = (i + (purpose << 22) + k0) & _WORD
    return _mix(_mix(place) ^ k1)


def _mix(x: Tensor) -> Tensor:
    x = x ^ (x >> 16)
    x = _times(x, 0x7FEB352D)
    x = x ^ (x >> 15)
    x = _times(x, 0x846CA68B)
    return x ^ (x >> 16)


def _times(x: Tensor, factor: int) -> Tensor:
    """The product modulo 2^32, in halves so that int64 holds it."""
    return ((x & 0xFFFF) * factor + ((((x >> 16) * factor) & 0xFFFF) << 16)) & _WORD


def uniform(bits: Tensor) -> Tensor:
    """Numbers between 0 and 1 of 32 bits."""
    return bits.float() * 2.0**-32


def exponential(bits: Tensor, table: Tensor) -> Tensor:
    """Exponential variates of 32 bits."""
    value = torch.zeros(bits.shape)
    for _ in range(4):
        more = ((bits >> 26) == 63) & (value < 16.0)
        value = torch.where(more, value + float(np.float32(np.log(64.0))), value)
        bits = torch.where(more, (bits << 6) & _WORD, bits)
    k = bits >> 21
    part = (bits & (2**21 - 1)).float() * 2.0**-21
    return value + table[k] + part * (table[k + 1] - table[k])


def _series(x: Tensor, squarings: int) -> Tensor:
    y = x * 0.5**squarings
    y = 1.0 + y * (1.0 + y * (0.5 + y * (1 / 6)))
    for _ in range(squarings):
        y = y * y
    return y


def power(x: Tensor) -> Tensor:
    """e^x for |x| < 14."""
    return _series(x, 6)


def growth(x: Tensor) -> Tensor:
    """e^x for |x| < 2."""
    return _series(x, 3)


def root(x: Tensor) -> Tensor:
    """The nearest float32, which sqrt of float32 is not everywhere."""
    return x.double().sqrt().float()
