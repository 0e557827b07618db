"""Histograms of CaloClouds3 (FLC-QU-hep), as its evaluation stores them: numpy archives.

    name                      string
    xyz_limits                (3, 2) float   mm
    layer_bottom_pos          (layers,) float
    counts_0 ... counts_11    (bins,) float

    counts   content                                  axis
    0, 1     points; energy [GeV]                     radius, 32 bins in 0 to 500 mm
    2, 3     points; energy [GeV]                     layer, one bin each
    4        points                                   energy, 100 log bins in 1 keV to 100 MeV
    5        showers                                  points, 50 bins in 0 to 10 000
    6        showers                                  energy, 50 bins in 0 to 10 000 MeV
    7, 8, 9  showers                                  centre of gravity: lateral, depth, lateral
    10, 11   mean energy of a point [GeV]             as 0 and 2

The edges are not in the files: those above are of the source code. Those of the centre of gravity
are assumed to be the first and third row of `xyz_limits`, and the layers for the depth. Zeros in
all bins are a histogram that was not filled.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from heitler.histograms import Content, Histogram, Histograms

__all__ = ["parse", "sniff"]

_Array = NDArray[np.float64]
_NUMBER = 12
_POINTS, _ENERGY = "points", "energy [GeV]"
_MEAN, _SHOWERS = "mean energy of a point [GeV]", "showers"


def sniff(arrays: Mapping[str, NDArray[np.generic]]) -> bool:
    """Whether there are the twelve histograms with their limits."""
    wanted = {"name", "xyz_limits", "layer_bottom_pos", *map(_key, range(_NUMBER))}
    return wanted <= arrays.keys()


def parse(arrays: Mapping[str, NDArray[np.generic]]) -> Histograms:
    """The histograms of an archive.

    Raises:
        ValueError: A histogram does not have the bins of the convention.
    """
    (x_low, x_high), _, (z_low, z_high) = np.sort(
        arrays["xyz_limits"].astype(np.float64), axis=1
    ).tolist()
    layers = arrays["layer_bottom_pos"].size
    radius, layer = _bins(0, 500, 32), _bins(0.5, layers + 0.5, layers)
    lateral, depth = "centre of gravity, lateral", "centre of gravity, depth"
    axes: list[tuple[str, str, str, Content, str, _Array]] = [
        ("radius_points", "radius", "mm", "points", _POINTS, radius),
        ("radius_energy", "radius", "mm", "energy", _ENERGY, radius),
        ("layer_points", "layer", "", "points", _POINTS, layer),
        ("layer_energy", "layer", "", "energy", _ENERGY, layer),
        ("point_energy", "energy of a point", "MeV", "points", _POINTS, 10 ** _bins(-3, 2, 100)),
        ("points", "points", "", "showers", _SHOWERS, _bins(0, 1e4, 50)),
        ("energy", "energy of a shower", "MeV", "showers", _SHOWERS, _bins(0, 1e4, 50)),
        ("centre_x", f"{lateral} (x)", "mm", "showers", _SHOWERS, _bins(x_low, x_high, 2000)),
        ("centre_depth", depth, "layers", "showers", _SHOWERS, _bins(0, layers, 60)),
        ("centre_z", f"{lateral} (z)", "mm", "showers", _SHOWERS, _bins(z_low, z_high, 2000)),
        ("radius_mean", "radius", "mm", "mean", _MEAN, radius),
        ("layer_mean", "layer", "", "mean", _MEAN, layer),
    ]
    return Histograms(
        name=str(arrays["name"]),
        entries=tuple(
            Histogram(
                *axis,
                values=arrays[_key(number)].astype(np.float64),
                log=axis[0] == "point_energy",
            )
            for number, axis in enumerate(axes)
        ),
        assumed=("the ranges of the centres of gravity, which are not in the file",),
    )


def _bins(low: float, high: float, bins: int) -> _Array:
    """Edges of equal bins, (bins + 1,)."""
    return np.linspace(low, high, bins + 1, dtype=np.float64)


def _key(number: int) -> str:
    return f"counts_{number}"
