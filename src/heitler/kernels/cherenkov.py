r"""Logarithms of the likelihoods of Cherenkov rings, compiled (numba).

For each track and radiator:

1. *Own photons.* Photon i has an energy E between two bounds, with it the index n(E) and

       s = max(sin^2 theta + 2 (n(E) - n), 0),   theta_i = asin sqrt(s) = sqrt(s) (1 + s/6 + ...),

   smeared by a normal number of its own. The ring lies about another direction than the one that
   is taken for the track's: a photon at the azimuth phi is shifted by offset cos(phi).
2. *Background.* Angles of photons that lie evenly in a ring about the track: theta^2 is uniform.
3. *Likelihoods.* Each hypothesis h gets the sum over all photons of

       ln(1 + w_h / theta_i exp(-(theta_i - theta_h)^2 / (2 sigma_h^2))).

`heitler.kernels.cherenkov_twin` says the same in plain torch. Loops go over all photons of a
track: arithmetic without branches, which compilers vectorise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.numbers import (
    SOURCES,
    cached,
    inlined,
    jit,
    logarithm,
    normal,
    number,
    place,
    power,
    sinpi,
    summed,
    uniform,
)
from heitler.kernels.rings import COLOUR, KINDS, PLACE, SMEAR, TURN, Gas, Rings

__all__ = ["LEAST", "likelihoods", "run"]

LEAST = np.float32(1e-5)
"""Smallest angle in rad that counts: where background has no density, ratios would be infinite."""

_ONE, _TWO, _HALF, _ZERO = np.float32(1.0), np.float32(2.0), np.float32(0.5), np.float32(0.0)
_SIXTH = np.float32(1 / 6)


def likelihoods(gas: Gas, rings: Rings) -> NDArray[np.float64]:
    """Sums over photons of ln(1 + signal / background), for each track and hypothesis: (N, H)."""
    sums = np.zeros((rings.key.shape[0], rings.angle.shape[2]))
    run(gas, rings, np.empty(64, np.float32), sums)
    return sums


@inlined
def _cosine(u):
    """Cosine of an azimuth; the two sides of the ring are the same, so half of them will do."""
    return sinpi(_HALF - u)


@jit
def _emit(gas, r, sine, offset, k0, k1, angles):
    """Angles of own photons."""
    lowest, width, resonance = gas.lowest[r], gas.width[r], gas.resonance[r]
    strength, excess, sigma = gas.strength[r], gas.excess[r], gas.sigma[r]
    colour, smear, turn = KINDS * r + COLOUR, KINDS * r + SMEAR, KINDS * r + TURN
    for i in range(angles.shape[0]):
        energy = lowest + width * uniform(number(k0, k1, colour, i))
        s = max(sine + _TWO * (strength / (resonance - energy * energy) - excess), _ZERO)
        angle = np.float32(np.sqrt(s)) * (_ONE + s * _SIXTH)
        shift = offset * _cosine(uniform(number(k0, k1, turn, i)))
        angles[i] = abs(angle + shift + sigma * normal(number(k0, k1, smear, i)))


@jit
def _surround(r, inner, area, k0, k1, angles):
    """Angles of background."""
    purpose = KINDS * r + PLACE
    for i in range(angles.shape[0]):
        angles[i] = np.float32(np.sqrt(inner + area * uniform(number(k0, k1, purpose, i))))


@summed
def _judge(angles, middle, steep, weight):
    """The sum for one ring."""
    total = _ZERO
    for i in range(angles.shape[0]):
        z = (angles[i] - middle) * steep
        ratio = weight / max(angles[i], LEAST) * power(-_HALF * z * z)
        total += logarithm(_ONE + ratio)
    return total


def _build(sources):
    """The loop over tracks; see `cached` for why it is in a closure."""

    @cached
    def run(gas, rings, room, sums):
        sources  # noqa: B018
        for n in range(sums.shape[0]):
            k0, k1 = rings.key[n]
            for r in range(rings.own.shape[1]):
                own = rings.own[n, r]
                photons = own + rings.others[n, r]
                if photons > room.shape[0]:
                    room = np.empty(2 * photons, np.float32)
                angles = room[: place(photons)]
                _emit(gas, r, rings.sine[n, r], rings.offset[n, r], k0, k1, angles[:own])
                _surround(r, rings.inner[n, r], rings.area[n, r], k0, k1, angles[own:])
                for h in range(sums.shape[1]):
                    if rings.weight[n, r, h] > _ZERO:
                        middle, steep = rings.angle[n, r, h], rings.steep[n, r, h]
                        sums[n, h] += _judge(angles, middle, steep, rings.weight[n, r, h])

    return run


run = _build(SOURCES)
"""Adds the sums of all tracks to `sums` (N, H); `room` is for the angles of one ring."""
