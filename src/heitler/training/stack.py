"""Training of a chain: links one after the other, each on what those before it let through.

    data: {file: spectrometer.h5, test: 20000, validation: 4000}
    links:
      - {name: acceptance, gate: true, columns: [accepted], conditioning: ..., model: ..., ...}
      - {name: momentum, columns: [momentum_error], ...}

A link is told the columns that its condition `Measured` names, and learns from the rows that have
passed all gates before it. Everything else is an experiment as `train` knows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from heitler.formats import read_table, sha256, write_table
from heitler.simulators import HELD_OUT, Link, NeuralTable, StackedSimulator
from heitler.tables import Table
from heitler.tracks import Tracks
from heitler.training.data import Split
from heitler.training.run import train

__all__ = ["train_stack"]

_OWN = ("name", "gate", "columns")
"""Keys of a link that say nothing to an experiment."""


def train_stack(settings: Mapping[str, Any], output: Path | str, *, progress: bool = True) -> Path:
    """Trains the links of a chain; an interrupted training goes on with the link it was at.

    Arguments:
        settings: Keys and values as in the module's docstring.
        output: Folder of the chain: one run directory for each link, and the held-out rows.
        progress: Whether to show progress bars on standard error.

    Returns:
        The folder.

    Raises:
        ValueError: The settings make no sense, or the data do not fit them.
    """
    output, data = Path(output), settings["data"]
    output.mkdir(parents=True, exist_ok=True)
    table = read_table(data["file"])
    split = Split.of(len(table), test=data["test"], validation=data["validation"], what="rows")
    origin = {"held_out_from_sha256": sha256(Path(data["file"]))}
    write_table(output / HELD_OUT, table[split.test], provenance=origin)
    rows = table[torch.cat([split.train, split.validation]).sort().values]
    links: list[Link] = []
    for entry in settings["links"]:
        link = _train_link(entry, _passed(rows, links), data, links, output, progress=progress)
        links.append(link)
    stack = StackedSimulator(links)
    stack.save(output)
    return output


def _train_link(
    entry: Mapping[str, Any],
    rows: Table,
    data: Mapping[str, Any],
    links: list[Link],
    output: Path,
    *,
    progress: bool,
) -> Link:
    """Trains one link on the rows that arrive at it."""
    name, known = entry["name"], [c for link in links for c in link.simulator.card.columns]
    told = [column.name for column in known]
    path = output / f"{name}.h5"
    write_table(path, rows.select([c.name for c in Tracks.columns] + told + entry["columns"]))
    experiment = {key: value for key, value in entry.items() if key not in _OWN}
    experiment["data"] = {
        "file": str(path),
        "test": 1,
        "validation": data["validation"],
        "columns": entry["columns"],
        "known": told or None,
    }
    folder = train(experiment, output / name, source=name, progress=progress)
    path.unlink()
    return Link(name, NeuralTable.load(folder, extrapolate=True), entry.get("gate", False))


def _passed(rows: Table, links: list[Link]) -> Table:
    """The rows that have passed the gates of links."""
    alive = torch.ones(len(rows), dtype=torch.bool)
    for link in links:
        if link.gate:
            made = rows.select([column.name for column in link.simulator.card.columns])
            alive &= (made.values == 1).all(dim=1)
    return rows[alive]
