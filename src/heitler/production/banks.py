"""Trains the members of a bank, one after the other here or side by side on a Dask cluster.

Members do not know of each other: whoever trains them, and in which order, the bank is the same.
What is trained stays; the same command goes on with what is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqdm import tqdm

from heitler.training import BankPlan, MemberTask, train_member

__all__ = ["train_bank"]

_LOGGER = logging.getLogger(__name__)


def train_bank(
    settings: Mapping[str, Any],
    output: Path | str,
    *,
    overrides: list[str] | None = None,
    source: str = "configuration",
    workers: int | str = 1,
    progress: bool = True,
) -> Path:
    """Trains what is missing of a bank and puts it together.

    Arguments:
        settings: Keys and values as in `heitler.training.bank`.
        output: Folder of the bank.
        overrides: Words such as ``--training.batch_size 32`` that replace settings of all members.
        source: What to call the settings in messages.
        workers: Number of processes on this machine, or the address of a Dask scheduler whose
            workers see the same disk.
        progress: Whether to show a progress bar on standard error.

    Returns:
        The folder.

    Raises:
        ValueError: The settings make no sense, or the folder holds another training.
        ImportError: Dask is not installed.
        ChildProcessError: Some members have failed; the others are trained and kept.
    """
    plan = BankPlan.of(settings, output, overrides=overrides, source=source)
    tasks, failed = plan.tasks(), []
    total = len(plan.slices)
    with (
        closing(_trained(tasks, workers)) as done,
        tqdm(
            total=total, initial=total - len(tasks), unit=" members", disable=not progress
        ) as bar,
    ):
        for task, error in done:
            bar.update()
            if error is not None:
                failed.append(f"{task.folder.name}: {error}")
                _LOGGER.warning("the member %s failed", failed[-1])
    if failed:
        msg = (
            f"{len(failed)} of {total} members failed ({failed[0]}); the others are kept: give "
            "the same command again, or change the configuration and the directory"
        )
        raise ChildProcessError(msg)
    return plan.finish()


Outcome = tuple[MemberTask, Exception | None]


def _trained(tasks: list[MemberTask], workers: int | str) -> Generator[Outcome]:
    """Each task with its error, if any, as they are done."""
    if workers == 1:
        yield from ((task, _attempt(task)) for task in tasks)
    elif tasks:
        yield from _on_cluster(tasks, workers)


def _on_cluster(tasks: list[MemberTask], workers: int | str) -> Generator[Outcome]:
    if find_spec("distributed") is None:
        msg = "several workers and clusters need Dask: pip install 'heitler[production]'"
        raise ImportError(msg)
    from distributed import as_completed  # noqa: PLC0415 (Dask)

    from heitler.production.cluster import local, remote  # noqa: PLC0415 (Dask)

    cluster = remote(workers) if isinstance(workers, str) else local(workers)
    with cluster as client:
        futures = {client.submit(_attempt, task, pure=False): task for task in tasks}
        for future in as_completed(futures):
            error = future.exception()
            yield futures[future], error if error is not None else future.result()


def _attempt(task: MemberTask) -> Exception | None:
    """Trains a member; what is wrong with it is no reason not to train the others."""
    try:
        train_member(task)
    except (ValueError, OSError) as error:
        return error
    return None
