"""The facts about a file or a run directory, as plain values that JSON can hold."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from heitler.detectors import Detector
from heitler.formats.base import ShowerReader, batch_size
from heitler.formats.checksum import sha256
from heitler.formats.registry import CONVENTIONS, open_showers
from heitler.formats.tables import TableReader, is_table, open_table
from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.units import GeV, degree, keV

__all__ = ["inspect"]

_SAMPLE = 500
_ROWS = 100_000


def inspect(
    path: str | Path, *, convention: str | None = None, detector: Detector | None = None
) -> dict[str, Any]:
    """What a shower file or a table holds, or the card of a run directory.

    Occupancy and visible energy are those of the first showers, at most 500 and 64 MiB of them.

    Arguments:
        path: A shower file of any convention, a table, or a folder with ``card.json``.
        convention: See `heitler.formats.open_showers`.
        detector: See `heitler.formats.open_showers`.

    Raises:
        ValueError: It is none of these.
        OSError: There is nothing at `path`.
    """
    if Path(path).is_dir():
        return _card(Path(path))
    if is_table(path):
        return _table(Path(path))
    with open_showers(path, convention=convention, detector=detector) as reader:
        return {
            "file": str(path),
            "bytes": reader.path.stat().st_size,
            "sha256": sha256(path),
            "convention": reader.convention,
            "units in the file": CONVENTIONS[reader.convention].units,
            "showers": len(reader),
            "detector": _detector(reader.detector),
            "particles": _particles(reader.particles) if len(reader) else {},
            "sample": _sample(reader) if len(reader) else {},
            "provenance": reader.provenance,
        }


def _card(folder: Path) -> dict[str, Any]:
    card = folder / "card.json"
    if not card.is_file():
        msg = f"{folder} is a folder without card.json, so it is not a run directory"
        raise ValueError(msg)
    try:
        content = json.loads(card.read_text())
    except json.JSONDecodeError as error:
        msg = f"{card} is not JSON: {error}"
        raise ValueError(msg) from error
    return {"run": str(folder), **content}


def _table(path: Path) -> dict[str, Any]:
    with open_table(path) as reader:
        return {
            "file": str(path),
            "bytes": path.stat().st_size,
            "sha256": sha256(path),
            "convention": "table",
            "rows": len(reader),
            "columns": _columns(reader) if len(reader) else {},
            "provenance": reader.provenance,
        }


def _columns(reader: TableReader) -> dict[str, Any]:
    """The range of each column, from parts of the file that fit into memory."""
    names = [
        f"{column.name} [{column.unit}]" if column.unit else column.name
        for column in reader.columns
    ]
    total = torch.zeros(len(names), dtype=torch.float64)
    low, high = torch.full_like(total, torch.inf), torch.full_like(total, -torch.inf)
    for start in range(0, len(reader), _ROWS):
        values = reader.read(start, start + _ROWS).values
        low, high = torch.minimum(low, values.amin(0)), torch.maximum(high, values.amax(0))
        total += values.sum(0)
    mean = total / len(reader)
    return {
        name: {"min": float(low[i]), "mean": float(mean[i]), "max": float(high[i])}
        for i, name in enumerate(names)
    }


def _detector(detector: Detector) -> dict[str, Any]:
    geometry = detector.geometry
    return {
        "name": detector.name,
        "description": detector.description,
        "cells": type(geometry).__name__,
        "number of cells": geometry.cells,
        "grid": " x ".join(map(str, geometry.grid_shape)),
        "depth of layers [mm]": f"{geometry.layer_z[0]:g} to {geometry.layer_z[-1]:g}",
        "hit threshold [keV]": detector.hit_threshold / keV,
    }


def _particles(particles: IncidentParticles) -> dict[str, Any]:
    return {
        "codes (PDG)": Counter(map(str, particles.pdg.tolist())),
        "energy [GeV]": _range(particles.energy / GeV),
        "angle to the face [deg]": _range(particles.theta / degree),
    }


def _sample(reader: ShowerReader) -> dict[str, Any]:
    showers = reader.read(0, min(_SAMPLE, batch_size(reader.detector.geometry.cells)))
    return {"first showers": len(showers), **_deposits(showers), **_left_out(reader)}


def _deposits(showers: Showers) -> dict[str, Any]:
    visible = showers.deposits.double().sum(dim=1)
    hits = (showers.deposits > showers.detector.hit_threshold).sum(dim=1).double()
    return {
        "visible energy [GeV]": _range(visible / GeV),
        "visible / incident energy": _range(visible / showers.particles.energy),
        "hits": _range(hits),
        "occupancy": float(hits.mean()) / showers.geometry.cells,
        "largest deposit [MeV]": float(showers.deposits.max()),
    }


def _left_out(reader: ShowerReader) -> dict[str, Any]:
    if not reader.left_out:
        return {}
    return {
        "points outside": reader.left_out["points"],
        "energy outside [MeV]": reader.left_out["energy"],
    }


def _range(values: Tensor) -> dict[str, float]:
    values = values.to(torch.float64)
    return {
        "min": float(values.min()),
        "mean": float(values.mean()),
        "max": float(values.max()),
    }
