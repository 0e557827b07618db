r"""From tracks to delta-log-likelihoods: the response of a ring-imaging Cherenkov detector.

Each radiator sees of a track a Poisson number of photons about its Cherenkov angle, and among them
background. For a hypothesis h (e, mu, pi, K, p) that expects mu_h photons at theta_h with the
error sigma_h, above a background of rho photons per steradian,

    ln L_h = sum over radiators ( -mu_h + sum_i ln(1 + mu_h G(theta_i; theta_h, sigma_h) / b_i) ),
    b_i = 2 pi theta_i rho,

up to a term that is the same for all h. G is the normal density. The error of the track's
direction displaces the ring as a whole; the likelihood takes it for an error of each photon. The
table has ln L_h - ln L_pi.

Notation: N tracks, R radiators, H hypotheses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import pi, sqrt
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from heitler import kernels
from heitler.models import random_generator
from heitler.simulators.rich.radiators import LHCB, Radiator
from heitler.simulators.sources import block_seed
from heitler.tables import Column, Table
from heitler.tracks import CHARGED, MASSES, Tracks

__all__ = ["RichSimulator"]

_Array = NDArray[np.float64]

_CHUNK = 4096
"""Tracks at a time: some megabytes. Rows do not depend on it."""

_REACH = 5.0
"""Background is drawn as far from the expected rings, in units of their error."""

_NAMES = tuple(MASSES)
_PION = _NAMES.index("pi")
_ASKED = ("K", "p", "mu", "e")
_SYMBOLS = {"mu": "μ"}

COLUMNS = tuple(
    Column(f"dll_{name}", f"Δ ln L({_SYMBOLS.get(name, name)} - π)") for name in _ASKED
)
"""Columns of the response."""


class _Streams(NamedTuple):
    """Generators of keys, of numbers of photons and of errors of tracks; each is read in order."""

    keys: np.random.Generator
    own: np.random.Generator
    others: np.random.Generator
    offsets: np.random.Generator


class RichSimulator:
    """Likelihoods of particle identification by Cherenkov rings: a `Simulator` of tables.

    There is nothing to train. The same seed gives the same rows, and the first tracks of a longer
    list get the rows that they would get alone.

    Arguments:
        radiators: One or more; by default those of LHCb.

    Raises:
        ValueError: There are no radiators.
    """

    def __init__(self, radiators: Sequence[Radiator] = LHCB) -> None:
        if not radiators:
            msg = "a Cherenkov detector needs one radiator or more, got none; give one, or LHCB"
            raise ValueError(msg)
        self.radiators = tuple(radiators)
        self._gas = _gas(self.radiators)

    def simulate(self, incident: Tracks, *, seed: int) -> Table:
        """Differences ln L_h - ln L_pi of each track, for h = K, p, mu and e.

        A track outside of the acceptance of all radiators has zeros.

        Raises:
            ValueError: A particle is none of e, mu, pi, K and p.
        """
        values = np.empty((len(incident), len(_ASKED)))
        places = [_NAMES.index(name) for name in _ASKED]
        start = 0
        for rings, expected in self._rings(incident, seed):
            logs = kernels.likelihoods(self._gas, rings) - expected
            values[start : start + len(logs)] = logs[:, places] - logs[:, [_PION]]
            start += len(logs)
        return Table(COLUMNS, torch.from_numpy(values))

    def photons(self, incident: Tracks, *, seed: int) -> list[kernels.Photons]:
        """The photons behind the rows of `simulate`, radiator by radiator.

        Raises:
            ValueError: A particle is none of e, mu, pi, K and p.
        """
        chunks = [rings for rings, _ in self._rings(incident, seed)]
        whole = kernels.Rings(*(np.concatenate(parts) for parts in zip(*chunks, strict=True)))
        return [kernels.photons(self._gas, whole, r) for r in range(len(self.radiators))]

    def _rings(self, incident: Tracks, seed: int) -> Iterator[tuple[kernels.Rings, _Array]]:
        """Rings of some tracks at a time, and how many photons hypotheses expect, (n, H)."""
        streams = _Streams(*(random_generator(block_seed(seed, 0, k)) for k in range(3, 7)))
        for start in range(0, max(len(incident), 1), _CHUNK):
            yield self._some(incident[start : start + _CHUNK], streams)

    def _some(self, tracks: Tracks, streams: _Streams) -> tuple[kernels.Rings, _Array]:
        """Rings of these tracks."""
        momentum = tracks.momentum.numpy()[:, None]
        mass = _masses(tracks.pdg.numpy())[:, None]
        theta, multiplicity = tracks.theta.numpy(), tracks.multiplicity.numpy()
        parts = [_View.of(r, momentum, mass, theta, multiplicity) for r in self.radiators]
        views = _View(*(np.stack(arrays, axis=1) for arrays in zip(*parts, strict=True)))
        # Two normal components make an angle whose square is exponential.
        square = 2.0 * streams.offsets.standard_exponential(views.sine.shape)
        offset = views.track_error * np.sqrt(square)
        key = streams.keys.integers(0, 2**32, (len(tracks), 2), dtype=np.uint32)
        single = (a.astype(np.float32) for a in (views.sine, offset, views.inner, views.area))
        rings = kernels.Rings(
            key,
            streams.own.poisson(views.own),
            streams.others.poisson(views.others),
            *single,
            *(a.astype(np.float32) for a in (views.angle, 1.0 / views.error, views.weight)),
        )
        return rings, views.expected.sum(axis=1)


class _View(NamedTuple):
    """What a radiator has of each track: (N), and of each hypothesis: (N, H); angles in rad.

    Arguments:
        own, others: Mean number of photons of the track and of the background.
        sine: sin^2 of the track's angle.
        track_error: Error of the track's direction in one plane.
        inner, area: The ring with background, as in `kernels.Rings`.
        expected, angle, error: mu_h, theta_h and sigma_h.
        weight: mu_h / (sqrt(2 pi) sigma_h 2 pi rho).
    """

    own: _Array
    others: _Array
    sine: _Array
    track_error: _Array
    inner: _Array
    area: _Array
    expected: _Array
    angle: _Array
    error: _Array
    weight: _Array

    @classmethod
    def of(
        cls, radiator: Radiator, momentum: _Array, mass: _Array, theta: _Array, crowd: _Array
    ) -> _View:
        """What a radiator has of tracks; momentum and mass (N, 1), angle and multiplicity (N)."""
        low, high = radiator.acceptance
        seen = ((theta >= low) & (theta <= high))[:, None]
        sine = radiator.sine_squared(momentum, mass)
        ring = radiator.sine_squared(momentum, np.array(list(MASSES.values())))
        angle, error = np.arcsin(np.sqrt(ring)), radiator.error(ring, momentum)
        lit = seen & (ring > 0)
        expected = np.where(lit, radiator.expected_photons(ring), 0.0)
        outer = np.where(lit, angle + _REACH * error, 0.0).max(axis=1) ** 2
        inner = np.where(lit, angle - _REACH * error, np.inf).min(axis=1).clip(0.0) ** 2
        inner = np.minimum(inner, outer)
        density = radiator.background(crowd)
        own = np.where(seen, radiator.expected_photons(sine), 0.0)
        return cls(
            own[:, 0],
            pi * density * (outer - inner),
            sine[:, 0],
            radiator.track_error(momentum)[:, 0],
            inner,
            outer - inner,
            expected,
            angle,
            error,
            expected / (sqrt(2 * pi) * error * 2 * pi * density[:, None]),
        )


def _gas(radiators: Sequence[Radiator]) -> kernels.Gas:
    rows = [
        (
            r.photons[0],
            r.photons[1] - r.photons[0],
            r.resonance**2,
            r.strength,
            r.mean_index - 1.0,
            r.photon_error,
        )
        for r in radiators
    ]
    # Photon energies in eV: their squares in MeV would be small for single precision.
    scale = np.array([1e6, 1e6, 1e12, 1e12, 1.0, 1.0])
    return kernels.Gas(*(np.array(rows) * scale).T.astype(np.float32).copy())


def _masses(pdg: NDArray[np.int64]) -> _Array:
    """Masses in MeV of particle codes of either sign."""
    codes = np.abs(pdg)
    mass = np.zeros(len(codes))
    for name, code in CHARGED.items():
        mass[codes == code] = MASSES[name]
    if (mass == 0).any():
        other = sorted(set(codes[mass == 0].tolist()))
        msg = (
            "a Cherenkov detector knows the particle codes 11, 13, 211, 321 and 2212 and their "
            f"antiparticles, got {other}; leave other particles out"
        )
        raise ValueError(msg)
    return mass
