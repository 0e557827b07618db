"""What enters a detector, whatever it is: incident particles of a calorimeter, tracks.

A table can state the causes of its rows beside what was found: then a model can be trained on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, Self

from torch import Tensor

from heitler.particles import IncidentParticles
from heitler.tables import Column, Table
from heitler.tracks import Tracks

__all__ = ["KINDS", "Causes", "kind_of"]


class Causes(Protocol):
    """N causes, each of one response of a detector.

    Attributes:
        columns: What a table states of them.
    """

    columns: ClassVar[tuple[Column, ...]]

    @property
    def pdg(self) -> Tensor:
        """Particle codes of the Particle Data Group, with shape (N,)."""

    @property
    def energy(self) -> Tensor:
        """Energies in MeV that transforms are told, with shape (N,)."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: slice | Tensor) -> Self: ...

    def table(self) -> Table:
        """The same as a table."""

    @classmethod
    def of(cls, table: Table) -> Self:
        """The causes that a table states, among other columns or alone."""


KINDS: tuple[type[Causes], ...] = (Tracks, IncidentParticles)
"""What a table may state the causes of its rows as."""


def kind_of(columns: Sequence[Column]) -> type[Causes]:
    """What the causes are that the columns of a table state.

    Raises:
        ValueError: It states none.
    """
    names = {column.name for column in columns}
    for kind in KINDS:
        if names >= {column.name for column in kind.columns}:
            return kind
    wanted = " or ".join(", ".join(column.name for column in kind.columns) for kind in KINDS)
    msg = f"the table does not say what caused its rows: that takes the columns {wanted}"
    raise ValueError(msg)
