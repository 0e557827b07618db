"""Section 5: where the compound-hit model stops.

Which features betray it, what it does outside of the energies and angles of its training, and how
much of an AUC is the size of the sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from compound_hits_fidelity import FOLDS, angle_residuals, aucs
from compound_hits_study import (
    CASES,
    Case,
    Study,
    Table,
    full_table,
    geant4,
    generated,
    incident,
    say,
    write_subset,
)
from heitler.metrics import (
    classifier_auc,
    mean_ratio,
    permutation_importance,
    width_ratio,
)
from heitler.observables import LATERAL, feature_names
from heitler.particles import IncidentParticles
from heitler.simulators import NeuralSimulator, ParticleGun
from heitler.units import GeV, degree
from results import table

TOP = 15
SAMPLES = (500, 1000, 1500, 2500, 5000)
OTHERS = "ild_ecal_more"
"""Showers like those of `ild_ecal` that its models never saw."""

LIMITED = ("ild_ecal", "clic_ecal", "ild_ecal_tilted_more")
"""Data sets of the section."""

_RANGES = {
    "ild_ecal": ("energy", "GeV", (20.0, 80.0), (10.0, 20.0, 80.0, 100.0)),
    "ild_ecal_tilted_more": ("theta", "degrees", (40.0, 80.0), (30.0, 40.0, 80.0, 90.0)),
}
"""What is cut, its unit, what the model has seen, and the edges of what is asked."""

BETRAYAL = f"""\
Trees on set B are trained on 70 % of the showers; in the rest one column after the other is
shuffled. A large drop of the AUC names a feature that betrays the model; of features that say the
same, trees use one. Drops of the floor show what is noise. The top {TOP}:"""

EXTRAPOLATION = """\
Models trained on a part of the range, used with `--extrapolate` beyond it. Reference: showers of
Geant4 that the model has not seen, half of them for the comparison, half for the floor; generated
particles are uniform in the range. Ratios of mean and width of visible / incident energy are those
of the model to Geant4; AUC: trees on set A. "Seen" is the range of the training, where held-out
showers judge."""


def betrayals(study: Study, case: Case) -> dict[str, Any]:
    """The features that betray the first model, and the largest drops of the floor."""
    reference, training = geant4(study, case)
    folder, _ = study.trained(case, 1)
    simulator = NeuralSimulator.load(folder)
    candidate = generated(simulator, incident(folder, simulator, len(reference), 1), 1)
    names = feature_names(LATERAL, simulator.detector.geometry.layers)
    found = permutation_importance(reference.b, candidate.b, names, 1)
    rows = np.random.default_rng(1).permutation(len(training))[: len(reference)]
    noise = permutation_importance(reference.b, training.b[rows], names, 1)
    return {"top": found[:TOP], "noise": noise[:3]}


def extrapolation(study: Study, case: Case) -> list[dict[str, Any]]:
    """A model of a part of the range against Geant4 outside of it."""
    what, unit, (low, high), edges = _RANGES[case.name]
    split, everything = study.split(case), full_table(study.file(case))
    scale = GeV if unit == "GeV" else degree
    asked = getattr(everything, what) / scale
    inside = (asked >= low) & (asked < high)
    rows = torch.cat([split.train, split.validation]).sort().values
    rows = rows[torch.from_numpy(inside)[rows]]
    middle = int(0.5 * (len(rows) + 1))
    rows = torch.cat([rows[:middle], split.test[inside[split.test.numpy()]][:1], rows[middle:]])
    path = study.home(case) / f"part_{low:.0f}_{high:.0f}.h5"
    if not path.exists():
        write_subset(study.file(case), rows, path)
    folder, _ = study.trained(case, 1, name="part", file=path, words=["--data.test=1"])
    simulator = NeuralSimulator.load(folder, extrapolate=True)
    held = np.zeros(len(everything), dtype=bool)
    held[split.test.numpy()] = True
    found = []
    parts = [(edges[0], edges[1], True), (low, high, False), (edges[2], edges[3], True)]
    for first, last, unseen in parts:
        there = (asked >= first) & (asked < last) & (unseen | held)
        chosen = np.random.default_rng(1).permutation(np.flatnonzero(there))
        half = len(chosen) // 2
        particles = _shot(simulator, what, (first * scale, last * scale), half)
        candidate = generated(simulator, particles, 1)
        reference, second = everything[chosen[:half]], everything[chosen[half : 2 * half]]
        row = {"range": f"{first:g}-{last:g} {unit}", "seen": not unseen, "size": half}
        found.append(row | _moments(reference, candidate, second))
        say(f"{case.name}: {found[-1]}")
    return found


def _shot(
    simulator: NeuralSimulator, what: str, bounds: tuple[float, float], number: int
) -> IncidentParticles:
    seen = simulator.card.training_range
    ranges = {"energy": seen.energy, "theta": seen.theta, what: bounds}
    gun = ParticleGun.within(
        simulator.detector, seen, energy=ranges["energy"], theta=ranges["theta"]
    )
    blocks = [gun.shoot(block, 1000, seed=2) for block in range(-(-number // 1000))]
    return IncidentParticles.concatenate(blocks)[:number]


def _moments(reference: Table, candidate: Table, second: Table) -> dict[str, Any]:
    """Numbers of the candidate and of a second reference sample, each with its error."""
    found: dict[str, Any] = {}
    for name, other in (("model", candidate), ("floor", second)):
        first, values = reference.values["response"], other.values["response"]
        estimates = {
            "mean": mean_ratio(first, values),
            "width": width_ratio(first, values),
            "auc": classifier_auc(reference.a, other.a, seed=1, folds=FOLDS),
        }
        found[name] = {key: [e.value, e.error] for key, e in estimates.items()}
    found["angle"] = {"Geant4": angle_residuals(reference), "model": angle_residuals(candidate)}
    return found


def sample_sizes(study: Study) -> dict[str, Any]:
    """AUCs of one model by the number of showers, all of a file that it never saw."""
    case, others = CASES["ild_ecal"], CASES[OTHERS]
    folder, _ = study.trained(case, 1)
    simulator = NeuralSimulator.load(folder)
    everything = full_table(study.file(others))
    rows = np.random.default_rng(1).permutation(len(everything))
    most = min(SAMPLES[-1], len(rows) // 2)
    reference, second = everything[rows[:most]], everything[rows[most : 2 * most]]
    seen = simulator.card.training_range
    candidate = generated(simulator, _shot(simulator, "energy", seen.energy, most), 1)
    found = []
    for size in sorted({min(size, most) for size in SAMPLES}):
        judged = {
            name: aucs(reference[:size], other[:size], 1, voxels=False)
            for name, other in (("model", candidate), ("floor", second))
        }
        found.append({"size": size, **judged})
        say(f"{found[-1]}")
    return {"file": others.file, "rows": found}


def measure(study: Study, cases: list[Case]) -> None:
    """Betrayals and extrapolation of some data sets, and the sizes; keeps the numbers."""
    for case in cases:
        content: dict[str, Any] = {"betrayals": betrayals(study, case)}
        if case.name in _RANGES:
            content["extrapolation"] = extrapolation(study, case)
        if case.name == "ild_ecal":
            content["sizes"] = sample_sizes(study)
        files = [case.file, *([CASES[OTHERS].file] if "sizes" in content else [])]
        study.keep(f"limits_{case.name}", content, [study.data / name for name in files])


def body(study: Study) -> list[str]:
    """The section as Markdown."""
    text = ["## Limits"]
    kept = {
        case.name: study.kept(f"limits_{case.name}") for case in (CASES[name] for name in LIMITED)
    }
    known = {name: content for name, content in kept.items() if content is not None}
    if not known:
        return [*text, "Not measured yet."]
    text += ["### What betrays it", BETRAYAL, _betrayal_table(known)]
    text += ["### Outside of its training", EXTRAPOLATION]
    for name, content in known.items():
        if "extrapolation" in content:
            text += [f"{CASES[name].title.capitalize()}:", _extrapolation_table(content)]
    if "sizes" in known.get("ild_ecal", {}):
        text += ["### The AUC and the size of the sample", *_sizes(known["ild_ecal"]["sizes"])]
    return text


def _betrayal_table(known: Mapping[str, Any]) -> str:
    rows = []
    for place in range(TOP):
        row = [str(place + 1)]
        for content in known.values():
            name, drop = content["betrayals"]["top"][place]
            row.append(f"`{name}` {drop:+.4f}")
        rows.append(row)
    noise = [f"{c['betrayals']['noise'][0][1]:+.4f}" for c in known.values()]
    rows.append(["largest drop of the floor", *noise])
    return table(["", *(CASES[name].title for name in known)], rows)


def _extrapolation_table(content: Mapping[str, Any]) -> str:
    rows = []
    for row in content["extrapolation"]:
        cells = [f"{row['range']} ({'seen' if row['seen'] else 'not seen'})", f"{row['size']:,}"]
        for key in ("mean", "width", "auc"):
            for who in ("model", "floor"):
                value, error = row[who][key]
                cells.append(f"{value:.3f} ± {error:.3f}")
        angles = [
            f"{bin_}: {row['angle']['model'][bin_]['mean'] - full['mean']:+.2f}"
            for bin_, full in row["angle"]["Geant4"].items()
            if bin_ in row["angle"]["model"]
        ]
        tilted = "degrees" in row["range"]
        rows.append([*cells, *([", ".join(angles)] if tilted else [])])
    head = ["range", "showers"]
    head += [f"{key}{who}" for key in ("mean", "width", "AUC A") for who in ("", ", floor")]
    if "degrees" in content["extrapolation"][0]["range"]:
        head.append("shift of the angle, degrees")
    return table(head, rows)


def _sizes(content: Mapping[str, Any]) -> list[str]:
    judges = list(content["rows"][0]["model"])
    rows = [
        [
            f"{row['size']:,} + {row['size']:,}",
            *(f"{row['model'][name]:.3f} ({row['floor'][name]:.3f})" for name in judges),
        ]
        for row in content["rows"]
    ]
    return [
        (
            "The first model of photons in the fidelity section against showers of "
            f"`{content['file']}`, none of which it has seen; floors in brackets are of as many "
            "other showers of this file. An AUC grows with the sample:"
        ),
        table(["showers", *judges], rows),
    ]
