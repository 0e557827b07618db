"""What verbs that make showers are asked for: which particles, how many, where to."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from heitler.cli.quantities import parse_angles, parse_energies

__all__ = ["add_request", "add_workers", "asked_workers"]


def add_request(parser: ArgumentParser) -> None:
    """Adds energies, angles, number, seed and output."""
    parser.add_argument("--energy", type=parse_energies, help="50GeV or 10..100GeV")
    parser.add_argument(
        "--theta",
        type=parse_angles,
        help="angle to the face: 60deg, 30..90deg or, to both sides, 60..120deg (default 90deg)",
    )
    parser.add_argument("-n", "--number", type=int, help="number of showers")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="shower file to write or replace"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of all showers (default 1)")
    parser.add_argument(
        "--to", default="native", help="file convention (see heitler list formats)"
    )


def add_workers(parser: ArgumentParser) -> None:
    """Adds who does the work."""
    parser.add_argument("--workers", type=int, help="number of processes (default 1)")
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster that does the work instead, such as tcp://host:8786",
    )


def asked_workers(arguments: Namespace) -> int | str:
    """The number of workers, or the address of the scheduler that has some.

    Raises:
        ValueError: Both are given.
    """
    if arguments.scheduler is None:
        return 1 if arguments.workers is None else int(arguments.workers)
    if arguments.workers is not None:
        msg = "a cluster has its own workers: give either --workers or --scheduler"
        raise ValueError(msg)
    return str(arguments.scheduler)
