r"""The formulas of the toy spectrometer, each a function of tracks.

A kaon or pion decays in flight with the probability 1 - exp(-L m / (c tau p)) on a path L.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.tracks import CHARGED, MASSES, Tracks
from heitler.units import GeV, mm

__all__ = [
    "acceptance",
    "calorimeter_likelihood",
    "decays",
    "efficiency",
    "momentum_error",
    "muon_likelihood",
]

_Array = NDArray[np.float64]

_LIFETIMES = {"pi": 7804.5 * mm, "K": 3711.0 * mm}
"""c tau (Particle Data Group 2022)."""

_TRACKING, _MUON = 9400.0 * mm, 15000.0 * mm
"""Paths to the end of the tracking stations and to the muon stations."""

_ETA, _EDGE = (2.0, 4.9), 0.05
_SWEPT, _SHARPNESS = 2.5 * GeV, 0.1
_PENETRATES = 3.0 * GeV


def acceptance(tracks: Tracks) -> _Array:
    """s((eta - 2) / 0.05) s((4.9 - eta) / 0.05) s(ln(p / 2.5 GeV) / 0.1): (N,)."""
    eta, momentum = tracks.pseudorapidity.numpy(), tracks.momentum.numpy()
    sides = _step((eta - _ETA[0]) / _EDGE) * _step((_ETA[1] - eta) / _EDGE)
    bent: _Array = sides * _step(np.log(momentum / _SWEPT) / _SHARPNESS)
    return bent


def efficiency(tracks: Tracks) -> _Array:
    """(0.98 - 0.1 M / 400) times the share that neither decays nor interacts: (N,).

    A fifth of the decays can still be found. 10 % of the hadrons are lost in matter, 5 % of the
    electrons.
    """
    crowded = 0.98 - 0.1 * tracks.multiplicity.numpy() / 400
    lost = np.select([_are(tracks, "mu"), _are(tracks, "e")], [0.0, 0.05], 0.10)
    found: _Array = crowded * (1 - 0.8 * decays(tracks, _TRACKING)) * (1 - lost)
    return found


def momentum_error(tracks: Tracks, rng: np.random.Generator) -> _Array:
    """Delta p / p, normal with 0.5 % to 1 % from low momentum to 200 GeV: (N,).

    Electrons lose 4 % on average by bremsstrahlung that is not found again, exponentially.
    """
    width = 0.005 + 0.005 * np.minimum(tracks.momentum.numpy() / (200 * GeV), 1.0)
    error = width * rng.standard_normal(len(tracks))
    radiated = -np.expm1(-0.04 * rng.standard_exponential(len(tracks)))
    return np.where(_are(tracks, "e"), error - radiated, error)


def muon_likelihood(tracks: Tracks, rng: np.random.Generator) -> _Array:
    """Ln L(mu) - ln L(hadron) of hits in the muon stations: (N,).

    Below 3 GeV nothing arrives: 0. Above, muons come from N(3, 1.2) in 97 % of all cases; other
    tracks do so after a decay, by punch-through in 0.5 %, and by others' hits in 1 % per 100
    tracks of the event. All else is N(-4, 1.5).
    """
    likely = decays(tracks, _MUON) + 0.005 + 1e-4 * tracks.multiplicity.numpy()
    chance = np.where(_are(tracks, "mu"), 0.97, np.minimum(likely, 1.0))
    penetrates = rng.random(len(tracks)) < chance
    normal = rng.standard_normal(len(tracks))
    value = np.where(penetrates, 3.0 + 1.2 * normal, -4.0 + 1.5 * normal)
    return np.where(tracks.momentum.numpy() >= _PENETRATES, value, 0.0)


def calorimeter_likelihood(tracks: Tracks, rng: np.random.Generator) -> _Array:
    """Difference ln L(e) - ln L(pi): N(3, 1.5) for electrons, N(-3, 1.5) else: (N,)."""
    return np.where(_are(tracks, "e"), 3.0, -3.0) + 1.5 * rng.standard_normal(len(tracks))


def decays(tracks: Tracks, path: float) -> _Array:
    """Probability to decay in flight on a path in mm: (N,)."""
    rate = np.zeros(len(tracks))
    for name, length in _LIFETIMES.items():
        rate[_are(tracks, name)] = MASSES[name] / length
    share: _Array = -np.expm1(-path * rate / tracks.momentum.numpy())
    return share


def _are(tracks: Tracks, name: str) -> NDArray[np.bool_]:
    codes = np.abs(tracks.pdg.numpy())
    return np.asarray(codes == CHARGED[name])


def _step(x: _Array) -> _Array:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))
