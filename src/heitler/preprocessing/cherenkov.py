r"""What a model is told of the light that a track may make in a gas.

Whether a ring is dark, and how much light a bright one has, is known before anything is measured:

    a_h = sin theta_h / sqrt(1 - 1/n^2),   sin^2 theta_h = max(0, 1 - (1 + m_h^2 / p^2) / n^2)

for each hypothesis h, 0 outside of the acceptance: the angle, nearly, in units of that at the
speed of light, and its square, the yield in such units: the angle resolves thresholds, where it
rises as a root, and edges of likelihoods are straight in the yield. A network that is told
momentum and type alone has to find them by itself.
`heitler.cherenkov` has the notation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heitler.cherenkov import largest_sine_squared, sine_squared
from heitler.preprocessing.conditioning import Condition
from heitler.tracks import CHARGED, MASSES, Tracks

__all__ = ["CherenkovLight"]


class CherenkovLight(Condition[Tracks]):
    """Shares a and a^2 of the full angle and yield in one gas.

    Of each the first is that of the track, then those of e, mu, pi, K and p in its place.

    Arguments:
        index: Mean refractive index n of the gas over detected photons.
        acceptance: Smallest and largest polar angle of tracks in rad.

    Raises:
        ValueError: The index is not above 1.
    """

    name = "light"
    size = 2 * (1 + len(MASSES))

    def __init__(self, index: float, acceptance: Sequence[float]) -> None:
        super().__init__()
        if not index > 1:
            msg = f"a gas that makes Cherenkov light has an index above 1, got {index}"
            raise ValueError(msg)
        self.index, (self.low, self.high) = index, acceptance

    def rows(self, particles: Tracks) -> NDArray[np.float32]:
        """Columns with shape (N, 12); a particle of no hypothesis makes no light of its own."""
        momentum, theta = particles.momentum.numpy()[:, None], particles.theta.numpy()
        seen = (theta >= self.low) & (theta <= self.high)
        sine = sine_squared(momentum, np.array(list(MASSES.values())), self.index)
        shares = np.sqrt(sine / largest_sine_squared(self.index)) * seen[:, None]
        codes = np.array([CHARGED[name] for name in MASSES])
        own = shares * (np.abs(particles.pdg.numpy())[:, None] == codes)
        angles = np.concatenate([own.sum(axis=1, keepdims=True), shares], axis=1)
        return np.concatenate([angles, angles**2], axis=1).astype(np.float32)
