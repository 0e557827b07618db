"""Times per shower."""

from time import sleep

import pytest
import torch

from heitler.deployment import time_simulator, timing
from heitler.showers import Showers
from heitler.simulators import ParticleGun


class Sleeper:
    """A simulator that takes 2 ms a shower, and 50 ms more the first time."""

    def __init__(self, detector):
        self.detector, self.calls, self.threads = detector, [], set()

    def simulate(self, incident, *, seed):
        sleep(2e-3 * len(incident) + (0.05 if not self.calls else 0.0))
        self.calls.append((len(incident), seed))
        self.threads.add(torch.get_num_threads())
        return Showers(
            torch.zeros(len(incident), self.detector.geometry.cells), incident, self.detector
        )


def test_the_clock_counts_milliseconds_per_shower(toy_detector, monkeypatch):
    monkeypatch.setattr(timing, "_LEAST_SECONDS", 0.1)
    simulator = Sleeper(toy_detector)
    before = torch.get_num_threads()
    measured = time_simulator(simulator, ParticleGun(toy_detector, (1e4, 1e5)), batch=5)
    assert 2.0 <= measured.milliseconds < 4.0
    assert measured.warm_up >= 2.0 + 50.0 / 5
    assert 0 <= measured.spread < 2.0
    assert (measured.batch, measured.threads) == (5, 1)
    assert measured.repeats == len(simulator.calls) - 1 >= 10
    assert {count for count, _ in simulator.calls} == {5}
    assert len({seed for _, seed in simulator.calls}) == len(simulator.calls)
    assert simulator.threads == {1}
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("batch", [0, -1, 1001])
def test_batches_that_cannot_be_timed(batch, toy_detector):
    with pytest.raises(ValueError, match=f"1 to 1000 showers, got {batch}"):
        time_simulator(Sleeper(toy_detector), ParticleGun(toy_detector, (1e4, 1e5)), batch=batch)


class Recorder(Sleeper):
    """A sleeper that makes both forms of showers, and writes down which."""

    def __init__(self, detector):
        super().__init__(detector)
        self.forms = []

    def simulate(self, incident, *, seed):
        self.forms.append("dense")
        return super().simulate(incident, seed=seed)

    def simulate_sparse(self, incident, *, seed):
        self.forms.append("sparse")
        return super().simulate(incident, seed=seed).sparse()


@pytest.mark.parametrize(("sparse", "form"), [(False, "dense"), (True, "sparse")])
def test_either_form_of_showers_is_timed(sparse, form, toy_detector, monkeypatch):
    monkeypatch.setattr(timing, "_LEAST_SECONDS", 0.02)
    gun, simulator = ParticleGun(toy_detector, (1e4, 1e5)), Recorder(toy_detector)
    time_simulator(simulator, gun, batch=2, sparse=sparse)
    assert set(simulator.forms) == {form}
    assert time_simulator(Sleeper(toy_detector), gun, batch=2, sparse=True).milliseconds >= 2.0
