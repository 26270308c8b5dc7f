"""Reads folders of C-NMC cells into one table: official layout, flat folder with a label CSV, or unlabelled.

The traps of the official data are dealt with here (science.md 0, 0b): the lower-case subject `h3`, images that are
byte-identical under several subject ids, and the label, which comes from the name or CSV and never from sorted folders.
"""

import csv
import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.errors import Invalid
from app.vision.decode import pixels_sha256
from app.vision.preprocess import cell_mask
from training.pictures import read_pixels

LOSSLESS = frozenset({".bmp", ".png", ".tif", ".tiff", ".webp"})
_NAME = re.compile(r"UID_(?P<subject>[Hh]?\d+)_(?P<image>\d+)_(?P<cell>\d+)_(?P<label>all|hem)", re.ASCII)
_CSV_COLUMNS = ("Patient_ID", "new_names", "labels")


class NoCells(Invalid):
    code = "no_cells"


class LabelNotKnown(Invalid):
    code = "label_not_known"


class LabelsDisagree(Invalid):
    code = "labels_disagree"


@dataclass(frozen=True)
class Cell:
    """One image. `label` is a name of CLASSES, or empty; `sha256` is of its RGB pixels, the same for BMP and WebP."""

    path: str
    """Relative to the folder that was read, with forward slashes."""
    subject: str
    group: str
    """Subjects that share an image are one group; its name is its first subject."""
    label: str
    source: str
    """The folder below the root that the image lies in, without its class folder."""
    sha256: str
    area: int
    red: float
    green: float
    blue: float


@dataclass(frozen=True)
class Named:
    """Where an image lies and what its name or CSV row says of it."""

    path: Path
    subject: str
    label: str


def read(root: Path) -> list[Cell]:
    """Every distinct cell below `root`, sorted by path; of pixel-identical images the first is kept.

    Raises NoCells, LabelNotKnown, LabelsDisagree, or what decoding raises, each naming the file.
    """
    named = find(root)
    with ThreadPoolExecutor(2) as pool:
        measured = list(pool.map(lambda one: _measured(root, one), named))
    groups = subject_groups(measured, known=_known_groups(root))
    grouped = [dataclasses.replace(cell, group=groups[cell.subject]) for cell in measured]
    return distinct(grouped)


def find(root: Path) -> list[Named]:
    """Every lossless image below `root` in the order of its path, with subject and label by name or CSV."""
    paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in LOSSLESS)
    if not paths:
        raise NoCells(f"There is no BMP, PNG, TIFF or WebP image below {root}. Name a folder in the C-NMC layout.")
    by_csv = {folder: _rows_of(folder) for folder in {path.parent for path in paths}}
    return [_named(path, by_csv[path.parent]) for path in paths]


def parse_name(name: str) -> tuple[str, str] | None:
    """(subject, class name) of a file named `UID_<subject>_<image>_<cell>_<all|hem>`, or None for another name."""
    match = _NAME.match(name)
    return (match["subject"].upper(), match["label"].upper()) if match else None


def subject_groups(cells: Iterable[Cell], *, known: Iterable[Iterable[str]] = ()) -> dict[str, str]:
    """Subject -> its group: subjects that share a pixel-identical image, or are known to, are one."""
    parent: dict[str, str] = {}

    def root_of(subject: str) -> str:
        parent.setdefault(subject, subject)
        while parent[subject] != subject:
            subject = parent[subject]
        return subject

    def join(subjects: Iterable[str]) -> None:
        first, *others = sorted(root_of(subject) for subject in subjects)
        for other in others:
            parent[root_of(other)] = root_of(first)

    holders: dict[str, list[str]] = {}
    for cell in cells:
        holders.setdefault(cell.sha256, []).append(cell.subject)
    for subjects in [*holders.values(), *(list(group) for group in known)]:
        join(subjects)
    return {subject: root_of(subject) for subject in list(parent)}


def distinct(cells: Iterable[Cell]) -> list[Cell]:
    """The first of every set of pixel-identical images; raises LabelsDisagree where they carry different labels."""
    kept: dict[str, Cell] = {}
    for cell in cells:
        first = kept.setdefault(cell.sha256, cell)
        if first.label != cell.label:
            raise LabelsDisagree(f"{first.path} and {cell.path} have the same pixels and different labels. Remove one.")
    return list(kept.values())


def write_index(cells: Iterable[Cell], path: Path) -> None:
    """The table as CSV, one row a cell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in dataclasses.fields(Cell))
        writer.writerows(dataclasses.astuple(cell) for cell in cells)


def read_index(path: Path) -> list[Cell]:
    """What `write_index` wrote."""
    with path.open(newline="") as file:
        return [_row_read(row) for row in csv.DictReader(file)]


def fingerprint(cells: Iterable[Cell]) -> str:
    """SHA-256 over the sorted hashes and labels: which images a network was trained on, whatever their order."""
    lines = sorted(f"{cell.sha256} {cell.label}\n" for cell in cells)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _row_read(row: dict[str, str]) -> Cell:
    path, subject, group, label, source, sha256, area, red, green, blue = row.values()
    return Cell(path, subject, group, label, source, sha256, int(area), float(red), float(green), float(blue))


def _named(path: Path, rows: dict[str, tuple[str, str]]) -> Named:
    subject, label = parse_name(path.name) or rows.get(path.name) or ("", "")
    return Named(path=path, subject=subject, label=label)


def _rows_of(folder: Path) -> dict[str, tuple[str, str]]:
    """File name -> (subject, label) from the official label CSV in or beside `folder`; 1 = ALL."""
    rows: dict[str, tuple[str, str]] = {}
    for path in sorted([*folder.glob("*.csv"), *folder.parent.glob("*.csv")]):
        with path.open(newline="") as file:
            reader = csv.DictReader(file)
            if any(column not in (reader.fieldnames or ()) for column in _CSV_COLUMNS):
                continue
            for line, row in enumerate(reader, start=2):
                rows[row["new_names"]] = _csv_row(row, where=f"{path.name}, line {line}")
    return rows


def _csv_row(row: dict[str, str], *, where: str) -> tuple[str, str]:
    label = {"0": "HEM", "1": "ALL"}.get(row["labels"].strip())
    if label is None:
        raise LabelNotKnown(f"{where}: label {row['labels']!r} is neither 0 (HEM) nor 1 (ALL).")
    parsed = parse_name(row["Patient_ID"])
    if parsed is None:
        raise LabelNotKnown(f"{where}: {row['Patient_ID']!r} is not a C-NMC name, so the subject is not known.")
    if parsed[1] != label:
        raise LabelsDisagree(f"{where}: the name says {parsed[1]} and the label {label}.")
    return parsed[0], label


def _measured(root: Path, named: Named) -> Cell:
    pixels = read_pixels(named.path)
    mask = cell_mask(pixels)
    area = int(np.count_nonzero(mask))
    red, green, blue = (float(mean) for mean in pixels[mask].mean(axis=0)) if area else (0.0, 0.0, 0.0)
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


def _known_groups(root: Path) -> list[list[str]]:
    """Groups named in `subject_groups.json` below or just above the root, upper-cased."""
    found = [*sorted(root.rglob("subject_groups.json")), root.parent / "subject_groups.json"]
    return [
        [subject.upper() for subject in group]
        for path in found
        if path.is_file()
        for group in json.loads(path.read_text())["groups"]
    ]
