"""Time and memory of `heitler validate` against the number of showers: docs/results/streaming.md.

    heitler simulate --simulator gflash --detector calochallenge_ds2 --energy 1..1000GeV \
        -n 1000 --seed 1 -o a.h5
    heitler simulate ... --seed 2 -o b.h5
    python benchmarks/streaming.py a.h5 b.h5 --scratch FOLDER

Two files of N showers in the 45 x 16 x 9 cells of CaloChallenge data set 2 are compared in a
process of its own, with all metrics but the networks. Parameterised showers of that detector cost
40 ms each, so that a thousand for either file are drawn with replacement and varied: turned about
the axis by a random number of its 16 angles, which changes no physics, and each deposit multiplied
by a factor of its own, log-normal with a width of 10 %. What is measured does not ask where
showers come from.

Numbers are added to streaming.json as they come; `--only N` measures one N, such as after a
change, and the page is written from all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import torch

from heitler.formats import create_showers, open_showers
from heitler.hits import Hits
from heitler.showers import SparseShowers
from results import RESULTS, table, write_page

NUMBERS = (10_000, 30_000, 100_000)
SEEDS = {"reference": 11, "candidate": 12}
BATCH = 1000
SMEAR = 0.1
NUMBERS_FILE = RESULTS / "streaming.json"

_INTRODUCTION = """\
`heitler validate reference.h5 candidate.h5 -o report --no-networks` on two files of N showers of
6480 cells, in a process of its own on one thread: everything but the neural classifiers. The
aim is less than 3 GB and 40 minutes on two cores at N = 100,000."""

_REMARKS = """\
Energies are uniform from 1 GeV to 1 TeV, which fills more cells than the log-uniform ones of the
data set. The showers are parameterised ones
that were varied (see the script): nothing here is a statement on their physics. Peak memory is
the maximum resident set of the process as the kernel counts it."""


def varied(showers: SparseShowers, number: int, generator: torch.Generator) -> SparseShowers:
    """As many showers, each drawn from the pool, turned about the axis, and smeared by cell."""
    _, angles, rings = showers.geometry.grid_shape
    chosen = showers[torch.randint(len(showers), (number,), generator=generator)]
    hits = chosen.hits
    turn = torch.randint(angles, (number,), generator=generator)
    angle = hits.cells // rings % angles
    turned = (angle + turn.repeat_interleave(hits.offsets.diff())) % angles
    factors = torch.exp(SMEAR * torch.randn(hits.energies.shape, generator=generator))
    cells = (hits.cells + (turned - angle) * rings).int()
    moved = Hits(hits.offsets, cells, hits.energies * factors)
    return SparseShowers(moved, chosen.particles, chosen.detector)


def write_file(source: Path, path: Path, number: int, seed: int) -> None:
    """`number` varied showers of the source."""
    generator = torch.Generator().manual_seed(seed)
    with open_showers(source) as reader:
        pool = reader.read_sparse(0, len(reader))
    with create_showers(path, pool.detector, provenance={"seed": seed}) as writer:
        for start in range(0, number, BATCH):
            writer.write(varied(pool, min(BATCH, number - start), generator))


def measure(pools: list[Path], folder: Path, number: int) -> dict[str, float]:
    """Wall and CPU seconds and peak memory of one comparison."""
    for (name, seed), source in zip(SEEDS.items(), pools, strict=True):
        if not (folder / f"{name}_{number}.h5").is_file():
            write_file(source, folder / f"{name}_{number}.h5", number, seed)
    command = [sys.executable, "-m", "heitler", "validate"]
    command += [str(folder / f"{name}_{number}.h5") for name in SEEDS]
    command += ["-o", str(folder / f"report_{number}"), "--no-networks"]
    start = perf_counter()
    with (folder / f"report_{number}.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 (our own command)
            command, stdout=log, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"heitler validate failed at N = {number}")
    return {
        "showers": number,
        "wall_s": perf_counter() - start,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_GiB": usage.ru_maxrss / 1024**2,
        "file_MB": (folder / f"reference_{number}.h5").stat().st_size / 1e6,
        "occupancy": _occupancy(folder / f"reference_{number}.h5"),
    }


def _occupancy(path: Path) -> float:
    with open_showers(path) as reader:
        hits = reader.read_sparse(0, BATCH).hits
        return hits.cells.numel() / BATCH / reader.detector.geometry.cells


def main() -> None:
    """Measures each N, keeps the numbers and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pools", type=Path, nargs=2, help="showers to vary, of either file")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for 3 GB of files")
    parser.add_argument("--only", type=int, choices=NUMBERS, help="measure this N alone")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.scratch.mkdir(parents=True, exist_ok=True)
    known = json.loads(NUMBERS_FILE.read_text()) if NUMBERS_FILE.is_file() else {}
    for number in [arguments.only] if arguments.only else NUMBERS:
        known[str(number)] = measure(arguments.pools, arguments.scratch, number)
        print(known[str(number)], flush=True)
        NUMBERS_FILE.write_text(json.dumps(known, indent=1) + "\n")
    rows = [
        [
            f"{number:,}",
            f"{row['file_MB']:.0f}",
            f"{row['wall_s'] / 60:.1f}",
            f"{row['cpu_s'] / 60:.1f}",
            f"{1e3 * row['cpu_s'] / (2 * number):.1f}",
            f"{row['peak_GiB']:.2f}",
        ]
        for number in NUMBERS
        if (row := known.get(str(number)))
    ]
    head = ["N per file", "MB per file", "wall min", "CPU min", "CPU ms per shower", "peak GiB"]
    occupancy = known[str(max(map(int, known)))]["occupancy"]
    text = f"{_REMARKS} On average {occupancy:.0%} of the cells have energy."
    body = [_INTRODUCTION, table(head, rows), text]
    print(
        write_page("streaming", "Validation against the number of showers", body, arguments.pools)
    )


if __name__ == "__main__":
    main()
