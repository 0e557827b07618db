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

    Raises:
        IndexError: A hit is of none of these cells.
    """
    rows = np.zeros((len(offsets) - 1, size), np.float32)
    scatter = _scatter if COMPILED else _scatter_plainly
    if not scatter(offsets, cells, energies, rows):
        msg = f"hits in cells {cells.min()} to {cells.max()} of showers with {size} cells"
        raise IndexError(msg)
    return rows


def _scatter_plainly(offsets, cells, energies, rows):
    count, size = rows.shape
    held = (cells >= 0) & (cells < size)
    shower = np.repeat(np.arange(count), np.diff(offsets))
    rows[shower[held], cells[held]] = energies[held]
    return held.all()


@cached
def _scatter(offsets, cells, energies, rows):
    """Whether all hits have a cell: those that have none are left out."""
    size, held = place(rows.shape[1]), True
    for n in range(rows.shape[0]):
        for i in range(place(offsets[n]), place(offsets[n + 1])):
            cell = place(cells[i])  # one below zero becomes a large one
            if cell < size:
                rows[n, cell] = energies[i]
            else:
                held = False
    return held
