"""Files that hold the whole of what was written or all that they held before: written beside, then moved into place;
and folders that one process at a time fills.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO


@contextmanager
def moved_to(path: Path) -> Iterator[Path]:
    """A path beside `path`, whose folder is made where it is missing: what the block leaves there takes its place,
    unless it ends ill.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield aside
        aside.replace(path)
    finally:
        with suppress(OSError):  # what went wrong above is to be told
            aside.unlink(missing_ok=True)


@contextmanager
def written_aside(path: Path) -> Iterator[TextIO]:
    """A text file that takes the place of `path` when the block ends well, and else is removed."""
    with moved_to(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        yield file


def write(path: Path, text: str) -> None:
    """The text at `path`, as a whole."""
    with written_aside(path) as file:
        file.write(text)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One process at a time is in the block: another one that comes to the same `folder` waits until this one is out.

    The folder is made where it is missing. Who waits says so, and who is killed in the block lets the next one in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another process, which is writing {folder}", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
