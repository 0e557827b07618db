"""The documentation runs: files that a page shows are written, its commands and programs executed.

Blocks of a page are taken in order. A block behind ``<!-- file: NAME -->`` becomes that file; a
``python`` block is a program of its own; in a ``console`` block the lines after ``$ heitler`` are
commands and all other lines are what they may print.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(?:<!-- file: (\S+) -->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: the file that it becomes ("" if none), its language and its text."""

    file: str
    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    for file, language, text in BLOCK.findall(page.read_text()):
        yield Block(file, language, text)


def program(page: Path) -> str:
    """One program that does what a page tells: a process takes seconds to start."""
    lines = ["from pathlib import Path", "from heitler.cli import main"]
    for block in blocks(page):
        if block.file:
            lines.append(f"Path({block.file!r}).write_text({block.text!r})")
        elif block.language == "python":
            source = f"compile({block.text!r}, {page.name!r}, 'exec')"
            lines.append(f"exec({source}, {{'__name__': '__main__'}})")
        elif block.language == "console":
            lines += [f"assert main({words}) == 0, {words}" for words in commands(block.text)]
    return "\n".join(lines)


def commands(console: str) -> Iterator[list[str]]:
    for line in console.replace("\\\n", " ").splitlines():
        if line.startswith("$ heitler "):
            yield shlex.split(line.removeprefix("$ heitler "))


def follow(page: str, folder: Path) -> str:
    """Does what a page tells, in a folder; returns what is printed."""
    (folder / "configs").symlink_to(ROOT / "configs")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program(ROOT / page)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_tutorial_runs(tmp_path: Path) -> None:
    printed = follow("docs/tutorial.md", tmp_path)
    assert "classifier AUC" in printed
    assert (tmp_path / "report" / "report.html").stat().st_size > 100_000
    assert (tmp_path / "runs" / "first" / "card.json").is_file()


@pytest.mark.parametrize(
    "page",
    sorted(
        path.name
        for path in (ROOT / "docs" / "how-to").glob("*.md")
        if path.name != "simulate-on-a-cluster.md"  # see tests/unit/production/test_jobqueue.py
    ),
)
def test_a_how_to_runs(
    page: str, tmp_path: Path, toy_run: Callable[[str], Path], request: pytest.FixtureRequest
) -> None:
    if "geant4" in page:
        (tmp_path / "geant4-data").symlink_to(request.getfixturevalue("geant4_data"))
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "vae").symlink_to(toy_run("vae"))
    (tmp_path / "showers.h5").symlink_to(toy_run("vae") / "held_out.h5")
    assert follow(f"docs/how-to/{page}", tmp_path)


def test_the_programs_of_the_readme_run(tmp_path: Path, toy_run: Callable[[str], Path]) -> None:
    (tmp_path / "quickstart").mkdir()
    (tmp_path / "quickstart" / "compound_hits").symlink_to(toy_run("vae"))
    assert "±" in follow("README.md", tmp_path)
