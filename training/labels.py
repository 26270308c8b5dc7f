"""What the names of files, the official label CSV and `subject_groups.json` say of cells and of their subjects."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from app.errors import Invalid

COLUMNS = ("Patient_ID", "new_names", "labels")

_NAME = re.compile(r"UID_(?P<subject>[Hh]?\d+)_(?P<image>\d+)_(?P<cell>\d+)_(?P<label>all|hem)", re.ASCII)

Rows: TypeAlias = Mapping[str, tuple[str, str]]
"""File name -> (subject, label)."""


class LabelNotKnown(Invalid):
    code = "label_not_known"


class LabelsDisagree(Invalid):
    code = "labels_disagree"


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


def tables(images: Iterable[Path]) -> list[Table]:
    """The CSV files in or beside the folders of those images whose own name does not say what they are.

    Raises LabelsNotReadable.
    """
    folders = {path.parent for path in images if not is_named(path)}
    return [_table(path) for path in sorted({path for folder in folders for path in _csv_of(folder)})]


def rows_of(folder: Path, read: Iterable[Table]) -> Rows:
    """What the tables in or beside `folder` say of its images; 1 = ALL. Empty where there are no tables.

    Raises LabelsNotReadable where there are some and none has the columns of labels, LabelNotKnown, LabelsDisagree or
    ImageMissing.
    """
    own = [table for table in read if table.path.parent in (folder, folder.parent)]
    labelled = [table for table in own if table.has_labels]
    if own and not labelled:
        raise LabelsNotReadable(
            f"{own[0].path} has the columns {', '.join(own[0].columns) or '(none)'}, and labels are read from "
            f"{', '.join(COLUMNS)}. Name its columns so, or take the file away."
        )
    found: dict[str, tuple[str, str]] = {}
    for table in labelled:
        for where, name, said in _labels(table):
            if (earlier := found.setdefault(name, said)) != said:
                raise LabelsDisagree(
                    f"{where}: {name} is of subject {', '.join(said)}, and was of subject {', '.join(earlier)}, in an "
                    "earlier row. Take the wrong one away, or put the table into the folder that it is of."
                )
    return found


def known_groups(root: Path) -> list[list[str]]:
    """Groups named in `subject_groups.json` below or just above the root, upper-cased; raises GroupsNotReadable."""
    return [group for path in group_files(root) for group in _groups(path)]


def group_files(root: Path) -> list[Path]:
    found = [*sorted(root.rglob("subject_groups.json")), root.parent / "subject_groups.json"]
    return [path for path in found if path.is_file()]


def _csv_of(folder: Path) -> list[Path]:
    return [*folder.glob("*.csv"), *folder.parent.glob("*.csv")]


def _table(path: Path) -> Table:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            return Table(path, tuple(reader.fieldnames or ()), tuple(reader))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelsNotReadable(f"{path} cannot be read as CSV ({error}). Save it as CSV in UTF-8.") from error


def _labels(table: Table) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Where it stands, the file, and its (subject, label), of each row."""
    around = table.path.parent
    there = {path.name for pattern in ("*", "*/*") for path in around.glob(pattern)}
    for line, row in enumerate(table.rows, start=2):
        where = f"{table.path.name}, line {line}"
        patient, name, label = (row[column] for column in COLUMNS)
        if patient is None or name is None or label is None:
            raise LabelsNotReadable(f"{where}: the row is too short, it needs {', '.join(COLUMNS)}. Mend it.")
        if name not in there:
            raise ImageMissing(f"{where}: there is no image {name!r} in {around} or in a folder there. Mend the name.")
        yield where, name, _label(patient, label, where=where)


def _label(patient: str, number: str, *, where: str) -> tuple[str, str]:
    label = {"0": "HEM", "1": "ALL"}.get(number.strip())
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
