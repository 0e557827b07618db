r"""Random numbers and elementary functions of the compiled sampler.

Number i of purpose p of a shower with the key (k0, k1) is

    mix(mix(i + p 2^22 + k0) ^ k1)

with the mixing function lowbias32 (C. Wellons, Hash Function Prospector, 2018): any number can be
had without those before it, so what is drawn does not depend on the order of the work. Cells and
points of a shower are counted up to 2^22. Keys are to be random: the second word is mixed once
only, which leaves a trace where it counts up.

Functions have neither branches nor tables, so that compilers vectorise loops over them.

Where numba is missing the decorators leave functions as they are: they can then be imported, and
`heitler.kernels.sample` is the plain twin.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "CHILDREN",
    "COMPILED",
    "COUNT",
    "KEEP",
    "LOGARITHM",
    "NEAR",
    "NORMAL",
    "POINT",
    "POWER",
    "RANK",
    "SINE",
    "SOFTNESS",
    "SOURCES",
    "STEP",
    "SURVIVAL",
    "TO_UNIT",
    "cached",
    "fma",
    "fused",
    "horner",
    "inlined",
    "jit",
    "logarithm",
    "normal",
    "number",
    "place",
    "power",
    "sinpi",
    "softness",
    "summed",
    "to_exponential",
    "uniform",
    "uniforms",
]

_Function = Callable[..., Any]

_njit: Any = None
with suppress(ImportError):
    import numba

    _njit = numba.njit

COMPILED = _njit is not None
"""Whether numba is there."""

NEAR, COUNT, POINT, KEEP, RANK, CHILDREN, STEP = 0, 1, 2, 3, 4, 5, 6
"""Purposes of random numbers; two for each child from `STEP` on."""


def _compiler(**options: Any) -> Callable[[_Function], _Function]:  # noqa: ANN401
    """A decorator that compiles, or does nothing."""
    if _njit is None:
        return lambda function: function
    compiler: Callable[[_Function], _Function] = _njit(nogil=True, error_model="numpy", **options)
    return compiler


jit = _compiler(forceinline=True)
"""For parts of loops: a call would count the references of all arrays that it is given."""

inlined = _compiler(inline="always")
summed = _compiler(forceinline=True, fastmath={"reassoc"})
"""For sums whose terms may be added in any order."""

fused = _compiler(forceinline=True, fastmath={"contract"})
"""For products that may be added without rounding in between."""

cached = _compiler(cache=True)
"""For what Python calls: keeps the machine code on disk, that of all functions called included.

numba looks at the file of the function and at its closure, not at the files of functions that it
calls: where there are any, the closure names `SOURCES`.
"""

SOURCES = sha256(
    b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()
"""Checksum of all kernels."""

_u32 = np.uint32

place = np.uint64
"""Type of indices in inner loops: numba lets others count from the end, which costs a test."""

TO_UNIT = np.float32(2.0**-24)

POWER = (1 / 120, 1 / 24, 1 / 6, 0.5, 1.0, 1.0)
"""Series of e^r for |r| < ln(2) / 2; as all polynomials here, the highest power comes first."""

SOFTNESS = tuple(1 / factorial(k) for k in range(9, 0, -1))
"""Series of (e^x - 1) / x for x >= 0: cut off, it is too small beyond x = 4, but still grows."""

LOGARITHM = (
    -0.101068842, 0.162225758, -0.172508314, 0.199001661,
    -0.249699090, 0.333350589, -0.500003651, 0.999999945,
)  # fmt: skip
"""ln(1 + y) / y for 1/sqrt(2) < 1 + y < sqrt(2), by least largest relative error."""

NORMAL = (
    (
        2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
        -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
    ),
    (
        -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
        -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
    ),
)  # fmt: skip
"""Inverse error function over its argument (M. Giles 2010, Approximating the erfinv function):
in w - 2.5, and in sqrt(w) - 3 for w > 5."""

SINE = (-0.00737043095, 0.0821458866, -0.599264529, 2.55016404, -5.16771278, 3.14159265)
"""Series of sin(pi v) / v in v^2 for |v| < 1/2; the highest power comes first."""

SURVIVAL = (
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807,
    -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223,
)  # fmt: skip
"""ln(erfc(a) / k) + a^2 in k = 1 / (1 + a / 2) (Press et al., Numerical Recipes, section 6.2)."""

_LOG2_E, _LN2 = np.float32(1.4426950), np.float32(0.69314718)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.1219444e-4)
_ROOT_HALF = np.int32(0x3F3504F3)
"""The bits of the float32 next to 1/sqrt(2)."""

_ONE, _HALF = np.float32(1.0), np.float32(0.5)
_ROOT_TWO, _ROOT_ONE_HALF = np.float32(2.0**0.5), np.float32(0.5**0.5)


def _singles(coefficients):
    return tuple(np.float32(a) for a in coefficients)


_POWER, _LOGARITHM, _SURVIVAL, _SINE = (_singles(a) for a in (POWER, LOGARITHM, SURVIVAL, SINE))
_SOFTNESS = _singles(SOFTNESS)
_MIDDLE, _TAIL = (_singles(a) for a in NORMAL)


def fma(x, y, z):
    """The number next to x y + z: without rounding in between where it is compiled."""
    return x * y + z


with suppress(ImportError):
    from numba.extending import intrinsic

    @intrinsic
    def fma(typing, x, y, z):  # noqa: ARG001, D103
        def build(context, builder, signature, arguments):  # noqa: ARG001
            return builder.fma(*arguments)

        return z(z, z, z), build


@inlined
def horner(x, coefficients):
    """The polynomial with these coefficients, that of the highest power first."""
    y = coefficients[0]
    for a in coefficients[1:]:
        y = fma(x, y, a)
    return y


@inlined
def softness(x):
    """X / (e^x - 1): how much of a cell's hit depends on its rate."""
    return _ONE / horner(x, _SOFTNESS)


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
    """A number from 0 on and below 1, from the upper 24 of 32 bits."""
    return np.float32(np.int32(bits >> _u32(8))) * TO_UNIT


@jit
def uniforms(k0, k1, purpose, places, numbers):
    """Uniform numbers of some places, for one purpose."""
    for i in range(numbers.shape[0]):
        numbers[i] = uniform(number(k0, k1, purpose, places[i]))


@inlined
def power(x):
    """e^x within 3e-6 relative; e^-87 for less, e^88 for more."""
    x = min(max(x, np.float32(-87.0)), np.float32(88.0))
    n = np.floor(fma(x, _LOG2_E, _HALF))
    r = fma(n, -_LN2_LOW, fma(n, -_LN2_HIGH, x))
    y = horner(r, _POWER)
    return y * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


@inlined
def logarithm(x):
    """Ln x within 3e-7 relative, for normal float32 above zero."""
    k = np.float32(x).view(np.int32)
    e = np.int32(np.int32(k - _ROOT_HALF) >> np.int32(23))
    y = np.int32(k - np.int32(e << np.int32(23))).view(np.float32) - _ONE
    return fma(np.float32(e), _LN2, y * horner(y, _LOGARITHM))


@inlined
def sinpi(v):
    """sin(pi v) within 3e-7 for |v| up to 1/2."""
    w = v * v
    y = _SINE[0]
    for a in _SINE[1:]:
        y = a + w * y
    return v * y


@inlined
def normal(bits):
    """A standard normal variate from the upper 23 of 32 bits."""
    x = (np.float32(np.int32(bits >> _u32(9))) + _HALF) * np.float32(2.0**-22) - _ONE
    w = -logarithm((_ONE - x) * (_ONE + x))
    middle = horner(w - np.float32(2.5), _MIDDLE)
    tail = horner(np.float32(np.sqrt(w)) - np.float32(3.0), _TAIL)
    return (tail if w > np.float32(5.0) else middle) * x * _ROOT_TWO


@inlined
def to_exponential(z):
    """The exponential variate t of the same rank as the normal z: e^-t = 1 - Phi(z)."""
    a = max(z, -z) * _ROOT_ONE_HALF
    k = _ONE / (_ONE + _HALF * a)
    rest = _HALF * k * power(fma(-a, a, horner(k, _SURVIVAL)))
    rest = rest if z > np.float32(0.0) else _ONE - rest
    return -logarithm(rest)
