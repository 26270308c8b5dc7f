"""The table of cells on disk, which knows the files it was made from and is made anew when they are others."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.vision.bundle import CLASSES
from app.vision.preprocess import REVISION
from training import cnmc
from training.aside import written_aside
from training.cells import Cell, read_index, write_index
from training.cnmc import Found, Named
from training.labels import READING, SAME_CELL, Table, homes_of, is_beside, is_named


def current(root: Path, path: Path) -> list[Cell]:
    """Every distinct cell below `root`, from the table at `path` where it was made from these very files, else anew.

    Files count as the same by name, size and time of change. Raises what `cnmc.read` raises.
    """
    found = cnmc.find(root)
    if path.is_file() and _remembered(path) == {**_made_from(found), **_table(path)}:
        return read_index(path)
    if path.is_file():
        print(f"{path} was not made from {root} as it is now: its images are read anew.", flush=True)
    return renewed(found, path)


def renewed(found: Found, path: Path) -> list[Cell]:
    """The same, read anew and kept at `path`."""
    cells = cnmc.read(found)
    write_index(cells, path)
    with written_aside(_memory(path)) as file:
        json.dump({**_made_from(found), **_table(path)}, file, indent=1)
    return cells


def summary(found: Found, cells: Sequence[Cell]) -> list[str]:
    """What the table holds and what was left out of it, and each label table that leaves images unlabelled."""
    parts = []
    for name in CLASSES:
        groups = [cell.group for cell in cells if cell.label == name]
        parts.append(f"{name}: {len(groups)} cells of {len(set(groups))} subject groups")
    parts.append(f"unlabelled: {sum(not cell.label for cell in cells)}")
    parts.append(f"duplicates left out: {len(found.images) - len(cells)}")
    named, tables = cnmc.named(found), [table for table in found.tables if table.has_labels]
    return ["; ".join(parts), *(said for table in tables if (said := _unlabelled_by(table, named)))]


def _unlabelled_by(table: Table, named: Sequence[Named]) -> str:
    """A sentence on the images of this table's folders where some have no label; empty where all have one."""
    asking = [one for one in named if not is_named(one.path) and is_beside(table.path, one.path.parent)]
    homes = homes_of(table) if asking else []
    own = [one for one in asking if one.path.parent in homes]
    if all(one.label for one in own):
        return ""
    names = {row["new_names"] for row in table.rows}
    found = sum(one.path.name in names for one in own)
    folders = ", ".join(sorted({one.path.parent.name for one in own}))
    return f"{table.path} labels {found or 'none'} of the {len(own)} images of {folders}."


def _made_from(found: Found) -> dict[str, Any]:
    lines = [f"preprocessing {REVISION}\n", f"same cells {hashlib.sha256(SAME_CELL.read_bytes()).hexdigest()}\n"]
    if found.tables:
        lines.append(f"labels {READING}\n")
    for path in found.files:
        there = found.stats[path]
        lines.append(f"{path.relative_to(found.root.parent).as_posix()} {there.st_size} {there.st_mtime_ns}\n")
    return {"folder": str(found.root.resolve()), "files": hashlib.sha256("".join(lines).encode()).hexdigest()}


def _table(path: Path) -> dict[str, Any]:
    return {"table": hashlib.sha256(path.read_bytes()).hexdigest()}


def _memory(path: Path) -> Path:
    return path.with_suffix(".json")


def _remembered(path: Path) -> Any:
    try:
        return json.loads(_memory(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
