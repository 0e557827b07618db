"""Which metric sees which distortion of showers: writes docs/results/metric_sensitivity.md.

    python benchmarks/metric_sensitivity.py ild_photons_20000.h5
    python benchmarks/metric_sensitivity.py ild_photons_20000.h5 --networks

Photons in ild_ecal of 10 to 100 GeV, cut into five samples: three are a pool of Geant4 showers,
the fourth are fresh showers, of which each distortion spoils one thing, the fifth a training
sample. The first is the reference. For the floor the pool is divided at random into disjoint
samples of the same size, several times. Fresh showers as they are stand beside: no metric may see
them. Networks that judge all cells take as long as all the rest; `--networks` adds their lines.

Notation: v is a value, c and s the mean of the floors' values and their quoted error, both of one
row (an observable and what is taken of its components). A metric's pull T is the largest
(v - c) / s of its rows, and its entry in the table (T - <T_b>) / sd(T_b) over the floors b.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import t as student

from distortions import DISTORTIONS, DISTORTIONS_TEXT
from heitler.formats import ShowerReader, open_showers
from heitler.metrics import (
    METRICS,
    Estimate,
    classifier_jensen_shannon,
    convolutional_classifier_auc,
    log_posteriors,
    neural_classifier_auc,
    share_classifier_auc,
    similarity_of_samples,
    support_size,
    voxel_classifier_auc,
)
from heitler.observables import OBSERVABLES
from heitler.showers import Showers
from heitler.validation.sample import FEATURES, Sample, View
from heitler.validation.scores import recall_training, score
from results import RESULTS, table, write_page

SEED, CHANCE, FLOORS, BATCH = 1, 0.001, 8, 500
FRESH, MEMORISED = "Geant4 again", "training memorised"
NAMES = (FRESH, *DISTORTIONS, MEMORISED)
SIMILAR, JUDGED, CELL_FLOORS = 500, 200, 5

Rows = dict[str, dict[str, Estimate]]
"""Values by metric and row."""

INTRODUCTION = """\
How far each metric is above its floor, in standard deviations of the floor: {size} showers
against {size}, all energies together. The floor are {floors} random divisions of {pool} Geant4
showers into disjoint samples of the same size. A metric that is applied to many observables has
the largest deviation of all, and so has its floor. **Bold** is seen: larger than a further floor
is with a probability of {chance:.1%}, by Student's t ({threshold:.1f} standard deviations;
{cells:.1f} for networks on cells, whose floor are {few} samples). "Geant4 again" are fresh showers
that nothing was done to, which no metric may see."""

SIZES_TEXT = """\
Distances between feature vectors see the first 1000 showers of each sample, as they do in
`heitler validate`; structural similarity {similar}, networks on cells {judged}, as both take long.
A first run measures all but these networks, a second one with `--networks` adds their lines.
Metrics of memory compare with the training sample, log-posteriors with Geant4 showers beside the
candidate's."""


def sample_of(
    name: str, reader: ShowerReader, start: int, stop: int, change: Callable[[Showers], Showers]
) -> Sample:
    """The observables of some showers of a file, each batch changed first."""
    values: dict[str, list[NDArray[np.float64]]] = {key: [] for key in OBSERVABLES}
    energy = []
    for first in range(start, stop, BATCH):
        showers = change(reader.read(first, min(first + BATCH, stop)))
        for key, entry in OBSERVABLES.items():
            values[key].append(entry(showers).numpy())
        energy.append(showers.particles.energy.numpy())
    size = stop - start
    return Sample(
        name=name,
        file=reader.path.name,
        checksum="",
        energy=np.concatenate(energy),
        theta=np.full(size, np.pi / 2),
        pdg=np.full(size, 22),
        values={key: np.concatenate(part) for key, part in values.items()},
        examples=(),
        provenance={},
    )


def two_samples(reference: View, candidate: View, other: View) -> Rows:
    """Every metric of two samples of features or observables, by metric and row."""
    rows: Rows = {}
    for (observable, metric, over), value in score(reference, candidate, seed=SEED).items():
        rows.setdefault(METRICS[metric].label, {})[f"{observable} {over}"] = value
    features = reference.features(FEATURES), candidate.features(FEATURES)
    for judge in (neural_classifier_auc, classifier_jensen_shannon):
        rows[METRICS[judge.__name__].label] = {FEATURES: judge(*features, seed=SEED)}
    support = support_size(*(part[:1000] for part in features), seed=SEED).candidate
    # 1 / S is what is estimated.
    inverse = Estimate(1 / support.value, support.error / support.value**2)
    rows["support size (birthday paradox)"] = {FEATURES: inverse}
    named = {"again": other.features(FEATURES), "candidate": features[1]}
    posterior = log_posteriors(named, features[0], seed=SEED)
    again, ours = posterior["again"], posterior["candidate"]
    gap = Estimate(again.value - ours.value, float(np.hypot(again.error, ours.error)))
    rows["log-posterior beside Geant4"] = {FEATURES: gap}
    return rows


def memory(training: Sample, held_out: View, candidate: View) -> Rows:
    """Metrics that compare with a training sample."""
    found = recall_training(training, held_out, candidate, seed=SEED)
    return {METRICS[metric].label: {FEATURES: value} for (_, metric, _), value in found.items()}


def similarity(first: Showers, second: Showers) -> Rows:
    """Structural similarity of logarithmic deposits, within bins of the incident energy."""
    edges = np.linspace(10_000, 100_000, 11)[1:-1]
    grids = [torch.log1p(s.grid * 10).numpy()[:, ::2] for s in (first, second)]
    bins = tuple(np.digitize(s.particles.energy.numpy(), edges) for s in (first, second))
    found = similarity_of_samples(*grids, bins=bins, seed=SEED, dimensions=2)
    return {
        METRICS["similarity_within"].label: {"": found.within_candidate},
        METRICS["similarity_across"].label: {"": found.across},
    }


def judged(first: Showers, second: Showers) -> Rows:
    """The networks that see all cells."""
    energies = first.particles.energy, second.particles.energy
    pair, geometry = (first.deposits, second.deposits), first.geometry
    found = {
        "voxel_classifier_auc": voxel_classifier_auc(*pair, energies=energies, seed=SEED),
        "share_classifier_auc": share_classifier_auc(
            *pair, energies=energies, layer_of_cell=geometry.layer_of_cell, seed=SEED
        ),
        "convolutional_classifier_auc": convolutional_classifier_auc(
            *pair, energies=energies, grid=geometry.grid_shape, seed=SEED
        ),
    }
    return {METRICS[name].label: {"cells": value} for name, value in found.items()}


def entries(floors: Sequence[Rows], found: Mapping[str, Rows]) -> dict[str, dict[str, float]]:
    """The table: by metric and name, in standard deviations of the floor."""
    out: dict[str, dict[str, float]] = {}
    for label in floors[0]:
        names = list(floors[0][label])
        values = np.array([[floor[label][row].value for row in names] for floor in floors])
        error = np.sqrt(
            np.mean([[floor[label][row].error ** 2 for row in names] for floor in floors], axis=0)
        )
        centre, known = values.mean(axis=0), error > 0
        one_sided = label in ONE_SIDED

        def pull(gap: NDArray[np.float64], *, one_sided: bool = one_sided) -> float:
            return float(np.max(gap if one_sided else np.abs(gap)))

        # A floor is compared with the mean of the others, as a candidate is.
        apart = (values - centre) * len(floors) / (len(floors) - 1)
        pulls = [pull(row[known] / error[known]) for row in apart]
        line = out.setdefault(label, {})
        for name, rows in found.items():
            gap = np.array([rows[label][row].value for row in names]) - centre
            excess = pull(gap[known] / error[known]) - np.mean(pulls)
            line[name] = float(excess / np.std(pulls, ddof=1))
    return out


NETWORKS = {
    METRICS[judge.__name__].label
    for judge in (voxel_classifier_auc, share_classifier_auc, convolutional_classifier_auc)
}
"""The metrics of `judged`."""

ONE_SIDED = {
    entry.label for entry in METRICS.values() if entry.kind != "summary" and not entry.two_sided
}
"""Distances and AUCs, of which less than the floor is none."""


def threshold(floors: int) -> float:
    """The excess that a further floor has with the probability `CHANCE`."""
    return float(student.isf(CHANCE, floors - 1) * (1 + 1 / floors) ** 0.5)


def of_features(reader: ShowerReader, size: int) -> dict[str, dict[str, float]]:
    """The entries of all metrics that see features or observables."""
    pool = sample_of("pool", reader, 0, 3 * size, lambda showers: showers)
    training = sample_of("training", reader, 4 * size, 5 * size, lambda showers: showers)
    every = np.arange(size)
    rng = np.random.default_rng(SEED)
    floors = []
    for _ in range(FLOORS):
        first, second, third = (
            View(pool, part) for part in rng.permutation(3 * size).reshape(3, -1)
        )
        floors.append(two_samples(first, second, third) | memory(training, first, second))
    reference, other = View(pool, every), View(pool, every + size)
    found = {}
    for name, change in changes().items():
        learnt = name == MEMORISED
        spoilt = training if learnt else sample_of(name, reader, 3 * size, 4 * size, change)
        candidate = View(spoilt, every)
        found[name] = two_samples(reference, candidate, other)
        found[name] |= memory(training, reference, candidate)
    return entries(floors, found)


def of_cells(
    reader: ShowerReader,
    size: int,
    compared: Callable[[Showers, Showers], Rows],
    count: int,
    floors: int,
) -> dict[str, dict[str, float]]:
    """The entries of metrics that see cells: of `count` showers each."""
    blocks = [reader.read(i * count, (i + 1) * count) for i in range(floors + 1)]
    reference, *others = blocks
    found = {}
    for name, change in changes().items():
        start = (4 if name == MEMORISED else 3) * size
        found[name] = compared(reference, change(reader.read(start, start + count)))
    return entries([compared(reference, other) for other in others], found)


def changes() -> dict[str, Callable[[Showers], Showers]]:
    """What is done to the showers of each column."""

    def nothing(showers: Showers) -> Showers:
        return showers

    return {FRESH: nothing, **DISTORTIONS, MEMORISED: nothing}


def verdict(found: Mapping[str, Mapping[str, float]], limits: Mapping[str, float]) -> str:
    """What is seen by whom, in words."""
    seen = {k: {n for n, e in line.items() if e > limits[k]} for k, line in found.items()}
    blind = [label for label, names in seen.items() if not names - {FRESH}]
    few = [name for name in NAMES[1:] if sum(name in names for names in seen.values()) < 2]
    again = [label for label, names in seen.items() if FRESH in names]
    return (
        f"Seen by fewer than two metrics: {', '.join(few) or 'none'}. Metrics that see none of "
        f"these: {', '.join(blind) or 'none'}. Geant4 again is seen by: "
        f"{', '.join(again) or 'none'}."
    )


def rows_of(
    found: Mapping[str, Mapping[str, float]], limits: Mapping[str, float]
) -> list[list[str]]:
    """The lines of the table, with the number of metrics that see a distortion as the last."""

    def cell(entry: float, limit: float) -> str:
        text = ">99" if entry > 99 else f"{entry:.1f}"
        return f"**{text}**" if entry > limit else text

    lines = [[k, *(cell(line[n], limits[k]) for n in NAMES)] for k, line in found.items()]
    count = [sum(line[n] > limits[k] for k, line in found.items()) for n in NAMES]
    return [*lines, ["metrics that see it", *map(str, count)]]


def write(found: Mapping[str, Mapping[str, float]], size: int, path: Path) -> str:
    """Writes the page and its numbers."""
    limits = {k: threshold(CELL_FLOORS if k in NETWORKS else FLOORS) for k in found}
    words = verdict(found, limits)
    if missing := {entry.label for entry in METRICS.values()} - set(found):
        words += f" Not measured: {', '.join(sorted(missing))}."
    (RESULTS / "metric_sensitivity.json").write_text(json.dumps(found, indent=1) + "\n")
    text = INTRODUCTION.format(
        size=size,
        pool=3 * size,
        floors=FLOORS,
        chance=CHANCE,
        threshold=threshold(FLOORS),
        cells=threshold(CELL_FLOORS),
        few=CELL_FLOORS,
    )
    body = [
        text,
        DISTORTIONS_TEXT,
        SIZES_TEXT.format(similar=SIMILAR, judged=JUDGED),
        table(("metric", *NAMES), rows_of(found, limits)),
        words,
    ]
    write_page("metric_sensitivity", "What each metric sees", body, [path])
    return words


def main() -> None:
    """Measures and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("showers", type=Path, help="photons in ild_ecal, five times --size")
    parser.add_argument("--size", type=int, default=4000, help="showers per sample")
    parser.add_argument("--networks", action="store_true", help="add the networks on cells")
    arguments = parser.parse_args()
    size = arguments.size
    torch.set_num_threads(1)
    with open_showers(arguments.showers) as reader:
        if arguments.networks:
            found = json.loads((RESULTS / "metric_sensitivity.json").read_text())
            found |= of_cells(reader, size, judged, JUDGED, CELL_FLOORS)
        else:
            found = of_features(reader, size)
            found |= of_cells(reader, size, similarity, SIMILAR, FLOORS)
    print(write(found, size, arguments.showers))


if __name__ == "__main__":
    main()
