r"""Charged particles as a spectrometer sees them: what causes signals of particle identification.

The polar angle theta, to the line of the beam, follows from the pseudorapidity:
tan(theta / 2) = exp(-eta). (It is not the angle of `heitler.particles`, to the face of a
calorimeter.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from heitler.tables import Column, Table
from heitler.units import MeV

__all__ = ["CHARGED", "MASSES", "Tracks"]

CHARGED = {"e": 11, "mu": 13, "pi": 211, "K": 321, "p": 2212}
"""Particle codes of the charged particles that live long enough, without their sign."""

MASSES = {
    "e": 0.51099895 * MeV,
    "mu": 105.6583755 * MeV,
    "pi": 139.57039 * MeV,
    "K": 493.677 * MeV,
    "p": 938.27208816 * MeV,
}
"""Their masses (Particle Data Group 2022)."""


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Charged particles, each in an event of its own.

    Arguments:
        pdg: Particle codes of the Particle Data Group, of either sign, with shape (N,), int64.
        momentum: In MeV, positive, with shape (N,), float64.
        pseudorapidity: With shape (N,), float64.
        multiplicity: Number of tracks in the event, at least 1, with shape (N,), float64.

    Raises:
        ValueError: A shape or a number is not as stated above.

    Attributes:
        columns: What a table states of them.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column("pdg", "particle code"),
        Column("momentum", "momentum", "MeV"),
        Column("pseudorapidity", "pseudorapidity"),
        Column("multiplicity", "tracks in the event"),
    )

    pdg: Tensor
    momentum: Tensor
    pseudorapidity: Tensor
    multiplicity: Tensor

    def __post_init__(self) -> None:
        for column in self.columns:
            dtype = torch.int64 if column.name == "pdg" else torch.float64
            values = torch.as_tensor(getattr(self, column.name), dtype=dtype)
            object.__setattr__(self, column.name, values)
            if tuple(values.shape) != (self.pdg.numel(),):
                msg = (
                    f"{column.name} of {self.pdg.numel()} tracks must have shape "
                    f"({self.pdg.numel()},), got {tuple(values.shape)}"
                )
                raise ValueError(msg)
        _check(self.momentum, self.momentum > 0, "momenta of tracks must be above 0 MeV")
        anything = torch.ones_like(self.pdg, dtype=torch.bool)
        _check(self.pseudorapidity, anything, "pseudorapidities must be numbers")
        _check(self.multiplicity, self.multiplicity >= 1, "tracks of an event must be 1 or more")

    def __len__(self) -> int:
        return self.pdg.numel()

    def __getitem__(self, index: slice | Tensor) -> Tracks:
        """The tracks of a slice, an index tensor or a mask."""
        return Tracks(*(getattr(self, column.name)[index] for column in self.columns))

    @property
    def energy(self) -> Tensor:
        """Momentum times the speed of light in MeV, what transforms are told of a track: (N,)."""
        return self.momentum

    @property
    def theta(self) -> Tensor:
        """Polar angle to the line of the beam in rad: (N,)."""
        return 2.0 * torch.atan(torch.exp(-self.pseudorapidity))

    @classmethod
    def concatenate(cls, parts: Sequence[Tracks]) -> Tracks:
        """The tracks of all parts, in order."""
        names = [column.name for column in cls.columns]
        return cls(*(torch.cat([getattr(part, name) for part in parts]) for name in names))

    def table(self) -> Table:
        """The same as a table of four columns."""
        values = [getattr(self, column.name).double() for column in self.columns]
        return Table(self.columns, torch.stack(values, dim=1))

    @classmethod
    def of(cls, table: Table) -> Tracks:
        """The tracks that a table states, among other columns or alone.

        Raises:
            ValueError: A column is missing, or a number is not as stated above.
        """
        return cls(*(table.column(column.name) for column in cls.columns))


def _check(values: Tensor, right: Tensor, rule: str) -> None:
    wrong = ~(right & torch.isfinite(values))
    if bool(wrong.any()):
        first = int(wrong.nonzero()[0])
        msg = (
            f"{rule} and finite, got {float(values[first])} for track {first} "
            f"({int(wrong.sum())} of {values.numel()} are wrong)"
        )
        raise ValueError(msg)
