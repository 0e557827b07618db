"""Dask clusters, and the crew that their workers are.

A worker has a shard more than the one that it makes, so that it never waits for this process. A
shard that fails is given out again by Dask, and what a worker had that has gone goes to others.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from dask import config
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed
from distributed.client import FutureCancelledError
from distributed.comm.addressing import parse_address
from distributed.comm.registry import get_backend

from heitler.production import workshop
from heitler.production.workshop import Order, clear, fill
from heitler.simulators.shards import Made, Shard, Span

__all__ = ["TRIES", "local", "made_by", "remote"]

TRIES = 3
"""How often a shard is given out before the whole work is given up."""

_IN_HAND = 2  # shards of a worker: the one that it makes, and the next
_PATIENCE = 10.0  # seconds in which a scheduler must answer
_LOGGER = logging.getLogger(__name__)


@contextmanager
def local(workers: int) -> Iterator[Client]:
    """A cluster on this machine, of processes with one thread each, for as long as it is used."""
    with config.set({"distributed.scheduler.allowed-failures": TRIES - 1}):
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",  # any port: 8787 may be taken
            silence_logs=logging.CRITICAL,
            preload=workshop.__name__,
        )
    try:
        with Client(cluster) as client:
            yield client
    finally:
        # A worker that is just being replaced may not hear of it; it ends with this process.
        with suppress(TimeoutError):
            cluster.close(timeout=_PATIENCE)


@contextmanager
def remote(address: str) -> Iterator[Client]:
    """A cluster that is there; its workers keep no simulator afterwards.

    Raises:
        ConnectionError: No scheduler answers at the address.
    """
    try:
        get_backend(parse_address(address)[0])
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        msg = (
            f"no Dask scheduler answers at '{address}' ({error}); expected the address that "
            "`dask scheduler` prints, such as tcp://host:8786"
        )
        raise ConnectionError(msg) from error
    with client:
        yield client
        client.run(clear)


def made_by(
    cluster: AbstractContextManager[Client], order: Order, shards: Iterator[Shard]
) -> Generator[Made]:
    """Has the workers of a cluster make shards, and gives them as they are done.

    Arguments:
        cluster: The connection to the cluster; it is closed in the end.
        order: How showers are to be made.
        shards: Work; the next one is asked for when a worker is to have it.

    Raises:
        ChildProcessError: A shard has failed `TRIES` times.
    """
    with cluster as client:
        foreman = _Foreman(client, order, shards)
        foreman.hand_out()
        for future in foreman.running:
            yield foreman.take(future)
            foreman.hand_out()


class _Foreman:
    """Who knows which shards are under way."""

    def __init__(self, client: Client, order: Order, shards: Iterator[Shard]) -> None:
        self.running = as_completed()
        self._client, self._order, self._shards = client, order, shards
        self._spans: dict[Future[Made], Span] = {}
        self._workers: set[str] = set()

    def hand_out(self) -> None:
        """Gives out shards until every worker has enough."""
        workers = set(self._client.nthreads())
        for gone in sorted(self._workers - workers):
            _LOGGER.warning("the worker %s has gone, its showers are made again", gone)
        self._workers = workers
        while len(self._spans) < _IN_HAND * max(1, len(workers)):
            shard = next(self._shards, None)
            if shard is None:
                return
            future = self._client.submit(fill, self._order, shard, pure=False, retries=TRIES - 1)
            self._spans[future] = shard.span
            self.running.add(future)

    def take(self, future: Future[Made]) -> Made:
        """What came of a shard that is done.

        Raises:
            ChildProcessError: It has failed too often, or the scheduler has gone.
        """
        span = self._spans.pop(future)
        try:
            return future.result()
        except FutureCancelledError as error:
            msg = (
                "the Dask scheduler has gone; what is made is kept: give the same command again "
                "when there is one"
            )
            raise ChildProcessError(msg) from error
        except Exception as error:
            why = "each time its worker died" if isinstance(error, KilledWorker) else error
            msg = (
                f"showers {span.start} to {span.stop - 1} of block {span.block} were given up, "
                f"tried {TRIES} times: {why}"
            )
            raise ChildProcessError(msg) from error
