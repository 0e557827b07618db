"""Requests for showers, cut into shards that anybody can make, in any order.

A request is a number of showers of a source, with a seed. It falls into blocks of 1000
(`heitler.simulators.sources.BLOCK`), each with seeds of its own, and a block into shards: some
showers in a row. A shard carries its particles and the seed of its block, so that it is made
anywhere from nothing but a simulator, and its showers are those that the whole block would have.
Shards begin and end where the simulator can (`DivisibleSimulator`); they are cut one at a time, as
they are asked for, and from the second on so long that one takes some seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass

from heitler.particles import IncidentParticles
from heitler.showers import SparseShowers
from heitler.simulators.base import (
    DivisibleSimulator,
    MeteredSimulator,
    ShowerSimulator,
    simulate_sparse,
)
from heitler.simulators.sources import BLOCK, ParticleSource, block_seed

__all__ = ["Crew", "Cut", "Made", "Request", "Shard", "Span", "grain", "make"]

_SECONDS = 5.0
"""What a shard is to take: so much is lost with whoever has it in hand."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Showers `start` to `stop` (exclusive) of a block."""

    block: int
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Shard:
    """Work: the particles of a span and the seed of its block."""

    span: Span
    incident: IncidentParticles
    seed: int


@dataclass(frozen=True, slots=True)
class Made:
    """A shard that is done.

    Arguments:
        span: Which showers these are.
        showers: The showers.
        measured: What a `MeteredSimulator` says of them.
        seconds: How long it took.
    """

    span: Span
    showers: SparseShowers
    measured: Mapping[str, float]
    seconds: float


Crew = Callable[[Iterator[Shard]], Generator[Made]]
"""Whoever makes shards: asks for the next one when somebody has time, gives them as they come."""


@dataclass(frozen=True, slots=True)
class Request:
    """Showers that are asked for.

    Arguments:
        source: Where the incident particles come from.
        number: How many showers.
        seed: Seed of particles and showers.

    Raises:
        ValueError: There are none, or the seed is negative.
    """

    source: ParticleSource
    number: int
    seed: int

    def __post_init__(self) -> None:
        if self.number < 1:
            msg = f"the number of showers must be at least 1, got {self.number}"
            raise ValueError(msg)
        self.source.shoot(0, 1, seed=self.seed)

    @property
    def blocks(self) -> list[Span]:
        """All blocks; the last one may be shorter."""
        starts = range(0, self.number, BLOCK)
        return [Span(i, 0, min(BLOCK, self.number - start)) for i, start in enumerate(starts)]

    def shard(self, span: Span) -> Shard:
        """The work of a span: here particles and showers get their seeds."""
        incident = self.source.shoot(span.block, span.stop, seed=self.seed)
        return Shard(span, incident[span.start :], block_seed(self.seed, span.block, 1))


class Cut:
    """Cuts spans into shorter ones, which are to take some seconds each.

    The first ones are as short as can be, and say how long a shower takes.

    Arguments:
        spans: What is to be cut.
        grain: Multiples of it are where to cut.
    """

    def __init__(self, spans: Iterable[Span], grain: int) -> None:
        self._spans = spans
        self._grain = grain
        self._showers, self._seconds = 0, 0.0

    def __iter__(self) -> Iterator[Span]:
        for span in self._spans:
            start = span.start
            while start < span.stop:
                stop = min(start + self._length(), span.stop)
                yield Span(span.block, start, stop)
                start = stop

    def note(self, made: Made) -> None:
        """Learns from a shard how long showers take."""
        self._showers += len(made.span)
        self._seconds += made.seconds

    def _length(self) -> int:
        if not self._showers:
            return self._grain
        showers = min(_SECONDS * self._showers / max(self._seconds, 1e-9), BLOCK)
        return self._grain * max(1, int(showers // self._grain))


def grain(simulator: ShowerSimulator) -> int:
    """Number of showers at whose multiples the showers of a block can be cut."""
    return simulator.grain if isinstance(simulator, DivisibleSimulator) else BLOCK


def make(simulator: ShowerSimulator, shard: Shard) -> Made:
    """Makes the showers of a shard.

    Raises:
        ValueError: The simulator does not cover its particles.
    """
    begin = time.perf_counter()
    showers = simulate_sparse(simulator, shard.incident, seed=shard.seed, first=shard.span.start)
    measured = simulator.measured() if isinstance(simulator, MeteredSimulator) else {}
    return Made(shard.span, showers, measured, time.perf_counter() - begin)
