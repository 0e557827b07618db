"""How long each stage between particles and showers takes; also of another state of the code.

    PYTHONPATH=CHECKOUT/src python benchmarks/compound_hits_clock.py MODEL

prints the stages of dense and sparse showers as JSON, for a packaged model or a run.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter, process_time
from typing import Any

import torch

from heitler.hits import Hits
from heitler.simulators import NeuralSimulator, ParticleGun

__all__ = ["stage_times", "stages"]

_SHOWERS = 1000
_ROUNDS = 40


class StageClock:
    """Exclusive time of functions while they are called by the real code.

    Arguments:
        stages: Name, owner and attribute of each function; what is not there is left out, and its
            time counts for the function that holds it.
        clock: What tells the time in seconds.
    """

    def __init__(
        self,
        stages: list[tuple[str, Any, str]],
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.clock = clock
        self.stages = [stage for stage in stages if hasattr(stage[1], stage[2])]
        self.seconds = {name: 0.0 for name, _, _ in self.stages}
        self._inner = [0.0]

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with a clock around it."""

        def call(*args: Any, **words: Any) -> Any:  # noqa: ANN401 (whatever it takes)
            self._inner.append(0.0)
            start = self.clock()
            try:
                return function(*args, **words)
            finally:
                passed = self.clock() - start
                self.seconds[name] += passed - self._inner.pop()
                self._inner[-1] += passed

        return call

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Puts the clocks in, and takes them out."""
        before = [(owner, key, vars(owner).get(key)) for _, owner, key in self.stages]
        for name, owner, key in self.stages:
            setattr(owner, key, self.timed(name, getattr(owner, key)))
        try:
            yield
        finally:
            for owner, key, own in before:
                if own is None:
                    delattr(owner, key)
                else:
                    setattr(owner, key, own)


def stages_of(simulator: NeuralSimulator) -> list[tuple[str, Any, str]]:
    """The functions between particles and showers that have a name."""
    model: Any = simulator.model
    neural = importlib.import_module("heitler.simulators.neural")
    own = importlib.import_module(type(model).__module__)
    return [
        ("conditions", simulator.conditioning, "forward"),
        ("random numbers", neural, "draw"),
        ("prescription: prior, rates, field, crossings", model, "prescribe"),
        ("sampler", own, "sample"),
        ("dense rows", Hits, "dense"),
    ]


def stage_times(simulator: NeuralSimulator, gun: ParticleGun, *, sparse: bool) -> dict[str, float]:
    """CPU microseconds per shower of each stage, in the quickest of some calls.

    The machine has slow seconds, which hit one state of the code and not the other.
    """
    rounds = []
    for index in range(_ROUNDS):
        incident = gun.shoot(index, _SHOWERS, seed=1)
        clock = StageClock(stages_of(simulator), process_time)
        call = simulator.simulate_sparse if sparse else simulator.simulate
        with clock.watch():
            start = process_time()
            call(incident, seed=index)
            total = process_time() - start
        times = {name: 1e6 * each / _SHOWERS for name, each in clock.seconds.items()}
        times["checks, joining, rest"] = 1e6 * total / _SHOWERS - sum(times.values())
        rounds.append({**times, "sum": 1e6 * total / _SHOWERS})
    return min(rounds, key=lambda each: each["sum"])


def stages(simulator: NeuralSimulator) -> dict[str, dict[str, float]]:
    """The stages of both forms, over the whole range of the model."""
    seen = simulator.card.training_range
    gun = ParticleGun.within(simulator.detector, seen, theta=seen.theta)
    return {
        form: stage_times(simulator, gun, sparse=form == "sparse") for form in ("dense", "sparse")
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(stages(NeuralSimulator.load(sys.argv[1]))))
