"""Time per shower.

Everything is inside the clock from incident particles to checked deposits in MeV, as a number for
every cell or as lists of hits: conditioning,
random numbers, model, inverse preprocessing. Drawing the particles and the first call, which
allocates and warms caches, are outside; the first call is reported by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter, process_time
from typing import TypeVar, cast

import torch

from heitler.simulators import BLOCK, ShowerSimulator, Simulator, Source, simulate_sparse

__all__ = ["Timing", "time_simulator"]

C = TypeVar("C")

_LEAST_SECONDS, _LEAST_REPEATS, _MOST_REPEATS = 1.0, 10, 200


@dataclass(frozen=True, slots=True)
class Timing:
    """Times per shower in ms.

    Arguments:
        batch: Showers per call.
        threads: Threads of the process.
        repeats: Number of timed calls.
        milliseconds: Median over the calls.
        spread: Half of the central 68 % of the calls.
        cpu_milliseconds: CPU time over all threads, median over the calls: what to compare with
            the CPU time of another program, since other work on the machine hardly changes it.
        warm_up: First call, which is not among them.
    """

    batch: int
    threads: int
    repeats: int
    milliseconds: float
    spread: float
    cpu_milliseconds: float
    warm_up: float


def time_simulator(
    simulator: Simulator[C, object],
    source: Source[C],
    *,
    batch: int,
    threads: int = 1,
    seed: int = 1,
    sparse: bool = False,
) -> Timing:
    """Times calls of `simulate` with `batch` showers until a second and ten calls have passed.

    Arguments:
        simulator: What is timed; its responses may be rows of a table as well.
        source: Incident particles, or what else it answers.
        batch: Showers per call, at most one block (1000).
        threads: Threads that torch may use meanwhile.
        seed: Seed of particles and showers; each call has its own.
        sparse: Whether to time `simulate_sparse` instead: showers as lists of hits.

    Raises:
        ValueError: The batch is empty or larger than a block.
    """
    if not 1 <= batch <= BLOCK:
        msg = f"a batch to time has 1 to {BLOCK} showers, got {batch}"
        raise ValueError(msg)
    lists = partial(simulate_sparse, cast("ShowerSimulator", simulator))
    simulate = lists if sparse else simulator.simulate
    with _threads(threads):
        warm_up, _ = _call(simulate, source, batch, 0, seed)
        calls: list[float] = []
        cpu: list[float] = []
        while not _enough(calls):
            wall, busy = _call(simulate, source, batch, len(calls) + 1, seed)
            calls.append(wall)
            cpu.append(busy)
    per_shower = sorted(1e3 * seconds / batch for seconds in calls)
    tail = round(0.16 * (len(per_shower) - 1))
    return Timing(
        batch=batch,
        threads=threads,
        repeats=len(calls),
        milliseconds=median(per_shower),
        spread=(per_shower[-1 - tail] - per_shower[tail]) / 2,
        cpu_milliseconds=1e3 * median(cpu) / batch,
        warm_up=1e3 * warm_up / batch,
    )


def _call(
    simulate: Callable[..., object], source: Source[C], batch: int, index: int, seed: int
) -> tuple[float, float]:
    """Wall and CPU seconds of one call."""
    incident = source.shoot(index, batch, seed=seed)
    start, busy = perf_counter(), process_time()
    simulate(incident, seed=seed + index)
    return perf_counter() - start, process_time() - busy


def _enough(calls: list[float]) -> bool:
    long = sum(calls) >= _LEAST_SECONDS and len(calls) >= _LEAST_REPEATS
    return long or len(calls) >= _MOST_REPEATS


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
