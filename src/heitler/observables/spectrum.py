"""The spectrum of cell energies, where the MIP peak is.

Notation: m is the deposit of a minimum-ionising particle; where the detector does not state it,
twice the hit threshold stands in, since the usual threshold is half a MIP.
"""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.detectors import Detector
from heitler.observables.base import observable
from heitler.showers import Showers

__all__ = ["SPECTRUM_AXIS", "cell_spectrum", "spectrum_edges"]

SPECTRUM_AXIS = "cell energy"
"""The axis of a spectrum: its bins are one distribution, unlike layers or rings."""

_PER_DECADE = 10
_DECADES = (-2, 5)


@observable("cells per bin of cell energy", "", axis=SPECTRUM_AXIS, log=True)
def cell_spectrum(showers: Showers) -> Tensor:
    """Number of cells in logarithmic bins of their deposit, with shape (N, bins).

    All deposits above 0 are counted, also those below the hit threshold. The bins are those of
    `spectrum_edges`; what lies beyond is counted in the first and the last bin, so that the sum
    over bins is the number of cells with energy.
    """
    edges = spectrum_edges(showers.detector)
    bins = edges.numel() - 1
    shower, cell = showers.deposits.nonzero(as_tuple=True)
    deposit = showers.deposits[shower, cell].double()
    place = torch.bucketize(deposit, edges[1:-1], right=True)
    counts = torch.bincount(shower * bins + place, minlength=len(showers) * bins)
    return counts.reshape(len(showers), bins).double()


def spectrum_edges(detector: Detector) -> Tensor:
    """Edges of the bins in MeV: ten per decade from m / 100 to 100000 m, shape (bins + 1,)."""
    mip = 2 * detector.hit_threshold if detector.mip is None else detector.mip
    low, high = _DECADES
    exponent = torch.arange(_PER_DECADE * (high - low) + 1, dtype=torch.float64) / _PER_DECADE
    return mip * 10 ** (low + exponent)
