"""Make showers with a trained model.

    heitler generate runs/vae --energy 50GeV -n 1000 -o showers.h5 --seed 1
    heitler generate runs/vae --energy 10..100GeV -n 1000000 -o showers.h5
    heitler generate runs/vae --particles beam.csv -o showers.h5

The model is a run directory or a packaged model (heitler list models). Energies and angles are
values or ranges (uniform), or those of a file: a shower file, or a CSV table with columns
energy_GeV and, if wanted, theta_deg, phi_deg (azimuth of the direction from +x towards +y), pdg,
x_mm and y_mm. Particles enter where and lean to where those of the training did, unless the file
says otherwise. The same seed gives the same showers; the same command goes on after an
interruption.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from heitler.cli.request import add_request

if TYPE_CHECKING:
    from heitler.simulators import Bank, NeuralSimulator, ParticleSource

__all__ = ["add_arguments", "run"]


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``heitler generate``."""
    parser.add_argument("model", metavar="RUN|MODEL", help="run directory or packaged model")
    add_request(parser)
    parser.add_argument("--pdg", type=int, help="particle code (that of the training)")
    parser.add_argument("--particles", type=Path, help="shower file or CSV of incident particles")
    parser.add_argument(
        "--extrapolate", action="store_true", help="leave the range of the training"
    )


def run(arguments: Namespace) -> int:
    """Generates and prints the name of the file."""
    from heitler.simulators import generate, load_showers

    simulator = load_showers(arguments.model, extrapolate=arguments.extrapolate)
    source, number = _source(arguments, simulator)
    print(
        generate(
            simulator,
            source,
            arguments.output,
            number=number,
            seed=arguments.seed,
            convention=arguments.to,
            provenance=simulator.provenance(arguments.model),
            progress=sys.stderr.isatty(),
        )
    )
    return 0


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
        number = len(particles) if arguments.number is None else arguments.number
        if number > len(particles):
            msg = f"{arguments.particles} holds {len(particles)} particles, asked for {number}"
            raise ValueError(msg)
        simulator.check(particles[:number])
        return ParticleList(particles), number
    if arguments.number is None:
        msg = "give the number of showers with -n"
        raise ValueError(msg)
    gun = ParticleGun.within(
        simulator.detector,
        seen,
        energy=arguments.energy,
        theta=arguments.theta,
        pdg=arguments.pdg,
    )
    return gun, arguments.number
