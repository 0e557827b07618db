"""Lists of hits as dense rows, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.numbers import COMPILED, cached, place

__all__ = ["dense"]


def dense(
    offsets: NDArray[np.int64],
    cells: NDArray[np.int32],
    energies: NDArray[np.float32],
    size: int,
) -> NDArray[np.float32]:
    """Rows of zeros with energies at their cells, (N, size).

    numpy asks the operating system for zeros in large pages, which torch does not.
    """
    rows = np.zeros((len(offsets) - 1, size), np.float32)
    if COMPILED:
        _scatter(offsets, cells, energies, rows)
    else:
        first = np.arange(len(rows)) * size
        rows.ravel()[np.repeat(first, np.diff(offsets)) + cells] = energies
    return rows


@cached
def _scatter(offsets, cells, energies, rows):
    for n in range(rows.shape[0]):
        for i in range(place(offsets[n]), place(offsets[n + 1])):
            rows[n, place(cells[i])] = energies[i]
