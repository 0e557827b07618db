"""What the likelihood of Cherenkov rings is given: photons to draw, and rings that may be theirs.

Notation: N tracks, R radiators, H hypotheses; angles in rad.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLOUR", "KINDS", "PLACE", "SMEAR", "TURN", "Gas", "Rings"]

_F32 = NDArray[np.float32]

COLOUR, SMEAR, TURN, PLACE, KINDS = 0, 1, 2, 3, 4
"""Purposes of random numbers of the first radiator; each further one has `KINDS` of its own."""


class Gas(NamedTuple):
    """Radiators: the same for all tracks, each (R).

    Arguments:
        lowest, width: Energies of photons: the lowest, and how far they reach above it.
        resonance: Square of the energy of the resonance, in the same unit.
        strength: n - 1 is this over the resonance less the square of the photon's energy.
        excess: Mean of n - 1.
        sigma: Standard deviation of the angle of a photon by itself, without its colour.
    """

    lowest: _F32
    width: _F32
    resonance: _F32
    strength: _F32
    excess: _F32
    sigma: _F32


class Rings(NamedTuple):
    """One row for each track.

    Arguments:
        key: Names the stream of random numbers, (N, 2) uint32.
        own, others: Photons of the track, and of the background, (N, R) int64.
        sine: sin^2 of the track's Cherenkov angle at the mean index, (N, R).
        offset: Angle between the track and the direction that is taken for it, (N, R).
        inner, area: Square of the inner radius of the ring with background, and what the square
            of the outer one is above it, (N, R).
        angle, steep: Expected angle, and one over its standard deviation, (N, R, H).
        weight: Ratio of signal to background in the middle of the ring, times the angle; 0 where
            a hypothesis gives no light, (N, R, H).
    """

    key: NDArray[np.uint32]
    own: NDArray[np.int64]
    others: NDArray[np.int64]
    sine: _F32
    offset: _F32
    inner: _F32
    area: _F32
    angle: _F32
    steep: _F32
    weight: _F32
