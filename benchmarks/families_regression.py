"""From particle to reconstructed quantities without showers, for benchmarks/families.py.

The packaged photons go through the reconstruction, which is calibrated on showers of the training;
the family `Regression` learns the table that comes out and is compared with held-out rows.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from heitler.causes import Causes, kind_of
from heitler.data import resolve
from heitler.formats import create_table, open_showers, read_table
from heitler.metrics import Estimate
from heitler.reconstruction import Reconstruction, batches_of
from heitler.simulators import CAUSES, HELD_OUT, NeuralTable, read_yaml
from heitler.tables import Table
from heitler.training import Split
from heitler.units import GeV
from heitler.validation import assess_table
from heitler.validation.comparison import Row
from heitler.validation.contest import trained

_CONFIG = Path(__file__).parents[1] / "configs/experiments/regression_reconstructed.yaml"
_BINS = (10, 25, 40, 55, 70, 85, 100)
"""Edges of the bins of true energy in GeV."""


def reconstructed(source: Path, path: Path) -> Path:
    """The table of all showers of a file, calibrated on those that training may see."""
    settings = read_yaml(_CONFIG)["data"]
    with open_showers(source) as reader:
        split = Split.of(len(reader), test=settings["test"], validation=settings["validation"])
        plain = Reconstruction.of(reader.detector)
        known = Table.concatenate(list(plain.tables(batches_of(reader), seed=2)))[split.train]
        chain = plain.calibrated(known)
        with create_table(path, chain.columns(reader.detector)) as writer:
            for table in chain.tables(batches_of(reader), seed=1):
                writer.write(table)
    return path


def regression(source: str, folder: Path) -> dict[str, Any]:
    """What the page states of the family."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "reconstructed.h5"
    if not path.exists():
        reconstructed(resolve(source), path)
    run = trained(_CONFIG, folder / "run", overrides=[f"--data.file={path}"], progress=False)
    simulator: NeuralTable[Causes] = NeuralTable.load(run)
    rows = assess_table(run)
    held_out = read_table(run / HELD_OUT)
    particles = kind_of(held_out.columns).of(read_table(run / CAUSES))
    start = process_time()
    made = simulator.simulate(particles, seed=1)
    seconds = process_time() - start
    facts = simulator.card
    return {
        "training": facts.data["train"],
        "seconds": facts.training["seconds"],
        "parameters": facts.training["parameters"],
        "rows": rows[0].size,
        "microseconds": 1e6 * seconds / len(particles),
        "columns": [_of(rows, name) for name in made.names],
        "auc": _pair(rows[-1].value),
        "auc_floor": _pair(rows[-1].floor),
        "bins": _bins(held_out, particles.table().beside(made)),
    }


def _of(rows: tuple[Row, ...], name: str) -> dict[str, Any]:
    found = {row.metric: row for row in rows if row.observable == name}
    ks, w1 = found["kolmogorov_smirnov"], found["wasserstein"]
    return {
        "column": name.replace("_", " "),
        "ks": _pair(ks.value),
        "ks_floor": _pair(ks.floor),
        "w1": _pair(w1.value),
        "w1_floor": _pair(w1.floor),
    }


def _bins(reference: Table, candidate: Table) -> list[dict[str, Any]]:
    """Mean and standard deviation of the reconstructed over the true energy, in %."""
    found = []
    for low, high in pairwise(_BINS):
        mean, width = zip(*(_response(t, low, high) for t in (candidate, reference)), strict=True)
        found.append({
            "bin": f"{low} to {high}",
            "mean": mean[0], "geant4_mean": mean[1],
            "width": width[0], "geant4_width": width[1],
        })  # fmt: skip
    return found


def _response(table: Table, low: float, high: float) -> tuple[list[float], list[float]]:
    true = table.column("true_energy").numpy() / GeV
    ratio = 100.0 * table.column("energy").numpy() / GeV / true
    inside = ratio[(true >= low) & (true < high)]
    width = float(inside.std(ddof=1))
    count = len(inside)
    return (
        [float(inside.mean()), width / count**0.5],
        [width, width * _relative(inside) / count**0.5],
    )


def _relative(values: np.ndarray) -> float:
    """sqrt(n) times the relative error of the standard deviation, from the fourth moment."""
    scaled = (values - values.mean()) / values.std()
    return float(np.sqrt(max(float((scaled**4).mean()) - 1.0, 0.0)) / 2)


def _pair(estimate: Estimate) -> list[float]:
    return [estimate.value, estimate.error]
