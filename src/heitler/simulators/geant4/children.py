"""Child processes that share a list of tasks; what a dead one had in hand is done again.

A child talks through a connection and prints into a file of its own, of which the last lines are
shown when it dies. It has one task at a time, and a task counts as done when its whole answer has
come: nothing is lost, nothing is there twice.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from tempfile import TemporaryFile
from typing import IO, Any

__all__ = ["TRIES", "Children"]

TRIES = 3
"""How often a task is given out before the whole work is given up."""

_LINES = 3  # of a dead child's output
_LOGGER = logging.getLogger(__name__)


@dataclass(eq=False)
class _Child:
    """A process, the connection to it, what it prints, and the task that it has."""

    process: subprocess.Popen[bytes]
    channel: Connection
    output: IO[bytes]
    task: int | None = None

    def send(self, message: object) -> None:
        """Sends a message; that a child is dead shows when its answer is awaited."""
        with suppress(OSError):
            self.channel.send(message)

    def end(self) -> str:
        """Ends the process and says how it ended and what it said last."""
        self.process.kill()
        code = self.process.wait()
        self.channel.close()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        self.output.seek(0)
        lines = self.output.read().decode(errors="replace").splitlines()
        self.output.close()
        said = [line.strip() for line in lines if any(letter.isalpha() for letter in line)]
        return "; ".join([how, *said[-_LINES:]])


class Children:
    """Child processes, started when there is work, alive until `close`.

    Arguments:
        command: Words that start a child; the descriptor of its connection is put behind them.
        environment: Variables of a child beside those of this process.
        setup: The first message to each child.
        workers: How many children work at a time.

    Raises:
        ValueError: There are no workers.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        setup: object,
        workers: int,
    ) -> None:
        if workers < 1:
            msg = f"Geant4 needs at least one worker, got {workers}"
            raise ValueError(msg)
        self._command = list(command)
        self._environment = dict(environment)
        self._setup = setup
        self._workers = workers
        self._children: list[_Child] = []

    @property
    def processes(self) -> list[int]:
        """Process numbers of the children that are alive."""
        return [child.process.pid for child in self._children]

    def work(self, tasks: Sequence[object]) -> list[Any]:
        """The answers to all tasks, in their order.

        Arguments:
            tasks: Messages that children answer with one message each.

        Raises:
            ChildProcessError: A task has failed `TRIES` times.
        """
        waiting, tries = deque(range(len(tasks))), Counter[int]()
        answers: dict[int, Any] = {}
        try:
            while len(answers) < len(tasks):
                self._hand_out(tasks, waiting)
                busy = {child.channel: child for child in self._children if child.task is not None}
                for channel in wait(list(busy)):
                    child = busy[channel]  # type: ignore[index]
                    number = child.task
                    if number is None:
                        continue
                    try:
                        answers[number] = child.channel.recv()
                        child.task = None
                    except (EOFError, OSError):
                        tries[number] += 1
                        self._bury(child, last=tries[number] == TRIES)
                        waiting.appendleft(number)
        except BaseException:
            self.close()
            raise
        return [answers[number] for number in range(len(tasks))]

    def close(self) -> None:
        """Ends all children."""
        while self._children:
            self._children.pop().end()

    def _hand_out(self, tasks: Sequence[object], waiting: deque[int]) -> None:
        """Gives a task to every child that has none, and starts children that are needed."""
        idle = [child for child in self._children if child.task is None]
        while waiting and (idle or len(self._children) < self._workers):
            child = idle.pop() if idle else self._start()
            child.task = waiting.popleft()
            child.send(tasks[child.task])

    def _start(self) -> _Child:
        here, there = Pipe()
        output = TemporaryFile()  # noqa: SIM115 (closed with the child)
        with there:
            process = subprocess.Popen(  # noqa: S603 (the words are ours)
                [*self._command, str(there.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[there.fileno()],
                env={**os.environ, **self._environment},
            )
        child = _Child(process, here, output)
        child.send(self._setup)
        self._children.append(child)
        return child

    def _bury(self, child: _Child, *, last: bool) -> None:
        self._children.remove(child)
        end = child.end()
        if last:
            msg = f"a Geant4 process died {TRIES} times on the same showers ({end})"
            raise ChildProcessError(msg)
        _LOGGER.warning("a Geant4 process died, its showers are made again (%s)", end)
