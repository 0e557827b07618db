"""Make showers, or rows of a table, with a trained model.

    heitler generate runs/vae --energy 50GeV -n 1000 -o showers.h5 --seed 1
    heitler generate runs/vae --energy 10..100GeV -n 1000000 -o showers.h5
    heitler generate runs/vae --particles beam.csv -o showers.h5
    heitler generate runs/rich_gan --momentum 5..50GeV -n 1000000 -o likelihoods.h5
    heitler generate runs/regression --particles reconstructed.h5 -o fast.h5

The model is a run directory or a packaged model (heitler list models). Energies and angles are
values or ranges (uniform), or those of a file: a shower file, or a CSV table with columns
energy_GeV and, if wanted, theta_deg, phi_deg (azimuth of the direction from +x towards +y), pdg,
x_mm and y_mm. Particles enter where and lean to where those of the training did, unless the file
says otherwise. The same seed gives the same showers; the same command goes on after an
interruption.

Models of tables and chains of them answer tracks, by default those that they have seen, or what
caused the rows of a table (--particles), and write causes and answers side by side. That begins
again after an interruption.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heitler.cli.request import add_request
from heitler.cli.tracks import add_tracks, asked_tracks, refuse

if TYPE_CHECKING:
    from heitler.simulators import (
        Bank,
        NeuralSimulator,
        NeuralTable,
        ParticleSource,
        Source,
        StackedSimulator,
    )

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``heitler generate``."""
    parser.add_argument("model", metavar="RUN|MODEL", help="run directory or packaged model")
    add_request(parser)
    parser.add_argument("--pdg", type=int, help="particle code (that of the training)")
    parser.add_argument(
        "--particles", type=Path, help="shower file or CSV of incident particles, or a table"
    )
    add_tracks(parser, "models of tables", "all that the model has seen")
    parser.add_argument(
        "--extrapolate", action="store_true", help="leave the range of the training"
    )


def run(arguments: Namespace) -> int:
    """Generates and prints the name of the file."""
    from heitler.simulators import NeuralTable, StackedSimulator, load_trained

    simulator = load_trained(arguments.model, extrapolate=arguments.extrapolate)
    if isinstance(simulator, NeuralTable | StackedSimulator):
        print(_rows(arguments, simulator))
    else:
        print(_showers(arguments, simulator))
    return 0


def _showers(arguments: Namespace, simulator: NeuralSimulator | Bank) -> Path:
    """Writes showers."""
    from heitler.simulators import generate

    refuse(arguments, "a model of showers")
    source, number = _source(arguments, simulator)
    return generate(
        simulator,
        source,
        arguments.output,
        number=number,
        seed=arguments.seed,
        convention=arguments.to,
        provenance=simulator.provenance(arguments.model),
        progress=sys.stderr.isatty(),
    )


def _rows(arguments: Namespace, simulator: NeuralTable[Any] | StackedSimulator) -> Path:
    """Writes rows of a table behind what caused them."""
    from heitler.simulators import generate_table

    refuse(arguments, "a model of tables", "energy", "theta")
    if arguments.to != "native":
        msg = "a model of tables writes a table: leave --to out"
        raise ValueError(msg)
    source, number = _causes(arguments, simulator)
    return generate_table(
        simulator,
        source,
        arguments.output,
        number=number,
        seed=arguments.seed,
        provenance=simulator.provenance(arguments.model),
        progress=sys.stderr.isatty(),
    )


def _causes(
    arguments: Namespace, simulator: NeuralTable[Any] | StackedSimulator
) -> tuple[Source[Any], int]:
    """What causes the rows, and their number."""
    from heitler.causes import kind_of
    from heitler.formats import read_table
    from heitler.simulators import CauseList, TrackGun, TrackRange

    if arguments.particles is not None:
        refuse(arguments, "a model that is given --particles", "pdg", *asked_tracks(arguments))
        given = read_table(arguments.particles)
        causes: Any = kind_of(given.columns).of(given)
        number = _part_of(arguments, len(causes))
        simulator.check(causes[:number])
        return CauseList(causes), number
    seen = simulator.training_range
    if isinstance(seen, TrackRange):
        pdg = None if arguments.pdg is None else (arguments.pdg,)
        gun = TrackGun.within(seen, pdg=pdg, **asked_tracks(arguments))
        return gun, _number(arguments, "rows")
    msg = "give the incident particles: a table that states them, with --particles"
    raise ValueError(msg)


def _part_of(arguments: Namespace, known: int) -> int:
    """How many of the particles of a file are asked for."""
    number = known if arguments.number is None else int(arguments.number)
    if number > known:
        msg = f"{arguments.particles} holds {known} particles, asked for {number}"
        raise ValueError(msg)
    return number


def _number(arguments: Namespace, what: str) -> int:
    if arguments.number is None:
        msg = f"give the number of {what} with -n"
        raise ValueError(msg)
    return int(arguments.number)


def _source(arguments: Namespace, simulator: NeuralSimulator | Bank) -> tuple[ParticleSource, int]:
    """The incident particles and the number of showers."""
    from heitler.formats import read_particles
    from heitler.simulators import ParticleGun, ParticleList

    if (arguments.energy is None) == (arguments.particles is None):
        msg = "give either --energy or --particles"
        raise ValueError(msg)
    seen = simulator.card.training_range
    if arguments.particles is not None:
        particles = read_particles(
            arguments.particles,
            simulator.detector,
            impact=seen.entry,
            phi=seen.lean,
        )
        number = _part_of(arguments, len(particles))
        simulator.check(particles[:number])
        return ParticleList(particles), number
    gun = ParticleGun.within(
        simulator.detector,
        seen,
        energy=arguments.energy,
        theta=arguments.theta,
        pdg=arguments.pdg,
    )
    return gun, _number(arguments, "showers")
