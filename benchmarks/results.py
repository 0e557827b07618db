"""What every page of results says about itself: command, data, seeds, hardware."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from heitler.formats import sha256
from heitler.simulators import machine

RESULTS = Path(__file__).parents[1] / "docs" / "results"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_page(
    name: str, title: str, body: Sequence[str], data: Sequence[Path], command: str = ""
) -> Path:
    """Writes a page of results with its provenance; all of them run on one thread.

    Arguments:
        name: Name of the file.
        title: Its heading.
        body: Its paragraphs.
        data: Files of showers that it is about.
        command: What makes the whole page, if not the words of this call.
    """
    words = [Path(sys.argv[0]).name, *(Path(word).name for word in sys.argv[1:])]
    facts = machine()
    origin = [
        f"- command: `python benchmarks/{command or shlex.join(words)}`",
        *(f"- data: `{path.name}`, SHA-256 `{sha256(path)}`" for path in data),
        f"- hardware: {facts['hardware']}; one thread per process",
        (
            f"- versions: heitler {facts['heitler']}, torch {facts['torch']}, "
            f"Python {facts['python']}"
        ),
        f"- date: {datetime.now(tz=UTC):%Y-%m-%d}",
    ]
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text(
        "\n\n".join([f"# {title}", *body, "## How it was made", "\n".join(origin)]) + "\n"
    )
    return path
