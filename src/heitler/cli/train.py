"""Train a generative model from a configuration.

    heitler train configs/experiments/vae_ild_ecal_coarse.yaml -o runs/vae
    heitler train CONFIG.yaml --data showers.h5 --model.init_args.latent 16 --trainer.devices 2
    heitler train --resume runs/vae

Any setting of the configuration can be replaced by --name.of.setting VALUE. The same command goes
on after an interruption; --resume needs only the run directory. At the end the model is compared
with showers that training never saw and timed, and both go into its card; models of tables are
not. A file with `links` trains a chain of models of tables, one after the other, into a folder.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

__all__ = ["add_arguments", "run", "takes_overrides"]

takes_overrides = True


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``heitler train``."""
    parser.add_argument("config", type=Path, nargs="?", help="YAML file of an experiment")
    parser.add_argument("-o", "--output", type=Path, help="run directory (runs/NAME-OF-CONFIG)")
    parser.add_argument("--data", help="shower file instead of the configuration's")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with a run directory")


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
    settings = read_yaml(source)
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
        _assess(folder)
    return 0


def _assess(folder: Path) -> None:
    """Compares the model with held-out showers and times it, where there are enough."""
    from heitler.formats import holds_table, open_showers
    from heitler.simulators import HELD_OUT
    from heitler.validation import LEAST_SHOWERS, assess, digest

    if holds_table(folder / HELD_OUT):
        print("not assessed: the model makes a table, and only showers are compared")
        return
    with open_showers(folder / HELD_OUT) as reader:
        enough = len(reader) >= 2 * LEAST_SHOWERS
    if not enough:
        print(f"not assessed: that needs {2 * LEAST_SHOWERS} held-out showers (data.test)")
        return
    try:
        comparison = assess(folder, complete_card=True, progress=False)
        print("\n".join(digest(comparison, folder.name)))
    except ImportError as error:
        print(f"not assessed: {error}; then give the same command again")


def _source(arguments: Namespace) -> tuple[Path, Path]:
    """The configuration and the run directory."""
    if (arguments.config is None) == (arguments.resume is None):
        msg = "give either the YAML file of an experiment or --resume RUN"
        raise ValueError(msg)
    if arguments.resume is not None:
        return arguments.resume / "config.yaml", arguments.resume
    return arguments.config, arguments.output or Path("runs") / arguments.config.stem
