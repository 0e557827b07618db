"""What happens in a Dask worker: it makes shards with a simulator of its own, made once.

The recipe of the simulator comes with every shard, as does what the file will say of the origin of
its showers. A worker whose simulator says something else (another version, other data) is refused:
its showers would not be the same.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

from distributed import Worker, get_worker
from distributed.protocol.pickle import dumps, loads

from heitler.simulators import ShowerSimulator
from heitler.simulators.recipes import Recipe
from heitler.simulators.shards import Made, Shard, make

__all__ = ["Order", "clear", "dask_setup", "fill"]


def dask_setup(_: Worker) -> None:
    """Leaves Ctrl-C to the process that has the work done; Dask calls this as a worker starts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@dataclass(frozen=True, slots=True)
class Order:
    """How workers are to make showers.

    Arguments:
        recipe: A pickled `Recipe`.
        provenance: What the file says of the origin of the showers, as JSON.
    """

    recipe: bytes
    provenance: str

    @classmethod
    def of(cls, recipe: Recipe, provenance: Mapping[str, Any]) -> Order:
        """The order of a recipe that has said this provenance."""
        return cls(dumps(recipe), json.dumps(provenance))


def fill(order: Order, shard: Shard) -> Made:
    """Makes a shard, one at a time in a worker.

    Raises:
        ValueError: The worker cannot make the simulator, or makes another one.
    """
    workshop = _workshop(order)
    with workshop.busy:
        return make(workshop.simulator, shard)


def clear() -> None:
    """Lets go of the simulator, and of its processes."""
    _workshop.cache_clear()


@dataclass(frozen=True, slots=True)
class _Workshop:
    """A simulator, and whether it is at work."""

    simulator: ShowerSimulator
    busy: Lock


@lru_cache(maxsize=1)
def _workshop(order: Order) -> _Workshop:
    recipe: Recipe = loads(order.recipe)
    place = get_worker().address
    try:
        simulator, provenance = recipe()
    except (ValueError, ImportError) as error:
        msg = f"the worker {place} cannot simulate: {error}"
        raise ValueError(msg) from error
    here, asked = json.loads(json.dumps(provenance)), json.loads(order.provenance)
    for name in sorted({*here, *asked}):
        if here.get(name) != asked.get(name):
            msg = (
                f"the worker {place} makes other showers: {name} is {here.get(name)} there and "
                f"{asked.get(name)} here; give both the same versions and data"
            )
            raise ValueError(msg)
    return _Workshop(simulator, Lock())
