"""How good and how fast a trained model is, always together.

A model is compared with showers that training never saw, and timed in the same process. It answers
the incident particles of training showers: were they those of the held-out showers, it would share
the fluctuations of their energies and seem better than a second Geant4 sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from heitler.data import resolve_model
from heitler.deployment import time_simulator
from heitler.formats import ShowerReader, open_showers, read_particles
from heitler.models import random_generator
from heitler.particles import IncidentParticles
from heitler.simulators import (
    BLOCK,
    HELD_OUT,
    PARTICLES,
    NeuralSimulator,
    ParticleGun,
    ParticleList,
    generate,
    machine,
)
from heitler.validation.compare import compare
from heitler.validation.comparison import Comparison, SpeedRow
from heitler.validation.digest import headlines
from heitler.validation.selection import LEAST_SHOWERS, showers_per_sample

__all__ = ["BATCHES", "assess", "endless", "speed_rows"]

BATCHES = (1, 100, 1000)
"""Showers per call that are timed."""


def assess(  # noqa: PLR0913 (what is compared, what is timed, what is written)
    folder: Path | str,
    *,
    reference: Path | str | None = None,
    floor: Path | str | None = None,
    generated: Path | str | None = None,
    batches: Sequence[int] = BATCHES,
    threads: int = 1,
    seed: int = 1,
    complete_card: bool = False,
    progress: bool = True,
) -> Comparison:
    """Compares a trained model with showers that training never saw, and times it.

    Trees judge, networks do not: these take longer than all the rest and are left to `validate`.

    Arguments:
        folder: A run directory, or the name of a packaged model.
        reference: Showers that training never saw; by default those that the run kept apart.
        floor: A second, independent sample of the reference's kind; by default the reference
            is halved.
        generated: Showers that the model has made already; by default it makes as many as the
            reference has, at most those of the run's list of particles.
        batches: Showers per call that are timed.
        threads: Threads that torch may use while it is timed.
        seed: Seed of showers and of random choices.
        complete_card: Whether to write the outcome into the model's card.
        progress: Whether to show progress on standard error.

    Raises:
        ValueError: The folder holds no trained model, or the reference does not fit it, or is
            small.
    """
    folder = resolve_model(folder)
    simulator = NeuralSimulator.load(folder)
    name = simulator.card.name
    with (
        open_showers(reference or _held_out(folder), detector=None) as held_out,
        open_showers(floor) if floor else nullcontext() as second,
        TemporaryDirectory() as scratch,
    ):
        _check(held_out, second)
        particles = _particles(folder, simulator, len(held_out), seed)
        source = endless(particles, seed)
        speed = speed_rows(simulator, source, held_out, batches=batches, threads=threads)
        path = Path(scratch) / "generated.h5" if generated is None else Path(generated)
        if generated is None:
            number = min(len(held_out), len(particles))
            listed = ParticleList(particles)
            generate(simulator, listed, path, number=number, seed=seed, progress=progress)
        with open_showers(path) as candidate:
            comparison = compare(
                held_out,
                {name: candidate},
                floor=second,
                neural=False,
                seed=seed,
                progress=progress,
            )
    comparison = replace(comparison, speed=speed)
    if complete_card:
        _complete_card(simulator, folder, comparison, seed)
    return comparison


def _complete_card(
    simulator: NeuralSimulator, folder: Path, comparison: Comparison, seed: int
) -> None:
    simulator.rewrite_card(
        folder,
        fidelity={
            "reference": comparison.reference.file,
            "showers": comparison.size,
            "floor": comparison.rule,
            "seed": seed,
            "values": headlines(comparison),
        },
        speed={"rows": [asdict(row) for row in comparison.speed], **machine()},
    )


def speed_rows(
    simulator: NeuralSimulator,
    source: ParticleList,
    reference: ShowerReader,
    *,
    batches: Sequence[int],
    threads: int,
) -> tuple[SpeedRow, ...]:
    """Times per shower beside the full simulation's, which the reference carries.

    Arguments:
        simulator: What is timed.
        source: Incident particles.
        reference: Its provenance states Geant4's CPU seconds per shower; where it does not,
            there is no speed-up.
        batches: Showers per call.
        threads: Threads that torch may use meanwhile.
    """
    seconds = reference.provenance.get("geant4_cpu_seconds_per_shower")
    rows = []
    for batch in batches:
        timing = time_simulator(simulator, source, batch=batch, threads=threads)
        rows.append(
            SpeedRow(
                candidate=simulator.card.name,
                device=str(machine()["hardware"]),
                batch=batch,
                threads=threads,
                milliseconds=timing.milliseconds,
                error=timing.spread,
                cpu_milliseconds=timing.cpu_milliseconds,
                warm_up=timing.warm_up,
                reference_milliseconds=None if seconds is None else 1e3 * float(seconds),
            )
        )
    return tuple(rows)


def _check(held_out: ShowerReader, second: ShowerReader | None) -> None:
    if (size := showers_per_sample(held_out, [], second)) < LEAST_SHOWERS:
        msg = (
            f"an assessment needs {LEAST_SHOWERS} showers per sample, {held_out.path.name} gives "
            f"{size}; the reference is halved unless a second one is given for the floor"
        )
        raise ValueError(msg)


def _held_out(folder: Path) -> Path:
    path = folder / HELD_OUT
    if not path.is_file():
        msg = (
            f"{folder.name} keeps no held-out showers: give showers of the full simulation with "
            f"--reference (heitler inspect {folder.name} prints what its card says)"
        )
        raise ValueError(msg)
    return path


def _particles(
    folder: Path, simulator: NeuralSimulator, number: int, seed: int
) -> IncidentParticles:
    """Those of training showers; a packaged model, which keeps none, gets its range, uniform."""
    if (folder / PARTICLES).is_file():
        return read_particles(folder / PARTICLES, simulator.detector)
    seen = simulator.card.training_range
    gun = ParticleGun.within(simulator.detector, seen, theta=seen.theta)
    blocks = range(-(-number // BLOCK))
    shots = [gun.shoot(block, BLOCK, seed=seed) for block in blocks]
    return IncidentParticles.concatenate(shots)[:number]


def endless(particles: IncidentParticles, seed: int) -> ParticleList:
    """Particles drawn from a list with replacement: enough for every timed call."""
    rows = random_generator(seed).integers(0, len(particles), 250 * BLOCK)
    return ParticleList(particles[torch.from_numpy(rows)])
