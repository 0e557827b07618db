"""The feature sets on which a classifier tells a candidate from Geant4.

Set A are the high-level features, set B adds centre and width of every layer: the shape of a
shower layer by layer, which a model with the right sums may still have wrong. L is the number of
layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from heitler.observables.base import OBSERVABLES

__all__ = ["HIGH_LEVEL", "LATERAL", "feature_names", "high_level_features", "lateral_features"]

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
"""Observables of feature set A: 2 L + 8 numbers."""

LATERAL: tuple[str, ...] = (
    *HIGH_LEVEL,
    "layer_centre_x",
    "layer_centre_y",
    "layer_width_x",
    "layer_width_y",
)
"""Observables of feature set B: 6 L + 8 numbers."""


def high_level_features(energy: Tensor, values: Mapping[str, Tensor]) -> Tensor:
    """Feature matrix A: ln E_inc and the observables of `HIGH_LEVEL`, side by side.

    The incident energy is among the features, so that a classifier sees a generator that makes
    good showers of the wrong energy.

    Arguments:
        energy: Incident energies in MeV, with shape (N,).
        values: Values of the observables, by name, with shapes (N,) or (N, k).

    Returns:
        Features with shape (N, 2 L + 9), float64.
    """
    return _side_by_side(energy, values, HIGH_LEVEL)


def lateral_features(energy: Tensor, values: Mapping[str, Tensor]) -> Tensor:
    """Feature matrix B: ln E_inc and the observables of `LATERAL`; its first columns are A.

    Arguments:
        energy: Incident energies in MeV, with shape (N,).
        values: Values of the observables, by name, with shapes (N,) or (N, k).

    Returns:
        Features with shape (N, 6 L + 9), float64.
    """
    return _side_by_side(energy, values, LATERAL)


def feature_names(observables: Sequence[str], layers: int) -> tuple[str, ...]:
    """Names of the columns of a feature matrix, such as "response" or "hits_per_layer[12]".

    Arguments:
        observables: `HIGH_LEVEL` or `LATERAL`.
        layers: Number of layers of the detector.

    Raises:
        ValueError: The components of an observable are not layers.
    """
    names = ["ln_energy"]
    for name in observables:
        axis = OBSERVABLES[name].axis
        if axis not in {None, "layer"}:
            msg = f"'{name}' has a value per {axis}: features are numbers of a shower or a layer"
            raise ValueError(msg)
        names += [name] if axis is None else [f"{name}[{layer}]" for layer in range(layers)]
    return tuple(names)


def _side_by_side(
    energy: Tensor, values: Mapping[str, Tensor], observables: Sequence[str]
) -> Tensor:
    columns = [energy.double().log()[:, None]]
    columns += [values[name].double().reshape(len(energy), -1) for name in observables]
    return torch.cat(columns, dim=-1)
