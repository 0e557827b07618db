"""The command line as a program, without the assessment of trained models.

The assessment needs thousands of showers and has tests of its own; here a note of who asked for it
takes its place.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import heitler.validation

_PROGRAM = """
import os, sys
import heitler.validation

def assess(folder, **settings):
    with open(os.environ["ASSESSED"], "a") as file:
        file.write(f"{folder}\\n")

heitler.validation.assess = assess
heitler.validation.LEAST_SHOWERS = 1
heitler.validation.digest = lambda *parts: ["not assessed"]
from heitler.cli import main

if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.fixture
def unassessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`heitler train` in this process does not assess."""
    monkeypatch.setattr(heitler.validation, "LEAST_SHOWERS", 1)
    monkeypatch.setattr(heitler.validation, "assess", lambda *_, **__: None, raising=False)
    monkeypatch.setattr(heitler.validation, "digest", lambda *_: ["not assessed"], raising=False)


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """`program("train", ...)`: a process of the command line in a folder of its own."""
    script, folder = tmp_path / "program.py", tmp_path / "work"
    script.write_text(_PROGRAM)
    folder.mkdir()
    ours = {"OMP_NUM_THREADS": "1", "ASSESSED": str(tmp_path / "assessed")}

    def start(*words: object, launcher: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*(launcher or (sys.executable,)), str(script), *map(str, words)],
            cwd=folder,
            env={**os.environ, **ours},  # of this moment: tests set variables
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def experiment(toy_settings: Callable[..., dict[str, Any]], tmp_path: Path) -> Callable[..., Path]:
    """`experiment("vae", **training)`: the YAML file of a toy experiment."""

    def write(family: str = "vae", **training: object) -> Path:
        path = tmp_path / f"{family}.yaml"
        path.write_text(yaml.safe_dump(toy_settings(family, **training)))
        return path

    return write
