r"""Light of particles that are faster than light in a gas.

Notation: n refractive index; p, m, beta momentum, mass and velocity of a particle; theta angle of
the light to the track.

    cos theta = 1 / (n beta),   s = sin^2 theta = 1 - (1 + m^2/p^2) / n^2,

and by Frank and Tamm (1937, C. R. Acad. Sci. USSR 14, 109) the yield is proportional to s.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["largest_sine_squared", "sine_squared"]

_Array = NDArray[np.float64]


def sine_squared(momentum: _Array, mass: _Array, index: float) -> _Array:
    """S = sin^2 theta; 0 below threshold.

    Arguments:
        momentum: In MeV, of any shape.
        mass: In MeV, of a shape that fits.
        index: n, above 1.
    """
    s: _Array = 1.0 - (1.0 + (mass / momentum) ** 2) / index**2
    return np.maximum(s, 0.0)


def largest_sine_squared(index: float) -> float:
    """1 - 1/n^2, that of a particle at the speed of light.

    Arguments:
        index: n, above 1.
    """
    return 1.0 - 1.0 / index**2
