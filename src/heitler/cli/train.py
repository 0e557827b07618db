"""Train a generative model from a configuration.

    heitler train configs/experiments/vae_ild_ecal_coarse.yaml -o runs/vae
    heitler train CONFIG.yaml --data showers.h5 --model.init_args.latent 16 --trainer.devices 2
    heitler train --resume runs/vae

Any setting of the configuration can be replaced by --name.of.setting VALUE. The same command goes
on after an interruption; --resume needs only the run directory. At the end the model is compared
with showers that training never saw and timed, and both go into its card. A table that states what
caused its rows (of heitler simulate --simulator rich, of heitler reconstruct) is trained on alike.
A file with `links` trains a chain of models of tables, one after the other, into a folder. A file
with `bank` trains many small models, one for each type of particle and slice in |eta|, by as many
--workers as are asked for or those of a Dask --scheduler; the same command goes on with what is
missing.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from heitler.cli.request import add_workers, asked_workers

__all__ = ["add_arguments", "run", "takes_overrides"]

takes_overrides = True


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``heitler train``."""
    parser.add_argument("config", type=Path, nargs="?", help="YAML file of an experiment")
    parser.add_argument("-o", "--output", type=Path, help="run directory (runs/NAME-OF-CONFIG)")
    parser.add_argument("--data", help="file instead of the configuration's")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with a run directory")
    add_workers(parser)


def run(arguments: Namespace) -> int:
    """Trains, assesses, and prints where the model is and how good and fast it is."""
    from heitler.simulators import read_yaml
    from heitler.training import is_first_process, train, train_stack

    source, output = _source(arguments)
    if not source.is_file():
        msg = f"{source} does not exist; give the YAML file of an experiment"
        raise ValueError(msg)
    overrides = list(arguments.overrides)
    if arguments.data:
        overrides += ["--data.file", arguments.data]
    settings, workers = read_yaml(source), asked_workers(arguments)
    if "bank" in settings:
        from heitler.production.banks import train_bank

        folder = train_bank(
            settings,
            output,
            overrides=overrides,
            source=str(source),
            workers=workers,
            progress=sys.stderr.isatty(),
        )
        print(folder)
        print("\n".join(_ranked(folder)))
        return 0
    if workers != 1:
        msg = "several workers train a bank; processes of one training are --trainer.devices"
        raise ValueError(msg)
    if "links" in settings:
        if overrides:
            msg = "a chain has settings of its links: edit the YAML file, not the command"
            raise ValueError(msg)
        print(train_stack(settings, output, progress=sys.stderr.isatty()))
        return 0
    folder = train(
        settings,
        output,
        overrides=overrides,
        source=str(source),
        progress=sys.stderr.isatty(),
    )
    if is_first_process():
        print(folder)
        print("\n".join(_assessed(folder)))
    return 0


def _ranked(folder: Path) -> Iterator[str]:
    """The members of a bank, the best first."""
    from heitler.simulators import Bank, ranking

    bank = Bank.load(folder)
    for row in ranking(bank.slices, bank.cards):
        score = "-" if row["score"] is None else f"{row['score']:.3f}"
        yield f"{row['member']:<24} score {score}, epoch {row['epoch']}, {row['seconds']:.0f} s"


def _assessed(folder: Path) -> list[str]:
    """How good and fast the model is, which goes into its card as well."""
    from heitler.formats import is_table, open_showers, open_table
    from heitler.simulators import HELD_OUT
    from heitler.validation import LEAST_SHOWERS, assess, assess_table, digest, table_digest

    path = folder / HELD_OUT
    table = is_table(path)
    with open_table(path) if table else open_showers(path) as reader:
        if len(reader) < 2 * LEAST_SHOWERS:
            rows = "rows" if table else "showers"
            return [f"not assessed: that needs {2 * LEAST_SHOWERS} held-out {rows} (data.test)"]
    try:
        if table:
            return table_digest(assess_table(folder, complete_card=True))
        return digest(assess(folder, complete_card=True, progress=False), folder.name)
    except ImportError as error:
        return [f"not assessed: {error}; then give the same command again"]


def _source(arguments: Namespace) -> tuple[Path, Path]:
    """The configuration and the run directory."""
    if (arguments.config is None) == (arguments.resume is None):
        msg = "give either the YAML file of an experiment or --resume RUN"
        raise ValueError(msg)
    if arguments.resume is not None:
        return arguments.resume / "config.yaml", arguments.resume
    return arguments.config, arguments.output or Path("runs") / arguments.config.stem
