r"""From tracks to what a forward spectrometer says of them: a toy after LHCb.

Everything but the Cherenkov rings, which are simulated, is a closed formula chosen here, of the
size of what LHCb has published and not fitted to it: a chain of models can be trained on it and
compared with it, and nothing else. docs/theory/rich_gan.md has the formulas.

Notation: p momentum, eta pseudorapidity, M tracks in the event; s(x) = 1 / (1 + exp(-x)).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from heitler.models import random_generator
from heitler.simulators.rich import RichSimulator
from heitler.simulators.sources import block_seed
from heitler.simulators.spectrometer.response import (
    acceptance,
    calorimeter_likelihood,
    efficiency,
    momentum_error,
    muon_likelihood,
)
from heitler.tables import Column, Table
from heitler.tracks import Tracks

__all__ = ["SpectrometerSimulator"]

_Array = NDArray[np.float64]

_HYPOTHESES = ("K", "p", "mu", "e")
_SYMBOLS = {"mu": "μ"}
_COMMON, _OWN = 0.5, 0.5
"""Errors of the global likelihoods that hypotheses share, and of each."""

_FOUND = 0.9
"""Share of the tracks of an event that are found."""

COLUMNS = (
    Column("tracks_found", "tracks found in the event"),
    Column("accepted", "in the acceptance"),
    Column("reconstructed", "reconstructed"),
    Column("momentum_error", "relative error of the momentum"),
    *(Column(f"dll_{h}", f"Δ ln L({_SYMBOLS.get(h, h)} - π)") for h in _HYPOTHESES),
    Column("muon_dll", "Δ ln L(μ - hadron) of the muon system"),
    *(Column(f"global_{h}", f"global Δ ln L({_SYMBOLS.get(h, h)} - π)") for h in _HYPOTHESES),
)
"""Columns of the response."""


class SpectrometerSimulator:
    """Acceptance, tracking, RICH, muon system and global likelihood: a `Simulator` of tables.

    A track that is not accepted or not reconstructed has zeros in all columns behind.
    """

    def __init__(self) -> None:
        self.rich = RichSimulator()

    def simulate(self, incident: Tracks, *, seed: int) -> Table:
        """One row for each track; the same for the same tracks and seed.

        Raises:
            ValueError: A particle is none of e, mu, pi, K and p.
        """
        rng = random_generator(block_seed(seed, 0, 7))
        rings = self.rich.simulate(incident, seed=block_seed(seed, 0, 8)).values.numpy()
        crowd = incident.multiplicity.numpy()
        found = rng.binomial(crowd.astype(np.int64), _FOUND).astype(np.float64)
        accepted = rng.random(len(crowd)) < acceptance(incident)
        seen = accepted & (rng.random(len(crowd)) < efficiency(incident))
        muon = muon_likelihood(incident, rng)
        behind = np.column_stack(
            [
                momentum_error(incident, rng),
                rings,
                muon,
                _combined(rings, muon, calorimeter_likelihood(incident, rng), rng),
            ]
        )
        values = np.column_stack([found, accepted, seen, np.where(seen[:, None], behind, 0.0)])
        return Table(COLUMNS, torch.from_numpy(values))


def _combined(
    rings: _Array, muon: _Array, calorimeter: _Array, rng: np.random.Generator
) -> _Array:
    """Global likelihoods: sums with correlated errors, (N, hypotheses)."""
    shared = _COMMON * rng.standard_normal((len(rings), 1))
    sums = rings + shared + _OWN * rng.standard_normal(rings.shape)
    sums[:, _HYPOTHESES.index("mu")] += muon
    sums[:, _HYPOTHESES.index("e")] += calorimeter
    return sums
