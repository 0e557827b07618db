"""Two samples of showers beside each other: Kolmogorov-Smirnov p-values of many observables.

Energies are asked twice: as they are, and per incident energy, which takes the spread of the beam
out and sees smaller differences. With m tests of equal samples the smallest p-value is about 1/m;
p_min is put in proportion by the chance of one as small in m independent tests,
1 - (1 - p_min)^m. (They are not independent, so the true chance is below.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from heitler.formats import ShowerReader
from heitler.metrics import kolmogorov_smirnov_p
from heitler.observables import OBSERVABLES
from heitler.showers import Showers
from heitler.units import keV

_SCALARS = (
    "visible_energy", "hits", "maximum_energy", "centre_x", "centre_y", "centre_z",
    "width_x", "width_y", "width_z", "maximum_layer", "maximum_radius",
)  # fmt: skip
_PER_ENERGY = ("visible_energy", "hits", "maximum_energy")
_BATCH = 250
LEAST_DEPOSIT = 1 * keV
"""Smaller ones are not in the reference; they are left out of both."""

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Test:
    """A p-value of a quantity; `layer` is -1 for one of the whole shower."""

    quantity: str
    layer: int
    p: float


def observe(reader: ShowerReader, count: int) -> dict[str, _Array]:
    """Observables of the first showers of a file: (showers,) or (showers, layers).

    Arguments:
        reader: The file.
        count: How many showers.
    """
    parts: dict[str, list[_Array]] = {}
    for start in range(0, count, _BATCH):
        showers = reader.read(start, min(start + _BATCH, count))
        kept = torch.where(showers.deposits >= LEAST_DEPOSIT, showers.deposits, 0.0)
        for name, values in _values(Showers(kept, showers.particles, showers.detector)).items():
            parts.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in parts.items()}


def _values(showers: Showers) -> dict[str, _Array]:
    energy = showers.particles.energy.numpy()
    values = {"incident energy": energy}
    for name in _SCALARS:
        entry = OBSERVABLES[name]
        values[entry.label] = entry(showers).double().numpy()
        if name in _PER_ENERGY:
            values[f"{entry.label} / incident energy"] = values[entry.label] / energy
    layers = OBSERVABLES["layer_energy"](showers).double().numpy()
    return {
        **values,
        "layer energy": layers,
        "layer energy / incident energy": layers / energy[:, None],
        "hits of a layer": OBSERVABLES["hits_per_layer"](showers).double().numpy(),
    }


def compare(first: dict[str, _Array], second: dict[str, _Array]) -> list[Test]:
    """The p-values of all observables, layer by layer.

    Arguments:
        first: Observables of a sample.
        second: The same of another one.
    """
    tests = []
    for name, a in first.items():
        b = second[name]
        if a.ndim == 1:
            tests.append(Test(name, -1, kolmogorov_smirnov_p(a, b)))
        else:
            tests += [
                Test(name, layer, kolmogorov_smirnov_p(a[:, layer], b[:, layer]))
                for layer in range(a.shape[1])
            ]
    return tests


def chance(tests: list[Test]) -> float:
    """Of a smallest p-value like theirs, were the tests independent and the samples equal."""
    smallest = min(test.p for test in tests)
    return float(-np.expm1(len(tests) * np.log1p(-smallest)))


def rows(tests: list[Test]) -> list[list[str]]:
    """Of a table: quantity, number of tests, smallest p-value and where, those below 0.05."""
    lines = []
    for name in dict.fromkeys(test.quantity for test in tests):
        group = [test for test in tests if test.quantity == name]
        worst = min(group, key=lambda test: test.p)
        where = f" (layer {worst.layer})" if worst.layer >= 0 else ""
        low = sum(test.p < 0.05 for test in group)
        lines.append([name, str(len(group)), f"{worst.p:.4f}{where}", f"{low / len(group):.0%}"])
    return lines
