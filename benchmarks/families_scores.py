"""What is measured of showers beside Geant4, for benchmarks/families.py.

All is measured between a reference and as many candidates; the floor is measured alike, with a
second sample of Geant4 in place of the candidate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from heitler.metrics import (
    Estimate,
    classifier_auc,
    frechet_physics_distance,
    kernel_physics_distance,
    largest_deviation,
    mean_ratio,
    separation_power,
    similarity_of_samples,
    sinkhorn_divergence,
    spectrum_separation,
    support_size,
    voxel_classifier_auc,
    wasserstein,
    width_ratio,
)
from heitler.observables import OBSERVABLES, high_level_features, lateral_features
from heitler.reconstruction import ReferenceNetwork
from heitler.showers import SparseShowers
from heitler.units import GeV

SEED = 1

SEPARATED = {
    "visible_energy": "visible energy",
    "hits": "hits",
    "maximum_energy": "largest deposit",
    "centre_z": "depth",
    "width_x": "width",
}
"""Observables with a separation power each, and their names in tables."""

W1 = (*SEPARATED, "width_z", "width_y")
"""Observables whose Wasserstein distances, in units of Geant4's spread, are averaged."""

_PAIRS, _NEIGHBOURS = 1000, 1000
"""Showers that distances growing with the square of their number see."""

_ENERGY_BINS = 5
_WINDOW = 5

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """What metrics see of showers.

    Arguments:
        showers: As lists of hits.
        energy: Incident energies in MeV, (N,).
        values: Observables by name.
        features: High-level features, (N, k).
        lateral: The same with centre and width of every layer.
    """

    showers: SparseShowers
    energy: _Array = field(init=False)
    values: dict[str, _Array] = field(init=False)
    features: _Array = field(init=False)
    lateral: _Array = field(init=False)

    def __post_init__(self) -> None:
        parts: dict[str, list[torch.Tensor]] = {name: [] for name in OBSERVABLES}
        for start in range(0, len(self.showers), 500):
            dense = self.showers[start : start + 500].dense()
            for name, observable in OBSERVABLES.items():
                parts[name].append(observable(dense))
        values = {name: torch.cat(part) for name, part in parts.items()}
        energy = self.showers.particles.energy
        object.__setattr__(self, "energy", energy.numpy())
        object.__setattr__(self, "features", high_level_features(energy, values).numpy())
        object.__setattr__(self, "lateral", lateral_features(energy, values).numpy())
        found = {name: value.double().numpy() for name, value in values.items()}
        object.__setattr__(self, "values", found)

    @property
    def cells(self) -> torch.Tensor:
        """Deposits of all cells: (N, cells)."""
        return self.showers.dense().deposits


def scores(reference: Look, candidate: Look, judge: ReferenceNetwork) -> dict[str, Any]:
    """Every number of the table between two samples of equal size, as plain data."""
    found = {
        "auc_high": classifier_auc(reference.features, candidate.features, seed=SEED),
        "auc_lateral": classifier_auc(reference.lateral, candidate.lateral, seed=SEED),
        "auc_low": voxel_classifier_auc(
            reference.cells,
            candidate.cells,
            energies=(reference.energy, candidate.energy),
            seed=SEED,
        ),
        "fpd": frechet_physics_distance(reference.features, candidate.features, seed=SEED),
        "kpd": kernel_physics_distance(reference.features, candidate.features, seed=SEED),
        "sinkhorn": sinkhorn_divergence(
            reference.features[:_NEIGHBOURS], candidate.features[:_NEIGHBOURS]
        ),
        "mae": absolute_error(judge, candidate.showers),
        **_physics(reference, candidate),
        **_diversity(reference, candidate),
    }
    return {name: [estimate.value, estimate.error] for name, estimate in found.items()}


def absolute_error(judge: ReferenceNetwork, showers: SparseShowers) -> Estimate:
    """Mean absolute error in GeV of the incident energy that the judge sees in showers."""
    error = (judge.answer(showers).energy - showers.particles.energy).abs() / GeV
    return Estimate(float(error.mean()), float(error.std() / len(error) ** 0.5))


def _physics(reference: Look, candidate: Look) -> dict[str, Estimate]:
    """Ratios, profile, separations, Wasserstein distances."""
    first, second = reference.values, candidate.values
    distances = []
    for name in W1:
        spread = max(float(first[name].std()), 1e-12)
        distances.append(wasserstein(first[name] / spread, second[name] / spread))
    mean = float(np.mean([each.value for each in distances]))
    error = float(np.mean([each.error for each in distances]))
    profile = "longitudinal_profile"
    separations = {
        f"separation {name}": separation_power(first[name], second[name]) for name in SEPARATED
    }
    return {
        "mean": mean_ratio(first["response"], second["response"]),
        "width": width_ratio(first["response"], second["response"]),
        "profile": largest_deviation(first[profile], second[profile]),
        "separation cells": spectrum_separation(first["cell_spectrum"], second["cell_spectrum"]),
        **separations,
        "w1": Estimate(mean, error),
    }


def _diversity(reference: Look, candidate: Look) -> dict[str, Estimate]:
    """Similarity within the candidate and across, and the ratio of support sizes."""
    edges = np.quantile(reference.energy, np.linspace(0, 1, _ENERGY_BINS + 1)[1:-1])
    bins = tuple(np.digitize(each.energy[:_PAIRS], edges) for each in (reference, candidate))
    mip = reference.showers.detector.mip or 1.0
    grids = [
        torch.log1p(each.showers[:_PAIRS].dense().grid / mip) for each in (reference, candidate)
    ]
    alike = similarity_of_samples(*grids, bins=bins, seed=SEED, window=_WINDOW)
    support = support_size(
        reference.features[:_NEIGHBOURS], candidate.features[:_NEIGHBOURS], seed=SEED
    )
    ratio = support.candidate.value / support.reference.value
    relative = support.candidate.error / support.candidate.value
    if not np.isfinite(ratio):  # no two of its showers are the same
        ratio, relative = -1.0, 0.0
    return {
        "ssim": alike.within_candidate,
        "ssim across": alike.across,
        "support": Estimate(ratio, abs(ratio) * relative),
    }
