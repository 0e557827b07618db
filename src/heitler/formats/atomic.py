"""Files and folders that are there in full or not at all.

The content goes to ``.<name>.part`` beside the target, which takes the target's name only when it
is complete and on the disk. An exception removes the part; after a kill it stays behind under its
own name, and the next run of the same command starts it afresh.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["atomic_file", "atomic_folder"]


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """A temporary file that takes the name `path` when the block ends well.

    Folders on the way to `path` are created.

    Raises:
        OSError: The place is not writable; the message names it.
    """
    target = Path(path)
    if target.is_dir():
        msg = f"cannot write {target}: it is a folder; give the name of a file"
        raise OSError(msg)
    with _parents(target):
        part = target.with_name(f".{target.name}.part")
        with _naming_the_place(target):
            part.open("wb").close()
        try:
            yield part
            _to_disk(part)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _to_disk(target.parent)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """A temporary folder that takes the name `path` when the block ends well.

    A folder that is already there keeps its content until then and is replaced as a whole.

    Raises:
        OSError: The place is not writable; the message names it.
    """
    target = Path(path)
    if target.exists() and not target.is_dir():
        msg = f"cannot write {target}: it is a file; give the name of a folder"
        raise OSError(msg)
    with _parents(target):
        part, old = (target.with_name(f".{target.name}.{end}") for end in ("part", "old"))
        with _naming_the_place(target):
            _recover(target, old)
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
        try:
            yield part
            for file in part.rglob("*"):
                _to_disk(file)
            if target.exists():
                target.rename(old)
            part.rename(target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)
        _to_disk(target.parent)


def _recover(target: Path, old: Path) -> None:
    """Brings a folder back whose replacement was killed between the two renames."""
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _parents(target: Path) -> Iterator[None]:
    """Creates the folders above `target`; those it made go again when the block fails."""
    with _naming_the_place(target):
        missing = [folder for folder in target.parents if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for folder in missing:
            if not any(folder.iterdir()):
                folder.rmdir()
        raise


@contextmanager
def _naming_the_place(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = (
            f"cannot write {target}: {target.parent} is not a writable folder "
            f"({error.strerror}); choose another place"
        )
        raise OSError(msg) from error


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
