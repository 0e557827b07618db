"""What verbs that make showers are asked for: which particles, how many, where to."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from heitler.cli.quantities import parse_angles, parse_energies

__all__ = ["add_request"]


def add_request(parser: ArgumentParser) -> None:
    """Adds energies, angles, number, seed and output."""
    parser.add_argument("--energy", type=parse_energies, help="50GeV or 10..100GeV")
    parser.add_argument(
        "--theta",
        type=parse_angles,
        help="angle to the face: 60deg or 30..90deg (default 90deg)",
    )
    parser.add_argument("-n", "--number", type=int, help="number of showers")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="shower file to write or replace"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of all showers (default 1)")
    parser.add_argument(
        "--to", default="native", help="file convention (see heitler list formats)"
    )
