"""Train several models and compare them: one report, and a table of fidelity and speed.

    heitler compare vae.yaml wgan_gp.yaml -o report/
    heitler compare configs/experiments/*_ild_ecal_coarse.yaml -o report/ --runs runs/

Each configuration is trained in a directory of its own name in --runs; what is finished there is
taken as it is, and an interrupted training goes on. Then all models answer particles of the
training, are compared with the showers that none of them saw, and are timed. Any setting can be
replaced in all configurations by --name.of.setting VALUE; they have to agree on the data.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

__all__ = ["add_arguments", "run", "takes_overrides"]

takes_overrides = True


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``heitler compare``."""
    parser.add_argument(
        "configs", type=Path, nargs="+", metavar="CONFIG", help="YAML files of experiments"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the report")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="run directories (runs)")


def run(arguments: Namespace) -> int:
    """Trains, compares, and prints fidelity with floors beside speed."""
    from heitler.validation import compare_models, contest_table

    for config in arguments.configs:
        if not config.is_file():
            msg = f"{config} does not exist; give YAML files of experiments"
            raise ValueError(msg)
    comparison = compare_models(
        arguments.configs,
        arguments.output,
        runs=arguments.runs,
        overrides=arguments.overrides,
        progress=sys.stderr.isatty(),
    )
    for note in comparison.notes:
        print(f"note: {note}", file=sys.stderr)
    print("\n".join(contest_table(comparison)))
    print(arguments.output / "report.html")
    return 0
