"""Tracks of which something is known already: what one link of a chain tells the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from heitler.tables import Table
from heitler.tracks import Tracks

__all__ = ["MeasuredTracks"]


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredTracks(Tracks):
    """Tracks, and a row of measurements of each.

    Arguments:
        measured: What is known of the tracks, with as many rows.

    Raises:
        ValueError: A shape or a number is not as stated.
    """

    measured: Table

    def __post_init__(self) -> None:
        Tracks.__post_init__(self)  # super() does not know classes with slots
        if len(self.measured) != len(self):
            msg = f"{len(self)} tracks need as many measured rows, got {len(self.measured)}"
            raise ValueError(msg)

    def __getitem__(self, index: slice | Tensor) -> MeasuredTracks:
        """The tracks of a slice, an index tensor or a mask."""
        return MeasuredTracks.join(Tracks.__getitem__(self, index), self.measured[index])

    def table(self) -> Table:
        """The tracks as a table and, behind them, what is known."""
        return Tracks.table(self).beside(self.measured)

    @classmethod
    def join(cls, tracks: Tracks, measured: Table) -> MeasuredTracks:
        """Tracks beside what is known of them."""
        return cls(
            tracks.pdg, tracks.momentum, tracks.pseudorapidity, tracks.multiplicity, measured
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Tracks]) -> MeasuredTracks:
        """The tracks of all parts, in order.

        Raises:
            ValueError: The parts know different things.
        """
        return cls.of(Table.concatenate([part.table() for part in parts]))

    @classmethod
    def of(cls, table: Table) -> MeasuredTracks:
        """The tracks that a table states; all other columns are known of them."""
        stated = {column.name for column in Tracks.columns}
        others = [name for name in table.names if name not in stated]
        return cls.join(Tracks.of(table), table.select(others))
