"""Thresholds and bins of the challenge's data sets.

Energies in MeV, lengths in mm. Layers go by their number in the detector.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heitler.detectors import CylindricalLayers, Detector, load_detector

__all__ = ["DATA_SETS", "DataSet", "Ranges", "data_set_of"]

_Array = NDArray[np.float64]


class Ranges(NamedTuple):
    """Ranges of the histograms of a layer in mm."""

    centre: tuple[float, float]
    width: tuple[float, float]
    centre_r: tuple[float, float]
    width_r: tuple[float, float]


@dataclass(frozen=True, slots=True)
class DataSet:
    """Conventions of one data set.

    Arguments:
        detector: Name of its voxels in the catalogue.
        threshold: Voxels below it are set to 0.
        ranges: Ranges of centres and widths.
        outer: Those of layers that differ.
        response: Range of E_tot/E_inc at each energy; None where energies are continuous.
        narrow_from: Index of the energy from which on that range is 0.9 to 1.1, if any.
    """

    detector: str
    threshold: float
    ranges: Ranges
    outer: dict[int, Ranges] = field(default_factory=dict)
    response: tuple[float, float] | None = None
    narrow_from: int | None = None

    @property
    def geometry(self) -> CylindricalLayers:
        """The voxels."""
        geometry = load_detector(self.detector).geometry
        if not isinstance(geometry, CylindricalLayers):
            msg = f"{self.detector} has no voxels in rings"
            raise TypeError(msg)
        return geometry

    def of_layer(self, number: int) -> Ranges:
        """Ranges of a layer by its number."""
        return self.outer.get(number, self.ranges)

    def response_edges(self, energy: int) -> _Array:
        """20 bins of E_tot/E_inc at the energy with this index, from 0."""
        if self.narrow_from is not None and energy >= self.narrow_from:
            return np.linspace(0.9, 1.1, 21)
        return np.linspace(*(self.response or (0.5, 1.5)), 21)

    def energy_edges(self, largest: float, bins: int) -> _Array:
        """Logarithmic bins from the threshold to the largest energy of the reference."""
        return np.logspace(np.log10(self.threshold), np.log10(largest), bins + 1)


_ATLAS = Ranges((-100, 100), (0, 100), (0, 500), (0, 500))
_ATLAS_OUTER = Ranges((-500, 500), (0, 400), (0, 1500), (0, 1500))
_PAR04 = Ranges((-30, 30), (0, 30), (0, 42), (0, 20))
_PAR04_THRESHOLD = 0.5e-3 / 0.033  # 0.5 keV of deposit over the sampling fraction

DATA_SETS: tuple[DataSet, ...] = (
    DataSet(
        "calochallenge_ds1_photons",
        1.0,
        _ATLAS,
        dict.fromkeys((12, 13, 14), _ATLAS_OUTER),
        response=(0.4, 1.4),
        narrow_from=4,
    ),
    DataSet(
        "calochallenge_ds1_pions",
        1.0,
        _ATLAS,
        dict.fromkeys((12, 13, 14), _ATLAS_OUTER),
        response=(0.4, 1.4),
    ),
    DataSet("calochallenge_ds2", _PAR04_THRESHOLD, _PAR04),
    DataSet("calochallenge_ds3", _PAR04_THRESHOLD, _PAR04),
)


def data_set_of(detector: Detector) -> DataSet:
    """The data set with the voxels of `detector`.

    Raises:
        ValueError: There is none.
    """
    for data_set in DATA_SETS:
        if load_detector(data_set.detector) == detector:
            return data_set
    names = ", ".join(data_set.detector for data_set in DATA_SETS)
    msg = f"{detector.name} is not a detector of the CaloChallenge; those are {names}"
    raise ValueError(msg)
