"""The high-level features on which a classifier tells a candidate from Geant4."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

__all__ = ["HIGH_LEVEL", "high_level_features"]

HIGH_LEVEL: tuple[str, ...] = (
    "longitudinal_profile",
    "hits_per_layer",
    "response",
    "hits",
    "centre_x",
    "centre_y",
    "centre_z",
    "width_x",
    "width_y",
    "width_z",
)
"""Observables of the feature set: 2 x layers + 8 numbers."""


def high_level_features(energy: Tensor, values: Mapping[str, Tensor]) -> Tensor:
    """Feature matrix: ln E_inc and the observables of `HIGH_LEVEL`, side by side.

    The incident energy is among the features, so that a classifier sees a generator that makes
    good showers of the wrong energy.

    Arguments:
        energy: Incident energies in MeV, with shape (N,).
        values: Values of the observables, by name, with shapes (N,) or (N, k).

    Returns:
        Features with shape (N, 9 + 2 x layers), float64.
    """
    columns = [energy.double().log()[:, None]]
    columns += [values[name].double().reshape(len(energy), -1) for name in HIGH_LEVEL]
    return torch.cat(columns, dim=-1)
