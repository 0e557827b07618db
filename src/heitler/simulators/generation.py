"""Any number of showers to a file, at constant memory, resumable.

Showers are made block by block (`heitler.simulators.sources.BLOCK`). Finished blocks wait as small
files in ``<output>.blocks/``, together with the request that they answer; when all are there they
are joined into the output and removed. On this way showers are lists of hits, and dense only for
a simulator or a convention that is. After an interruption the same request goes on with the
blocks that are missing. What a simulator measures of its showers is kept with the blocks, and its
mean over all of them goes into the provenance.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tqdm import tqdm

from heitler.detectors import Detector
from heitler.formats import atomic_file, create_showers, open_showers
from heitler.simulators.base import MeteredSimulator, ShowerSimulator, simulate_sparse
from heitler.simulators.sources import BLOCK, ParticleSource, block_seed

__all__ = ["generate"]


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
    output = Path(output)
    if number < 1:
        msg = f"the number of showers must be at least 1, got {number}"
        raise ValueError(msg)
    _check_output(output, simulator.detector, convention)
    origin = {"seed": seed, "particles": source.describe(), **(provenance or {})}
    request = json.loads(json.dumps({"number": number, "provenance": origin}))
    counts = [min(BLOCK, number - start) for start in range(0, number, BLOCK)]
    blocks = output.with_name(f"{output.name}.blocks")
    with _bar(number, output.name, progress) as bar:
        for index, count in enumerate(counts):
            path = blocks / f"{index:06d}.h5"
            if not (_answers(blocks, request) and path.exists()):
                incident = source.shoot(index, count, seed=seed)
                showers = simulate_sparse(simulator, incident, seed=block_seed(seed, index, 1))
                _start(blocks, request)
                measured = simulator.measured() if isinstance(simulator, MeteredSimulator) else {}
                with create_showers(path, simulator.detector, provenance=measured) as writer:
                    writer.write(showers)
            bar.update(count)
    means = Counter[str]()
    with create_showers(
        output, simulator.detector, convention=convention, provenance=origin
    ) as writer:
        for index in range(len(counts)):
            with open_showers(blocks / f"{index:06d}.h5", convention="native") as reader:
                writer.write(reader.read_sparse(0, len(reader)))
                for name, value in reader.provenance.items():
                    means[name] += value * len(reader) / number
        writer.provenance |= means
    shutil.rmtree(blocks)
    return output


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


def _answers(blocks: Path, request: Mapping[str, Any]) -> bool:
    """Whether a folder of blocks is there and belongs to this request."""
    path = blocks / "request.json"
    if not path.exists():
        return False
    if json.loads(path.read_text()) != request:
        msg = (
            f"{blocks} holds unfinished showers of another request; finish that one or delete "
            "the folder"
        )
        raise ValueError(msg)
    return True


def _start(blocks: Path, request: Mapping[str, Any]) -> None:
    path = blocks / "request.json"
    if not path.exists():
        # Blocks without a request are what a kill left of a finished one.
        shutil.rmtree(blocks, ignore_errors=True)
        with atomic_file(path) as partial:
            partial.write_text(json.dumps(request))


def _bar(number: int, label: str, progress: bool) -> AbstractContextManager[Any]:
    bar: AbstractContextManager[Any] = tqdm(
        total=number, desc=label, unit=" showers", disable=not progress
    )
    return bar
