"""Reference cells that a laboratory provides, and which of them the network finds most like the cell at hand.

The folder holds `ALL/` and `HEM/` (normal), each with images, or with one folder of images a subject; a `SOURCE.txt`
beside them says in a sentence whose cells they are. They are embedded by the served model when the service starts, and
what was embedded is kept in a cache, so that the next start is quick.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.errors import Misconfigured, NotFound
from app.vision.bundle import CLASSES, Card
from app.vision.classifier import Classifier
from app.vision.decode import SUFFIXES, Limits, Pixels, Rejected, decode, pixels_sha256
from app.vision.distance import Vector, between

MOST = 2000
SOURCE_LENGTH_MOST = 300
SOURCE = "Reference cells of this laboratory."


class ReferencesUnusable(Misconfigured):
    code = "references_unusable"


class ReferenceNotFound(NotFound):
    code = "reference_not_found"


@dataclass(frozen=True)
class ReferenceCell:
    """One cell of the set; `number` counts within its class, `subject` is its folder's name where it lies in one."""

    label: str
    number: int
    subject: str | None
    path: Path
    file_sha256: str
    pixels_sha256: str
    embedding: Vector


@dataclass(frozen=True)
class Neighbour:
    cell: ReferenceCell
    distance: float
    """As `app.vision.distance` has it."""


@dataclass(frozen=True)
class ReferenceCells:
    cells: tuple[ReferenceCell, ...]
    source: str
    version: str
    """Changes with any cell or label of the set."""

    def nearest(
        self, embedding: Vector, *, card: Card, count: int, pixels: str, subject: str | None
    ) -> Mapping[str, tuple[Neighbour, ...]]:
        """For each class the `count` nearest, never the same picture (by its `pixels` hash) nor the same subject
        (whose pseudonym may differ in upper and lower case)."""
        theirs = subject and subject.lower()
        others = [
            Neighbour(cell, between(embedding, cell.embedding, card=card))
            for cell in self.cells
            if cell.pixels_sha256 != pixels and (cell.subject is None or cell.subject.lower() != theirs)
        ]
        by_distance = sorted(others, key=lambda one: (one.distance, one.cell.number))
        return {label: tuple(one for one in by_distance if one.cell.label == label)[:count] for label in CLASSES}

    def picture(self, wanted_sha256: str) -> Pixels:
        """The pixels of the cell with this hash; raises ReferenceNotFound."""
        for cell in self.cells:
            if cell.pixels_sha256 == wanted_sha256:
                return _unchanged(cell)
        raise ReferenceNotFound("There is no such reference cell.")


def read_references(folder: Path, *, classifier: Classifier, cache: Path) -> ReferenceCells:
    """The reference cells in `folder`; raises ReferencesUnusable, which says what is wrong with the folder."""
    files = [(label, path) for label in CLASSES for path in _pictures(folder / label)]
    if len(files) > MOST:
        raise ReferencesUnusable(f"{folder} holds {len(files)} reference cells; at most {MOST} are taken.")
    known = _kept(cache, model=classifier.card.onnx_sha256)
    cells, numbers = [], dict.fromkeys(CLASSES, 0)
    for label, path in files:
        numbers[label] += 1
        cells.append(_cell(path, label=label, number=numbers[label], classifier=classifier, known=known))
    _keep(cache, cells, model=classifier.card.onnx_sha256)
    told = "\n".join(sorted(f"{cell.label} {cell.pixels_sha256}" for cell in cells))
    return ReferenceCells(tuple(cells), _source(folder), hashlib.sha256(told.encode()).hexdigest()[:12])


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ReferencesUnusable(
            f"There is no folder {folder}. Reference cells lie in two folders, {' and '.join(CLASSES)}."
        )
    images = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    found = sorted(path for path in images if not path.name.startswith("."))  # a Mac leaves ._cell.png beside cell.png
    if not found:
        raise ReferencesUnusable(f"There are no images in {folder}. Put reference cells there.")
    return found


def _cell(
    path: Path, *, label: str, number: int, classifier: Classifier, known: Mapping[str, tuple[str, Vector]]
) -> ReferenceCell:
    try:
        content = path.read_bytes()
        file_sha256 = hashlib.sha256(content).hexdigest()
        pixels, embedding = known.get(file_sha256) or _embedded(content, classifier=classifier)
    except OSError as error:
        raise ReferencesUnusable(f"{path} cannot be read ({error.strerror}).") from error
    except Rejected as error:
        raise ReferencesUnusable(f"{path} is no usable reference cell. {error.message}") from error
    inside = path.parent if path.parent.name != label else None
    return ReferenceCell(label, number, inside.name if inside else None, path, file_sha256, pixels, embedding)


def _embedded(content: bytes, *, classifier: Classifier) -> tuple[str, Vector]:
    pixels = decode(content, limits=Limits())
    embedding = classifier.score(pixels).embedding
    if embedding is None:
        raise ReferencesUnusable("The model gives no embedding, so it cannot find the nearest reference cells.")
    return pixels_sha256(pixels), embedding


def _kept(cache: Path, *, model: str) -> dict[str, tuple[str, Vector]]:
    """By the hash of a file: its pixels' hash and its embedding, as this model gave it earlier."""
    try:
        with np.load(cache, allow_pickle=False) as kept:
            if str(kept["model"]) != model:
                return {}
            rows = zip(kept["files"].tolist(), kept["pixels"].tolist(), kept["embeddings"], strict=True)
            return {file: (pixels, embedding) for file, pixels, embedding in rows}
    except (OSError, ValueError, KeyError, EOFError):
        return {}  # there is none, or it is damaged: then everything is embedded anew


def _keep(cache: Path, cells: list[ReferenceCell], *, model: str) -> None:
    """Written aside under a name of its own, since several workers may start at once."""
    with tempfile.NamedTemporaryFile(dir=cache.parent, suffix=".npz", delete=False) as aside:
        np.savez(
            aside,
            model=model,
            files=np.array([cell.file_sha256 for cell in cells]),
            pixels=np.array([cell.pixels_sha256 for cell in cells]),
            embeddings=np.stack([cell.embedding for cell in cells]),
        )
    Path(aside.name).replace(cache)


def _source(folder: Path) -> str:
    try:
        told = (folder / "SOURCE.txt").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return SOURCE
    except (OSError, UnicodeDecodeError) as error:
        raise ReferencesUnusable(f"SOURCE.txt in {folder} cannot be read as text.") from error
    if len(told) > SOURCE_LENGTH_MOST:
        raise ReferencesUnusable(f"SOURCE.txt in {folder} is longer than {SOURCE_LENGTH_MOST} characters.")
    return told or SOURCE


def _unchanged(cell: ReferenceCell) -> Pixels:
    try:
        content = cell.path.read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != cell.file_sha256:
        raise ReferenceNotFound("This reference cell is no longer what it was when the service started.")
    return decode(content, limits=Limits())
