"""The table of cells: one row an image, as a file and by its fingerprint."""

import csv
import dataclasses
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.errors import Invalid
from training.aside import written_aside


class IndexNotReadable(Invalid):
    code = "index_not_readable"


@dataclass(frozen=True)
class Cell:
    """One image. `label` is a name of CLASSES, or empty; `sha256` is of its RGB pixels, the same for BMP and WebP."""

    path: str
    """Relative to the folder that was read, with forward slashes."""
    subject: str
    group: str
    """Subjects that share an image or a cell are one group; its name is its first subject."""
    label: str
    source: str
    """The folder below the root that the image lies in, without its class folder."""
    sha256: str
    area: int
    red: float
    green: float
    blue: float


CELL_COLUMNS = tuple(field.name for field in dataclasses.fields(Cell))
"""The columns of a table of cells."""


def write_index(cells: Iterable[Cell], path: Path) -> None:
    """The table as CSV, one row a cell; an earlier one stays until all of it is written."""
    with written_aside(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CELL_COLUMNS)
        writer.writerows(dataclasses.astuple(cell) for cell in cells)


def read_index(path: Path) -> list[Cell]:
    """What `write_index` wrote; raises IndexNotReadable."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [_row_read(row) for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise IndexNotReadable(
            f"{path} is no table of cells ({error}). Write one with `python -m training index`."
        ) from error


def fingerprint(cells: Iterable[Cell]) -> str:
    """SHA-256 over the sorted hashes and labels: which images a network was trained on, whatever their order."""
    lines = sorted(f"{cell.sha256} {cell.label}\n" for cell in cells)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def subject_order(name: str) -> tuple[bool, int, str]:
    """What to sort subjects by where they are shown: the healthy, whose names begin with H, first, then by number."""
    number = name.removeprefix("H")
    return not name.startswith("H"), int(number) if number.isdecimal() else 0, name


def _row_read(row: dict[str, str]) -> Cell:
    path, subject, group, label, source, sha256, area, red, green, blue = row.values()
    return Cell(path, subject, group, label, source, sha256, int(area), float(red), float(green), float(blue))


def order(cells: Iterable[Cell]) -> str:
    """SHA-256 over hashes, subjects and groups as they come: what counts cells by their place belongs to this order."""
    lines = (f"{cell.sha256} {cell.subject} {cell.group}\n" for cell in cells)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
