"""Child processes: answers in order, the dead replaced, nothing lost and nothing twice."""

import os
import signal
import sys
import threading
import time

import pytest

from heitler.simulators.geant4.children import TRIES, Children

# A child that answers a number with its square, dies as it is told, and writes down what it did.
CHILD = """
import os, signal, sys, time
from multiprocessing.connection import Connection
channel = Connection(int(sys.argv[-1]))
folder, fatal = channel.recv()
try:
    while True:
        number = channel.recv()
        with open(os.path.join(folder, f"started-{number}"), "a") as file:
            file.write(".")
        if number == 99:
            time.sleep(0.5)
        if number == fatal and os.path.getsize(file.name) < DEATHS + 1:
            print("*** Fatal Exception *** core dump ***", flush=True)
            print("----------", flush=True)
            os.kill(os.getpid(), signal.SIGABRT)
        channel.send((number**2, os.environ["COLOUR"]))
except EOFError:
    pass
"""


@pytest.fixture
def children(tmp_path):
    """`children(workers, fatal=, deaths=)`; they are ended after the test."""
    made = []

    def make(workers=2, *, fatal=None, deaths=1):
        code = CHILD.replace("DEATHS", str(deaths))
        made.append(
            Children(
                [sys.executable, "-c", code],
                environment={"COLOUR": "red"},
                setup=(str(tmp_path), fatal),
                workers=workers,
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_the_order_of_the_tasks(workers, children):
    crew = children(workers)
    for _ in range(2):
        assert crew.work([5, 3, 4]) == [(25, "red"), (9, "red"), (16, "red")]
    assert len(crew.processes) == workers
    assert crew.work([]) == []


def test_no_more_children_than_tasks(children):
    crew = children(2)
    crew.work([7])
    assert len(crew.processes) == 1


def test_the_task_of_a_dead_child_is_done_again(children, tmp_path, caplog):
    tasks = [1, 2, 3, 4, 5]
    assert [a for a, _ in children(fatal=3).work(tasks)] == [1, 4, 9, 16, 25]
    starts = {number: (tmp_path / f"started-{number}").stat().st_size for number in tasks}
    assert starts == {1: 1, 2: 1, 3: 2, 4: 1, 5: 1}
    (record,) = caplog.records
    assert "SIGABRT; *** Fatal Exception *** core dump ***)" in record.getMessage()
    assert "\n" not in record.getMessage()


def test_a_task_that_kills_every_child_is_given_up(children, tmp_path):
    crew = children(fatal=3, deaths=99)
    with pytest.raises(ChildProcessError, match=rf"died {TRIES} times.*Fatal Exception"):
        crew.work([1, 2, 3, 4])
    assert (tmp_path / "started-3").stat().st_size == TRIES
    assert crew.processes == []


def test_a_child_killed_at_its_work_is_replaced(children, tmp_path):
    crew = children(1)

    def kill():
        while not (tmp_path / "started-99").exists():
            time.sleep(0.01)
        os.kill(crew.processes[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    assert [a for a, _ in crew.work([1, 99, 2])] == [1, 99**2, 4]
    killer.join()
    assert (tmp_path / "started-99").stat().st_size == 2


def test_a_command_that_does_not_start_is_said_once_and_clearly():
    crew = Children(
        [sys.executable, "-c", "raise SystemExit('no such detector')"],
        environment={},
        setup=None,
        workers=1,
    )
    with pytest.raises(ChildProcessError, match=r"\(exit code 1; no such detector\)"):
        crew.work([1])


def test_there_must_be_a_worker():
    with pytest.raises(ValueError, match="at least one worker, got 0"):
        Children(["x"], environment={}, setup=None, workers=0)
