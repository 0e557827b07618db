"""A chain of trained tables as one simulator: each link is told what those before it made.

A link that is a gate answers 0 or 1: tracks with a 0 go no further and have zeros in the columns
of all links behind it. So there is one row for each track, as of any simulator.

A folder holds ``stack.json``, the links in order, and a folder of each link by its name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from heitler.data import resolve_model
from heitler.formats import atomic_file
from heitler.measured import MeasuredTracks
from heitler.simulators.neural_table import NeuralTable
from heitler.simulators.sources import block_seed
from heitler.simulators.track_range import TrackRange
from heitler.tables import Column, Table
from heitler.tracks import Tracks

__all__ = ["STACK", "Link", "StackedSimulator"]

STACK = "stack.json"

_LINK = 9
"""Purpose of the seeds of links, see `block_seed`."""


@dataclass(frozen=True, slots=True)
class Link:
    """One simulator of a chain.

    Arguments:
        name: By which it is called, also of its folder.
        simulator: Makes some columns from tracks and from the columns before.
        gate: Whether tracks go on only where all of its columns are 1.
    """

    name: str
    simulator: NeuralTable[Any]
    gate: bool = False


class StackedSimulator:
    """Links that follow each other: a `Simulator[Tracks, Table]`.

    Arguments:
        links: At least one.

    Raises:
        ValueError: There is none, or two of a name.
    """

    def __init__(self, links: Sequence[Link]) -> None:
        names = [link.name for link in links]
        if not names or len(set(names)) != len(names):
            msg = f"a stack needs links of different names, got {', '.join(names) or 'none'}"
            raise ValueError(msg)
        self.links = tuple(links)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of all links, in order."""
        return tuple(c for link in self.links for c in link.simulator.card.columns)

    @property
    def training_range(self) -> TrackRange:
        """The tracks that the first link has seen: those behind a gate are a part of them."""
        seen: TrackRange = self.links[0].simulator.card.training_range
        return seen

    def check(self, incident: Tracks) -> None:
        """Refuses tracks that the first link was not trained on, unless it may extrapolate.

        Raises:
            ValueError: Names the range of the training.
        """
        self.links[0].simulator.check(incident)

    def provenance(self, folder: Path | str) -> dict[str, Any]:
        """What a file of generated rows says about its origin.

        Arguments:
            folder: Where the chain was loaded from, or the name of a packaged one.
        """
        home = resolve_model(folder)
        links = {link.name: link.simulator.provenance(home / link.name) for link in self.links}
        return {"simulator": home.name, "links": links}

    def simulate(self, incident: Tracks, *, seed: int) -> Table:
        """One row for each track; the same for the same tracks and seed.

        Raises:
            ValueError: A track is outside of the range that the first link was trained on.
        """
        self.check(incident)
        made = Table((), torch.zeros(len(incident), 0))
        alive = torch.ones(len(incident), dtype=torch.bool)
        for place, link in enumerate(self.links):
            table = _spread(link, incident, made, alive, block_seed(seed, place, _LINK))
            made = made.beside(table)
            if link.gate:
                alive = (table.values == 1).all(dim=1)
        return made

    def save(self, folder: Path) -> None:
        """Writes the order of links whose folders are in this one already."""
        order = [{"name": link.name, "gate": link.gate} for link in self.links]
        with atomic_file(folder / STACK) as part:
            part.write_text(json.dumps({"links": order}, indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path | str, *, extrapolate: bool = False) -> Self:
        """The chain that a folder holds.

        Arguments:
            folder: Path of the folder, or the name of a packaged model.
            extrapolate: Whether to accept tracks outside of the range of the first link.

        Raises:
            ValueError: There is none, or a link is not complete.
        """
        folder = resolve_model(folder)
        if not (folder / STACK).is_file():
            msg = f"{folder} holds no {STACK}: it is no chain, or its training is not finished"
            raise ValueError(msg)
        order = json.loads((folder / STACK).read_text())["links"]
        # Behind a gate tracks are a part of those before: the first link knows the range.
        return cls(
            [
                Link(
                    entry["name"],
                    NeuralTable.load(folder / entry["name"], extrapolate=extrapolate or place > 0),
                    entry["gate"],
                )
                for place, entry in enumerate(order)
            ]
        )


def _spread(link: Link, incident: Tracks, made: Table, alive: Tensor, seed: int) -> Table:
    """What a link makes of the tracks that arrive, and zeros of the others."""
    columns = link.simulator.card.columns
    values = torch.zeros(len(incident), len(columns), dtype=torch.float64)
    if bool(alive.any()):
        known = MeasuredTracks.join(incident[alive], made[alive])
        values[alive] = link.simulator.simulate(known, seed=seed).values
    return Table(columns, values)
