"""The page of observables names all of them, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

from heitler import performance
from heitler.observables import OBSERVABLES

PAGE = (Path(__file__).parents[2] / "docs" / "observables.md").read_text()


def test_every_observable_is_listed_once() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    ours = [name for name in named if not hasattr(performance, name)]
    assert sorted(ours) == sorted(OBSERVABLES)


def test_the_example_runs(capsys) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(code) == 1
    exec(compile(code[0], "observables.md", "exec"), {})  # noqa: S102
    assert "stochastic" in capsys.readouterr().out
