"""Tables: named columns of numbers, one row for each incident particle.

Whatever says something about single particles in a fixed number of numbers is a table: observables
of showers, likelihoods of a particle identification, what a reconstruction finds. Transforms,
models and metrics know numbers only, so they take the values of any table.

Notation: N rows, k columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Column", "Table"]


@dataclass(frozen=True, slots=True)
class Column:
    """What a column holds.

    Arguments:
        name: By which it is asked for.
        label: Words for an axis, without the unit.
        unit: Unit, "" where there is none.
    """

    name: str
    label: str
    unit: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Numbers in named columns.

    Arguments:
        columns: What the k columns hold; no two of one name.
        values: The numbers, finite, with shape (N, k), float64.

    Raises:
        ValueError: A shape, a name or a number is not as stated above.
    """

    columns: tuple[Column, ...]
    values: Tensor

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "values", torch.as_tensor(self.values, dtype=torch.float64))
        if len(set(self.names)) != len(self.names):
            msg = f"columns of a table must have different names, got {', '.join(self.names)}"
            raise ValueError(msg)
        if self.values.ndim != 2 or self.values.shape[1] != len(self.columns):
            msg = (
                f"values of {len(self.columns)} columns must have shape "
                f"(N, {len(self.columns)}), got {tuple(self.values.shape)}"
            )
            raise ValueError(msg)
        wrong = ~torch.isfinite(self.values)
        if bool(wrong.any()):
            row, column = (int(i) for i in wrong.nonzero()[0])
            msg = (
                f"numbers of a table must be finite, got {float(self.values[row, column])} in "
                f"row {row} of '{self.names[column]}' ({int(wrong.sum())} numbers are wrong)"
            )
            raise ValueError(msg)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    def __len__(self) -> int:
        return self.values.shape[0]

    def __getitem__(self, index: slice | Tensor) -> Table:
        """The rows of a slice, an index tensor or a mask."""
        return Table(self.columns, self.values[index])

    def column(self, name: str) -> Tensor:
        """The numbers of one column: (N,).

        Raises:
            ValueError: There is no such column.
        """
        return self.select([name]).values[:, 0]

    def select(self, names: Sequence[str]) -> Table:
        """Some columns, in the order of the names.

        Raises:
            ValueError: There is no column of a name.
        """
        if unknown := [name for name in names if name not in self.names]:
            msg = f"no column '{unknown[0]}' in the table; it has {', '.join(self.names)}"
            raise ValueError(msg)
        places = [self.names.index(name) for name in names]
        return Table(tuple(self.columns[i] for i in places), self.values[:, places])

    def beside(self, other: Table) -> Table:
        """The columns of this table and, behind them, those of another with as many rows.

        Raises:
            ValueError: The tables differ in length, or share the name of a column.
        """
        if len(self) != len(other):
            msg = f"tables side by side must be of one length, got {len(self)} and {len(other)}"
            raise ValueError(msg)
        return Table(
            (*self.columns, *other.columns), torch.cat([self.values, other.values], dim=1)
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Table]) -> Table:
        """The rows of all parts, in order.

        Raises:
            ValueError: The parts have different columns, or there are none.
        """
        if not parts or any(part.columns != parts[0].columns for part in parts):
            names = sorted({", ".join(part.names) for part in parts})
            msg = f"can only concatenate tables of the same columns, got {names}"
            raise ValueError(msg)
        return cls(parts[0].columns, torch.cat([part.values for part in parts]))
