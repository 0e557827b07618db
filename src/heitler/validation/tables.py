"""How good a trained model of a table is: its columns beside those that training never saw.

The model answers causes of training rows, as in `heitler.validation.assessment`. Held-out rows are
halved: value = mean of metric(A, model) and metric(B, model), floor = metric(A, B), all of one
size. Columns are compared one by one, in units of the spread of the held-out rows, and trees judge
all of them together with their causes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from heitler.causes import Causes, kind_of
from heitler.data import resolve_model
from heitler.deployment import time_simulator
from heitler.formats import read_table
from heitler.metrics import Estimate, classifier_auc, kolmogorov_smirnov, wasserstein
from heitler.models import random_generator
from heitler.simulators import BLOCK, CAUSES, HELD_OUT, CauseList, NeuralTable, machine
from heitler.tables import Table
from heitler.validation.assessment import BATCHES
from heitler.validation.comparison import Row, SpeedRow
from heitler.validation.selection import LEAST_SHOWERS

__all__ = ["EVERY_COLUMN", "assess_table", "table_digest"]

EVERY_COLUMN = "all columns"
"""What trees judge: the columns and their causes."""


def assess_table(
    folder: Path | str, *, seed: int = 1, complete_card: bool = False
) -> tuple[Row, ...]:
    """Compares a model of a table with rows that training never saw.

    Arguments:
        folder: A run directory.
        seed: Seed of rows and of random choices.
        complete_card: Whether to write the outcome into the model's card.

    Raises:
        ValueError: The folder holds no such model, or it keeps too few rows.
    """
    folder = resolve_model(folder)
    simulator: NeuralTable[Any] = NeuralTable.load(folder)
    held_out, asked = read_table(folder / HELD_OUT), read_table(folder / CAUSES)
    kind = kind_of(held_out.columns)
    names = [column.name for column in simulator.card.columns]
    reference = _Rows(kind.of(held_out), held_out.select(names))
    causes = kind.of(asked)
    model = _Rows(causes, simulator.simulate(causes, seed=seed))
    size = min(len(held_out) // 2, len(asked))
    if size < LEAST_SHOWERS:
        msg = (
            f"a comparison needs {LEAST_SHOWERS} rows per sample, got {size}: "
            "hold out more (data.test)"
        )
        raise ValueError(msg)
    rng = random_generator(seed)
    order = rng.permutation(len(held_out))
    first, second = (reference.values(rows) for rows in (order[:size], order[size : 2 * size]))
    made = model.values(rng.permutation(len(asked))[:size])
    rows = tuple(_rows(simulator.card.name, names, (first, second), made, seed))
    if complete_card:
        simulator.rewrite_card(
            folder,
            fidelity={"rows": size, "seed": seed, "values": [row.facts() for row in rows]},
            speed={"rows": [asdict(row) for row in _speed(simulator, causes, seed)], **machine()},
        )
    return rows


def _speed(simulator: NeuralTable[Any], causes: Any, seed: int) -> Iterator[SpeedRow]:  # noqa: ANN401 (either kind of causes)
    """Times per row on one thread; there is no full simulation beside them."""
    listed = CauseList(causes[torch.arange(250 * BLOCK) % len(causes)])
    for batch in BATCHES:
        timing = time_simulator(simulator, listed, batch=batch, seed=seed)
        yield SpeedRow(
            candidate=simulator.card.name,
            device=str(machine()["hardware"]),
            batch=batch,
            threads=1,
            milliseconds=timing.milliseconds,
            error=timing.spread,
            cpu_milliseconds=timing.cpu_milliseconds,
            warm_up=timing.warm_up,
            reference_milliseconds=None,
        )


def table_digest(rows: tuple[Row, ...]) -> list[str]:
    """A line for each number: value and floor."""
    return [
        f"{row.observable:<32}{_LABELS[row.metric]:<16}{row.value.value:.4f}±{row.value.error:.4f}"
        f"   held-out rows among themselves {row.floor.value:.4f}±{row.floor.error:.4f}"
        for row in rows
    ]


_LABELS = {"kolmogorov_smirnov": "KS", "wasserstein": "W1 / spread", "classifier_auc": "AUC"}


class _Rows:
    """Columns of a table, and behind them those of their causes."""

    def __init__(self, causes: Causes, table: Table) -> None:
        self._values = table.beside(causes.table()).values.numpy()

    def values(self, rows: np.ndarray) -> np.ndarray:
        """Those of some rows: (n, columns + causes)."""
        return np.asarray(self._values[rows])


def _rows(
    candidate: str,
    names: list[str],
    halves: tuple[np.ndarray, np.ndarray],
    made: np.ndarray,
    seed: int,
) -> Iterator[Row]:
    spread = np.concatenate(halves).std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    first, second, model = (rows / spread for rows in (*halves, made))

    def row(observable: str, metric: Callable[..., Estimate], place: int | slice) -> Row:
        floor = metric(first[:, place], second[:, place])
        parts = [metric(half[:, place], model[:, place]) for half in (first, second)]
        value = Estimate(
            float(np.mean([part.value for part in parts])),
            float(np.sqrt(np.mean([part.error**2 for part in parts]))),
        )
        name = metric.func.__name__ if isinstance(metric, partial) else metric.__name__
        return Row(candidate, observable, name, "", "all energies", len(made), value, floor)

    for place, name in enumerate(names):
        yield row(name, kolmogorov_smirnov, place)
        yield row(name, wasserstein, place)
    yield row(EVERY_COLUMN, partial(classifier_auc, seed=seed), slice(None))
