"""The 3DGAN beside Geant4 and the published sizes: writes docs/results/threedgan.md.

    python benchmarks/threedgan.py runs/threedgan_clic_ecal clic_electrons_5000.h5

The run is that of a training by `heitler train` on the file. Geant4's held-out showers are the
reference. The generated showers answer the incident particles of as many training showers, and
these showers of Geant4 are the floor.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
import torch
from torch import Tensor, nn

from heitler.detectors import load_detector
from heitler.formats import open_showers
from heitler.metrics import Estimate, classifier_auc, neural_classifier_auc, wasserstein
from heitler.models import ShowerShape, ThreeDGAN, draw
from heitler.observables import LATERAL, OBSERVABLES, high_level_features, lateral_features
from heitler.showers import Showers
from heitler.simulators import NeuralSimulator, read_yaml
from heitler.training import Split, read_rows
from heitler.units import GeV
from results import RESULTS, table, write_page
from threedgan_figures import ENERGIES, NAMES, Samples, draw_figures, near, profiles

SEED = 1
CONFIG = RESULTS.parents[1] / "configs" / "experiments" / "threedgan_clic_ecal.yaml"
TALK = {"generator": 3_457_012, "discriminator": 73_450}
"""Parameters as the talk prints them: Keras counts the moving moments of its normalisations."""

BATCH = 4
"""Showers of a step whose time is measured."""

PUBLISHED_SHOWERS, PUBLISHED_EPOCHS = 200_000, 50
WIDTHS = ("width_x", "width_y", "width_z")
SCALARS = ("response", "hits", "centre_z", *WIDTHS, "maximum_energy")


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


def count(*parts: nn.Module) -> int:
    """Parameters as Keras counts them: with two moving moments per normalised channel."""
    parameters = sum(p.numel() for part in parts for p in part.parameters())
    scales = [p for part in parts for name, p in part.named_parameters() if "scale" in name]
    return parameters + 2 * sum(p.numel() for p in scales)


def sizes(small: ThreeDGAN, full: ThreeDGAN) -> str:
    """Both networks beside the talk's."""
    rows = []
    for name, published in TALK.items():
        found = [count(m.get_submodule(name)) for m in (small, full)]
        if name == "discriminator":
            found = [count(m.discriminator, m.head) for m in (small, full)]
        rows.append([name, f"{published:,}", *(f"{n:,}" for n in reversed(found))])
    return table(["parameters", "talk", "full configuration", "this run"], rows)


def full_size(grid: tuple[int, int, int]) -> ThreeDGAN:
    """The published sizes."""
    layers, rows, columns = grid
    shape = ShowerShape(
        (rows * columns,) * layers, 0, 1, {"scaled_energy": slice(0, 1)}, grid=grid
    )
    return ThreeDGAN(shape).train()


def seconds_per_shower(model: ThreeDGAN) -> dict[str, float]:
    """CPU seconds of a step of each phase per shower, the smaller of two."""
    cells = torch.rand(BATCH, model.shape.cells).pow(8)
    c = torch.linspace(0.1, 5, BATCH)[:, None]
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


def costs(small: ThreeDGAN, full: ThreeDGAN) -> str:
    """Seconds of a step, and days of the published training on this core."""
    rows = []
    for name, model in (("this run", small), ("full configuration", full)):
        seconds = seconds_per_shower(model)
        each, steps = sum(p.steps for p in model.stages[0].phases), model.stages[0].phases
        mean = sum(seconds[p.name] * p.steps for p in steps) / each
        days = mean * PUBLISHED_SHOWERS * PUBLISHED_EPOCHS / 86400
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
        energy = showers.particles.energy
        with torch.inference_mode():
            x = run.simulator.preprocessing(showers.deposits, energy.float())
            u = torch.cat([run.model.measure(part) for part in x.split(200)])
        error = 100 * (u.double() * 100 * GeV / energy - 1)
        entries = [
            with_errors(lambda e: float(e.abs().mean()), error),
            with_errors(lambda e: float(e.mean()), error),
            with_errors(lambda e: float(e.std()), error),
        ]
        rows.append([name, *(str(entry) for entry in entries)])
    return table(["%", "mean absolute error", "bias", "spread"], rows)


def summaries(run: Run) -> str:
    """Wasserstein distances of scalars in units of the reference's spread."""
    rows = []
    for name in SCALARS:
        values = [of[name].double() for of in run.values.values()]
        spread = values[0].std()
        found = [str(wasserstein(values[0] / spread, v / spread)) for v in values[1:]]
        rows.append([OBSERVABLES[name].label, *found])
    return table(["distance / spread of Geant4", "floor", "3DGAN"], rows)


def response(run: Run) -> str:
    """Mean and spread of ECAL / E_p in windows about the talk's energies."""
    rows = []
    for energy in ENERGIES:
        row = [f"{energy:g}"]
        for showers in run.samples.values():
            some = near(showers, energy)
            r = 100 * some.deposits.double().sum(dim=1) / some.particles.energy
            row += [str(with_errors(lambda v: float(v.mean()), r)), f"{float(r.std()):.3f}"]
        rows.append(row)
    head = ["GeV", *(word for name in NAMES for word in (f"{name}, %", "spread"))]
    return table(head, rows)


def shapes(run: Run) -> str:
    """Half the area between normalised mean profiles, in percent."""
    reference, floor, candidate = run.samples.values()
    rows = []
    for energy in ENERGIES:
        parts = [near(s, energy) for s in (reference, floor, candidate)]
        row = [f"{energy:g}", " / ".join(str(len(part)) for part in parts)]
        curves = [profiles(part) for part in parts]
        for other in curves[1:]:
            moved = [
                50 * float((other[axis] - curves[0][axis]).abs().sum()) for axis in ("x", "y", "z")
            ]
            row += [f"{value:.2f}" for value in moved]
        rows.append(row)
    names = [f"{who} {axis}" for who in ("floor", "3DGAN") for axis in ("x", "y", "z")]
    return table(["GeV", "showers", *names], rows)


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


def main() -> None:
    """Judges, draws, writes the page."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="run directory of a ThreeDGAN")
    parser.add_argument("file", type=Path, help="the file of its training")
    options = parser.parse_args()
    run = Run.read(options.run, options.file)
    card = json.loads((options.run / "card.json").read_text())
    if card["detector"]["name"] != load_detector("clic_ecal").name:
        parser.error("the page is about clic_ecal")
    full = full_size(run.model.grid)
    draw_figures(run.samples, run.model, RESULTS)
    passes = [
        read_yaml(path)["training"]["stages"]["adversarial"]["epochs"]
        for path in (options.run / "config.yaml", CONFIG)
    ]
    facts = {
        "passes": passes[0],
        "planned": passes[1],
        "train": card["data"]["train"],
        "test": card["data"]["test"],
        "seconds": card["training"]["seconds"],
        "seed": card["training"]["seed"],
        "showers": PUBLISHED_SHOWERS,
        "epochs": PUBLISHED_EPOCHS,
    }
    body = [
        _INTRODUCTION.format(**facts),
        "## Sizes and costs",
        sizes(run.model, full),
        _COSTS.format(**facts),
        costs(run.model, full),
        "## Energy as the discriminator measures it",
        _AUXILIARY,
        auxiliary(run),
        "## Response",
        "![ECAL / E against E](threedgan-response.svg)",
        _RESPONSE,
        response(run),
        "## Profiles",
        "![Profiles along x, y and z](threedgan-profiles.svg)",
        _PROFILES,
        shapes(run),
        "## Moments, cells and the rest",
        "![Second moments and cells](threedgan-moments.svg)",
        summaries(run),
        "## Classifiers",
        _CLASSIFIERS,
        classifiers(run),
    ]
    print(write_page("threedgan", "3DGAN: electrons in clic_ecal", body, [options.file]))


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
