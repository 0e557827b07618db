"""The main line on a full-size file of somebody else: writes docs/results/full-size.md.

    python benchmarks/full_size.py ild_photons_perpendicular.h5

Runs the documented commands one after the other, each in a process of its own, and notes wall
time and peak memory; checks that converting to native and back changes no bit.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import h5py
import numpy as np

from results import table, write_page

CONFIG = Path(__file__).parents[1] / "configs" / "experiments" / "vae_ild_ecal.yaml"

_INTRODUCTION = """\
The main line on 6,000 Geant4 photons in 30 x 30 x 30 cells by the documented commands. Validation
compares with showers that training never saw; each value stands beside its floor (Geant4 against
Geant4)."""


def step(words: list[str], folder: Path, shown: list[str]) -> tuple[list[str], str]:
    """Runs one command in a folder; returns its row of the table and what it printed."""
    start = perf_counter()
    command = [sys.executable, "-m", "heitler", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(  # noqa: S603 (our own command)
        command, cwd=folder, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None  # noqa: S101
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"heitler {' '.join(words)} failed")
    seconds = perf_counter() - start
    row = [
        f"`heitler {' '.join(shown)}`",
        f"{seconds:.0f}",
        f"{usage.ru_maxrss / 1024**2:.2f}",
    ]
    print(" | ".join(row), flush=True)
    return row, output


def same(first: Path, second: Path) -> bool:
    """Whether energies and deposits of two getting_high files are equal bit by bit."""
    with h5py.File(first) as a, h5py.File(second) as b:
        keys = ("30x30/energy", "30x30/layers")
        sizes = {a[key].shape == b[key].shape for key in keys}
        starts = range(0, a[keys[0]].shape[0], 500)
        return sizes == {True} and all(
            np.array_equal(a[key][i : i + 500], b[key][i : i + 500])
            for key in keys
            for i in starts
        )


def main() -> None:
    """Runs the commands and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="photon showers in ild_ecal, getting_high")
    source = parser.parse_args().source.resolve()
    config = os.path.relpath(CONFIG)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / source.name).symlink_to(source)
        name = source.name
        commands = [
            ["inspect", name],
            ["convert", name, "native.h5", "--to", "native"],
            ["convert", "native.h5", "back.h5", "--to", "getting_high"],
            ["train", str(CONFIG), "--data", name, "-o", "run"],
            ["generate", "run", "--energy", "10..100GeV", "-n", "1500", "-o", "generated.h5"],
            ["validate", "run/held_out.h5", "generated.h5", "-o", "report"],
            ["benchmark", "run"],
        ]
        rows, outputs = [], {}
        for words in commands:
            shown = [config if word == str(CONFIG) else word for word in words]
            row, outputs[words[0]] = step(words, folder, shown)
            rows.append(row)
        equal = same(source, folder / "back.h5")
        size = (folder / "native.h5").stat().st_size / 1e6
    sizes = f"the native file has {size:.1f} MB, the source {source.stat().st_size / 1e6:.1f} MB"
    text = [
        _INTRODUCTION,
        table(["command", "wall s", "peak GiB"], rows),
        f"Native and back: {'equal bit by bit' if equal else 'NOT EQUAL'}; {sizes}.",
        "`heitler validate` printed",
        f"```\n{outputs['validate'].rstrip()}\n```",
        "`heitler benchmark` printed",
        f"```\n{outputs['benchmark'].rstrip()}\n```",
    ]
    print(write_page("full-size", "A full-size file from inspect to benchmark", text, [source]))


if __name__ == "__main__":
    main()
