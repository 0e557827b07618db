"""Geant4's child process without a scorer, to measure what the readout costs.

    python -P geant4_bare.py WORKER DESCRIPTOR

A program of its own. WORKER is the path of the program that it changes, ``worker.py`` in
``heitler/simulators/geant4``: cells are built as there, but nothing is scored and no hit is read.
Where no plate is a layer there are no cells either.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any


def load(path: str) -> ModuleType:
    """The module of a file."""
    spec = spec_from_file_location("worker", path)
    if spec is None or spec.loader is None:
        msg = f"{path} is no Python file"
        raise ImportError(msg)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Works as the changed program."""
    worker = load(sys.argv[1])

    class Bare(worker._Application):  # type: ignore[name-defined,misc]
        """Geant4 that is not asked what it has deposited."""

        def attach_scorers(self) -> None:
            """Attaches none."""

        def collect(self, event: Any) -> None:  # noqa: ANN401, ARG002
            """Notes that there was a shower."""
            self._showers.append([])

    worker._Application = Bare  # type: ignore[attr-defined]
    worker.main(int(sys.argv[2]))


if __name__ == "__main__":
    main()
