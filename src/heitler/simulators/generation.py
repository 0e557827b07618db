"""Any number of showers to a file, at constant memory, resumable.

A request is cut into shards (`heitler.simulators.shards`); a crew makes them, in this process or
elsewhere (`heitler.production`); what is done waits beside the output
(`heitler.simulators.unfinished`) until all is there. On this way showers are lists of hits, and
dense only for a simulator or a convention that is. After an interruption the same request goes on
with the shards that are missing. What a simulator measures of its showers is kept with them, and
its mean goes into the provenance.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tqdm import tqdm

from heitler.detectors import Detector
from heitler.formats import create_showers
from heitler.simulators.base import ShowerSimulator
from heitler.simulators.shards import Crew, Cut, Made, Request, Shard, grain, make
from heitler.simulators.sources import ParticleSource
from heitler.simulators.unfinished import Unfinished

__all__ = ["fulfil", "generate"]


def generate(
    simulator: ShowerSimulator,
    source: ParticleSource,
    output: Path | str,
    *,
    number: int,
    seed: int,
    convention: str = "native",
    provenance: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Path:
    """Makes `number` showers of particles from a source and writes them to a file.

    The showers depend on simulator, source, seed and number of the shower only: not on how often
    the work was interrupted.

    Arguments:
        simulator: What makes the showers.
        source: Where the incident particles come from.
        output: The file; it is there in full or not at all.
        number: How many showers.
        seed: Seed of particles and showers.
        convention: File convention of the output.
        provenance: What the file says about its origin.
        progress: Whether to show a progress bar on standard error.

    Raises:
        ValueError: The request makes no sense, or ``<output>.blocks/`` answers another one.
        OSError: The output cannot be written.
    """
    return fulfil(
        Request(source, number, seed),
        partial(_alone, simulator),
        Path(output),
        detector=simulator.detector,
        grain=grain(simulator),
        convention=convention,
        provenance=provenance or {},
        progress=progress,
    )


def fulfil(
    request: Request,
    crew: Crew,
    output: Path,
    *,
    detector: Detector,
    grain: int,
    convention: str,
    provenance: Mapping[str, Any],
    progress: bool,
) -> Path:
    """Has a crew make what is missing of a request, and writes the file.

    Arguments:
        request: What is asked for.
        crew: Who makes the shards.
        output: The file; it is there in full or not at all.
        detector: The detector of the showers.
        grain: Shards begin at its multiples.
        convention: File convention of the output.
        provenance: What the file says about its origin.
        progress: Whether to show a progress bar on standard error.

    Raises:
        ValueError: ``<output>.blocks/`` answers another request.
        OSError: The output cannot be written.
    """
    _check_output(output, detector, convention)
    origin = {"seed": request.seed, "particles": request.source.describe(), **provenance}
    unfinished = Unfinished(output, request, detector, origin)
    if missing := unfinished.missing:
        cut = Cut(missing, grain)
        done = request.number - sum(map(len, missing))
        with (
            closing(crew(map(request.shard, cut))) as shards,
            _bar(request.number, done, output.name, progress) as bar,
        ):
            for made in shards:
                unfinished.add(made)
                cut.note(made)
                bar.update(len(made.span))
    unfinished.join(convention)
    return output


def _alone(simulator: ShowerSimulator, shards: Iterator[Shard]) -> Generator[Made]:
    """The crew that is this process."""
    for shard in shards:
        yield make(simulator, shard)


def _check_output(output: Path, detector: Detector, convention: str) -> None:
    """Finds out before the work, not after it, whether the output can be written."""
    if output.is_dir():
        msg = f"cannot write {output}: it is a folder; give the name of a file"
        raise OSError(msg)
    with (
        TemporaryDirectory() as folder,
        create_showers(Path(folder) / "trial.h5", detector, convention=convention),
    ):
        pass


def _bar(number: int, done: int, label: str, progress: bool) -> AbstractContextManager[Any]:
    bar: AbstractContextManager[Any] = tqdm(
        total=number, initial=done, desc=label, unit=" showers", disable=not progress
    )
    return bar
