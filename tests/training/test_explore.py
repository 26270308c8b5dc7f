import dataclasses
import re
from html import unescape

import numpy as np
import pytest

from app.vision.drawn import Look, draw, save
from training import cnmc, dataset, explore
from training.__main__ import main
from training.labels import known_groups

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    root = tmp_path_factory.mktemp("cells")
    for number in range(16):
        look, name, subject = (Look.BLAST, "all", "") if number % 2 else (Look.HEALTHY, "hem", "H")
        path = root / f"UID_{subject}{number // 2}_{number}_1_{name}.png"
        save(path, draw(number, look), look=look)
    cells = cnmc.read(cnmc.find(root))
    return dataset.stored(cells, root, folder=root / "crops"), root


def test_the_report_stands_alone_and_names_what_there_is(drawn, tmp_path):
    crops, root = drawn

    explore.write(crops, root, path=tmp_path / "explore.html")

    page = (tmp_path / "explore.html").read_text()
    assert "16 cells before any training" in page
    assert re.search(r"out of fold by subject group: AUC [01]\.\d{3} \([01]\.\d\d to [01]\.\d\d\)", page)
    assert "src=" in page
    assert 'src="http' not in page


def test_the_report_says_what_each_picture_shows(drawn, tmp_path):
    crops, root = drawn

    explore.write(crops, root, path=tmp_path / "explore.html")

    page = (tmp_path / "explore.html").read_text()
    plots = [
        "Cells of each subject, healthy ones in blue",
        *(f"{name} by subject" for name in ("Area", "Mean red", "Mean green", "Mean blue")),
    ]
    shown = re.findall(r'alt="([^"]*)"', page)
    assert [text for text in shown if text in plots] == plots
    for pictures in ("Typical cells: HEM", "Mean and spread image: ALL", "Before cropping", "After cropping"):
        assert pictures in shown
    assert "" not in shown
    assert "spread around it, drawn at twice its brightness" in page
    assert page.index("Before: ") < page.index("After: ")


def test_a_report_without_a_cell_seen_twice_says_so_instead_of_an_empty_table(drawn, tmp_path):
    crops, root = drawn
    noise = np.random.default_rng(0).integers(0, 256, crops.pixels.shape, np.uint8)
    differing = dataset.Crops(crops.cells, noise, crops.outlines)

    for path, shown in (("none.html", differing), ("some.html", doubled(crops))):
        explore.write(shown, root, path=tmp_path / path)

    none, some = ((tmp_path / path).read_text() for path in ("none.html", "some.html"))
    assert "No two subject groups share a cell, as far as its fine structure says." in none
    assert "<th>correlation of what is fine</th>" not in none
    assert "<th>correlation of what is fine</th>" in some
    assert "No two subject groups" not in some


def doubled(crops):
    """The same cells, of which two subjects have nearly the same one."""
    pixels = np.array(crops.pixels)
    pixels[3] = np.where(pixels[1] > 0, pixels[1] - 1, 0)
    return dataset.Crops(crops.cells, pixels, crops.outlines)


def test_cells_that_one_person_has_twice_are_counted_by_person(drawn, tmp_path):
    crops, root = drawn
    unlike = np.random.default_rng(0).integers(0, 256, crops.pixels.shape, np.uint8)
    noise = unlike.copy()
    noise[3] = noise[1]
    cells = [
        dataclasses.replace(cell, subject="9", group="9") if n in {1, 3} else cell for n, cell in enumerate(crops.cells)
    ]

    for path, pixels in (("none.html", unlike), ("some.html", noise)):
        explore.write(dataset.Crops(tuple(cells), pixels, crops.outlines), root, path=tmp_path / path)

    none, some = ((tmp_path / path).read_text() for path in ("none.html", "some.html"))
    assert "No subject group has a cell twice, as far as its fine structure says." in none
    assert "2 of all 16 images show a cell that another one shows" in some
    assert "(pairs: 1)" in some
    assert "<tr><td>9</td><td>1</td></tr>" in some


def test_who_shares_a_cell_is_told_to_be_one_person_in_words_that_the_index_takes(drawn, tmp_path):
    crops, root = drawn

    explore.write(doubled(crops), root, path=tmp_path / "explore.html")

    (written,) = re.findall(r"<pre>(.*)</pre>", (tmp_path / "explore.html").read_text())
    (tmp_path / "subject_groups.json").write_text(unescape(written))
    subjects = sorted({crops.cells[1].subject, crops.cells[3].subject})
    assert known_groups([tmp_path / "subject_groups.json"]) == [subjects]


def test_whose_subjects_are_one_group_already_is_shown_and_not_asked_for_again(drawn, tmp_path):
    crops, root = drawn
    subjects = {crops.cells[1].subject, crops.cells[3].subject}
    cells = [dataclasses.replace(one, group="one" if one.subject in subjects else one.group) for one in crops.cells]

    explore.write(dataclasses.replace(doubled(crops), cells=tuple(cells)), root, path=tmp_path / "explore.html")

    page = (tmp_path / "explore.html").read_text()
    assert "All these subjects are one group already." in page
    assert crops.cells[1].path in page
    assert "subject_groups.json" not in page


def named(folder, *, classes):
    folder.mkdir()
    for number, name in enumerate(classes):
        prefix = "H" if name == "hem" else ""
        path = folder / (f"UID_{prefix}{number}_1_1_{name}.png" if name else f"{number}.png")
        save(path, draw(number, Look.BLAST), look=Look.BLAST)
    return folder


@pytest.mark.parametrize(
    ("classes", "missing"), [(["all", "all"], "HEM"), (["hem", "hem"], "ALL"), (["", ""], "HEM or ALL")]
)
@pytest.mark.parametrize("command", [["explore"], ["fit", "anna"], ["morphology"]])
def test_what_needs_both_classes_says_which_is_missing(tmp_path, capsys, command, classes, missing):
    folder = named(tmp_path / "cells", classes=classes)

    results = ["--results", str(tmp_path / "results")] if command != ["explore"] else []
    code = main([*command, str(folder), "--var", str(tmp_path / "var"), *results])

    assert code == 1
    assert f"has no cell labelled {missing}, and this needs both classes" in capsys.readouterr().err


def test_where_there_are_too_few_subjects_for_the_floor_the_rest_is_shown_and_that_is_told(tmp_path):
    folder = named(tmp_path / "cells", classes=["all", "hem"])

    assert main(["explore", str(folder), "--var", str(tmp_path / "var")]) == 0

    page = (tmp_path / "var" / "explore.html").read_text()
    assert "There is none of so few people: 3 folds need 3 subject groups of class HEM; there are 1" in page
    assert "Cells of each subject" in page


def test_one_class_alone_can_still_be_indexed(tmp_path, capsys):
    folder = named(tmp_path / "cells", classes=["all", "all"])

    assert main(["index", str(folder), "--var", str(tmp_path / "var")]) == 0

    assert "ALL: 2 cells of 2 subject groups" in capsys.readouterr().out
