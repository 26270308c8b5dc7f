"""Reads folders of C-NMC cells into one table: official layout, flat folder with a label CSV, or unlabelled.

The traps of the official data are dealt with here: the lower-case subject `h3`, images that are byte-identical
under several subject ids or show one cell, and the label, which comes from the name or CSV and never from sorted
folders.
"""

import dataclasses
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.cluster.hierarchy import DisjointSet

from app.errors import Invalid
from app.vision.bundle import CLASSES
from app.vision.decode import pixels_sha256
from app.vision.preprocess import cell_mask
from training.cells import CELL_COLUMNS, Cell
from training.labels import (
    LabelsDisagree,
    LabelsNotReadable,
    Rows,
    Table,
    group_files,
    is_beside,
    is_named,
    known_groups,
    located,
    parse_name,
    read_table,
    refuse_contradiction,
    rows_of,
    same_cells,
)
from training.pictures import read_lossless

LOSSLESS = frozenset({".bmp", ".png", ".tif", ".tiff", ".webp"})


class NoCells(Invalid):
    code = "no_cells"


class CellNotSeen(Invalid):
    code = "cell_not_seen"


class SubjectOfBothClasses(Invalid):
    code = "subject_of_both_classes"


@dataclass(frozen=True)
class Found:
    """The files that a folder's cells are read from, by one look at it."""

    root: Path
    """The folder, by a path whose parent lies above it."""
    images: tuple[Path, ...]
    """Every lossless image below it, in order."""
    tables: tuple[Table, ...]
    """The CSV files in or beside their folders that hold labels, or that images ask whose names do not say theirs."""
    group_files: tuple[Path, ...]
    """The files that name subject groups known to be one."""
    stats: Mapping[Path, os.stat_result]
    """Size and time of change of each, from before it was read: what changes meanwhile is noticed the next time."""

    @property
    def files(self) -> list[Path]:
        """Each of them, in the order that an index remembers."""
        return [*self.images, *(table.path for table in self.tables), *self.group_files]


@dataclass(frozen=True)
class Named:
    """Where an image lies and what its name or CSV row says of it."""

    path: Path
    subject: str
    label: str


def find(root: Path) -> Found:
    """What there is to read below `root`, and label CSVs and known groups just above it.

    An index of ours, kept beside its images, holds no labels. Raises NoCells, or LabelsNotReadable of a table that
    images ask.
    """
    root = located(root)
    if not root.is_dir():
        what = "is a file" if root.exists() else "is not there"
        raise NoCells(f"{root} {what}, and cells are read from a folder. Name one in the C-NMC layout.")
    below = sorted(root.rglob("*"))
    drawn = {path.parent for path in below if path.match("*.done") and path.stem.isdecimal()} - {root}
    drawn = {folder for folder in drawn if (folder / "hem").is_dir()}
    images = [
        path
        for path in below
        if path.suffix.lower() in LOSSLESS and not _is_hidden(path, root) and drawn.isdisjoint(path.parents)
    ]
    if not images:
        raise NoCells(f"There is no BMP, PNG, TIFF or WebP image below {root}. Name a folder in the C-NMC layout.")
    groups = group_files(below, root)
    stats = {path: _stat(path) for path in (*images, *groups)}
    tables = _tables([*below, *root.parent.glob("*.csv")], images, stats)
    return Found(root, tuple(images), tables, tuple(groups), stats)


def _tables(files: Iterable[Path], images: Sequence[Path], stats: dict[Path, os.stat_result]) -> tuple[Table, ...]:
    """Those of the files that `Found.tables` are, each read once; `stats` gets what it was before it was read."""
    folders, asking = (
        {path.parent for path in some} for some in (images, [one for one in images if not is_named(one)])
    )
    found = []
    for path in sorted({path for path in files if path.name.endswith(".csv")}):
        asked = any(is_beside(path, folder) for folder in asking)
        if not asked and not any(is_beside(path, folder) for folder in folders):
            continue
        with nullcontext() if asked else suppress(NoCells, LabelsNotReadable):  # where nothing asks it may be anything
            there, table = _stat(path), read_table(path)
            if table.columns != CELL_COLUMNS and (asked or table.has_labels):
                stats[path] = there
                found.append(table)
    return tuple(found)


def _stat(path: Path) -> os.stat_result:
    """Raises NoCells where nothing can be read there: a link to nothing, or a pipe, which would be waited for."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise NoCells(f"{path} is a link to what is not there. Fetch it, or take it away.") from None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise NoCells(f"{path} is no file. Fetch it, or take it away.")
    return found


def _is_hidden(path: Path, root: Path) -> bool:
    """What file managers leave beside images, and folders that they hide."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(root).parts)


def named(found: Found) -> list[Named]:
    """Every image in the order of its path, with subject and label by name or CSV.

    Raises LabelsDisagree where its class folder says otherwise, and what `rows_of` raises.
    """
    unnamed = {path.parent for path in found.images if not is_named(path)}
    refuse_contradiction(found.images, found.tables)
    by_csv = {folder: rows_of(folder, found.tables) for folder in unnamed}
    return [_named(path, by_csv.get(path.parent, {})) for path in found.images]


def read(found: Found) -> list[Cell]:
    """Every distinct cell, sorted by path; of pixel-identical images the first is kept.

    Raises SubjectOfBothClasses, PictureLossy, CellNotSeen, or what reading labels or pixels raises, each naming the
    file.
    """
    images = named(found)
    known = known_groups(found.group_files)
    _refuse_both_classes(images)
    with ThreadPoolExecutor(2) as pool:
        measured = list(pool.map(lambda one: _measured(found.root, one), images))
    groups = subject_groups(measured, known=known, same=same_cells())
    grouped = [dataclasses.replace(cell, group=groups[cell.subject]) for cell in measured]
    cells = distinct(grouped)
    _refuse_groups_of_both_classes(cells)
    return cells


def subject_groups(
    cells: Iterable[Cell], *, known: Iterable[Iterable[str]] = (), same: Iterable[tuple[str, str]] = ()
) -> dict[str, str]:
    """Subject -> its group: subjects that share a pixel-identical image, or are known to be one, are one; and those of
    two images, by their hashes, that show the `same` cell.
    """
    joined = DisjointSet()
    first: dict[str, str] = {}
    for cell in cells:
        joined.add(cell.subject)
        if cell.subject:  # nobody's images join nobody
            joined.merge(cell.subject, first.setdefault(cell.sha256, cell.subject))
    for one, other in same:
        if one in first and other in first:
            joined.merge(first[one], first[other])
    for one, *others in known:
        joined.add(one)
        for other in others:
            joined.add(other)
            joined.merge(one, other)
    return {subject: min(group) for group in joined.subsets() for subject in group}


def distinct(cells: Sequence[Cell]) -> list[Cell]:
    """The first of every set of pixel-identical images, or its first labelled one; raises LabelsDisagree where they
    carry different labels.
    """
    kept: dict[str, Cell] = {}
    for cell in sorted(cells, key=lambda one: not one.label):
        first = kept.setdefault(cell.sha256, cell)
        if cell.label and first.label != cell.label:
            raise LabelsDisagree(f"{first.path} and {cell.path} have the same pixels and different labels. Remove one.")
    return [cell for cell in cells if kept[cell.sha256] is cell]


def _named(path: Path, rows: Rows) -> Named:
    subject, label = parse_name(path.name) or rows.get(path.name) or ("", "")
    folder = path.parent.name.upper()
    if label and folder in CLASSES and folder != label:
        raise LabelsDisagree(
            f"{path} is {label} by its name or table, and lies in a folder of {folder}. Mend the name or move the file."
        )
    return Named(path=path, subject=subject, label=label)


def _refuse_both_classes(named: Iterable[Named]) -> None:
    """The class is the subject's here: figures and folds count every subject within one class."""
    first: dict[str, Named] = {}
    for one in named:
        other = first.setdefault(one.subject, one)
        if other.label != one.label:
            raise SubjectOfBothClasses(
                f"Subject {one.subject} has cells of both classes: {other.path} is {other.label} and {one.path} is "
                f"{one.label}. Every subject is of one class: mend the label, or name another subject."
            )


def _refuse_groups_of_both_classes(cells: Iterable[Cell]) -> None:
    """A group is one person, who is of one class."""
    first: dict[str, Cell] = {}
    for cell in (one for one in cells if one.label):
        other = first.setdefault(cell.group, cell)
        if other.label != cell.label:
            raise SubjectOfBothClasses(
                f"Subjects {other.subject} ({other.label}) and {cell.subject} ({cell.label}) are one subject group, by "
                "subject_groups.json or by images that they share, and a person is of one class. Mend that file, or "
                "look at their images."
            )


def _measured(root: Path, named: Named) -> Cell:
    pixels = read_lossless(named.path)
    mask = cell_mask(pixels)
    area = int(np.count_nonzero(mask))
    if not area:
        raise CellNotSeen(
            f"{named.path} shows no cell: all of it is as dark as the background. Take the original, or leave it out."
        )
    red, green, blue = (float(mean) for mean in pixels[mask].mean(axis=0))
    relative = named.path.relative_to(root)
    folders = [part for part in relative.parent.parts if part.lower() not in ("all", "hem")]
    return Cell(
        path=relative.as_posix(),
        subject=named.subject,
        group="",
        label=named.label,
        source="/".join(folders) or ".",
        sha256=pixels_sha256(pixels),
        area=area,
        red=round(red, 3),
        green=round(green, 3),
        blue=round(blue, 3),
    )
