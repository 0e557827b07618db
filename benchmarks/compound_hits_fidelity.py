"""Section 1: how faithful the compound-hit model is, beside its floor and its bars.

Each training with its own seed is compared with the same held-out Geant4 showers. The generated
showers answer the incident particles of training showers. The floor is that of Geant4 training
showers against the held-out ones at the same sizes, for several subsets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from compound_hits_study import (
    CASES,
    Case,
    Study,
    Table,
    geant4,
    generated,
    incident,
    mean_and_spread,
    say,
)
from heitler.metrics import (
    classifier_auc,
    largest_deviation,
    neural_classifier_auc,
    separation_power,
    spectrum_separation,
    voxel_classifier_auc,
)
from heitler.simulators import NeuralSimulator
from heitler.units import GeV
from results import table

FOLDS = 3
"""Parts of the cross-fit of trees and networks on features: as in the issue's reference."""

AUC_METRICS = ("A trees", "A network", "B trees", "B network", "voxels")
SEPARATED = {
    "hits": "hits",
    "centre_x": "centre in x",
    "centre_y": "centre in y",
    "centre_z": "centre in z",
    "width_x": "width in x",
    "width_y": "width in y",
    "width_z": "width in z",
}
PROFILES = {"longitudinal_profile": "layer profile", "radial_profile": "radial profile"}
PROFILE_BAR, FLOORS_BAR, ANGLE_BAR = 0.03, 2.0, 1.0
ANGLES = tuple(range(30, 91, 10))
"""Edges of the bins of angle in degrees."""

_MORE = "more folds"
INTRODUCTION = """\
Set A are high-level features, set B adds centre and width of every layer (see
`heitler.observables.features`). Trees and networks are cross-fitted in 3 parts, the network on all
cells ("voxels") in 2; "more folds" means 5 parts, the package's default, which sees a little more.
Separation powers have 20 bins between the 0.5 % and 99.5 % quantiles, underflow and overflow.
Profiles: largest relative deviation of a component that holds more than 1 %. Values are mean and
standard deviation over the trainings, floors over subsets of training showers (which overlap where
there are few of them). Bars compare means; "2 floors" is twice the mean floor. Wall times include
whatever else the machine did: two of the three trainings on photons in `ild_ecal` were stopped for
six minutes halfway."""


@dataclass(frozen=True, slots=True)
class Line:
    """A number beside its floor and bar.

    Arguments:
        metric: What it is.
        value: Mean over repetitions.
        spread: Their standard deviation.
        floor: Mean floor; None where there is none.
        floor_spread: Its standard deviation.
        bar: Largest value that passes; None where there is no bar.
    """

    metric: str
    value: float
    spread: float
    floor: float | None
    floor_spread: float
    bar: float | None

    @property
    def passed(self) -> bool | None:
        """Whether the value is within the bar."""
        return None if self.bar is None else self.value <= self.bar

    def cells(self) -> list[str]:
        """As a row of a table."""
        floor = "" if self.floor is None else f"{self.floor:.3g} ± {self.floor_spread:.1g}"
        bar = "" if self.bar is None else f"{self.bar:.3g}"
        return [
            self.metric,
            f"{self.value:.3g} ± {self.spread:.1g}",
            floor,
            bar,
            verdict(self.passed),
        ]


def verdict(passed: bool | None) -> str:
    """Words for a bar."""
    return {None: "", True: "met", False: "**missed**"}[passed]


def aucs(
    reference: Table, candidate: Table, seed: int, *, voxels: bool = True
) -> dict[str, float]:
    """AUCs of all classifiers between two tables of equal length."""
    values = {
        f"{name} {judge}": metric(a, b, seed=seed, folds=FOLDS).value
        for name, a, b in (("A", reference.a, candidate.a), ("B", reference.b, candidate.b))
        for judge, metric in (("trees", classifier_auc), ("network", neural_classifier_auc))
    }
    if voxels:
        values["voxels"] = voxel_classifier_auc(
            reference.cells,
            candidate.cells,
            energies=(reference.energy, candidate.energy),
            seed=seed,
        ).value
    return values


def scores(reference: Table, candidate: Table, case: Case, seed: int) -> dict[str, float]:
    """All numbers of the section between two tables of equal length."""
    values = aucs(reference, candidate, seed)
    values[f"A trees, {_MORE}"] = classifier_auc(reference.a, candidate.a, seed=seed).value
    values[f"B trees, {_MORE}"] = classifier_auc(reference.b, candidate.b, seed=seed).value
    first, second = reference.values, candidate.values
    for low, high in pairwise(case.energies):
        parts = [
            t.values["response"][(t.energy >= low * GeV) & (t.energy < high * GeV)]
            for t in (reference, candidate)
        ]
        values[f"visible energy / E, {low}-{high} GeV"] = separation_power(*parts).value
    for name, label in SEPARATED.items():
        values[label] = separation_power(first[name], second[name]).value
    spectra = first["cell_spectrum"], second["cell_spectrum"]
    values["cell spectrum"] = spectrum_separation(*spectra).value
    for name, label in PROFILES.items():
        values[label] = largest_deviation(first[name], second[name], share=0.01).value
    return values


def angle_residuals(showers: Table) -> dict[str, dict[str, float]]:
    """Mean and width (standard deviation) of the angle's residual in degrees by bin of angle."""
    true = np.rad2deg(showers.theta)
    residual = showers.values["shower_angle"] - true
    bins = {}
    for low, high in pairwise(ANGLES):
        inside = residual[(true >= low) & (true < high)]
        if len(inside) > 1:
            bins[f"{low}-{high}"] = {
                "mean": float(inside.mean()),
                "width": float(inside.std(ddof=1)),
                "error": float(inside.std(ddof=1) / len(inside) ** 0.5),
            }
    return bins


def measure(study: Study, case: Case) -> None:
    """Trains, generates, compares; keeps the numbers."""
    reference, training = geant4(study, case)
    tasks = [(study, case, seed, True) for seed in range(1, study.repetitions + 1)]
    tasks += [(study, case, seed, False) for seed in range(1, 4)]
    found = study.share(_score, tasks)
    content = {
        "size": len(reference),
        "training": len(training),
        "runs": found[: study.repetitions],
        "floors": [floor["scores"] for floor in found[study.repetitions :]],
        "angles": angle_residuals(reference) if case.tilted else {},
    }
    study.keep(f"fidelity_{case.name}", content, [study.data / case.file])


def _score(study: Study, case: Case, seed: int, model: bool) -> dict[str, Any]:
    """Scores of a training, or of training showers for the floor."""
    torch.set_num_threads(1)
    reference, training = geant4(study, case)
    if not model:
        rows = np.random.default_rng(seed).permutation(len(training))[: len(reference)]
        floor = scores(reference, training[rows], case, seed)
        say(f"{case.name}, floor {seed}: {floor}")
        return {"scores": floor}
    folder, cost = study.trained(case, seed)
    simulator = NeuralSimulator.load(folder)
    candidate = generated(simulator, incident(folder, simulator, len(reference), seed), seed)
    run = {"seed": seed, **cost, "scores": scores(reference, candidate, case, seed)}
    if case.tilted:
        run["angles"] = angle_residuals(candidate)
    say(f"{case.name}, seed {seed}: {run['scores']}")
    return run


def lines(case: Case, content: Mapping[str, Any]) -> list[Line]:
    """Values with floors and bars."""
    rows = []
    for metric in content["runs"][0]["scores"]:
        value, spread = mean_and_spread([run["scores"][metric] for run in content["runs"]])
        floor, floor_spread = mean_and_spread([each[metric] for each in content["floors"]])
        bar = case.bars.get(metric)
        if metric in PROFILES.values():
            bar = PROFILE_BAR
        elif metric not in AUC_METRICS and _MORE not in metric:
            bar = FLOORS_BAR * floor
        rows.append(Line(metric, value, spread, floor, floor_spread, bar))
    wall = mean_and_spread([run["wall"] for run in content["runs"]])
    rows.append(Line("training, s (wall)", *wall, None, 0.0, case.seconds))
    if all("cpu" in run for run in content["runs"]):
        cpu = mean_and_spread([run["cpu"] for run in content["runs"]])
        rows.append(Line("training, s (CPU)", *cpu, None, 0.0, case.seconds))
    return rows


def angle_lines(content: Mapping[str, Any]) -> list[Line]:
    """Largest deviation of the mean residual from Geant4's, in degrees, of each bin."""
    rows = []
    for name, full in content["angles"].items():
        off = [abs(run["angles"][name]["mean"] - full["mean"]) for run in content["runs"]]
        spread = mean_and_spread(off)[1]
        rows.append(Line(f"angle, {name} degrees", max(off), spread, None, 0.0, ANGLE_BAR))
    return rows


def body(study: Study) -> list[str]:
    """The section as Markdown."""
    text = ["## Fidelity", INTRODUCTION]
    for case in CASES.values():
        content = study.kept(f"fidelity_{case.name}")
        text.append(f"### {case.title}")
        if content is None:
            text.append("Not measured yet.")
            continue
        seeds = ", ".join(str(run["seed"]) for run in content["runs"])
        text.append(
            f"{content['size']:,} generated against {content['size']:,} held-out Geant4 showers; "
            f"{content['training']:,} training showers; training seeds {seeds}; one thread."
        )
        head = ("metric", "model", "floor", "bar", "")
        text.append(table(head, [line.cells() for line in lines(case, content)]))
        if content["angles"]:
            text += [_angle_text(content)]
    return text


def _angle_text(content: Mapping[str, Any]) -> str:
    head = (
        "angle to the face, degrees", "Geant4 mean", "model mean", "largest difference", "bar",
        "Geant4 width", "model width",
    )  # fmt: skip
    rows = []
    for name, full in content["angles"].items():
        parts = [run["angles"][name] for run in content["runs"]]
        mean = mean_and_spread([part["mean"] for part in parts])
        width = mean_and_spread([part["width"] for part in parts])
        off = max(abs(part["mean"] - full["mean"]) for part in parts)
        rows.append([
            name,
            f"{full['mean']:.2f} ± {full['error']:.2f}",
            f"{mean[0]:.2f} ± {mean[1]:.2f}",
            f"{off:.2f}",
            f"{ANGLE_BAR:g}, {verdict(off <= ANGLE_BAR)}",
            f"{full['width']:.2f}",
            f"{width[0]:.2f} ± {width[1]:.2f}",
        ])  # fmt: skip
    return (
        "Angle of the shower from its layers' centres minus that of the particle, in degrees:\n\n"
        + table(head, rows)
    )


def bars(study: Study) -> list[tuple[str, list[Line]]]:
    """All lines with a bar, by data set: what the summary counts."""
    found = []
    for case in CASES.values():
        content = study.kept(f"fidelity_{case.name}")
        if content is not None:
            every = [*lines(case, content), *angle_lines(content)]
            found.append((case.title, [line for line in every if line.bar is not None]))
    return found


def headline(study: Study, case: Case, metrics: Sequence[str] = AUC_METRICS) -> dict[str, Line]:
    """The AUCs that stand beside every speed.

    Raises:
        SystemExit: They were not measured.
    """
    content = study.kept(f"fidelity_{case.name}")
    if content is None:
        msg = f"a speed needs its fidelity: run --only fidelity --cases {case.name} first"
        raise SystemExit(msg)
    return {line.metric: line for line in lines(case, content) if line.metric in metrics}


def as_json(found: Sequence[Line]) -> list[dict[str, Any]]:
    """Lines as plain data."""
    return [{**asdict(line), "passed": line.passed} for line in found]
