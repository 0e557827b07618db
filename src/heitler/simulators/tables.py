"""Causes to a file of labelled rows: what goes in and, beside it, what a simulator makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from tqdm import tqdm

from heitler.causes import Causes
from heitler.formats import create_table
from heitler.models import random_generator
from heitler.simulators.base import Simulator
from heitler.simulators.sources import BLOCK, Source, block_seed
from heitler.simulators.track_range import TrackRange
from heitler.tables import Table
from heitler.tracks import CHARGED, Tracks
from heitler.units import GeV

__all__ = ["CauseList", "TrackGun", "generate_table"]

C = TypeVar("C", bound=Causes)


@dataclass(frozen=True, slots=True)
class TrackGun:
    """Tracks of some types in equal shares; the bounds are those of LHCb unless told otherwise.

    Arguments:
        pdg: Particle codes.
        momentum: Lowest and highest momentum in MeV; its logarithm is uniform.
        pseudorapidity: Lowest and highest pseudorapidity; uniform.
        multiplicity: Smallest and largest number of tracks in the event; uniform whole numbers.

    Raises:
        ValueError: There are no codes, or bounds are in the wrong order or below what is possible.
    """

    pdg: Sequence[int] = tuple(CHARGED.values())
    momentum: tuple[float, float] = (2 * GeV, 100 * GeV)
    pseudorapidity: tuple[float, float] = (1.6, 5.0)
    multiplicity: tuple[int, int] = (20, 400)

    def __post_init__(self) -> None:
        if not self.pdg:
            msg = "a gun needs a particle code or more, got none; leave pdg out for all five"
            raise ValueError(msg)
        lowest = {"momentum": np.nextafter(0, 1), "pseudorapidity": -np.inf, "multiplicity": 1}
        for name, least in lowest.items():
            low, high = getattr(self, name)
            whole = name != "multiplicity" or (low % 1 == 0 and high % 1 == 0)
            if not (least <= low <= high < np.inf and whole):
                what = {"momentum": " in MeV above 0", "multiplicity": ", whole numbers from 1 on"}
                msg = (
                    f"{name} needs a lower and an upper bound{what.get(name, '')}, got {low} and "
                    f"{high}"
                )
                raise ValueError(msg)

    @classmethod
    def within(
        cls,
        seen: TrackRange,
        *,
        pdg: Sequence[int] | None = None,
        momentum: tuple[float, float] | None = None,
        pseudorapidity: tuple[float, float] | None = None,
        multiplicity: tuple[int, int] | None = None,
    ) -> TrackGun:
        """A gun that shoots what a model has seen, but for what is asked for.

        Arguments:
            seen: Where the model holds.
            pdg: Particle codes.
            momentum: Lowest and highest momentum in MeV.
            pseudorapidity: Lowest and highest pseudorapidity.
            multiplicity: Smallest and largest number of tracks in the event.
        """
        fewest, most = (round(bound) for bound in seen.multiplicity)
        return cls(
            pdg or seen.pdg,
            momentum or seen.momentum,
            pseudorapidity or seen.pseudorapidity,
            multiplicity or (fewest, most),
        )

    def shoot(self, block: int, count: int, *, seed: int) -> Tracks:
        """The first `count` tracks of block number `block`."""
        generator = random_generator(block_seed(seed, block, 0))
        which, along, across, crowd = torch.from_numpy(generator.random((BLOCK, 4)))[:count].T
        low, high = self.momentum
        least, most = self.multiplicity
        start, stop = self.pseudorapidity
        return Tracks(
            torch.tensor(tuple(self.pdg))[(which * len(self.pdg)).long()],
            # exp(ln low) may fall below low by rounding.
            (low * (high / low) ** along).clamp(low, high),
            start + (stop - start) * across,
            least + torch.floor((most - least + 1) * crowd),
        )

    def describe(self) -> dict[str, Any]:
        """Particle codes and bounds."""
        return {
            "pdg": list(self.pdg),
            "momentum": list(self.momentum),
            "pseudorapidity": list(self.pseudorapidity),
            "multiplicity": list(self.multiplicity),
        }


@dataclass(frozen=True, slots=True)
class CauseList(Generic[C]):
    """Given causes, in order.

    Arguments:
        causes: At least as many as will be asked for.
    """

    causes: C

    def shoot(self, block: int, count: int, *, seed: int) -> C:  # noqa: ARG002
        """The first `count` causes of block number `block`."""
        return self.causes[block * BLOCK : block * BLOCK + count]

    def describe(self) -> dict[str, Any]:
        """Number of the causes and SHA-256 of the table that states them."""
        content = self.causes.table().values.contiguous().numpy().tobytes()
        return {"number": len(self.causes), "sha256": sha256(content).hexdigest()}


def generate_table(
    simulator: Simulator[C, Table],
    source: Source[C],
    output: Path | str,
    *,
    number: int,
    seed: int,
    provenance: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Path:
    """Writes `number` rows to a file: columns of the cause and, behind them, of its response.

    Rows depend on simulator, source and seed only; a longer file begins with the whole blocks of
    a shorter one. `heitler.formats.open_table` reads the file, `Tracks.of` takes tracks back.

    Arguments:
        simulator: What makes the responses.
        source: Where the tracks, or incident particles, come from.
        output: The file; it is there in full or not at all.
        number: How many rows.
        seed: Seed of causes and responses.
        provenance: What the file says about its origin.
        progress: Whether to show a progress bar on standard error.

    Raises:
        ValueError: The number is below 1, or the simulator does not cover the causes.
        OSError: The output cannot be written.
    """
    output = Path(output)
    if number < 1:
        msg = f"the number of rows must be at least 1, got {number}"
        raise ValueError(msg)

    def rows(block: int) -> Table:
        causes = source.shoot(block, min(BLOCK, number - block * BLOCK), seed=seed)
        response = simulator.simulate(causes, seed=block_seed(seed, block, 1))
        return causes.table().beside(response)

    what = "tracks" if isinstance(source.shoot(0, 1, seed=seed), Tracks) else "particles"
    origin = {"seed": seed, what: source.describe(), **(provenance or {})}
    blocks = range(ceil(number / BLOCK))
    with create_table(output, rows(0).columns, provenance=origin) as writer:
        for block in tqdm(blocks, desc=output.name, unit=" blocks", disable=not progress):
            writer.write(rows(block))
    return output
