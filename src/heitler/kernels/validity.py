"""Whether lists of hits are what they should be, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.numbers import COMPILED, cached, place

__all__ = ["valid"]


def valid(
    offsets: NDArray[np.int64],
    cells: NDArray[np.int32],
    energies: NDArray[np.float32],
    size: int,
) -> bool:
    """Whether lists are in order, all cells exist, and energies are above 0 and finite.

    Arguments:
        offsets: They are to rise from 0 to the number of hits H, (N + 1).
        cells: They are to be 0 to `size` - 1, (H).
        energies: MeV, (H).
        size: Number of cells.
    """
    if COMPILED:
        return bool(_valid(offsets, cells, energies, size))
    rising = offsets[0] == 0 and (np.diff(offsets) >= 0).all() and offsets[-1] == len(cells)
    held = (cells >= 0) & (cells < size) & (energies > 0) & (energies < np.inf)
    return bool(rising and held.all())


@cached
def _valid(offsets, cells, energies, size):
    wrong = np.int32((offsets[0] != 0) | (offsets[-1] != cells.shape[0]))
    for n in range(offsets.shape[0] - 1):
        wrong |= np.int32(offsets[n + 1] < offsets[n])
    first, last = np.int32(0), np.int32(size - 1)
    least, most = np.float32(0.0), np.float32(np.inf)
    for i in range(place(cells.shape[0])):
        # In this form, since no comparison with nan holds.
        right = (energies[i] > least) & (energies[i] < most)
        wrong |= np.int32((cells[i] < first) | (cells[i] > last) | (not right))
    return wrong == np.int32(0)
