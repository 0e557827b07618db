"""Numbers and elementary functions of `numbers` in plain torch, equal to the last bit."""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.kernels.numbers import LOGARITHM, NORMAL, POWER, SINE, SOFTNESS, SURVIVAL

__all__ = ["normal", "number", "power", "root", "sinpi", "softness", "to_exponential", "uniform"]

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
    return (bits >> 8).float() * 2.0**-24


def _fma(x: Tensor, y: Tensor | float, z: Tensor | float) -> Tensor:
    """X y + z without rounding in between: float64 holds such products."""
    first, second, third = (torch.as_tensor(a).float().double() for a in (x, y, z))
    return (first * second + third).float()


def _horner(x: Tensor, coefficients: tuple[float, ...]) -> Tensor:
    y = torch.full_like(x, coefficients[0])
    for a in coefficients[1:]:
        y = _fma(x, y, a)
    return y


def power(x: Tensor) -> Tensor:
    """e^x."""
    x = x.clamp(-87.0, 88.0)
    n = torch.floor(_fma(x, 1.4426950, 0.5))
    r = _fma(n, 2.1219444e-4, _fma(n, -0.693359375, x))
    return _horner(r, POWER) * ((n.int() + 127) << 23).view(torch.float32)


def softness(x: Tensor) -> Tensor:
    """X / (e^x - 1)."""
    return 1.0 / _horner(x, SOFTNESS)


def _logarithm(x: Tensor) -> Tensor:
    k = x.contiguous().view(torch.int32)
    e = (k - 0x3F3504F3) >> 23
    y = (k - (e << 23)).view(torch.float32) - 1.0
    return _fma(e.float(), 0.69314718, y * _horner(y, LOGARITHM))


def sinpi(v: Tensor) -> Tensor:
    """sin(pi v) for |v| up to 1/2."""
    y = torch.full_like(v, SINE[0])
    for a in SINE[1:]:
        y = a + v * v * y
    return v * y


def normal(bits: Tensor) -> Tensor:
    """Standard normal variates of 32 bits."""
    x = ((bits >> 9).float() + 0.5) * 2.0**-22 - 1.0
    w = -_logarithm((1.0 - x) * (1.0 + x))
    middle, tail = _horner(w - 2.5, NORMAL[0]), _horner(root(w) - 3.0, NORMAL[1])
    z: Tensor = torch.where(w > 5.0, tail, middle) * x * 2.0**0.5
    return z


def to_exponential(z: Tensor) -> Tensor:
    """Exponential variates of the same rank as normal ones."""
    a = z.abs() * 0.5**0.5
    k = 1.0 / (1.0 + 0.5 * a)
    rest = 0.5 * k * power(_fma(-a, a, _horner(k, SURVIVAL)))
    return -_logarithm(torch.where(z > 0.0, rest, 1.0 - rest))


def root(x: Tensor) -> Tensor:
    """The nearest float32, which sqrt of float32 is not everywhere."""
    return x.double().sqrt().float()
