"""What the names of files, the official label CSV and `subject_groups.json` say of cells and of their subjects, and
which images of C-NMC 2019 are known to show one cell.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from app.errors import Invalid

COLUMNS = ("Patient_ID", "new_names", "labels")

READING = 5
"""Rises where the same files would be read otherwise."""

GROUPS = "subject_groups.json"
"""The file that names subjects who are one."""

_NAME = re.compile(
    r"UID_(?P<subject>H?\d+)_(?P<image>\d+)_(?P<cell>\d+)_(?P<label>all|hem)(?![A-Z0-9])", re.ASCII | re.IGNORECASE
)

SEPARATORS = ",;\t"
"""What stands between the columns of a CSV file, depending on who saved it."""

NUMBERS = {"0": "HEM", "1": "ALL", "0.0": "HEM", "1.0": "ALL"}
"""The official labels, and how a program writes them that holds them as fractions."""

SAME_CELL = Path(__file__).with_name("same_cell.csv")
"""The pairs of C-NMC 2019 that `training.twice` found and a person looked at, with the correlation of what is fine."""

Rows: TypeAlias = Mapping[str, tuple[str, str]]
"""File name -> (subject, label)."""


class LabelNotKnown(Invalid):
    code = "label_not_known"


class LabelsDisagree(Invalid):
    code = "labels_disagree"


class LabelsOfSeveralFolders(Invalid):
    code = "labels_of_several_folders"


class LabelsNotReadable(Invalid):
    code = "labels_not_readable"


class ImageMissing(Invalid):
    code = "image_missing"


class GroupsNotReadable(Invalid):
    code = "groups_not_readable"


@dataclass(frozen=True)
class Table:
    """A CSV file: its columns, and its rows as it has them."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[dict[str, str | None], ...]

    @property
    def has_labels(self) -> bool:
        return set(COLUMNS) <= set(self.columns)


def parse_name(name: str) -> tuple[str, str] | None:
    """(subject, class name) of a file named `UID_<subject>_<image>_<cell>_<all|hem>`, or None for another name."""
    match = _NAME.match(name)
    return (match["subject"].upper(), match["label"].upper()) if match else None


def is_named(image: Path) -> bool:
    return parse_name(image.name) is not None


def located(root: Path) -> Path:
    """The same folder by a path whose parent lies above it, as that of `.` and of `..` does not."""
    return root.resolve() if root.name in ("", "..") else root


def is_beside(path: Path, folder: Path) -> bool:
    """Whether a table lies where those of the images in `folder` do: there, or just above."""
    return path.parent in (folder, folder.parent)


def read_table(path: Path) -> Table:
    """A CSV file, its columns separated by one of SEPARATORS; raises LabelsNotReadable."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            head = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=max(SEPARATORS, key=head.count), skipinitialspace=True)
            reader.fieldnames = [column.strip() for column in reader.fieldnames or ()]
            return Table(path, tuple(reader.fieldnames), tuple(reader))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelsNotReadable(f"{path} cannot be read as CSV ({error}). Save it as CSV in UTF-8.") from error


def rows_of(folder: Path, read: Iterable[Table]) -> Rows:
    """What the tables in or beside `folder` say of its images; 1 = ALL. Empty where no table is of this folder.

    Raises LabelsNotReadable where there are some and none has the columns of labels, LabelNotKnown, LabelsDisagree,
    LabelsOfSeveralFolders or ImageMissing.
    """
    own = [table for table in read if is_beside(table.path, folder)]
    labelled = [table for table in own if table.has_labels]
    if own and not labelled:
        raise LabelsNotReadable(
            f"{own[0].path} has the columns {', '.join(own[0].columns) or '(none)'}, and labels are read from "
            f"{', '.join(COLUMNS)}. Name its columns so, or take the file away."
        )
    found: dict[str, tuple[str, str]] = {}
    for table in labelled:
        homes = homes_of(table)
        for where, name, said in _labels(table, homes):
            if folder in homes and (earlier := found.setdefault(name, said)) != said:
                raise LabelsDisagree(
                    f"{where}: {name} is of subject {', '.join(said)}, and was of subject {', '.join(earlier)}, in an "
                    "earlier row. Take the wrong one away, or put the table into the folder that it is of."
                )
    return found


def homes_of(table: Table) -> list[Path]:
    """The folders whose images a table of labels is of, no two of which name an image alike, as the official sets do.

    `X.csv` and `X_labels.csv` are of the folder X beside them. Another is of every folder, its own or just below, that
    holds its images; where two of them hold the same name it is of its own alone. Raises LabelsOfSeveralFolders where
    its own holds none.
    """
    around = table.path.parent
    holders = _holders(table)
    called = around / table.path.stem.removesuffix("_labels")
    if called.is_dir() and (called in holders or around not in holders):
        return [called]
    times = Counter(name for names in holders.values() for name in names)
    twice = sorted(name for name, count in times.items() if count > 1)
    if twice and around not in holders:
        several = [str(folder) for folder, names in holders.items() if twice[0] in names]
        raise LabelsOfSeveralFolders(
            f"{table.path} may be of several folders: {twice[0]} is in {' and in '.join(several)}. Move it into the "
            "folder that it is of."
        )
    return [around] if twice else list(holders) or _folders(around)


def refuse_contradiction(images: Iterable[Path], tables: Iterable[Table]) -> None:
    """Raises LabelNotKnown or LabelsDisagree where a table of labels in or beside their folders says otherwise of
    images whose own names say what they are.
    """
    known: dict[Path, set[str]] = {}
    for image in images:
        if is_named(image):
            known.setdefault(image.parent, set()).add(image.name)
    for table in tables:
        if table.has_labels:
            beside = (names for folder, names in known.items() if is_beside(table.path, folder))
            _refuse_contradiction(table, set().union(*beside))


def known_groups(files: Iterable[Path]) -> list[list[str]]:
    """The groups that these files name, upper-cased; raises GroupsNotReadable."""
    return [group for path in files for group in _groups(path)]


def same_cells() -> list[tuple[str, str]]:
    """Pairs of images, by the SHA-256 of their RGB pixels, that show one cell in another focus or another cut."""
    with SAME_CELL.open(newline="", encoding="utf-8") as file:
        return [(row["one_sha256"], row["other_sha256"]) for row in csv.DictReader(file)]


def group_files(below: Iterable[Path], root: Path) -> list[Path]:
    """`subject_groups.json` among what lies below the root, which is `located`, or just above it."""
    found = [*(path for path in below if path.name == GROUPS), root.parent / GROUPS]
    return [path for path in found if path.is_file()]


def _folders(around: Path) -> list[Path]:
    return [around, *sorted(path for path in around.glob("*") if path.is_dir())]


def _holders(table: Table) -> dict[Path, set[str]]:
    """The folders in or below that of a table which hold files that it names, and which ones."""
    names = {name for row in table.rows if (name := row["new_names"])}
    held = {folder: names & _files(folder) for folder in _folders(table.path.parent)}
    return {folder: own for folder, own in held.items() if own}


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*")}


def _labels(table: Table, homes: list[Path]) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Where it stands, the file, and its (subject, label), of each row."""
    there = {name for folder in homes for name in _files(folder)}
    around = str(homes[0]) if len(homes) == 1 else f"{table.path.parent} or in a folder there"
    for where, patient, name, label in _rows(table):
        if not any((patient, name, label)):
            continue
        if patient is None or name is None or label is None:
            raise LabelsNotReadable(f"{where}: the row is too short, it needs {', '.join(COLUMNS)}. Mend it.")
        if name not in there:
            raise ImageMissing(f"{where}: there is no image {name!r} in {around}. Mend the name.")
        yield where, name, _label(patient, label, where=where)


def _refuse_contradiction(table: Table, known: set[str]) -> None:
    for where, patient, name, label in _rows(table):
        if name is None or name not in known:
            continue
        said = _label(patient or "", label or "", where=where)
        if said != parse_name(name):
            raise LabelsDisagree(
                f"{where}: {name} is of subject {', '.join(said)}, and its own name says otherwise. Mend one of them."
            )


def _rows(table: Table) -> Iterator[tuple[str, str | None, str | None, str | None]]:
    """Where it stands, and what is there of COLUMNS, of each row of a table of labels."""
    for line, row in enumerate(table.rows, start=2):
        patient, name, label = (row[column] for column in COLUMNS)
        yield f"{table.path}, line {line}", patient, name, label


def _label(patient: str, number: str, *, where: str) -> tuple[str, str]:
    label = NUMBERS.get(number.strip())
    if label is None:
        raise LabelNotKnown(f"{where}: label {number!r} is neither 0 (HEM) nor 1 (ALL).")
    parsed = parse_name(patient)
    if parsed is None:
        raise LabelNotKnown(f"{where}: {patient!r} is not a C-NMC name, so the subject is not known.")
    if parsed[1] != label:
        raise LabelsDisagree(f"{where}: the name says {parsed[1]} and the label {label}.")
    return parsed[0], label


def _groups(path: Path) -> list[list[str]]:
    try:
        groups = json.loads(path.read_text(encoding="utf-8"))["groups"]
        if not all(isinstance(group, list) for group in groups):
            raise TypeError("a group is no list")
        return [[str.upper(subject) for subject in group] for group in groups if group]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GroupsNotReadable(
            f'{path} is not of the form {{"groups": [["H2", "H4"], …]}} ({type(error).__name__}: {error}). '
            "Mend it or take it away."
        ) from error
