"""The exploratory report: what a set of cells looks like before any training, as one self-contained HTML page."""

import html
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure as Drawing
from PIL import Image

from app.vision.bundle import CLASSES
from app.vision.decode import Pixels
from training import aside, metrics, twice
from training.augment import middle
from training.bootstrap import estimate
from training.cells import Cell, subject_order
from training.dataset import Crops
from training.floor import floor_scores, size_and_colour
from training.out_of_fold import cross_scored
from training.page import picture, shell, table, tiles
from training.pictures import read_pixels
from training.splits import OneClassOnly, partition

SHOWN = 12

ONE_CELL = (
    "Each pair below is one cell, photographed or filed a second time under another subject, as far as its fine "
    "structure says: look at the pictures. Such subjects are one person. A network that learns from the one and is "
    "tested on the other has seen the person, so its figures are too good."
)
ONE_PERSON = (
    "Some of these subjects are not one group yet. Whoever is to be kept together belongs into subject_groups.json, in "
    "the folder of the images or beside it:"
)
ONE_GROUP = "All these subjects are one group already."
SEEN_AGAIN = (
    "Within subject groups, {images} of all {all} images show a cell that another one shows, photographed or filed "
    "again (pairs: {pairs}). They lie in one fold, so that no network is tested on a cell that it has seen, but "
    "figures over cells count such a cell once for each image. Below are those pairs that are least alike."
)


def write(crops: Crops, root: Path, *, path: Path) -> None:
    """Writes the page on these cells, whose images lie below `root`, to `path`."""
    cells = crops.cells
    body = [
        f"<h1>{len(cells):,} cells before any training</h1>",
        table(["class", "cells", "subjects", "subject groups"], _counts(cells)),
        "<h2>Cells of each subject</h2>",
        picture(_by_subject(cells)),
        *(part for name in CLASSES for part in _class_pictures(crops, name)),
        "<h2>Size and colour by subject</h2><p>Healthy subjects come first.</p>",
        *(picture(_spread(cells, name)) for name in ("area", "red", "green", "blue")),
        "<h2>Before and after cropping</h2>",
        *_cropping(crops, root),
        "<h2>Cells that two subjects share</h2>",
        *_twice(crops),
        "<h2>The floor</h2>",
        _floor(cells),
    ]
    aside.write(path, shell("Before any training", body))


def _counts(cells: Sequence[Cell]) -> list[list[str]]:
    found = []
    for name in CLASSES:
        own = [cell for cell in cells if cell.label == name]
        subjects, groups = {cell.subject for cell in own}, {cell.group for cell in own}
        found.append([name, f"{len(own):,}", str(len(subjects)), str(len(groups))])
    return found


def _subjects(cells: Sequence[Cell]) -> list[str]:
    return sorted({cell.subject for cell in cells}, key=subject_order)


def _by_subject(cells: Sequence[Cell]) -> Drawing:
    names = _subjects(cells)
    drawing = Drawing(figsize=(13, 3))
    axes = drawing.subplots()
    counts = [sum(cell.subject == name for cell in cells) for name in names]
    axes.bar(names, counts, color=["tab:blue" if name.startswith("H") else "tab:red" for name in names])
    axes.tick_params(axis="x", rotation=90, labelsize=7)
    axes.set(ylabel="cells", title="Cells of each subject, healthy ones in blue")
    return drawing


def _spread(cells: Sequence[Cell], measure: str) -> Drawing:
    names = _subjects(cells)
    drawing = Drawing(figsize=(13, 3))
    axes = drawing.subplots()
    axes.boxplot([[getattr(cell, measure) for cell in cells if cell.subject == name] for name in names], sym="")
    axes.set_xticks(range(1, len(names) + 1), names, rotation=90, fontsize=7)
    measured, unit = ("area", " (px)") if measure == "area" else (f"mean {measure}", "")
    axes.set(ylabel=measured + unit, title=f"{measured.capitalize()} by subject")
    return drawing


def _class_pictures(crops: Crops, name: str) -> list[str]:
    """Typical cells of a class, and its mean and spread image."""
    own = np.flatnonzero([cell.label == name for cell in crops.cells])
    numbers = size_and_colour(crops.cells)[own]
    away = np.linalg.norm((numbers - np.median(numbers, axis=0)) / (numbers.std(axis=0) + 1e-6), axis=1)
    typical = own[np.argsort(away)[:: max(1, len(own) // SHOWN)][:SHOWN]]
    few = np.stack([middle(crops.pixels[one], size=224) for one in own[:: max(1, len(own) // 400)]]).astype(np.float32)
    mean, spread = few.mean(axis=0), few.std(axis=0)
    return [
        f"<h2>{name}</h2><p>From the most typical cell, by size and colour, to the least.</p>",
        tiles([middle(crops.pixels[one], size=224)[::2, ::2] for one in typical], alt=f"Typical cells: {name}"),
        "<p>Mean image, and spread around it, drawn at twice its brightness.</p>",
        tiles(
            [mean.astype(np.uint8), np.clip(spread * 2, 0, 255).astype(np.uint8)], alt=f"Mean and spread image: {name}"
        ),
    ]


def _cropping(crops: Crops, root: Path) -> list[str]:
    chosen = np.linspace(0, len(crops.cells) - 1, 4).astype(int)
    return [
        "<p>Before: four cells as they are in their files, each image made 112 pixels wide.</p>",
        tiles([_thumbnail(read_pixels(root / crops.cells[one].path)) for one in chosen], alt="Before cropping"),
        "<p>After: the 224 x 224 pixels around each cell, made as wide.</p>",
        tiles([_thumbnail(middle(crops.pixels[one], size=224)) for one in chosen], alt="After cropping"),
    ]


def _twice(crops: Crops) -> list[str]:
    """What `twice` found, with a picture of each pair, and what to write down where people are one."""
    found = twice.seen(crops)
    again = _again([pair for pair in found if pair.is_known], crops)
    pairs = [pair for pair in found if pair.is_of_two_names]
    if not pairs:
        return ["<p>No two subject groups share a cell, as far as its fine structure says.</p>", *again]
    unknown = [pair for pair in pairs if not pair.is_known]
    groups = json.dumps({"groups": twice.one_person(unknown, crops.cells)})
    rows = [[one.one.path, one.other.path, f"{one.likeness:.2f}", "yes" if one.is_known else "no"] for one in pairs]
    return [
        f"<p>{ONE_CELL}</p>",
        f"<p>{ONE_PERSON}</p><pre>{html.escape(groups)}</pre>" if unknown else f"<p>{ONE_GROUP}</p>",
        *(_pictured(pairs[start : start + SHOWN], crops) for start in range(0, len(pairs), SHOWN)),
        table(["one, above", "other, below", "correlation of what is fine", "one group"], rows),
        *again,
    ]


def _again(pairs: Sequence[twice.Twice], crops: Crops) -> list[str]:
    """How many cells a subject group has twice, with pictures of those pairs that are least alike."""
    if not pairs:
        return ["<p>No subject group has a cell twice, as far as its fine structure says.</p>"]
    counts = Counter(pair.one.group for pair in pairs)
    shown = len({cell.path for pair in pairs for cell in (pair.one, pair.other)})
    return [
        f"<p>{SEEN_AGAIN.format(images=shown, all=len(crops.cells), pairs=len(pairs))}</p>",
        _pictured(pairs[-SHOWN:], crops),
        table(["subject group", "pairs of one cell"], [[name, str(count)] for name, count in counts.most_common()]),
    ]


def _pictured(pairs: Sequence[twice.Twice], crops: Crops) -> str:
    """Both images of each pair, one above the other."""
    places = {cell.path: place for place, cell in enumerate(crops.cells)}
    shown = [[middle(crops.pixels[places[cell.path]], size=224) for cell in (one.one, one.other)] for one in pairs]
    named = ", ".join(f"{one.one.path} and {one.other.path}" for one in pairs)
    return tiles([np.concatenate(both)[::2, ::2] for both in shown], alt=f"Pairs of one cell: {named}")


def _thumbnail(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize((112, 112)))


def _floor(cells: Sequence[Cell]) -> str:
    """What it reaches, or a sentence where there are too few people for it."""
    try:
        folds = partition(cells, folds=3, seed=0)
    except OneClassOnly as error:
        return f"<p>There is none of so few people: {html.escape(error.message)}</p>"
    scored = cross_scored(cells, floor_scores(cells, folds), folds=folds)
    return (
        f"<p>Area and mean colour alone, out of fold by subject group: AUC {estimate(metrics.auc, scored)}, a 95 % "
        "interval over subject groups. A network must beat this.</p>"
    )
