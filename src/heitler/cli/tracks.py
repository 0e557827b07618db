"""What simulators of tracks are asked for, and the table that they make."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from heitler.cli.quantities import parse_energies, parse_numbers
from heitler.cli.request import asked_workers
from heitler.tracks import CHARGED

__all__ = ["add_tracks", "asked_tracks", "refuse", "track_table"]

_OPTIONS = ("momentum", "pseudorapidity", "multiplicity")
_SIMULATORS = {"rich": "RichSimulator", "spectrometer": "SpectrometerSimulator"}


def add_tracks(parser: ArgumentParser, of: str, default: str) -> None:
    """Adds momentum, pseudorapidity and multiplicity.

    Arguments:
        parser: Of a verb.
        of: Whose tracks they are.
        default: What they are where nothing is said.
    """
    group = parser.add_argument_group(f"tracks ({of}), by default {default}")
    group.add_argument("--momentum", type=parse_energies, help="20GeV or 2..100GeV")
    group.add_argument("--pseudorapidity", type=parse_numbers, help="3 or 1.6..5")
    group.add_argument(
        "--multiplicity", type=parse_numbers, help="tracks in the event: 100 or 20..400"
    )


def asked_tracks(arguments: Namespace) -> dict[str, Any]:
    """The bounds that were given."""
    given = {name: getattr(arguments, name) for name in _OPTIONS}
    return {name: value for name, value in given.items() if value is not None}


def refuse(arguments: Namespace, whom: str, *options: str) -> None:
    """Refuses options that say nothing to somebody.

    Arguments:
        arguments: What was given.
        whom: To whom.
        options: Names of options, by default those of tracks.

    Raises:
        ValueError: Names the first that was given.
    """
    for option in options or _OPTIONS:
        if getattr(arguments, option) is not None:
            msg = f"--{option} says nothing to {whom}: leave it out"
            raise ValueError(msg)


def track_table(arguments: Namespace) -> Path:
    """Writes a table of tracks and their responses.

    Raises:
        ValueError: An option is missing, or says nothing to a detector of tracks.
    """
    from heitler import simulators

    whom = f"--simulator {arguments.simulator}"
    refuse(arguments, whom, "detector", "energy", "theta", "azimuth", "x", "y")
    if arguments.to != "native" or asked_workers(arguments) != 1:
        msg = (
            f"{arguments.simulator} writes a table, in one process: leave --to, --workers and "
            "--scheduler out"
        )
        raise ValueError(msg)
    if arguments.number is None:
        msg = "give the number of rows with -n"
        raise ValueError(msg)
    particle = arguments.particle
    if particle is not None and particle not in CHARGED:
        msg = f"{arguments.simulator} knows the particles {', '.join(CHARGED)}, got {particle}"
        raise ValueError(msg)
    chosen = asked_tracks(arguments)
    if particle is not None:
        chosen["pdg"] = (CHARGED[particle],)
    return simulators.generate_table(
        getattr(simulators, _SIMULATORS[arguments.simulator])(),
        simulators.TrackGun(**chosen),
        arguments.output,
        number=arguments.number,
        seed=arguments.seed,
        provenance={"simulator": arguments.simulator},
        progress=sys.stderr.isatty(),
    )
