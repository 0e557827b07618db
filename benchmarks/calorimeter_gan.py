r"""The calorimeter GAN beside Geant4 and GFLASH: writes docs/results/calorimeter-gan.md.

    python benchmarks/calorimeter_gan.py runs/calorimeter_gan_shashlik_ecal shashlik_electrons.h5

The run is that of a training by `heitler train` on the file. Geant4's held-out showers are the
reference. Candidates answer the incident particles of as many training showers, and these showers
of Geant4 are the floor.

Notation: x is the point of entry, t the slope of the direction dx/dz, r the centre of gravity of
the cells; its law is r = a + b x + d t + noise, where d is the depth of the shower.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from heitler.deployment import time_simulator
from heitler.formats import open_showers
from heitler.metrics import (
    Estimate,
    classifier_auc,
    mean_ratio,
    voxel_classifier_auc,
    wasserstein,
    width_ratio,
)
from heitler.observables import OBSERVABLES
from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.simulators import (
    BLOCK,
    GflashSimulator,
    NeuralSimulator,
    ParticleList,
    ShowerSimulator,
    read_yaml,
)
from heitler.training import Split, read_rows
from heitler.units import GeV
from results import table, write_page

SEED = 1
SCALARS = (
    "response",
    "hits",
    "maximum_energy",
    "maximum_radius",
    "centre_x",
    "centre_y",
    "width_x",
    "width_y",
)
ENERGIES = (2, 5, 8, 11, 14, 17, 20)
"""Edges of the bins of energy in GeV."""

PLACES = (-20, -12, -4, 4, 12, 20)
"""Edges of the bins of the point of entry in mm."""

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Showers, and what is seen of them."""

    showers: Showers

    @cached_property
    def values(self) -> dict[str, _Array]:
        """Observables by name, each (N,)."""
        return {name: OBSERVABLES[name](self.showers).double().numpy() for name in SCALARS}

    @cached_property
    def energy(self) -> _Array:
        """Incident energies in GeV, (N,)."""
        return np.asarray(self.showers.particles.energy.numpy() / GeV)

    @cached_property
    def entry(self) -> _Array:
        """Points of entry in mm and slopes of the direction along x and y: (N, 4)."""
        particles = self.showers.particles
        slopes = particles.direction[:, :2] / particles.direction[:, 2:]
        return np.asarray(torch.cat([particles.position[:, :2], slopes], dim=1).numpy())

    @property
    def features(self) -> _Array:
        """Energy and observables: (N, features)."""
        return np.column_stack([np.log(self.energy), *self.values.values()])

    @property
    def told(self) -> _Array:
        """The same beside the point of entry and the slopes."""
        return np.column_stack([self.features, self.entry])


Samples = Mapping[str, Sample]


def read(folder: Path, file: Path) -> tuple[Showers, Showers, Showers]:
    """Held-out showers, as many training showers, and the others of the training."""
    settings = read_yaml(folder / "config.yaml")["data"]
    with open_showers(folder / "held_out.h5") as reader:
        held_out = reader.read(0, len(reader))
    with open_showers(file) as reader:
        split = Split.of(len(reader), test=settings["test"], validation=settings["validation"])
        parts = [
            Showers.concatenate(list(read_rows(reader, rows)))
            for rows in (split.train[: len(held_out)], split.train[len(held_out) :])
        ]
    return held_out, parts[0], parts[1]


def calibrated(known: Showers) -> GflashSimulator:
    """GFLASH with the mean response of showers that are in no comparison."""
    plain = GflashSimulator(known.detector)
    trial = plain.simulate(known.particles, seed=SEED + 1)
    factor = _response(known).mean() / _response(trial).mean()
    return GflashSimulator(known.detector, response=plain.response * float(factor))


def _response(showers: Showers) -> torch.Tensor:
    return showers.deposits.double().sum(dim=1) / showers.particles.energy


def bootstrap(statistic: Callable[[_Array], float], rows: _Array) -> Estimate:
    """A statistic of showers with its bootstrap error."""
    rng = np.random.default_rng(SEED)
    drawn = [statistic(rows[rng.integers(0, len(rows), len(rows))]) for _ in range(200)]
    return Estimate(statistic(rows), float(np.std(drawn)))


def responses(samples: Samples) -> str:
    """Mean response and its width in bins of energy, in percent."""
    rows = []
    for low, high in pairwise(ENERGIES):
        row = [f"{low} to {high}"]
        for sample in samples.values():
            some = 100 * sample.values["response"][_within(sample.energy, low, high)]
            row += [str(bootstrap(f, some)) for f in (_mean, _relative_width)]
        rows.append(row)
    return table(["GeV", *(word for name in samples for word in (name, "its width"))], rows)


def _within(values: _Array, low: float, high: float) -> NDArray[np.bool_]:
    return np.asarray((values >= low) & (values < high))


def _mean(values: _Array) -> float:
    return float(values.mean())


def _relative_width(values: _Array) -> float:
    """Standard deviation over mean, in percent."""
    return float(100 * values.std() / values.mean())


def distances(samples: Samples) -> str:
    """Ratios of means and widths, and Wasserstein distances in units of the spread."""
    reference, *others = samples.values()
    rows = []
    for name in SCALARS:
        truth = reference.values[name]
        row = [OBSERVABLES[name].label]
        for other in others:
            made = other.values[name]
            row.append(str(wasserstein(truth / truth.std(), made / truth.std())))
        if not name.startswith("centre"):  # whose mean is zero
            row += [str(mean_ratio(truth, other.values[name])) for other in others]
        else:
            row += [""] * len(others)
        row += [str(width_ratio(truth, other.values[name])) for other in others]
        rows.append(row)
    names = list(samples)[1:]
    kinds = ("W1 / spread", "mean ratio", "width ratio")
    return table(["", *(f"{kind}, {name}" for kind in kinds for name in names)], rows)


def centres(samples: Samples) -> str:
    """The law of the centre of gravity: slope with the entry, depth, and what is left."""
    rows = []
    for axis, name in enumerate(("centre_x", "centre_y")):
        for who, sample in samples.items():
            known = sample.entry[:, [axis, axis + 2]]
            rows.append(
                [f"{'xy'[axis]}, {who}", *_law(np.column_stack([known, sample.values[name]]))]
            )
    return table(["", "b", "depth d, mm", "left over, mm"], rows)


def _law(rows: _Array) -> list[str]:
    return [str(bootstrap(lambda r, k=k: _fit(r)[k], rows)) for k in range(3)]


def _fit(rows: _Array) -> tuple[float, float, float]:
    """b, d and the standard deviation of the noise for rows (x, t, r)."""
    design = np.column_stack([np.ones(len(rows)), rows[:, :2]])
    solution = np.linalg.lstsq(design, rows[:, 2], rcond=None)[0]
    return solution[1], solution[2], float((rows[:, 2] - design @ solution).std())


def places(samples: Samples) -> str:
    """Mean centre in bins of the point of entry, corrected for the slope at one depth."""
    reference = next(iter(samples.values()))
    depth = _fit(np.column_stack([reference.entry[:, [0, 2]], reference.values["centre_x"]]))[1]
    rows = []
    for low, high in pairwise(PLACES):
        row = [f"{low} to {high}"]
        for sample in samples.values():
            off = sample.values["centre_x"] - depth * sample.entry[:, 2] - sample.entry[:, 0]
            row.append(str(bootstrap(_mean, off[_within(sample.entry[:, 0], low, high)])))
        rows.append(row)
    return table(["x of entry, mm", *samples], rows)


def classifiers(samples: Samples) -> str:
    """AUC of trees on observables, alone and beside what was asked for, and of cells."""
    reference, *others = samples.values()
    rows = [
        ["observables", *(_trees(reference.features, other.features) for other in others)],
        ["and point of entry, slopes", *(_trees(reference.told, other.told) for other in others)],
        ["cells (network)", *(_network(reference, other) for other in others)],
    ]
    return table(["AUC", *list(samples)[1:]], rows)


def _trees(reference: _Array, candidate: _Array) -> str:
    return str(classifier_auc(reference, candidate, seed=SEED))


def _network(reference: Sample, candidate: Sample) -> str:
    auc = voxel_classifier_auc(
        reference.showers.deposits,
        candidate.showers.deposits,
        energies=(reference.energy, candidate.energy),
        seed=SEED,
    )
    return str(auc)


def speeds(
    simulators: Mapping[str, ShowerSimulator], known: IncidentParticles, geant4: float
) -> str:
    """Milliseconds per shower and the speed-up over Geant4's recorded CPU time, in ms."""
    source = ParticleList(IncidentParticles.concatenate([known] * (250 * BLOCK // len(known))))
    rows = [["Geant4", "", f"{geant4:.1f}", "1"]]
    for name, simulator in simulators.items():
        for batch in (1, 100):
            timing = time_simulator(simulator, source, batch=batch, seed=SEED)
            wall = f"{timing.milliseconds:.3f} ± {timing.spread:.3f}"
            ratio = geant4 / timing.cpu_milliseconds
            row = [
                f"{name}, batch {batch}",
                wall,
                f"{timing.cpu_milliseconds:.3f}",
                f"{ratio:,.0f}",
            ]
            rows.append(row)
    return table(["", "wall, ms", "CPU, ms", "speed-up"], rows)


def main() -> None:
    """Judges and writes the page."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="run directory of a CalorimeterGAN")
    parser.add_argument("file", type=Path, help="the file of its training")
    options = parser.parse_args()
    held_out, training, known = read(options.run, options.file)
    gan, gflash = NeuralSimulator.load(options.run), calibrated(known)
    simulators: dict[str, ShowerSimulator] = {"GAN": gan, "GFLASH": gflash}
    made = {n: s.simulate(training.particles, seed=SEED) for n, s in simulators.items()}
    names = {"Geant4": held_out, "floor": training, **made}
    samples = {name: Sample(showers) for name, showers in names.items()}
    with open_showers(options.file) as reader:
        geant4 = 1e3 * float(reader.provenance["geant4_cpu_seconds_per_shower"])
    facts = gan.card.training
    body = [
        _INTRODUCTION.format(
            train=gan.card.data["train"],
            test=len(held_out),
            known=len(known),
            **{key: facts[key] for key in ("seconds", "parameters", "seed")},
        ),
        "## Response",
        responses(samples),
        "## Shape",
        _SHAPE,
        distances(samples),
        "## Centre against impact",
        _CENTRE,
        centres(samples),
        _PLACES,
        places(samples),
        "## Classifiers",
        classifiers(samples),
        "## Speed",
        _SPEED,
        speeds(simulators, training.particles, geant4),
    ]
    title = "Calorimeter GAN: electrons in shashlik_ecal"
    print(write_page("calorimeter-gan", title, body, [options.file]))


_INTRODUCTION = """\
The [Wasserstein GAN of calorimeter images](../theory/calorimeter_gan.md) of
`configs/experiments/calorimeter_gan_shashlik_ecal.yaml`: images of 30 x 30 cells of 20 mm, given
three components of the momentum and two coordinates of the impact. It was trained on {train:,}
Geant4 electrons of 2 to 20 GeV, at 75 to 90 degrees to the face, entering within 20 mm of the
centre, in {seconds:.0f} s of wall time on a machine that others used too ({parameters:,}
parameters, seed {seed}). The reference are {test:,} showers that it never saw; generated showers
answer the incident particles of as many training showers, and these showers of Geant4 are the
*floor*. GFLASH stands beside it with the mean response of {known:,} other training showers;
nothing else of it is fitted."""

_SHAPE = """\
*W1*: Wasserstein distance to held-out Geant4 in units of Geant4's spread. Ratios are to held-out
Geant4, so the floor's are what two samples of Geant4 differ by."""

_CENTRE = """\
The centre of gravity follows the point of entry x and the slope t of the direction, r = a + b x +
d t: d is the depth at which the shower looks as if it were a point. What is left over is the
resolution of the position by the centre of gravity, with errors by bootstrap."""

_PLACES = """\
Mean of the centre less the point of entry, in mm, after the slope was corrected for with Geant4's
depth: cells of 20 mm pull the centre to theirs."""

_SPEED = """\
One thread, from particles to deposits in MeV. The speed-up compares CPU time with the CPU time of
Geant4 that the file carries, measured while other work ran on the machine."""


if __name__ == "__main__":
    main()
