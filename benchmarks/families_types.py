"""Whether a family of several types of particles knows them, for benchmarks/families.py."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from families_geant4 import Geant4, answers
from families_scores import SEED, Look
from heitler.metrics import classifier_auc
from heitler.particles import ELECTRON, PHOTON
from heitler.simulators import ShowerSimulator

KNOWN = {
    "photons": "photons against Geant4's",
    "electrons": "electrons against Geant4's",
    "between": "photons against electrons",
}
"""What is compared, and its name in the table."""

_CODES = {"photons": PHOTON, "electrons": ELECTRON}

_Array = NDArray[np.float64]


def known_types(full: Geant4, simulator: ShowerSimulator) -> dict[str, list[list[float]]]:
    """AUC of trees on high-level features for each row of `KNOWN`, of floor and candidate."""
    samples = [full.floor, answers(simulator, full)]
    found = {
        name: [_auc(_of(full.reference, code), _of(sample, code)) for sample in samples]
        for name, code in _CODES.items()
    }
    found["between"] = [_auc(_of(sample, PHOTON), _of(sample, ELECTRON)) for sample in samples]
    return found


def _of(look: Look, code: int) -> _Array:
    """High-level features of one type."""
    return look.features[look.showers.particles.pdg.numpy() == code]


def _auc(first: _Array, second: _Array) -> list[float]:
    """The AUC with its error for as many showers of either."""
    number = min(len(first), len(second))
    estimate = classifier_auc(first[:number], second[:number], seed=SEED)
    return [estimate.value, estimate.error]
