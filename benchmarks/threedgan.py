"""The 3DGAN beside Geant4 and the published sizes: writes docs/results/threedgan.md.

    python benchmarks/threedgan.py runs/threedgan_clic_ecal clic_electrons_5000.h5

The run is that of a training by `heitler train` on the file. Geant4's held-out showers are the
reference. The generated showers answer the incident particles of as many training showers, and
these showers of Geant4 are the floor.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from heitler.detectors import load_detector
from heitler.formats import open_showers
from heitler.metrics import Estimate, classifier_auc, neural_classifier_auc, wasserstein
from heitler.models import ThreeDGAN, draw
from heitler.observables import LATERAL, OBSERVABLES, high_level_features, lateral_features
from heitler.showers import Showers
from heitler.simulators import NeuralSimulator, read_configuration, read_yaml
from heitler.training import Experiment, Split, read_rows
from heitler.units import GeV
from results import RESULTS, table, write_page
from threedgan_figures import ENERGIES, NAMES, Samples, Windows, draw_figures, profiles

SEED = 1
CONFIGS = RESULTS.parents[1] / "configs" / "experiments"
TALK = {"generator": 3_457_012, "discriminator": 73_450}
"""Parameters as the talk prints them: Keras counts the moving moments of its normalisations."""

BATCH = 4
"""Showers of a step whose time is measured."""

ERRORS = ("mean absolute error", "bias", "spread")
WIDTHS = ("width_x", "width_y", "width_z")
SCALARS = ("response", "hits", "centre_z", *WIDTHS, "maximum_energy")


@dataclass(frozen=True)
class Published:
    """What the published training looks at: showers, and passes over them."""

    showers: int
    epochs: int


@dataclass(frozen=True)
class Run:
    """A trained simulator with the showers that judge it."""

    simulator: NeuralSimulator
    samples: Samples
    values: dict[str, dict[str, Tensor]]
    folder: Path

    @classmethod
    def read(cls, folder: Path, file: Path) -> Run:
        """Held-out showers, as many training showers, and what is generated for these."""
        simulator = NeuralSimulator.load(folder)
        settings = read_yaml(folder / "config.yaml")["data"]
        with open_showers(folder / "held_out.h5") as reader:
            held_out = reader.read(0, len(reader))
        with open_showers(file) as reader:
            split = Split.of(len(reader), test=settings["test"], validation=settings["validation"])
            places = torch.linspace(0, len(split.train) - 1, len(held_out)).long()
            training = Showers.concatenate(list(read_rows(reader, split.train[places])))
        generated = simulator.simulate(training.particles, seed=SEED)
        samples = dict(zip(NAMES, (held_out, training, generated), strict=True))
        names = {*SCALARS, *LATERAL}
        values = {
            who: {name: OBSERVABLES[name](showers) for name in names}
            for who, showers in samples.items()
        }
        return cls(simulator, samples, values, folder)

    @property
    def model(self) -> ThreeDGAN:
        """The network."""
        model = self.simulator.model
        if not isinstance(model, ThreeDGAN):
            msg = f"{self.folder} holds a {type(model).__name__}, not a ThreeDGAN"
            raise TypeError(msg)
        return model

    @torch.inference_mode()
    def measured(self, who: str, answer: Callable[[Tensor], Tensor]) -> Tensor:
        """What the discriminator answers to the showers of a sample, (N,)."""
        showers = self.samples[who]
        x = self.simulator.preprocessing(showers.deposits, showers.particles.energy.float())
        return torch.cat([answer(part) for part in x.split(50)]).double()

    def curve(self, metric: str) -> list[float]:
        """A number of the training, one value for each pass."""
        with (self.folder / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        return [float(row["value"]) for row in rows if row["metric"] == metric]

    def facts(self, experiment: str, published: Published) -> dict[str, Any]:
        """What an introduction says of a run of an experiment.

        Raises:
            ValueError: The run is one of another detector.
        """
        card = json.loads((self.folder / "card.json").read_text())
        planned = read_yaml(CONFIGS / f"{experiment}.yaml")["training"]["stages"]["adversarial"]
        detector = experiment.removeprefix("threedgan_")
        if card["detector"]["name"] != detector:
            msg = f"the page is about {detector}, not {card['detector']['name']}"
            raise ValueError(msg)
        return {
            "passes": len(self.curve("train/generator")),
            "planned": planned["epochs"],
            "train": card["data"]["train"],
            "test": card["data"]["test"],
            "seconds": card["training"]["seconds"],
            "cpu": card["training"].get("cpu_seconds", 0.0),
            "seed": card["training"]["seed"],
            "showers": published.showers,
            "epochs": published.epochs,
        }


def count(*parts: nn.Module) -> int:
    """Parameters as Keras counts them: with two moving moments per normalised channel."""
    parameters = sum(p.numel() for part in parts for p in part.parameters())
    scales = [p for part in parts for name, p in part.named_parameters() if "scale" in name]
    return parameters + 2 * sum(p.numel() for p in scales)


def sizes(small: ThreeDGAN, full: ThreeDGAN) -> dict[str, list[str]]:
    """Parameters of the generator and of the discriminator: of the published sizes, of the run."""
    found = {
        "generator": [count(m.generator) for m in (full, small)],
        "discriminator": [count(m.discriminator, m.head) for m in (full, small)],
    }
    return {name: [f"{n:,}" for n in numbers] for name, numbers in found.items()}


def full_size(experiment: str) -> ThreeDGAN:
    """The networks of an experiment's configuration with the published sizes."""
    path = CONFIGS / f"{experiment}_full.yaml"
    read, _ = read_configuration(Experiment, read_yaml(path), source=path.name)
    detector = load_detector(experiment.removeprefix("threedgan_"))
    *_, model = read.build(detector.geometry)
    assert isinstance(model, ThreeDGAN)  # noqa: S101 (our own configuration)
    return model.train()


def seconds_per_shower(model: ThreeDGAN) -> dict[str, float]:
    """CPU seconds of a step of each phase per shower, the smaller of two."""
    cells = torch.rand(BATCH, model.shape.cells).pow(8)
    c = torch.linspace(0.1, 2, BATCH)[:, None].repeat(1, model.shape.conditions)
    z = draw(model.training_noise, BATCH, (SEED,))
    found = {}
    for phase in model.stages[0].phases:
        parameters = model.parameters_of(phase)
        model.requires_grad_(requires_grad=False)
        for parameter in parameters:
            parameter.requires_grad_()
        seconds = []
        for _ in range(2):
            start = process_time()
            model.loss(cells, c, z, phase=phase.name)[0].backward()
            seconds.append((process_time() - start) / BATCH)
        found[phase.name] = min(seconds)
    return found


def costs(small: ThreeDGAN, full: ThreeDGAN, published: Published) -> str:
    """Seconds of a step, and days of the published training on this core."""
    rows = []
    for name, model in (("this run", small), ("full configuration", full)):
        seconds = seconds_per_shower(model)
        each, steps = sum(p.steps for p in model.stages[0].phases), model.stages[0].phases
        mean = sum(seconds[p.name] * p.steps for p in steps) / each
        days = mean * published.showers * published.epochs / 86400
        milli = [f"{1e3 * value:.1f}" for value in seconds.values()]
        rows.append([name, *milli, f"{days:.1f}"])
    head = ["CPU time on this core", "discriminator, ms", "generator, ms", "whole training, days"]
    return table(head, rows)


def with_errors(statistic: Callable[[Tensor], float], values: Tensor) -> Estimate:
    """A statistic of showers with its bootstrap error."""
    rng = np.random.default_rng(SEED)
    rows = (torch.from_numpy(rng.integers(0, len(values), len(values))) for _ in range(200))
    return Estimate(statistic(values), float(np.std([statistic(values[row]) for row in rows])))


def auxiliary(run: Run) -> str:
    """Errors of the discriminator's energy on each sample."""
    rows = []
    for name, showers in run.samples.items():
        u = run.measured(name, run.model.measure)
        rows.append([name, *errors(100 * (u * 100 * GeV / showers.particles.energy - 1))])
    return table(["%", *ERRORS], rows)


def errors(error: Tensor) -> list[str]:
    """The numbers of `ERRORS`, with their own errors."""
    statistics: list[Callable[[Tensor], float]] = [
        lambda e: float(e.abs().mean()),
        lambda e: float(e.mean()),
        lambda e: float(e.std()),
    ]
    return [str(with_errors(statistic, error)) for statistic in statistics]


def summaries(run: Run) -> str:
    """Wasserstein distances of scalars in units of the reference's spread."""
    rows = []
    for name in SCALARS:
        values = [of[name].double() for of in run.values.values()]
        spread = values[0].std()
        found = [str(wasserstein(values[0] / spread, v / spread)) for v in values[1:]]
        rows.append([OBSERVABLES[name].label, *found])
    return table(["distance / spread of Geant4", "floor", "3DGAN"], rows)


def response(run: Run, windows: Windows) -> str:
    """Mean and spread of ECAL / E_p in windows."""
    rows = []
    for label, pick in windows.picks.items():
        row = [label]
        for showers in run.samples.values():
            some = pick(showers)
            r = 100 * some.deposits.double().sum(dim=1) / some.particles.energy
            row += [str(with_errors(lambda v: float(v.mean()), r)), f"{float(r.std()):.3f}"]
        rows.append(row)
    head = [windows.unit, *(word for name in NAMES for word in (f"{name}, %", "spread"))]
    return table(head, rows)


def shapes(run: Run, windows: Windows) -> str:
    """Half the area between normalised mean profiles, in percent."""
    reference, floor, candidate = run.samples.values()
    rows = []
    for label, pick in windows.picks.items():
        parts = [pick(s) for s in (reference, floor, candidate)]
        row = [label, " / ".join(str(len(part)) for part in parts)]
        curves = [profiles(part) for part in parts]
        for other in curves[1:]:
            moved = [
                50 * float((other[axis] - curves[0][axis]).abs().sum()) for axis in ("x", "y", "z")
            ]
            row += [f"{value:.2f}" for value in moved]
        rows.append(row)
    names = [f"{who} {axis}" for who in ("floor", "3DGAN") for axis in ("x", "y", "z")]
    return table([windows.unit, "showers", *names], rows)


def classifiers(run: Run) -> str:
    """AUC of trees and of a network on feature sets A and B."""
    rows = []
    for name, features in (("A", high_level_features), ("B", lateral_features)):
        tables = [
            features(run.samples[who].particles.energy, values)
            for who, values in run.values.items()
        ]
        for kind, auc in (("trees", classifier_auc), ("network", neural_classifier_auc)):
            found = [str(auc(tables[0], other, seed=SEED)) for other in tables[1:]]
            rows.append([f"{name}, {kind}", *found])
    return table(["AUC", "floor", "3DGAN"], rows)


def asked(about: str) -> tuple[Path, Path]:
    """The run directory and the file of its training, of the command line."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("run", type=Path, help="run directory of a ThreeDGAN")
    parser.add_argument("file", type=Path, help="the file of its training")
    options = parser.parse_args()
    return options.run, options.file


def main() -> None:
    """Judges, draws, writes the page."""
    folder, file = asked(__doc__ or "")
    run, experiment = Run.read(folder, file), "threedgan_clic_ecal"
    published = Published(200_000, 50)
    facts, full = run.facts(experiment, published), full_size(experiment)
    draw_figures(run.samples, run.model, ENERGIES, page="threedgan", folder=RESULTS, more={})
    numbers = sizes(run.model, full)
    body = [
        _INTRODUCTION.format(**facts),
        "## Sizes and costs",
        table(
            ["parameters", "talk", "full configuration", "this run"],
            [[name, f"{TALK[name]:,}", *found] for name, found in numbers.items()],
        ),
        _COSTS.format(**facts),
        costs(run.model, full, published),
        "## Energy as the discriminator measures it",
        _AUXILIARY,
        auxiliary(run),
        "## Response",
        "![ECAL / E against E](threedgan-response.svg)",
        _RESPONSE,
        response(run, ENERGIES),
        "## Profiles",
        "![Profiles along x, y and z](threedgan-profiles.svg)",
        _PROFILES,
        shapes(run, ENERGIES),
        "## Moments, cells and the rest",
        "![Second moments and cells](threedgan-moments.svg)",
        summaries(run),
        "## Classifiers",
        _CLASSIFIERS,
        classifiers(run),
    ]
    print(write_page("threedgan", "3DGAN: electrons in clic_ecal", body, [file]))


_INTRODUCTION = """\
The [3DGAN](../theory/threedgan.md) of `configs/experiments/threedgan_clic_ecal.yaml`, small enough
for a CPU, trained on {train:,} Geant4 electrons of 10 to 500 GeV. This run had {passes} of the
{planned} passes over them that the configuration asks for, in {seconds:.0f} s of wall time on a
machine that others used too (seed {seed}). The reference are {test:,} showers that it never saw;
the generated showers answer the incident particles of as many training showers, and these showers
of Geant4 are the floor. The published code trains networks as large as the full configuration on
200,000 to 400,000 showers and for 50 passes or more: this page is about what a CPU makes of it in
minutes, not about the method's best."""

_COSTS = """\
As Keras counts them, with the moving moments of its batch normalisations. Steps are forward and
backward for one shower; the whole training is {epochs} passes over {showers:,} showers, each of
which serves one step of a pass: two of the generator for each one of the discriminator. (The
published code takes all three steps with each shower, so its passes are three times as long.)"""

_AUXILIARY = """\
The error is measured over true less one, over 10 to 500 GeV. The talk reads about 5 % for both
Geant4 and generated showers. On generated showers it says how well the generator obeys the energy
it was asked for, as far as the discriminator can tell."""

_RESPONSE = """\
Lines are the sampling fractions that the ECAL-sum loss can aim at: the polynomial of fourth order
that this run was given, and a constant (its fit to the same showers). In windows of 10 % (20 % at
50 and 100 GeV) about the talk's energies:"""

_PROFILES = """\
Showers in the same windows. Half the area between the normalised mean profiles of the sample and
of held-out Geant4 in percent of the energy: that much energy is in another cell."""

_CLASSIFIERS = """\
Set A are high-level features, set B adds centre and width of every layer (see
`heitler.observables.features`); cross-fitted in 5 parts."""


if __name__ == "__main__":
    main()
