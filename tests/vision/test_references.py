from pathlib import Path

import numpy as np
import pytest

from app.errors import Misconfigured, NotFound
from app.vision import references
from app.vision.classifier import OnnxClassifier
from app.vision.decode import pixels_sha256
from app.vision.drawn import Look, draw, save
from app.vision.references import read_references

DRAWN = Path(__file__).parents[2] / "models" / "drawn-1"


@pytest.fixture(scope="module")
def classifier():
    return OnnxClassifier(DRAWN)


@pytest.fixture
def folder(tmp_path):
    """Three drawn cells of each class, those of ALL from two subjects."""
    for number, place in enumerate(["ALL/A1", "ALL/A1", "ALL/A2", "HEM", "HEM", "HEM"]):
        look = Look.BLAST if place.startswith("ALL") else Look.HEALTHY
        (tmp_path / "cells" / place).mkdir(parents=True, exist_ok=True)
        save(tmp_path / "cells" / place / f"{number}.png", draw(300 + number, look), look=look)
    return tmp_path / "cells"


def read(folder, classifier):
    return read_references(folder, classifier=classifier, cache=folder.parent / "cache.npz")


def test_the_nearest_of_each_class_come_first_and_a_cell_is_never_its_own_neighbour(folder, classifier):
    found = read(folder, classifier)
    known = draw(300, Look.BLAST)
    embedding = classifier.score(known).embedding

    nearest = found.nearest(embedding, card=classifier.card, count=2, pixels=pixels_sha256(known), subject=None)

    assert [len(nearest[label]) for label in ("HEM", "ALL")] == [2, 2]
    assert all(one.distance > 0 for neighbours in nearest.values() for one in neighbours)
    assert nearest["ALL"][0].distance <= nearest["ALL"][1].distance
    assert pixels_sha256(known) not in {one.cell.pixels_sha256 for one in nearest["ALL"]}


@pytest.mark.parametrize("spelled", ["A1", "a1"])
def test_a_cell_of_the_same_subject_is_no_reference(folder, classifier, spelled):
    found = read(folder, classifier)
    embedding = classifier.score(draw(1, Look.BLAST)).embedding

    nearest = found.nearest(embedding, card=classifier.card, count=9, pixels="", subject=spelled)

    assert {one.cell.subject for one in nearest["ALL"]} == {"A2"}


def test_what_was_embedded_before_is_not_embedded_again(folder, classifier, monkeypatch):
    first = read(folder, classifier)
    monkeypatch.setattr(references, "_embedded", lambda *_, **__: pytest.fail("embedded again"))

    again = read(folder, classifier)

    assert again.version == first.version
    assert np.array_equal(again.cells[0].embedding, first.cells[0].embedding)


def test_a_damaged_cache_is_made_anew(folder, classifier):
    first = read(folder, classifier)
    (folder.parent / "cache.npz").write_bytes(b"not a cache")

    assert read(folder, classifier).version == first.version


def test_a_picture_that_was_changed_since_is_not_shown(folder, classifier):
    found = read(folder, classifier)
    one = found.cells[0]
    assert np.array_equal(found.picture(one.pixels_sha256), draw(303, Look.HEALTHY))

    save(one.path, draw(9, Look.HEALTHY), look=Look.HEALTHY)

    with pytest.raises(NotFound, match="no longer what it was"):
        found.picture(one.pixels_sha256)
    with pytest.raises(NotFound, match="no such reference cell"):
        found.picture("0" * 64)


def test_what_a_mac_leaves_beside_images_is_passed_over(folder, classifier):
    (folder / "HEM" / "._3.png").write_bytes(b"Mac OS X")

    assert len(read(folder, classifier).cells) == 6


def test_the_set_says_where_it_comes_from(folder, classifier):
    assert read(folder, classifier).source == references.SOURCE

    (folder / "SOURCE.txt").write_text("Drawn by program.\n")

    assert read(folder, classifier).source == "Drawn by program."


def _without_a_class(folder):
    (folder / "HEM").rename(folder / "normal")


def _without_images(folder):
    for path in (folder / "HEM").iterdir():
        path.unlink()


def _with_a_file_that_is_no_image(folder):
    (folder / "ALL" / "notes.png").write_bytes(b"this is no image")


def _with_a_book_for_a_source(folder):
    (folder / "SOURCE.txt").write_text("x" * 301)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (_without_a_class, r"no folder .*HEM.* two folders, HEM and ALL"),
        (_without_images, "no images in .*HEM"),
        (_with_a_file_that_is_no_image, "notes.png is no usable reference cell"),
        (_with_a_book_for_a_source, "longer than 300"),
    ],
)
def test_a_folder_that_is_not_as_it_must_be_is_told_of_in_a_sentence(folder, classifier, spoil, what):
    spoil(folder)

    with pytest.raises(Misconfigured, match=what):
        read(folder, classifier)
