"""Say what a shower file or a run directory holds."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from heitler.data import resolve
from heitler.detectors import load_detector
from heitler.formats import CONVENTIONS, inspect
from heitler.units import GeV, degree

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Declares the arguments of the verb."""
    parser.add_argument("path", metavar="FILE|RUN", help="a shower file or a run directory")
    parser.add_argument("--from", dest="convention", choices=list(CONVENTIONS), help="convention")
    parser.add_argument("--detector", metavar="NAME", help="detector where the file does not say")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: Namespace) -> int:
    """Prints the facts as aligned text or as JSON."""
    detector = load_detector(arguments.detector) if arguments.detector else None
    path = resolve(arguments.path)
    facts = inspect(path, convention=arguments.convention, detector=detector)
    print(json.dumps(facts, indent=2) if arguments.json else "\n".join(_lines(_short(facts))))
    return 0


def _short(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts for a reader: of the card's definition of its detector only what it is."""
    if "training_range" not in facts:
        return dict(facts)
    seen, detector = facts["training_range"], facts["detector"]
    low, high = (energy / GeV for energy in seen["energy"])
    flat, steep = (angle / degree for angle in seen["theta"])
    return {
        **facts,
        "detector": {key: detector[key] for key in ("name", "description")},
        "training_range": {
            "energy [GeV]": f"{low:g} to {high:g}",
            "angle to the face [deg]": f"{flat:g} to {steep:g}",
            "codes (PDG)": seen["pdg"],
        },
    }


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
