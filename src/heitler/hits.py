"""Showers as lists of hits: the cells that are not empty, and their energies.

Some per cent of the cells of a shower are hit, so a list of hits is smaller than a dense row of
all cells, and what works on it is faster.

Notation: N showers of H hits together, in the memory of the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heitler.kernels import dense, valid

__all__ = ["Hits"]


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Lists of hits of several showers, one after the other.

    Shower i has the hits offsets[i] to offsets[i + 1] (exclusive). Its cells come in any order,
    each at most once, with energies above 0. Nothing is checked here, since models make hits by
    the thousand; `heitler.showers.SparseShowers` checks them.

    Arguments:
        offsets: Where the showers begin, and where the last one ends: (N + 1,) int64.
        cells: Indices in the flat cell order: (H,) int32.
        energies: Energies in MeV: (H,) float32.
    """

    offsets: Tensor
    cells: Tensor
    energies: Tensor

    def __len__(self) -> int:
        return self.offsets.numel() - 1

    @property
    def counts(self) -> Tensor:
        """Number of hits of each shower: (N,) int64."""
        return self.offsets.diff()

    @property
    def showers(self) -> Tensor:
        """Index of the shower that each hit belongs to: (H,) int64."""
        return torch.arange(len(self)).repeat_interleave(self.counts)

    def __getitem__(self, index: slice | Tensor) -> Hits:
        """The showers of a slice, an index tensor or a mask."""
        if isinstance(index, slice) and index.step in {None, 1}:
            start, stop, _ = index.indices(len(self))
            return self._run(start, max(start, stop))
        rows = torch.arange(len(self))[index]
        first, counts = self.offsets[:-1][rows], self.counts[rows]
        offsets = _offsets(counts)
        # Hit k of the result is hit `first` of its shower plus its place in the shower.
        places = torch.arange(int(offsets[-1])) + (first - offsets[:-1]).repeat_interleave(counts)
        return Hits(offsets, self.cells[places], self.energies[places])

    def dense(self, cells: int) -> Tensor:
        """Energies of all cells in MeV, with shape (N, cells).

        Arguments:
            cells: Number of cells of a shower.

        Raises:
            IndexError: A hit is of none of these cells.
        """
        return torch.from_numpy(dense(*self._arrays(), cells))

    def valid(self, cells: int) -> bool:
        """Whether lists are in order, all hits in existing cells, and energies finite and above 0.

        Arguments:
            cells: Number of cells of a shower.
        """
        return valid(*self._arrays(), cells)

    def ascending(self) -> Hits:
        """The same showers with the cells of each in ascending order.

        Raises:
            ValueError: A shower has a cell twice.
        """
        high = int(self.cells.max()) if self.cells.numel() else -1
        first = torch.arange(len(self)) * (high + 1)
        keys = first.repeat_interleave(self.counts).add_(self.cells)
        if bool((keys[1:] > keys[:-1]).all()):
            return self
        keys, order = keys.sort()
        if bool((twice := keys[1:] == keys[:-1]).any()):
            shower, cell = divmod(int(keys[1:][twice][0]), high + 1)
            msg = f"shower {shower} has {int(twice.sum())} cells twice, such as cell {cell}"
            raise ValueError(msg)
        return Hits(self.offsets, self.cells[order], self.energies[order])

    @classmethod
    def of(cls, deposits: Tensor) -> Hits:
        """The cells that are not zero, in ascending order.

        Arguments:
            deposits: Energies of all cells in MeV, with shape (N, cells).
        """
        count, cells = deposits.shape
        dense = deposits.detach().cpu().numpy().reshape(-1)
        # Through a mask, numpy finds them in a quarter of the time, and torch takes longer yet.
        places = np.flatnonzero(dense != 0)
        offsets = np.searchsorted(places, np.arange(count + 1) * cells)
        energies = dense[places]
        places -= np.repeat(np.arange(count) * cells, np.diff(offsets))
        return cls(
            torch.from_numpy(offsets),
            torch.from_numpy(places.astype(np.int32)),
            torch.from_numpy(energies),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Hits]) -> Hits:
        """The showers of all parts, in order."""
        if not parts:
            return cls.of(torch.zeros(0, 0))
        if len(parts) == 1:
            return parts[0]
        return cls(
            _offsets(torch.cat([part.counts for part in parts])),
            torch.cat([part.cells for part in parts]),
            torch.cat([part.energies for part in parts]),
        )

    def _arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
        """Offsets, cells and energies."""
        return (
            self.offsets.contiguous().numpy(),
            self.cells.contiguous().numpy(),
            self.energies.contiguous().numpy(),
        )

    def _run(self, start: int, stop: int) -> Hits:
        """Showers `start` to `stop` (exclusive), without copying their hits."""
        offsets = self.offsets[start : stop + 1]
        hits = slice(int(offsets[0]), int(offsets[-1]))
        return Hits(offsets - offsets[0], self.cells[hits], self.energies[hits])


def _offsets(counts: Tensor) -> Tensor:
    """Where lists of these lengths begin when they follow each other, and the end: (N + 1,)."""
    return torch.nn.functional.pad(counts.cumsum(0), (1, 0))
