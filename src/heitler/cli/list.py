"""List what there is.

heitler list detectors
heitler list models
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from inspect import getdoc
from types import ModuleType

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``heitler list``."""
    parser.add_argument("what", choices=sorted(_KINDS), help="what to list")


def run(arguments: Namespace) -> int:
    """Prints a name and a sentence for each."""
    rows = _KINDS[arguments.what]()
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        print(f"{name:<{width}}  {text}")
    return 0


def _detectors() -> list[tuple[str, str]]:
    from heitler.detectors import detector_names, load_detector

    return [(name, load_detector(name).description) for name in detector_names()]


def _formats() -> list[tuple[str, str]]:
    from heitler.formats import CONVENTIONS

    return [(name, convention.summary) for name, convention in CONVENTIONS.items()]


def _metrics() -> list[tuple[str, str]]:
    from heitler.metrics import METRICS

    return [(name, metric.label) for name, metric in METRICS.items()]


def _models() -> list[tuple[str, str]]:
    from heitler import models

    families = models.GenerativeModel.__subclasses__()
    return [(_path(family, models), _first_line(family)) for family in families]


def _observables() -> list[tuple[str, str]]:
    from heitler.observables import OBSERVABLES

    return [
        (name, f"{o.label} [{o.unit}]" if o.unit else o.label) for name, o in OBSERVABLES.items()
    ]


def _samples() -> list[tuple[str, str]]:
    from heitler.data import resolve, samples
    from heitler.formats import open_showers

    rows = []
    for name in samples():
        with open_showers(resolve(name)) as reader:
            rows.append((name, f"{len(reader)} showers in {reader.detector.name}"))
    return rows


def _path(family: type, models: ModuleType) -> str:
    """What a configuration calls a family."""
    name = family.__name__
    return f"heitler.models.{name}" if hasattr(models, name) else f"{family.__module__}.{name}"


def _first_line(thing: object) -> str:
    return (getdoc(thing) or "").split("\n", maxsplit=1)[0].split(":")[0].rstrip(".")


_KINDS = {
    "detectors": _detectors,
    "formats": _formats,
    "metrics": _metrics,
    "models": _models,
    "observables": _observables,
    "samples": _samples,
}
