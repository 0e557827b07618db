"""Section 6: how much showers of one energy differ, by energy, in the model and in Geant4.

Field and clusters are fitted to all energies together, so what is right on the average of a wide
range may be too little at its lower end and too much at its upper one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from compound_hits_study import CASES, Case, Study, Table, geant4, generated, incident, say
from heitler.simulators import NeuralSimulator
from heitler.units import GeV
from results import table

SCATTERED = ("ild_ecal", "clic_ecal", "clic_ecal_more")
"""Data sets of the section."""

_RESAMPLED = 200
_LEAST_SHARE = 0.02

INTRODUCTION = """\
Standard deviations between showers, model over Geant4, in three bins of incident energy, each with
the error of resampling; "floor" is that of training showers of Geant4. Layer profile: second
differences of its logarithm, which smooth changes of depth hardly move, over the layers with more
than 2 % of Geant4's energy (mean of their standard deviations). Training seed 1."""


def mean_width(values: Table) -> np.ndarray[Any, Any]:
    """Mean of the widths in x and y, (N,)."""
    return 0.5 * (values.values["width_x"] + values.values["width_y"])


def ellipse(values: Table) -> np.ndarray[Any, Any]:
    """Width in x less width in y, (N,)."""
    return np.asarray(values.values["width_x"] - values.values["width_y"])


def centre(values: Table) -> np.ndarray[Any, Any]:
    """Centre of gravity in x, (N,)."""
    return np.asarray(values.values["centre_x"])


def roughness(values: Table) -> np.ndarray[Any, Any]:
    """Second differences of the logarithm of the layer profile, (N, layers - 2)."""
    profile = values.values["longitudinal_profile"]
    share = profile / profile.sum(axis=1, keepdims=True)
    return np.diff(np.log(np.maximum(share, 1e-6)), n=2, axis=1)


QUANTITIES: Mapping[str, Callable[[Table], Any]] = {
    "mean of the widths in x and y": mean_width,
    "width in x less width in y": ellipse,
    "centre in x": centre,
    "layer profile": roughness,
}


def much(values: Table) -> np.ndarray[Any, Any]:
    """Whether layers have a good part of the energy, without the first and the last one."""
    profile = values.values["longitudinal_profile"].mean(axis=0)
    return np.asarray(profile > _LEAST_SHARE * profile.sum())[1:-1]


def ratio(reference: Any, candidate: Any) -> list[float]:  # noqa: ANN401 (arrays)
    """Ratio of the scatters and its error by resampling showers."""
    generator = np.random.default_rng(1)

    def scatter(values: Any) -> float:  # noqa: ANN401
        return float(np.std(values, axis=0).mean())

    def again(values: Any) -> float:  # noqa: ANN401
        return scatter(values[generator.integers(0, len(values), len(values))])

    found = [again(candidate) / again(reference) for _ in range(_RESAMPLED)]
    return [scatter(candidate) / scatter(reference), float(np.std(found))]


def measure(study: Study, case: Case) -> None:
    """Compares the scatter of the first model with Geant4's; keeps the numbers."""
    reference, training = geant4(study, case)
    folder, _ = study.trained(case, 1)
    simulator = NeuralSimulator.load(folder)
    candidate = generated(simulator, incident(folder, simulator, 3 * len(reference), 1), 1)
    rows = []
    for low, high in pairwise(case.energies):
        parts = [
            t[(t.energy >= low * GeV) & (t.energy < high * GeV)]
            for t in (reference, candidate, training)
        ]
        for name, quantity in QUANTITIES.items():
            first, model, second = (quantity(part) for part in parts)
            if first.ndim == 2:
                seen = much(parts[0])
                first, model, second = first[:, seen], model[:, seen], second[:, seen]
            rows.append([name, low, high, *ratio(first, model), *ratio(first, second)])
    say(f"{case.name}: {rows}")
    study.keep(f"scatter_{case.name}", {"rows": rows}, [study.data / case.file])


def body(study: Study) -> list[str]:
    """The section as Markdown."""
    text = ["## Scatter by energy", INTRODUCTION]
    for name in SCATTERED:
        content = study.kept(f"scatter_{name}")
        text.append(f"### Scatter: {CASES[name].title}")
        if content is None:
            text.append("Not measured yet.")
            continue
        rows = [
            [f"{low}-{high}", label, f"{a:.2f} ± {b:.2f}", f"{c:.2f} ± {d:.2f}"]
            for label, low, high, a, b, c, d in content["rows"]
        ]
        text.append(table(("GeV", "scatter of", "model / Geant4", "floor"), rows))
    return text
