r"""Random numbers and elementary functions of the compiled sampler.

Number i of purpose p of a shower with the key (k0, k1) is

    mix(mix(i + p 2^22 + k0) ^ k1)

with the mixing function lowbias32 (C. Wellons, Hash Function Prospector, 2018): any number can be
had without those before it, so what is drawn does not depend on the order of the work. Cells and
arrivals of a shower are counted up to 2^22. Keys are to be random: the second word is mixed once
only, which leaves a trace where it counts up.

exp is a power of its series, without range reduction, so that compilers vectorise it; the model
is fitted with these very functions.

Where numba is missing the decorators leave functions as they are: they can then be imported, and
`heitler.kernels.sample` is the plain twin.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CHILDREN",
    "COMPILED",
    "EXPONENTIAL",
    "GAP",
    "KEEP",
    "NEAR",
    "RANK",
    "STEP",
    "TO_UNIT",
    "cached",
    "empty",
    "exponential",
    "growth",
    "inlined",
    "jit",
    "number",
    "power",
    "uniform",
]

_Function = Callable[..., Any]

_njit: Any = None
with suppress(ImportError):
    import numba

    _njit = numba.njit

COMPILED = _njit is not None
"""Whether numba is there."""

NEAR, GAP, KEEP, RANK, CHILDREN, STEP = 0, 1, 2, 3, 4, 5
"""Purposes of random numbers; two for each child from `STEP` on."""


def _compiler(**options: Any) -> Callable[[_Function], _Function]:  # noqa: ANN401
    """A decorator that compiles, or does nothing."""
    if _njit is None:
        return lambda function: function
    compiler: Callable[[_Function], _Function] = _njit(nogil=True, error_model="numpy", **options)
    return compiler


jit = _compiler()
inlined = _compiler(inline="always")
cached = _compiler(cache=True)
"""For what Python calls: keeps the machine code on disk, that of all functions called included."""

_u32 = np.uint32
_BITS = 11
_TAIL = 6

EXPONENTIAL: NDArray[np.float32] = -np.log1p(
    -np.minimum(np.arange(2**_BITS + 1), 2**_BITS - 1) / 2.0**_BITS
).astype(np.float32)
"""-ln(1 - k / 2048): all but the last of 64 parts of it are used."""

_LOG_64 = np.float32(np.log(64.0))
TO_UNIT = np.float32(2.0**-32)


@inlined
def _mix(x):
    x = x ^ (x >> _u32(16))
    x = _u32(x * _u32(0x7FEB352D))
    x = x ^ (x >> _u32(15))
    x = _u32(x * _u32(0x846CA68B))
    return x ^ (x >> _u32(16))


@inlined
def number(k0, k1, purpose, i):
    """32 random bits."""
    place = _u32(_u32(i) + _u32(_u32(purpose) << _u32(22)))
    return _mix(_u32(_mix(_u32(place + k0)) ^ k1))


@inlined
def uniform(bits):
    """A number between 0 and 1, both included, from 32 bits."""
    return np.float32(np.int64(bits)) * TO_UNIT


@inlined
def power(x):
    """e^x for |x| < 14: the 64th power of a series of third order.

    It errs by -x^4 / (24 * 64^3) relative: at most 1e-5 for |x| < 1, 5e-5 for |x| < 4, 8e-3 at 14.
    """
    y = x * np.float32(1 / 64)
    y = np.float32(1.0) + y * (np.float32(1.0) + y * (np.float32(0.5) + y * np.float32(1 / 6)))
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    return y * y


@inlined
def growth(x):
    """e^x for |x| < 2: the 8th power of a series of third order, within 2e-3 relative.

    Within 1e-4 for |x| < 1. It stays below e^x for 0 < x, and below 1 for -20 < x < 0.
    """
    y = x * np.float32(1 / 8)
    y = np.float32(1.0) + y * (np.float32(1.0) + y * (np.float32(0.5) + y * np.float32(1 / 6)))
    y = y * y
    y = y * y
    return y * y


@inlined
def empty(x):
    """e^-x for x > 0, within 3e-4: how often a cell stays empty."""
    return np.float32(1.0) / growth(x)


@inlined
def exponential(bits, table):
    """An exponential variate from 32 bits, by a table of its distribution (`EXPONENTIAL`).

    Each six leading ones say that it lies beyond one more ln 64; the distribution function errs by
    less than 1e-4.
    """
    value = np.float32(0.0)
    while (bits >> _u32(32 - _TAIL)) == _u32(2**_TAIL - 1) and value < np.float32(16.0):
        value += _LOG_64
        bits = _u32(bits << _u32(_TAIL))
    k = bits >> _u32(32 - _BITS)
    part = np.float32(bits & _u32(2 ** (32 - _BITS) - 1)) * np.float32(2.0 ** -(32 - _BITS))
    return value + table[k] + part * (table[k + 1] - table[k])
