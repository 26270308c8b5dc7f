"""One cell under two subjects is found whatever its focus, and those of two people that only look alike are not."""

import dataclasses

import numpy as np
import pytest
from PIL import Image, ImageFilter

from app.vision.drawn import Look, draw
from app.vision.preprocess import crop
from training import asked, results, twice
from training.cells import Cell
from training.dataset import STORED_SIDE, Crops
from training.labels import same_cells
from training.pictures import read_pixels

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


def cell(number, subject, *, group=None):
    return Cell(f"{number}.png", subject, group or subject, "ALL", ".", f"{number:064x}", 30_000, 90.0, 40.0, 90.0)


def grained(pixels, *, seed):
    """The cell with a grain of its own, as chromatin is: what is drawn is smooth."""
    rough = np.random.default_rng(seed).normal(0, 40, (113, 113)).repeat(4, 0).repeat(4, 1)[:450, :450, None]
    return np.where(pixels > 0, np.clip(pixels + rough, 1, 255), 0).astype(np.uint8)


def again(pixels):
    """The same cell a little out of focus, a little brighter and two pixels aside."""
    soft = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(2)))
    brighter = np.where(pixels > 0, np.clip(soft * 1.1, 1, 255), 0).astype(np.uint8)
    return np.roll(brighter, (2, -2), axis=(0, 1))


def crops_of(pictures, cells):
    return Crops(tuple(cells), np.stack([crop(one, size=STORED_SIDE) for one in pictures]), np.empty(0, np.uint8))


def seen_twice(crops, *, known_too=False):
    """Those of different subjects: of different groups, or also of one group."""
    return [pair for pair in twice.seen(crops) if pair.is_of_two_names and (known_too or not pair.is_known)]


ONE = grained(draw(1, Look.BLAST), seed=1)
LIKE_IT = grained(draw(1, Look.BLAST), seed=2)
"""Another cell of the very same shape and colour."""


def test_a_cell_that_was_photographed_again_in_another_focus_is_found():
    pairs = seen_twice(crops_of([ONE, again(ONE)], [cell(1, "43"), cell(2, "44")]))

    assert [(pair.one.subject, pair.other.subject) for pair in pairs] == [("43", "44")]
    assert twice.SAME < pairs[0].likeness <= 1.001


def test_two_cells_of_one_shape_and_colour_are_two():
    assert seen_twice(crops_of([ONE, LIKE_IT], [cell(1, "43"), cell(2, "44")])) == []


def test_whoever_is_one_group_already_is_not_told_again():
    assert seen_twice(crops_of([ONE, again(ONE)], [cell(1, "43"), cell(2, "44", group="43")])) == []


def test_an_image_that_shows_nothing_is_nobody_s_double():
    nothing = np.zeros_like(ONE)

    assert seen_twice(crops_of([nothing, nothing], [cell(1, "43"), cell(2, "44")])) == []


def test_people_who_share_cells_with_one_another_in_a_row_are_one_with_all_ids_of_each():
    cells = [cell(1, "H2"), cell(2, "H4", group="H2"), cell(3, "H7"), cell(4, "H9"), cell(5, "H1"), cell(6, "H3")]
    pairs = [twice.Twice(cells[0], cells[2], 0.9), twice.Twice(cells[2], cells[3], 0.8)]

    assert twice.one_person(pairs, cells) == [["H2", "H4", "H7", "H9"]]
    assert twice.one_person([], cells) == []


@pytest.mark.cells
def test_among_the_shared_images_two_pairs_of_subjects_are_one_person_each(real_cells, tmp_path):
    from training import cnmc, dataset

    for subject in ("43", "44", "H2", "H7"):
        for path in (real_cells / "cnmc2019").rglob(f"UID_{subject}_*.webp"):
            (tmp_path / path.name).symlink_to(path)
    cells = cnmc.read(cnmc.find(tmp_path))

    pairs = seen_twice(dataset.stored(cells, tmp_path, folder=tmp_path / "crops"), known_too=True)

    assert len(pairs) == 23
    assert twice.one_person(pairs, cells) == [["43", "44"], ["H2", "H7"]]


def test_whoever_is_one_group_already_is_told_to_whom_asks_for_the_known_too():
    crops = crops_of([ONE, again(ONE)], [cell(1, "43"), cell(2, "44", group="43")])

    (pair,) = seen_twice(crops, known_too=True)

    assert pair.is_known


@pytest.mark.cells
def test_the_listed_pairs_of_the_real_cells_are_found_and_make_people_of_several_names_one(real_cells):
    listed = {frozenset(pair) for pair in same_cells()}
    cells = [cell for cell in results.cells_beside(asked.RESULTS) if any(cell.sha256 in pair for pair in listed)]
    pictures = [read_pixels(real_cells / "cnmc2019" / cell.path) for cell in cells]

    pairs = seen_twice(crops_of(pictures, cells), known_too=True)

    assert {frozenset((pair.one.sha256, pair.other.sha256)) for pair in pairs} >= listed
    assert all(pair.is_known for pair in pairs)
    by_name = [dataclasses.replace(cell, group=cell.subject) for cell in cells]
    assert twice.one_person(seen_twice(crops_of(pictures, by_name)), by_name) == [
        ["1", "15", "16", "17", "18", "20"],
        ["43", "44"],
        ["H14", "H24"],
        ["H2", "H7"],
    ]


def test_a_cell_that_one_person_has_twice_is_told_apart_from_one_that_two_share():
    pictures = [ONE, again(ONE), LIKE_IT, again(LIKE_IT)]
    crops = crops_of(pictures, [cell(1, "43"), cell(2, "43"), cell(3, "43"), cell(4, "44")])

    pairs = twice.seen(crops)
    (own,), (shared,) = ([pair for pair in pairs if pair.is_known == known] for known in (True, False))

    assert (own.one.path, own.other.path) == ("1.png", "2.png")
    assert (shared.one.path, shared.other.path) == ("3.png", "4.png")
