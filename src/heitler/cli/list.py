"""List what there is.

heitler list detectors
heitler list models

The models are the families that can be trained and, below them, the packaged trained models.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from inspect import getdoc
from types import ModuleType
from typing import TYPE_CHECKING

from heitler.particles import ELECTRON, PHOTON, POSITRON
from heitler.units import GeV, degree

if TYPE_CHECKING:
    from heitler.simulators import ModelCard, TrackRange, TrainingRange

__all__ = ["add_arguments", "run"]

_PARTICLES = {PHOTON: "photons", ELECTRON: "electrons", POSITRON: "positrons"}


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

    families = [(_path(family, models), _first_line(family)) for family in models.families()]
    return families + _packaged()


def _packaged() -> list[tuple[str, str]]:
    """The trained models that ship with the package."""
    from heitler.data import models, resolve_model
    from heitler.simulators import ModelCard

    cards = [(name, ModelCard.read(resolve_model(name) / "card.json")) for name in models()]
    return [(name, f"packaged: {_seen(card)}{_worth(card)}") for name, card in cards]


def _seen(card: ModelCard[TrainingRange] | ModelCard[TrackRange]) -> str:
    """Particles, range and detector of a trained model, or the columns that it makes."""
    seen = card.training_range
    columns = ", ".join(column.name for column in card.columns)
    if hasattr(seen, "momentum"):
        return f"tracks of {_span(seen.momentum, GeV, 'GeV')} to the columns {columns}"
    particles = " and ".join(_PARTICLES.get(code, f"particles {code}") for code in seen.pdg)
    energy = _span(seen.energy, GeV, "GeV")
    if columns:
        return f"{particles} of {energy} to the columns {columns}"
    angle = _span(seen.theta, degree, "degrees")
    return f"{particles} of {energy} at {angle} in {card.detector['name']}"


def _worth(card: ModelCard[TrainingRange] | ModelCard[TrackRange]) -> str:
    """AUC with its floor, and CPU time, which other work hardly changes: both or neither."""
    values = card.fidelity.get("values", [])
    aucs = [row for row in values if row["metric"] == "classifier_auc"]
    speeds = card.speed.get("rows", [])
    if not (aucs and speeds):
        return ""
    auc, speed = aucs[0], speeds[-1]
    floor, what = (
        ("held-out rows among themselves", "row")
        if card.columns
        else ("Geant4 against itself", "shower")
    )
    return (
        f"; AUC {auc['value']:.3f} ({floor} {auc['floor']:.3f}), "
        f"{speed['cpu_milliseconds']:.3g} ms of CPU per {what} in batches of {speed['batch']}"
    )


def _span(bounds: tuple[float, float], unit: float, name: str) -> str:
    low, high = (f"{bound / unit:g}" for bound in bounds)
    return f"{low} {name}" if low == high else f"{low} to {high} {name}"


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
