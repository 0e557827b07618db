"""Simulators that fail as they are told; workers import them by name."""

import os
import signal
import time
from pathlib import Path

from heitler.simulators import GflashSimulator


class Shaky(GflashSimulator):
    """GFLASH that does something `times` times before it makes showers from `at` on."""

    def __init__(self, detector, folder, *, at, times, deed):
        super().__init__(detector)
        self._folder, self._at, self._times, self._deed = folder, at, times, deed

    def simulate_sparse(self, incident, *, seed, first=0):
        if first == self._at:
            log = Path(self._folder) / "deeds"
            with log.open("a") as file:
                file.write(".")
            if log.stat().st_size <= self._times:
                _DEEDS[self._deed]()
        return super().simulate_sparse(incident, seed=seed, first=first)


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


def _fail():
    msg = "the beam\nis off"
    raise RuntimeError(msg)


_DEEDS = {"die": _die, "fail": _fail, "wait": lambda: time.sleep(0.5)}


def shaky(detector, folder, **settings):
    simulator = Shaky(detector, folder, **settings)
    return simulator, simulator.provenance()


def moody(detector, folder):
    """A recipe that gives something else each time."""
    log = Path(folder) / "moods"
    with log.open("a") as file:
        file.write(".")
    return GflashSimulator(detector), {"mood": log.stat().st_size}


def homesick(detector, home):
    """A recipe that can be followed in one process only."""
    if os.getpid() != home:
        msg = "the data are at home"
        raise ValueError(msg)
    return GflashSimulator(detector), {}
