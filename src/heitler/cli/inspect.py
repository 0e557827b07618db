"""Say what a shower file, a table, a run directory or a packaged model holds."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from heitler.data import models, resolve, resolve_model
from heitler.detectors import load_detector
from heitler.formats import CONVENTIONS, inspect
from heitler.units import GeV, degree

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Declares the arguments of the verb."""
    parser.add_argument(
        "path",
        metavar="FILE|RUN|MODEL",
        help="a shower file, a table, a run directory, a packaged model",
    )
    parser.add_argument("--from", dest="convention", choices=list(CONVENTIONS), help="convention")
    parser.add_argument("--detector", metavar="NAME", help="detector where the file does not say")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: Namespace) -> int:
    """Prints the facts as aligned text or as JSON."""
    detector = load_detector(arguments.detector) if arguments.detector else None
    path = _locate(arguments.path)
    facts = inspect(path, convention=arguments.convention, detector=detector)
    print(json.dumps(facts, indent=2) if arguments.json else "\n".join(_lines(_short(facts))))
    return 0


def _locate(name: str) -> Path:
    if name in models():
        return resolve_model(name)
    try:
        return resolve(name)
    except ValueError as error:
        msg = f"{error} nor a packaged model (heitler list models has them)"
        raise ValueError(msg) from error


def _short(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts for a reader: of the card's definition of its detector only what it is.

    Every value of the fidelity stands beside its floor.
    """
    if "training_range" not in facts:
        return dict(facts)
    seen, detector = facts["training_range"], facts["detector"]
    judged = {
        "fidelity": _fidelity(
            facts.get("fidelity", {}),
            "Geant4 against itself" if detector else "held-out rows among themselves",
        ),
        "speed": _speed(facts.get("speed", {}), "shower" if detector else "row"),
    }
    if not detector:  # a model of a table
        return {**facts, **judged}
    low, high = (energy / GeV for energy in seen["energy"])
    flat, steep = (angle / degree for angle in seen["theta"])
    return {
        **facts,
        "detector": {key: detector[key] for key in ("name", "description")},
        "training_range": {
            "energy [GeV]": f"{low:g} to {high:g}",
            "angle to the face [deg]": f"{flat:g} to {steep:g}",
            "codes (PDG)": seen["pdg"],
            **_entry(seen),
        },
        **judged,
    }


def _entry(seen: Mapping[str, Any]) -> dict[str, Any]:
    """Points of entry and azimuths, which the cards of older versions do not have."""
    facts: dict[str, Any] = {}
    if "position" in seen:
        x, y = seen["position"]
        facts["point of entry [mm]"] = f"x {_span(*x)}, y {_span(*y)}"
    if seen.get("azimuth"):
        facts["azimuth of the tilt [deg]"] = _span(*(a / degree for a in seen["azimuth"]))
    return facts


def _span(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _fidelity(fidelity: Mapping[str, Any], floor: str) -> dict[str, Any]:
    if "values" not in fidelity:
        return dict(fidelity)
    values = {
        f"{row['observable']}, {row['metric']}, {row['energies']}": (
            f"{row['value']:.4f} ± {row['error']:.4f}, "
            f"{floor} {row['floor']:.4f} ± {row['floor_error']:.4f}"
        )
        for row in fidelity["values"]
    }
    return {**fidelity, "values": values}


def _speed(speed: Mapping[str, Any], what: str) -> dict[str, Any]:
    if "rows" not in speed:
        return dict(speed)
    rows = {
        f"batch {row['batch']}, {row['threads']} thread{'s'[: row['threads'] > 1]}": (
            f"{row['milliseconds']:.4f} ms per {what} (CPU {row['cpu_milliseconds']:.4f})"
            + (
                f", Geant4 {row['reference_milliseconds']:.0f} ms"
                if row.get("reference_milliseconds")
                else ""
            )
        )
        for row in speed["rows"]
    }
    return {**speed, "rows": rows}


def _lines(facts: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """One line per fact, values aligned within a level."""
    width = max((len(str(key)) for key in facts), default=0)
    for key, value in facts.items():
        if isinstance(value, Mapping) and set(value) == {"min", "mean", "max"}:
            words = f"{value['min']:.6g} to {value['max']:.6g}, mean {value['mean']:.6g}"
            yield f"{indent}{key:<{width}}  {words}"
        elif isinstance(value, Mapping):
            yield f"{indent}{key}"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{indent}{key}"
            for entry in value:
                yield f"{indent}  {', '.join(f'{k} {_words(v)}' for k, v in entry.items())}"
        else:
            yield f"{indent}{key:<{width}}  {_words(value)}"


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
