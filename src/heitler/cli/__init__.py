"""The command line: ``heitler VERB ...``, one file per verb.

A verb's module has a docstring whose first line is its help, `add_arguments(parser)`, and
`run(arguments)`, which calls the library, prints, and returns the exit code. A verb with
`takes_overrides` gets the words that the parser does not know as `arguments.overrides`. Only the
module of the verb that was asked for is imported.

Exit codes: 0 all went well, 1 a check failed, 2 the command or its input was wrong. Results go to
standard output; status, progress and errors to standard error.
"""

from __future__ import annotations

import os
import re
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

__all__ = ["VERBS", "main"]

VERBS: dict[str, str] = {
    "quickstart": "train, generate, validate and time the default model on packaged showers",
    "inspect": "say what a shower file or a run directory holds",
    "convert": "write a shower file in another convention",
    "train": "train a generative model",
    "compare": "train several models and compare them",
    "simulate": "make showers with a simulation that needs no training",
    "generate": "make showers with a trained model",
    "validate": "compare showers with a reference and write a report",
    "reconstruct": "energies, directions and clusters of showers, as a table",
    "benchmark": "time a trained model, with its fidelity beside the speed",
    "list": "list what there is: detectors, models, observables, metrics, formats",
}


class _OneLineParser(ArgumentParser):
    """A parser whose errors are one line, exit code 2.

    Words such as ``-50GeV`` are values, not options: what is wrong with them is for the verb to
    say.
    """

    def __init__(self, *, prog: str, description: str | None) -> None:
        super().__init__(
            prog=prog, description=description, formatter_class=RawDescriptionHelpFormatter
        )
        self._negative_number_matcher = re.compile(r"^-\.?\d")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    words = [*(sys.argv[1:] if argv is None else argv)]  # `list` is a verb here
    if not words or words[0] in {"-h", "--help"}:
        print(_overview())
        return 0 if words else 2
    if words[0] == "--version":
        print(import_module("heitler").__version__)
        return 0
    if words[0] not in VERBS:
        print(f"heitler: unknown verb '{words[0]}'; known are {', '.join(VERBS)}", file=sys.stderr)
        return 2
    return _run(words[0], words[1:])


def _run(verb: str, words: list[str]) -> int:
    module = import_module(f"heitler.cli.{verb}")
    parser = _OneLineParser(prog=f"heitler {verb}", description=module.__doc__)
    module.add_arguments(parser)
    try:
        arguments, rest = parser.parse_known_args(words)
        if rest and not getattr(module, "takes_overrides", False):
            parser.error(f"unknown argument '{rest[0]}'")
        return int(module.run(Namespace(**vars(arguments), overrides=rest)))
    except BrokenPipeError:
        # The reader of our output has gone: what is left of it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print(f"heitler {verb}: interrupted", file=sys.stderr)
        return 130
    except (ValueError, OSError, ImportError) as error:
        print(f"heitler {verb}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2


def _overview() -> str:
    lines = ["usage: heitler VERB ...", "", "Fast simulation of calorimeter showers.", ""]
    lines += [f"  {verb:<12}{text}" for verb, text in VERBS.items()]
    lines += ["", "heitler VERB --help says more."]
    return "\n".join(lines)
