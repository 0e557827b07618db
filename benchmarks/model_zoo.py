"""The packaged models in one table: writes docs/results/model-zoo.md.

    python benchmarks/model_zoo.py

All is read from the cards, which benchmarks/package_models.py fills in; nothing is measured here.
"""

from __future__ import annotations

from typing import Any

from heitler.data import models, resolve_model
from heitler.particles import ELECTRON, PHOTON
from heitler.simulators import ModelCard, TrainingRange
from heitler.simulators.trained import CARD, WEIGHTS
from heitler.units import GeV
from results import table, write_page

_PARTICLES = {PHOTON: "photons", ELECTRON: "electrons"}
_BATCHES = (1, 100)

Card = ModelCard[TrainingRange]


def seen(name: str, card: Card) -> list[str]:
    """Name, family, what it answers, and the size of its weights."""
    low, high = (f"{edge / GeV:g}" for edge in card.training_range.energy)
    particles = " and ".join(_PARTICLES[code] for code in card.training_range.pdg)
    size = (resolve_model(name) / WEIGHTS).stat().st_size / 1e6
    return [
        f"`{name}`",
        card.family,
        f"{particles}, {low} to {high} GeV",
        f"{card.data['train']:,}",
        f"{size:.2f}",
    ]


def fidelity(name: str, card: Card) -> list[str]:
    """AUC of both sets of features and the worst layer, each beside its floor."""
    cells = [f"`{name}`", f"{card.fidelity['showers']:,}"]
    for observable, metric in (
        ("high-level features", "classifier_auc"),
        ("lateral features", "classifier_auc"),
        ("longitudinal_profile", "largest_deviation"),
    ):
        row = next(
            row
            for row in card.fidelity["values"]
            if (row["observable"], row["metric"]) == (observable, metric)
        )
        cells += [_pair(row["value"], row["error"]), _pair(row["floor"], row["floor_error"])]
    return [*cells, *speed(card)]


def speed(card: Card) -> list[str]:
    """CPU milliseconds per shower by batch, and the speed-up of the last."""
    rows = [row for batch in _BATCHES for row in card.speed["rows"] if row["batch"] == batch]
    times = [f"{row['cpu_milliseconds']:.3g}" for row in rows]
    return [*times, f"{rows[-1]['reference_milliseconds'] / rows[-1]['cpu_milliseconds']:,.0f}"]


def of_table(name: str, card: ModelCard[Any]) -> list[str]:
    """What a model of a table makes, how good it is beside its floor, and how fast."""
    values = card.fidelity["values"]
    auc = next(row for row in values if row["metric"] == "classifier_auc")
    worst = max(
        (row for row in values if row["metric"] == "kolmogorov_smirnov"),
        key=lambda row: row["value"] - row["floor"],
    )
    rows = [row for batch in _BATCHES for row in card.speed["rows"] if row["batch"] == batch]
    return [
        f"`{name}`",
        card.family,
        ", ".join(f"`{column.name}`" for column in card.columns),
        f"{card.data['train']:,}",
        f"{(resolve_model(name) / WEIGHTS).stat().st_size / 1e6:.2f}",
        f"{card.fidelity['rows']:,}",
        _pair(auc["value"], auc["error"]),
        _pair(auc["floor"], auc["floor_error"]),
        f"{_pair(worst['value'], worst['error'])} (`{worst['observable']}`)",
        _pair(worst["floor"], worst["floor_error"]),
        *(f"{1e3 * row['cpu_milliseconds']:.1f}" for row in rows),
    ]


_TABLE_HEAD = (
    *("name", "family", "columns", "trained on", "weights, MB", "rows", "AUC", "floor"),
    *("KS, worst column", "floor"),
    *(f"CPU us, batch {batch}" for batch in _BATCHES),
)

_TABLES = """\
Models that make rows of a table in the place of showers: likelihoods of particle identification
for tracks, or what a reconstruction finds. `heitler generate NAME -n 1000 -o rows.h5` shoots
tracks over the range of the training; models of incident particles are told them by
`--particles`. *AUC*: trees that see all columns and what caused the row; floors are held-out rows
among themselves."""


def _pair(value: float, error: float) -> str:
    return f"{value:.3f} ± {error:.3f}"


def main() -> None:
    """Reads the cards and writes the page."""
    every = {name: ModelCard.read(resolve_model(name) / CARD) for name in models()}
    cards = {name: card for name, card in every.items() if not card.columns}
    tables = {name: card for name, card in every.items() if card.columns}
    detectors = sorted({card.detector["name"] for card in cards.values()})
    body = [_INTRODUCTION]
    for detector in detectors:
        some = {n: card for n, card in cards.items() if card.detector["name"] == detector}
        description = next(iter(some.values())).detector["description"]
        body += [
            f"## {detector}",
            description,
            table(
                ["name", "family", "particles", "trained on", "weights, MB"],
                [seen(name, card) for name, card in some.items()],
            ),
            table(
                [
                    *("name", "showers", "AUC high", "floor", "AUC lateral", "floor"),
                    *("profile, worst layer", "floor"),
                    *(f"CPU ms, batch {batch}" for batch in _BATCHES),
                    "speed-up",
                ],
                [fidelity(name, card) for name, card in some.items()],
            ),
        ]
    if tables:
        rows = [of_table(name, card) for name, card in tables.items()]
        body += ["## Tables", _TABLES, table(_TABLE_HEAD, rows)]
    print(write_page("model-zoo", "The model zoo", body, []))


_INTRODUCTION = """\
The trained models that ship with heitler: `heitler generate NAME --energy 50GeV -n 100 -o x.h5`
uses one, `heitler inspect NAME` prints its card, and `heitler list models` lists them. Weights are
safetensors under Apache-2.0; the card has the detector, the range of the training, the checksum of
its data, the hardware, and every number with its error.

One model of each family is here, good or bad, so that families can be compared without training
them: where the AUC is near 1, showers are told from Geant4's at a glance. *AUC high*: trees on
high-level features; *AUC lateral*: with centre and width of every layer; *profile*: largest
deviation of a layer's mean energy. The *floor* is the same number between two halves of the
held-out Geant4 showers, with the given number of showers in each sample. Times are CPU
milliseconds per shower on one thread; the speed-up compares them at batch 100 with the CPU time of
Geant4 that the data carry. [Families](families.md) are compared with more showers and more
metrics in a page of their own."""


if __name__ == "__main__":
    main()
