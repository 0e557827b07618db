"""What families of images cost in full-size cells: writes docs/results/full-size-families.md.

    python benchmarks/full_size_families.py ild_photons_perpendicular.h5

Each experiment `*_ild_ecal.yaml` of these families is built, fitted and prepared on real showers,
in a process of its own, and makes a few updates of each phase with its optimizer. Nothing is
trained.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import process_time

import torch
from torch import Tensor
from torch.optim import AdamW

from heitler.formats import open_showers
from heitler.models import GenerativeModel, Phase, draw
from heitler.simulators import read_configuration, read_yaml
from heitler.training import Experiment, Split
from results import RESULTS, table, write_page

CONFIGS = RESULTS.parents[1] / "configs" / "experiments"
FAMILIES = ("vae", "wae_mmd", "sinkhorn_ae", "wgan_gp", "cramer_gan")
SEED, UPDATES = 1, 3
_SAMPLE = 1000
"""Training showers that fit the preprocessing and prepare the model."""


@dataclass(frozen=True)
class Cost:
    """What an experiment costs.

    Arguments:
        parameters: Number of trained parameters.
        seconds: CPU seconds of an update of each phase, with the phase's name.
        minutes: CPU minutes of all its passes, as its configuration asks for.
        memory: Largest memory of the process in GiB.
    """

    parameters: int
    seconds: dict[str, float]
    minutes: float
    memory: float


def cost(family: str, file: Path) -> Cost:
    """Builds an experiment and makes its first updates."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    path = CONFIGS / f"{family}_ild_ecal.yaml"
    experiment, _ = read_configuration(Experiment, read_yaml(path), source=path.name)
    with open_showers(file) as reader:
        settings = experiment.data
        split = Split.of(len(reader), test=settings.test, validation=settings.validation)
        showers = reader.read(0, _SAMPLE)
    conditioning, preprocessing, model = experiment.build(showers.geometry)
    energy = showers.particles.energy.float()
    conditioning.fit(showers.particles)
    preprocessing.fit(showers.deposits, energy)
    x, c = preprocessing(showers.deposits, energy), conditioning(showers.particles)
    count, stages = experiment.training.batch_size, experiment.settings_of(model)
    seconds, minutes = {}, 0.0
    for stage in model.stages:
        with torch.no_grad():
            model.prepare(stage.name, x, c, draw(model.training_noise, len(x), (SEED,)))
        for phase in stage.phases:
            seconds[phase.name] = min(_updates(model, phase, x[:count], c[:count]))
        if stage.phases:
            turns = sum(phase.steps for phase in stage.phases)
            mean = sum(phase.steps * seconds[phase.name] for phase in stage.phases) / turns
            batches = stages[stage.name].epochs * -(-len(split.train) // count)
            minutes += batches * mean / 60
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return Cost(sum(p.numel() for p in model.parameters()), seconds, minutes, memory)


def _updates(model: GenerativeModel, phase: Phase, x: Tensor, c: Tensor) -> Iterator[float]:
    """CPU seconds of some updates of a phase."""
    parameters = model.parameters_of(phase)
    model.requires_grad_(requires_grad=False)
    for parameter in parameters:
        parameter.requires_grad_()
    optimizer = AdamW(parameters, lr=1e-4)
    for update in range(UPDATES):
        z = draw(model.training_noise, len(x), (SEED, update))
        start = process_time()
        optimizer.zero_grad()
        model.loss(x, c, z, phase=phase.name)[0].backward()
        optimizer.step()
        yield process_time() - start


def main() -> None:
    """Measures each family in its own process and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="photon showers in ild_ecal")
    file = parser.parse_args().file.resolve()
    rows = []
    context = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        for family, found in zip(FAMILIES, pool.map(cost, FAMILIES, [file] * 5), strict=True):
            steps = ", ".join(f"{name} {1e3 * s:.0f}" for name, s in found.seconds.items())
            entries = [f"{found.parameters:,}", steps, f"{found.minutes:.0f}"]
            rows.append([f"`{family}_ild_ecal`", *entries, f"{found.memory:.2f}"])
            print(rows[-1], flush=True)
    head = ["experiment", "parameters", "an update, CPU ms", "all passes, CPU min", "peak GiB"]
    text = [_INTRODUCTION, table(head, rows), _LACKS]
    print(write_page("full-size-families", "Families of images in full-size cells", text, [file]))


_INTRODUCTION = """\
Experiments for the full cells of the ILD calorimeter, 30 x 30 x 30: the models build, are fitted
and prepared on Geant4 showers, and take their first updates (the fastest of three, with the
optimizer), each in a process of its own. From these follow the CPU time of all passes that the
configuration asks for on one core, over the training showers of this file; each also has a time
limit."""

_LACKS = """\
Only the [VAE](full-size.md) has been trained in these cells; how good the others become there
has not been measured. In the [coarse cells](families.md) all of them have been."""


if __name__ == "__main__":
    main()
