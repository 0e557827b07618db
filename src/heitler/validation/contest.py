"""Several families on the same showers: trained, generated, judged and timed together.

Training, generation, timing and report are those of single models. What is added is that all
candidates stand in one report, against the same showers, which none of them saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from heitler.formats import open_showers, read_particles
from heitler.simulators import (
    HELD_OUT,
    PARTICLES,
    NeuralSimulator,
    ParticleList,
    generate,
    read_configuration,
    read_yaml,
)
from heitler.simulators.trained import CARD, CONFIGURATION
from heitler.training import Experiment, train
from heitler.validation.assessment import BATCHES, endless, speed_rows
from heitler.validation.comparison import Comparison, SpeedRow
from heitler.validation.digest import speed_table
from heitler.validation.report import check_output, names_of, validate

__all__ = ["compare_models", "contest_table", "trained"]


def compare_models(
    configurations: Sequence[Path | str],
    output: Path | str,
    *,
    runs: Path | str = "runs",
    overrides: Sequence[str] = (),
    batches: Sequence[int] = BATCHES,
    seed: int = 1,
    progress: bool = True,
) -> Comparison:
    """Trains what has no run yet, compares all models and writes one report of them.

    Arguments:
        configurations: YAML files of experiments on the same showers; the stem of a file is the
            name of its run and of its model.
        output: Folder of `report.html` and `metrics.json`.
        runs: Folder of the run directories; finished ones are taken as they are.
        overrides: Words such as ``--data.file showers.h5`` that replace settings in all of them.
        batches: Showers per call that are timed.
        seed: Seed of generated showers and of random choices.
        progress: Whether to show progress on standard error.

    Raises:
        ValueError: The configurations have no two names or hold out different showers, or a run
            directory holds another training.
    """
    check_output(Path(output))
    named = names_of([Path(path) for path in configurations])
    folders = [
        trained(path, Path(runs) / name, overrides=overrides, progress=progress)
        for name, path in named
    ]
    _same_showers(folders)
    speed: list[SpeedRow] = []
    reference = folders[0] / HELD_OUT
    with TemporaryDirectory() as scratch, open_showers(reference) as held_out:
        paths = []
        for folder in folders:
            simulator = NeuralSimulator.load(folder)
            particles = read_particles(folder / PARTICLES, simulator.detector)
            number = min(len(held_out), len(particles))
            path = Path(scratch) / f"{folder.name}.h5"
            listed = ParticleList(particles)
            generate(simulator, listed, path, number=number, seed=seed, progress=progress)
            paths.append(path)
            source = endless(particles, seed)
            speed += speed_rows(simulator, source, held_out, batches=batches, threads=1)
        return validate(reference, paths, output, speed=speed, seed=seed, progress=progress)


def contest_table(comparison: Comparison) -> list[str]:
    """Fidelity with floors and times of all candidates, in one table."""
    return speed_table(
        [
            replace(
                comparison,
                candidates=(candidate,),
                rows=tuple(comparison.select(candidate=candidate.name)),
                speed=tuple(s for s in comparison.speed if s.candidate == candidate.name),
            )
            for candidate in comparison.candidates
        ]
    )


def trained(
    configuration: Path, folder: Path, *, overrides: Sequence[str] = (), progress: bool = True
) -> Path:
    """The run directory of a finished training, which takes place unless it is there.

    Raises:
        ValueError: The configuration makes no sense, or the directory holds another training.
    """
    settings, words = read_yaml(configuration), list(overrides)
    source = str(configuration)
    if not (folder / CARD).exists():
        return train(settings, folder, overrides=words, source=source, progress=progress)
    _, wanted = read_configuration(Experiment, settings, overrides=words, source=source)
    if (folder / CONFIGURATION).read_text() != wanted:
        msg = (
            f"{folder} holds a training of another configuration than {configuration}; choose "
            "another folder of runs (--runs) or delete it"
        )
        raise ValueError(msg)
    return folder


def _same_showers(folders: Sequence[Path]) -> None:
    """Refuses runs that keep different showers apart."""
    kept = []
    for folder in folders:
        with open_showers(folder / HELD_OUT) as reader:
            kept.append((reader.detector, reader.particles.energy))
    for folder, (detector, energy) in zip(folders, kept, strict=True):
        if detector != kept[0][0] or not torch.equal(energy, kept[0][1]):
            msg = (
                f"{folder.name} and {folders[0].name} hold out different showers: give all the "
                "same data (--data.file, --data.test, --data.validation)"
            )
            raise ValueError(msg)
