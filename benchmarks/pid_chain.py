"""GANs of particle identification beside what they learnt: writes docs/results/pid-chain.md.

    heitler simulate --simulator rich -n 1500000 --seed 1 --pseudorapidity 2..4.8 -o rich.h5
    heitler simulate --simulator spectrometer -n 700000 --seed 1 -o spectrometer.h5
    python benchmarks/toward_pid.py features.h5
    heitler train configs/experiments/NAME.yaml   # the four of CONFIGURATIONS, each into runs/NAME
    python benchmarks/pid_chain.py FOLDER

FOLDER holds the three tables and runs/. Trainings without a finished run are left out and said to
be missing.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from heitler.formats import read_table
from heitler.particles import IncidentParticles
from heitler.simulators import (
    HELD_OUT,
    NeuralTable,
    RichSimulator,
    Simulator,
    SpectrometerSimulator,
    StackedSimulator,
    TrackGun,
)
from heitler.tables import Table
from heitler.tracks import CHARGED, Tracks
from heitler.training import RECORDS, Split
from heitler.units import GeV
from heitler.validation.style import figure_style
from pid_comparison import EDGES, JUDGED, Identification, differences, of_columns, told_apart
from results import RESULTS, table, write_page
from toward_pid import complete, snapped

SEED = 101
FRESH, FAST = 3500, 1500
"""Blocks of 1000 tracks for the curves, kaons, pions and protons in equal shares: of 2 to 100 GeV,
and of 35 to 100 GeV besides.

At 0.5 % of the pions of a bin the floor is that of a few thousand pions, and it is largest where
rings are nearly alike.
"""

ROC_BAR = 1.0
CONFIGURATIONS = (
    "rich_gan_cramer",
    "rich_gan_wasserstein",
    "rich_gan_toward_pid",
    "pid_chain",
)

Triple = tuple[Table, Table, Table]
"""Simulated, generated, simulated again."""


@dataclass(frozen=True)
class Chapter:
    """What the page says of one model."""

    title: str
    text: list[str]
    summary: list[list[str]]
    cases: list[Identification]


def answers(model: Simulator[Tracks, Table], kind: type[Simulator[Tracks, Table]]) -> Triple:
    """Three answers to the fresh tracks."""
    simulated, again = truth(kind)
    return simulated, model.simulate(fresh(), seed=SEED + 1), again


@cache
def truth(kind: type[Simulator[Tracks, Table]]) -> tuple[Table, Table]:
    """Two answers of a simulator to the fresh tracks."""
    return kind().simulate(fresh(), seed=SEED), kind().simulate(fresh(), seed=SEED + 2)


@cache
def fresh() -> Tracks:
    """Kaons, pions and protons that no training saw."""
    kinds, seen = [CHARGED[name] for name in ("K", "pi", "p")], (2.0, 4.8)
    slow = TrackGun(kinds, pseudorapidity=seen)
    fast = TrackGun(kinds, momentum=(35 * GeV, 100 * GeV), pseudorapidity=seen)
    return Tracks.concatenate(
        [slow.shoot(block, 1000, seed=SEED) for block in range(FRESH)]
        + [fast.shoot(block, 1000, seed=SEED + 3) for block in range(FAST)]
    )


def curves(
    tracks: tuple[Tracks, Tracks, Tracks], triple: Triple, prefix: str
) -> list[Identification]:
    """Kaons and protons against pions."""
    return [Identification(h, f"{prefix}_{h}", tracks, triple) for h in ("K", "p")]


def summary(name: str, auc: tuple[str, str], cases: list[Identification]) -> list[list[str]]:
    """Lines of the first table."""
    lines = [[f"{name}: AUC", "", *auc, ""]]
    for case in cases:
        worst, floor = case.worst(1), case.worst(2)
        passed = "yes" if worst < ROC_BAR else "no"
        what = f"{name}: ROC of {case.particle}, %"
        lines.append([what, f"{ROC_BAR:g}", f"{worst:.2f}", f"{floor:.2f}", passed])
    return lines


def rich(folder: Path, name: str) -> Chapter:
    """One GAN of the RICH table."""
    model: NeuralTable[Tracks] = NeuralTable.load(folder)
    held_out = read_table(folder / HELD_OUT)
    tracks = Tracks.of(held_out)
    reference = held_out.select([c.name for c in model.card.columns])
    generated = model.simulate(tracks, seed=SEED)
    floor = RichSimulator().simulate(tracks, seed=SEED)
    auc = (
        told_apart(reference, generated, tracks, SEED),
        told_apart(reference, floor, tracks, SEED),
    )
    cases = curves((fresh(),) * 3, answers(model, RichSimulator), "dll")
    text = [
        f"{len(tracks):,} held-out tracks. {_training(model)} {_stages(folder)}",
        of_columns(reference, generated, floor),
        _DIFFERENCES.format(number=(FRESH + FAST) * 1000),
        differences(cases),
    ]
    return Chapter(f"RICH, {name}", text, summary(f"RICH, {name}", auc, cases), cases)


def chain(folder: Path) -> Chapter:
    """The chain."""
    model, real = StackedSimulator.load(folder), SpectrometerSimulator()
    held_out = read_table(folder / HELD_OUT)
    tracks = Tracks.of(held_out)
    reference = held_out.select([column.name for column in model.columns])
    triple = (reference, model.simulate(tracks, seed=SEED), real.simulate(tracks, seed=SEED))
    kept = [t[t.column("reconstructed") == 1] for t in triple]
    auc = tuple(_chain_auc(tracks, reference, other) for other in triple[1:])
    cases = curves(*_reconstructed(fresh(), answers(model, SpectrometerSimulator)), "global")
    rates = [
        [f"`{name}`", *(f"{100 * float(t.column(name).mean()):.2f}" for t in triple)]
        for name in ("accepted", "reconstructed")
    ]
    parts = " ".join(
        f"*{link.name}*: {_training(link.simulator)} {_stages(folder / link.name)}".rstrip()
        for link in model.links
    )
    text = [
        f"{len(tracks):,} held-out tracks. {parts}",
        table(["share in %", "simulated", "generated", "simulated again"], rates),
        "Columns of reconstructed tracks:",
        of_columns(*(t.select(_behind(t)) for t in kept)),
        _DIFFERENCES.format(number=(FRESH + FAST) * 1000),
        differences(cases),
    ]
    return Chapter("The chain", text, summary("chain", (auc[0], auc[1]), cases), cases)


def toward_pid(folder: Path, file: Path) -> Chapter:
    """Features of proton and pion showers."""
    model: NeuralTable[IncidentParticles] = NeuralTable.load(folder)
    names = [column.name for column in model.card.columns]
    held_out, everything = read_table(folder / HELD_OUT), read_table(file)
    counts = model.card.data
    split = Split.of(len(everything), test=counts["test"], validation=counts["validation"])
    seen = everything[split.train].select(names)
    particles = IncidentParticles.of(held_out)
    reference = held_out.select(names)
    generated = snapped(model.simulate(particles, seed=SEED), seen)
    # Rows of the training, of both particles in turn as the held-out ones are.
    floor = seen[: len(reference)]
    full = [complete(t) for t in (reference, generated, floor)]
    auc = tuple(told_apart(full[0], other, None, SEED) for other in full[1:])
    text = [
        f"{len(reference):,} held-out showers. {_training(model)} {_stages(folder)} {_FEATURES}",
        of_columns(*full),
    ]
    return Chapter("Features of showers", text, summary("toward_pid", (auc[0], auc[1]), []), [])


def _chain_auc(tracks: Tracks, reference: Table, other: Table) -> str:
    """AUC of tracks that are reconstructed in both."""
    both = (reference.column("reconstructed") == 1) & (other.column("reconstructed") == 1)
    return told_apart(reference[both], other[both], tracks[both], SEED)


def _reconstructed(tracks: Tracks, triple: Triple) -> tuple[tuple[Tracks, Tracks, Tracks], Triple]:
    """Of each answer the tracks that it has reconstructed."""
    first, second, third = (
        (tracks[seen], answer[seen])
        for answer in triple
        for seen in [answer.column("reconstructed") == 1]
    )
    return (first[0], second[0], third[0]), (first[1], second[1], third[1])


def _behind(measured: Table) -> list[str]:
    return [name for name in measured.names if name not in {"accepted", "reconstructed"}]


def _training(model: NeuralTable[Tracks] | NeuralTable[IncidentParticles]) -> str:
    facts = model.card.training
    return (
        f"{facts['parameters']:,} parameters, {model.card.data['train']:,} rows, "
        f"{facts['seconds']:.0f} s of training by the wall clock."
    )


def _stages(folder: Path) -> str:
    """What the critic adds: the validation distance before it came and of the weights kept."""
    with (folder / RECORDS).open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == "physics/mean"]
    found = {
        stage: [float(row["value"]) for row in rows if row["stage"] == stage]
        for stage in ("critic", "adversarial")
    }
    if not (found["critic"] and found["adversarial"]):
        return ""
    return (
        f"Mean W1 of the columns on validation rows: {found['critic'][-1]:.4f} before the critic "
        f"taught, {min(found['adversarial']):.4f} behind it."
    )


def draw(chapters: list[Chapter]) -> Figure:
    """Curves of kaons and protons, one row for each model that has some."""
    shown = [chapter for chapter in chapters if chapter.cases]
    colours = [
        to_hex(shade) for shade in colormaps["viridis"](np.linspace(0, 0.9, len(EDGES) - 1))
    ]
    figure = Figure(figsize=(7.0, 2.9 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), 2, sharex=True, squeeze=False)
    for row, chapter in zip(axes, shown, strict=True):
        for panel, case in zip(row, chapter.cases, strict=True):
            case.draw(panel, colours)
            panel.set(title=f"{chapter.title}: {case.particle}", xscale="log")
            panel.set_ylabel("efficiency in %")
    for panel in axes[-1]:
        panel.set_xlabel("pions in %")
    axes[0][0].legend(fontsize=7)
    return figure


def main() -> None:
    """Compares, draws, writes the page."""
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    runs = {name: folder / "runs" / name for name in CONFIGURATIONS}
    made = [
        rich(runs[f"rich_gan_{name}"], name.capitalize())
        for name in ("cramer", "wasserstein")
        if _finished(runs[f"rich_gan_{name}"])
    ]
    if _finished(runs["pid_chain"]):
        made.append(chain(runs["pid_chain"]))
    if _finished(runs["rich_gan_toward_pid"]):
        made.append(toward_pid(runs["rich_gan_toward_pid"], folder / "features.h5"))
    with figure_style():
        figure = draw(made)
        figure.savefig(RESULTS / "pid-chain.svg", facecolor="white", metadata={"Date": None})
    head = ["what", "bar", "here", "floor", "passed"]
    missing = [name for name, run in runs.items() if not _finished(run)]
    text = [
        _INTRODUCTION,
        *([f"Not trained yet: {', '.join(missing)}."] if missing else []),
        table(head, [line for chapter in made for line in chapter.summary]),
        "![Efficiency against misidentification](pid-chain.svg)",
        _FIGURE,
    ]
    for chapter in made:
        text += [f"## {chapter.title}", *chapter.text]
    tables = [folder / f"{name}.h5" for name in ("rich", "spectrometer", "features")]
    used = [path for path in tables if path.is_file()]
    print(write_page("pid-chain", "GANs of particle identification", text, used))


def _finished(run: Path) -> bool:
    return any((run / name).is_file() for name in ("card.json", "stack.json"))


_INTRODUCTION = f"""\
Conditional GANs of the likelihoods of a RICH detector, the chain of models of a toy spectrometer,
and the same family on features of showers ([theory](../theory/rich_gan.md)). The truth of the
first is the package's own [simulation of rings](rich.md), that of the chain a toy. The floor is a
second simulation of the same tracks, for showers as many rows of the training. AUC: boosted trees
that see {JUDGED:,} rows of each kind, with the track beside. ROC: the largest difference of
efficiency at equal share of pions, 0.5 to 50 %, in any bin of momentum. Seed {SEED}.

Before a critic comes, the generator is trained as a flow by its likelihood, which is our addition.
Each chapter says how near the columns were to validation rows before the critic taught and behind
it: where that did not become smaller, what is judged is the work of the likelihood."""

_FIGURE = """\
Lines: simulated; dashes: generated.

Where a bar is missed, it is at tight cuts. A pion below 5 GeV rarely looks like a kaon: its
likelihood falls off above 0 within one or two units, below 0 over tens of them, and the cut at
0.5 % of pions lies in the last hundredth of the steep side. The generator makes this edge too
soft. Above 35 GeV, where rings are nearly alike, tails differ from one training to the next:
there its length counts."""

_DIFFERENCES = """\
Largest differences of efficiency in per cent, floors in brackets, of {number:,} kaons, pions and
protons that no training saw: of the ROC curve, all of it and its loose end; at equal cut, of the
particles and of the pions."""

_FEATURES = """\
Generated counts and distances between cells are moved to the nearest value that occurs; in both
samples the five features that follow from others are calculated from them."""


if __name__ == "__main__":
    main()
