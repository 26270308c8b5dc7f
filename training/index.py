"""The table of cells on disk, which knows the files it was made from and is made anew when they are others."""

import hashlib
import json
from pathlib import Path
from typing import Any

from app.vision.preprocess import REVISION
from training import cnmc
from training.cnmc import Cell
from training.labels import located


def current(root: Path, path: Path) -> list[Cell]:
    """Every distinct cell below `root`, from the table at `path` where it was made from these very files, else anew.

    Files count as the same by name, size and time of change. Raises what `cnmc.read` raises.
    """
    if path.is_file() and _remembered(path) == {**_made_from(root), **_table(path)}:
        return cnmc.read_index(path)
    if path.is_file():
        print(f"{path} was not made from {root} as it is now: its images are read anew.", flush=True)
    return renewed(root, path)


def renewed(root: Path, path: Path) -> list[Cell]:
    """The same, read anew and kept at `path`."""
    made_from = _made_from(root)  # first: what changes meanwhile is then noticed the next time
    cells = cnmc.read(root)
    cnmc.write_index(cells, path)
    with cnmc.written_aside(_memory(path)) as file:
        json.dump({**made_from, **_table(path)}, file, indent=1)
    return cells


def _made_from(root: Path) -> dict[str, Any]:
    root = located(root)
    lines = [f"preprocessing {REVISION}\n"]
    for path in cnmc.sources(root):
        there = path.stat()
        lines.append(f"{path.relative_to(root.parent).as_posix()} {there.st_size} {there.st_mtime_ns}\n")
    return {"folder": str(root.resolve()), "files": hashlib.sha256("".join(lines).encode()).hexdigest()}


def _table(path: Path) -> dict[str, Any]:
    return {"table": hashlib.sha256(path.read_bytes()).hexdigest()}


def _memory(path: Path) -> Path:
    return path.with_suffix(".json")


def _remembered(path: Path) -> Any:
    try:
        return json.loads(_memory(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
