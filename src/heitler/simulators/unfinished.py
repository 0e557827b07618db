"""The showers of a request that is not finished: a folder of small files beside the output.

    OUTPUT.blocks/request.json           what was asked for
    OUTPUT.blocks/000012.h5              a block
    OUTPUT.blocks/000012-0340-0360.h5    showers 340 to 360 (exclusive) of a block

Each file is in heitler's own convention, is there in full or not at all, and states what the
simulator measured of its showers. When all showers of a block are there, its shards become one
file; when all blocks are there, they are joined into the output and removed. Who made a shard,
and how the blocks were cut, leaves no trace.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from heitler.detectors import Detector
from heitler.formats import ShowerWriter, atomic_file, create_showers, open_showers
from heitler.simulators.shards import Made, Request, Span

__all__ = ["Unfinished"]


class Unfinished:
    """The folder of an unfinished file.

    Arguments:
        output: The file that is to be.
        request: What is asked for.
        detector: The detector of the showers.
        origin: What the file will say about its origin.

    Raises:
        ValueError: The folder is there and answers another request.
    """

    def __init__(
        self, output: Path, request: Request, detector: Detector, origin: Mapping[str, Any]
    ) -> None:
        self._output, self._detector = output, detector
        self._origin, self._blocks = origin, request.blocks
        self._folder = output.with_name(f"{output.name}.blocks")
        statement = {"number": request.number, "provenance": origin}
        self._statement = json.loads(json.dumps(statement))
        self._parts: dict[int, list[Span]] = {span.block: [] for span in self._blocks}
        if self._answers():
            for span in self._found():
                self._parts[span.block].append(span)

    @property
    def missing(self) -> list[Span]:
        """Showers that are not there, in order."""
        gaps = []
        for whole in self._blocks:
            start = 0
            for part in [*self._parts[whole.block], Span(whole.block, whole.stop, whole.stop)]:
                if part.start > start:
                    gaps.append(Span(whole.block, start, part.start))
                start = part.stop
        return gaps

    def add(self, made: Made) -> None:
        """Writes a shard, and its block when that was the last one."""
        self._start()
        whole = self._blocks[made.span.block]
        with create_showers(
            self._path(made.span), self._detector, provenance=made.measured
        ) as writer:
            writer.write(made.showers)
        parts = self._parts[whole.block] = sorted([*self._parts[whole.block], made.span])
        if parts != [whole] and sum(map(len, parts)) == len(whole):
            paths = [self._path(part) for part in parts]
            with create_showers(self._path(whole), self._detector) as writer:
                _pour(paths, writer)
            self._parts[whole.block] = [whole]
            for path in paths:
                path.unlink()

    def join(self, convention: str) -> None:
        """Makes the output of all blocks, and removes them."""
        with create_showers(
            self._output, self._detector, convention=convention, provenance=self._origin
        ) as writer:
            _pour(map(self._path, self._blocks), writer)
        shutil.rmtree(self._folder)

    def _path(self, span: Span) -> Path:
        whole = span == self._blocks[span.block]
        part = "" if whole else f"-{span.start:04d}-{span.stop:04d}"
        return self._folder / f"{span.block:06d}{part}.h5"

    def _found(self) -> list[Span]:
        """What is there, in order; shards that a kill left beside their block do not count."""
        names = {path.stem for path in self._folder.glob("[0-9]*.h5")}
        whole = [span for span in self._blocks if self._path(span).stem in names]
        parts = [Span(*map(int, name.split("-"))) for name in names if "-" in name]
        blocks = {span.block for span in whole}
        return sorted([*whole, *(span for span in parts if span.block not in blocks)])

    def _answers(self) -> bool:
        """Whether the folder is there and belongs to this request."""
        path = self._folder / "request.json"
        if not path.exists():
            return False
        if json.loads(path.read_text()) != self._statement:
            msg = (
                f"{self._folder} holds unfinished showers of another request; finish that one or "
                "delete the folder"
            )
            raise ValueError(msg)
        return True

    def _start(self) -> None:
        path = self._folder / "request.json"
        if not path.exists():
            # Blocks without a request are what a kill left of a finished one.
            shutil.rmtree(self._folder, ignore_errors=True)
            with atomic_file(path) as partial:
                partial.write_text(json.dumps(self._statement))


def _pour(paths: Iterable[Path], writer: ShowerWriter) -> None:
    """Appends the showers of files; the means of what they state go into the provenance."""
    sums, number = Counter[str](), 0
    for path in paths:
        with open_showers(path, convention="native") as reader:
            writer.write(reader.read_sparse(0, len(reader)))
            number += len(reader)
            for name, value in reader.provenance.items():
                sums[name] += value * len(reader)
    writer.provenance |= {name: value / number for name, value in sums.items()}
