"""The spectrum of cell energies, over all decades and about the MIP peak.

Notation: m is the deposit of a minimum-ionising particle; where the detector does not state it,
twice the hit threshold stands in, since the usual threshold is half a MIP.
"""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.detectors import Detector
from heitler.observables.base import Bins, observable
from heitler.showers import Showers

__all__ = [
    "SPECTRUM_AXIS",
    "cell_spectrum",
    "mip_edges",
    "mip_energy",
    "mip_spectrum",
    "spectrum_edges",
]

SPECTRUM_AXIS = "cell energy"
"""The axis of a spectrum: its bins are one distribution, unlike layers or rings."""

_PER_DECADE = 10
_DECADES = (-2, 5)

_PER_MIP = 20
_MIPS = 4


def spectrum_edges(detector: Detector) -> Tensor:
    """Edges of the bins in MeV: ten per decade from m / 100 to 100000 m, shape (bins + 1,)."""
    low, high = _DECADES
    exponent = torch.arange(_PER_DECADE * (high - low) + 1, dtype=torch.float64) / _PER_DECADE
    return mip_energy(detector) * 10 ** (low + exponent)


def mip_edges(detector: Detector) -> Tensor:
    """Edges of the bins in MeV: twenty per m from 0 to 4 m, with shape (bins + 1,)."""
    steps = torch.arange(_PER_MIP * _MIPS + 1, dtype=torch.float64)
    return mip_energy(detector) * steps / _PER_MIP


def mip_energy(detector: Detector) -> float:
    """The deposit m of a minimum-ionising particle in MeV."""
    return 2 * detector.hit_threshold if detector.mip is None else detector.mip


@observable(
    "cells per bin of cell energy",
    "",
    axis=SPECTRUM_AXIS,
    log=True,
    bins=Bins("energy in a cell [MeV]", spectrum_edges, log=True),
)
def cell_spectrum(showers: Showers) -> Tensor:
    """Number of cells in logarithmic bins of their deposit, with shape (N, bins).

    All deposits above 0 are counted, also those below the hit threshold. The bins are those of
    `spectrum_edges`; what lies beyond is counted in the first and the last bin, so that the sum
    over bins is the number of cells with energy.
    """
    edges = spectrum_edges(showers.detector)
    shower, deposit = _deposits(showers)
    return _count(shower, torch.bucketize(deposit, edges[1:-1], right=True), showers, edges)


@observable(
    "cells per twentieth of a MIP",
    "",
    axis=SPECTRUM_AXIS,
    bins=Bins("energy in a cell [MIP]", mip_edges, unit=mip_energy),
)
def mip_spectrum(showers: Showers) -> Tensor:
    """Number of cells in equal bins of their deposit up to 4 m, with shape (N, bins).

    The bins are those of `mip_edges`; cells above are not counted, those below the hit threshold
    are. The half-MIP cut lies between two bins.
    """
    edges = mip_edges(showers.detector)
    shower, deposit = _deposits(showers)
    near = deposit < edges[-1]
    place = torch.bucketize(deposit[near], edges[1:-1], right=True)
    return _count(shower[near], place, showers, edges)


def _deposits(showers: Showers) -> tuple[Tensor, Tensor]:
    """Shower and deposit in MeV of each cell with energy, each with shape (n,)."""
    shower, cell = showers.deposits.nonzero(as_tuple=True)
    return shower, showers.deposits[shower, cell].double()


def _count(shower: Tensor, place: Tensor, showers: Showers, edges: Tensor) -> Tensor:
    """Number of cells of each shower in each bin, with shape (N, bins)."""
    bins = edges.numel() - 1
    counts = torch.bincount(shower * bins + place, minlength=len(showers) * bins)
    return counts.reshape(len(showers), bins).double()
