"""What a training reads: a file whose rows are showers, or rows of a table.

Each row has a cause, an incident particle or a track, and cells: deposits, or the numbers of the
columns that a model is to make.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from heitler.causes import Causes
from heitler.simulators import Blueprint, TrainedSimulator
from heitler.training.criteria import Criterion

__all__ = ["C", "R", "Sample", "Split", "TrainingData"]

C = TypeVar("C", bound=Causes)
R = TypeVar("R")
C_co = TypeVar("C_co", bound=Causes, covariant=True)


@dataclass(frozen=True, slots=True)
class Split:
    """Rows of a file for training, validation and test: each sorted, together all."""

    train: Tensor
    validation: Tensor
    test: Tensor

    @classmethod
    def of(cls, rows: int, *, test: int, validation: int, what: str = "showers") -> Split:
        """Test rows spread evenly over the file, validation rows over what is left.

        Arguments:
            rows: How many there are.
            test: How many are held out.
            validation: How many choose between weights.
            what: What to call them in messages.

        Raises:
            ValueError: The file has too few.
        """
        if rows < test + validation + 1:
            msg = (
                f"the file has {rows} {what}: too few for {test} to test, {validation} to "
                "validate and any to train (data.test, data.validation)"
            )
            raise ValueError(msg)
        rest, test_rows = _spread(torch.arange(rows), test)
        train, validation_rows = _spread(rest, validation)
        return cls(train, validation_rows, test_rows)


class Sample(Protocol[C_co]):
    """Rows in memory."""

    @property
    def particles(self) -> C_co:
        """What caused them."""

    def __len__(self) -> int: ...

    def dense(self, rows: Tensor) -> Tensor:
        """Cells of some of them in physical units, with shape (rows, cells)."""


class TrainingData(ABC, Generic[C, R]):
    """A file to train on.

    Attributes:
        rows: What its rows are, for messages.
        path: The file.
        provenance: What it says about its origin.
        particles: What caused its rows; they are small.
        cells: Number of cells of a row.
    """

    rows: str
    path: Path
    provenance: dict[str, Any]
    particles: C
    cells: int

    def __len__(self) -> int:
        return len(self.particles)

    @abstractmethod
    def load(self, rows: Tensor) -> Sample[C]:
        """Some rows, sorted, in memory."""

    @abstractmethod
    def most(self, rows: Tensor) -> int:
        """How many of these rows memory holds at a time."""

    @abstractmethod
    def simulator(self, blueprint: Blueprint, rows: Tensor) -> TrainedSimulator[C, R]:
        """A simulator with fresh weights, not yet fitted, whose card states the range of rows."""

    @abstractmethod
    def monitor(
        self,
        simulator: TrainedSimulator[C, R],
        sample: Sample[C],
        criterion: Criterion[Any] | None,
        *,
        seed: int,
    ) -> Callable[[], dict[str, float]]:
        """How near what the simulator makes is to a sample, by name, and the "mean".

        Arguments:
            simulator: The simulator.
            sample: The sample.
            criterion: What compares; by default distances.
            seed: Seed of what is made.

        Raises:
            ValueError: The criterion compares other rows.
        """

    @abstractmethod
    def hold_out(self, path: Path, rows: Tensor, origin: dict[str, str]) -> None:
        """Writes rows that training will not see to a file that says where they come from."""

    @abstractmethod
    def origin_of(self, path: Path) -> dict[str, Any]:
        """What a file of `hold_out` says about its origin."""

    @abstractmethod
    def list_particles(self, folder: Path, rows: Tensor) -> None:
        """Writes causes of rows of the training into a folder."""


def _spread(rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Rows that stay, and `count` rows spread evenly."""
    chosen = torch.zeros(rows.numel(), dtype=torch.bool)
    chosen[((torch.arange(count, dtype=torch.float64) + 0.5) * rows.numel() / count).long()] = True
    return rows[~chosen], rows[chosen]
