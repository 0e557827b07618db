"""Showers by workers in other processes: the file of `heitler.simulators.generate`, sooner.

One worker is this process: it needs no Dask, and starts at once. More are Dask workers, of a
cluster that lives as long as the work or of one that is there; each makes its own simulator from
a recipe. Whoever makes a shard, the showers are the same, so that a request that one kind of
crew began is finished by any other.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from heitler.detectors import Detector
from heitler.simulators import ParticleSource, generate
from heitler.simulators.generation import fulfil
from heitler.simulators.recipes import Recipe
from heitler.simulators.shards import Request, grain

__all__ = ["produce"]


def produce(
    recipe: Recipe,
    source: ParticleSource,
    output: Path | str,
    *,
    number: int,
    seed: int,
    workers: int | str = 1,
    convention: str = "native",
    progress: bool = True,
) -> Path:
    """Makes `number` showers of particles from a source and writes them to a file.

    The showers are those of `generate`, for any number of workers. The same request goes on after
    an interruption, of workers or of this process.

    Arguments:
        recipe: Makes the simulator, here and in every worker.
        source: Where the incident particles come from.
        output: The file; it is there in full or not at all.
        number: How many showers.
        seed: Seed of particles and showers.
        workers: Number of processes on this machine, or the address of a Dask scheduler whose
            workers are asked instead.
        convention: File convention of the output.
        progress: Whether to show a progress bar on standard error.

    Raises:
        ValueError: The request makes no sense, or ``<output>.blocks/`` answers another one.
        ImportError: Dask is not installed.
        OSError: The output cannot be written, or there is no scheduler; a shard has failed again
            and again (`ChildProcessError`).
    """
    if isinstance(workers, int) and workers < 1:
        msg = f"showers need at least one worker, got {workers}"
        raise ValueError(msg)
    if workers == 1:
        simulator, provenance = recipe()
        return generate(
            simulator,
            source,
            output,
            number=number,
            seed=seed,
            convention=convention,
            provenance=provenance,
            progress=progress,
        )
    if find_spec("distributed") is None:
        msg = "several workers and clusters need Dask: pip install 'heitler[production]'"
        raise ImportError(msg)
    from heitler.production.cluster import local, made_by, remote  # noqa: PLC0415 (Dask)
    from heitler.production.workshop import Order  # noqa: PLC0415

    detector, step, provenance = _described(recipe)
    cluster = remote(workers) if isinstance(workers, str) else local(workers)
    return fulfil(
        Request(source, number, seed),
        partial(made_by, cluster, Order.of(recipe, provenance)),
        Path(output),
        detector=detector,
        grain=step,
        convention=convention,
        provenance=provenance,
        progress=progress,
    )


def _described(recipe: Recipe) -> tuple[Detector, int, dict[str, Any]]:
    """Detector, grain and provenance of a simulator that is not kept."""
    simulator, provenance = recipe()
    return simulator.detector, grain(simulator), provenance
