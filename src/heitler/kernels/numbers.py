r"""Random numbers and elementary functions of the compiled sampler.

Number i of purpose p of a shower with the key (k0, k1) is

    mix(mix(i + p 2^22 + k0) ^ k1)

with the mixing function lowbias32 (C. Wellons, Hash Function Prospector, 2018): any number can be
had without those before it, so what is drawn does not depend on the order of the work.

exp is a power of its series, without range reduction, so that compilers vectorise it; errors
stay below 1e-3 where it matters, and the model is fitted with these very functions.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["EXPONENTIAL", "empty", "exponential", "growth", "inlined", "jit", "number", "power"]

jit = numba.njit(cache=True, nogil=True, error_model="numpy")
inlined = numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")

_u32 = np.uint32
_BITS = 11
_TAIL = 6

EXPONENTIAL: NDArray[np.float32] = -np.log1p(
    -np.minimum(np.arange(2**_BITS + 1), 2**_BITS - 1) / 2.0**_BITS
).astype(np.float32)
"""-ln(1 - k / 2048): all but the last of 64 parts of it are used."""

_LOG_64 = np.float32(np.log(64.0))


@inlined
def _mix(x):  # noqa: ANN001, ANN202 (compiled)
    x = x ^ (x >> _u32(16))
    x = _u32(x * _u32(0x7FEB352D))
    x = x ^ (x >> _u32(15))
    x = _u32(x * _u32(0x846CA68B))
    return x ^ (x >> _u32(16))


@inlined
def number(k0, k1, purpose, i):  # noqa: ANN001, ANN202
    """32 random bits."""
    place = _u32(_u32(i) + _u32(_u32(purpose) << _u32(22)))
    return _mix(_u32(_mix(_u32(place + k0)) ^ k1))


@inlined
def power(x):  # noqa: ANN001, ANN202
    """e^x for |x| < 14: the 64th power of a series of third order."""
    y = x * np.float32(1 / 64)
    y = np.float32(1.0) + y * (np.float32(1.0) + y * (np.float32(0.5) + y * np.float32(1 / 6)))
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    return y * y


@inlined
def growth(x):  # noqa: ANN001, ANN202
    """e^x for |x| < 2: the 8th power of a series of third order."""
    y = x * np.float32(1 / 8)
    y = np.float32(1.0) + y * (np.float32(1.0) + y * (np.float32(0.5) + y * np.float32(1 / 6)))
    y = y * y
    y = y * y
    return y * y


@inlined
def empty(x):  # noqa: ANN001, ANN202
    """e^-x for x > 0: how often a cell stays empty."""
    return np.float32(1.0) / growth(x)


@inlined
def exponential(bits, table):  # noqa: ANN001, ANN202
    """An exponential variate from 32 bits, by a table of its distribution."""
    value = np.float32(0.0)
    while (bits >> _u32(32 - _TAIL)) == _u32(2**_TAIL - 1) and value < np.float32(16.0):
        value += _LOG_64
        bits = _u32(bits << _u32(_TAIL))
    k = bits >> _u32(32 - _BITS)
    part = np.float32(bits & _u32(2 ** (32 - _BITS) - 1)) * np.float32(2.0 ** -(32 - _BITS))
    return value + table[k] + part * (table[k + 1] - table[k])
