import argparse
import json
import os
from pathlib import Path

import pytest

from app.vision.drawn import Look, draw, save
from tests.training.cells import labels_csv, write_cell
from training import asked, cnmc, index, labels
from training.__main__ import main
from training.cells import read_index
from training.labels import LabelsDisagree


def drawn(folder, *, count, first=0):
    """`count` drawn cells of each class, each of its own subject."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        for look, name in ((Look.HEALTHY, "hem"), (Look.BLAST, "all")):
            prefix = "H" if look is Look.HEALTHY else ""
            path = folder / f"UID_{prefix}{number}_{first + number}_1_{name}.png"
            save(path, draw(first + number, look), look=look)
    return folder


@pytest.fixture
def cells(tmp_path):
    return drawn(tmp_path / "cells", count=2)


def test_an_index_is_read_once_for_as_long_as_nothing_changes(cells, tmp_path, capsys):
    first = index.current(cells, tmp_path / "index.csv")
    written = (tmp_path / "index.csv").stat().st_mtime_ns

    again = index.current(cells, tmp_path / "index.csv")

    assert again == first
    assert (tmp_path / "index.csv").stat().st_mtime_ns == written
    assert capsys.readouterr().out == ""


def test_the_index_of_another_folder_is_not_taken_for_this_ones(cells, tmp_path, capsys):
    other = drawn(tmp_path / "other", count=1, first=50)
    index.current(cells, tmp_path / "index.csv")

    found = index.current(other, tmp_path / "index.csv")

    assert {cell.path for cell in found} == {path.name for path in other.iterdir()}
    assert f"was not made from {other} as it is now" in capsys.readouterr().out


def add(cells):
    drawn(cells, count=1, first=70)


def take_away(cells):
    min(cells.iterdir()).unlink()


def change(cells):
    save(min(cells.iterdir()), draw(90, Look.BLAST), look=Look.BLAST)


def group(cells):
    (cells / "subject_groups.json").write_text(json.dumps({"groups": [["0", "1"]]}))


@pytest.mark.parametrize("happens", [add, take_away, change, group])
def test_an_index_is_made_anew_when_its_files_are_others(cells, tmp_path, happens):
    before = index.current(cells, tmp_path / "index.csv")

    happens(cells)

    after = index.current(cells, tmp_path / "index.csv")
    assert after != before
    assert after == read_index(tmp_path / "index.csv")


@pytest.mark.parametrize("happens", [change, group])
def test_what_changes_while_an_index_is_made_is_noticed_the_next_time(cells, tmp_path, capsys, happens):
    (cells / "subject_groups.json").write_text(json.dumps({"groups": []}))
    found = cnmc.find(cells)

    happens(cells)
    index.renewed(found, tmp_path / "index.csv")

    index.current(cells, tmp_path / "index.csv")
    assert "its images are read anew" in capsys.readouterr().out


def test_an_index_is_made_anew_when_a_label_is_mended(tmp_path):
    folder, labels = tmp_path / "cells", tmp_path / "cells" / "labels.csv"
    folder.mkdir()
    save(folder / "1.png", draw(1, Look.BLAST), look=Look.BLAST)
    labels.write_text("Patient_ID,new_names,labels\nUID_7_1_1_all.bmp,1.png,1\n")
    assert [cell.subject for cell in index.current(folder, tmp_path / "index.csv")] == ["7"]

    labels.write_text("Patient_ID,new_names,labels\nUID_8_1_1_all.bmp,1.png,1\n")
    os.utime(labels, ns=(1, 1))  # a disk may count time in steps longer than this test takes

    assert [cell.subject for cell in index.current(folder, tmp_path / "index.csv")] == ["8"]


def test_an_index_is_made_anew_when_a_table_comes_to_contradict_the_images_own_names(tmp_path):
    folder = tmp_path / "cells"
    write_cell(folder / "UID_7_1_1_all.png")
    assert len(index.current(folder, tmp_path / "index.csv")) == 1

    labels_csv(folder, [("UID_8_1_1_all.bmp", "UID_7_1_1_all.png", "1")])

    with pytest.raises(LabelsDisagree, match=r"labels\.csv, line 2: UID_7_1_1_all\.png is of subject 8"):
        index.current(folder, tmp_path / "index.csv")


def test_a_table_of_something_else_beside_images_that_say_their_labels_may_change_as_it_likes(tmp_path, capsys):
    folder, measures = tmp_path / "cells", tmp_path / "measures.csv"
    write_cell(folder / "UID_7_1_1_all.png")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    index.current(folder, tmp_path / "index.csv")

    measures.write_text("path,size\nx,1\n")
    index.current(folder, tmp_path / "index.csv")

    assert capsys.readouterr().out == ""


def test_every_table_is_read_once_for_an_index_and_its_summary(tmp_path, monkeypatch):
    write_cell(tmp_path / "cells" / "UID_7_1_1_all.png")
    write_cell(tmp_path / "cells" / "1.png", grey=90)
    labels_csv(tmp_path / "cells", [("UID_8_1_1_all.bmp", "1.png", "1")])
    read = []

    def read_table(path):
        read.append(path.name)
        return labels.read_table(path)

    monkeypatch.setattr(cnmc, "read_table", read_table)

    assert main(["index", str(tmp_path / "cells"), "--var", str(tmp_path / "var")]) == 0

    assert read == ["labels.csv"]


@pytest.mark.parametrize("by_table", [True, False])
def test_an_index_from_when_tables_were_read_otherwise_is_made_anew_where_there_is_one(
    tmp_path, monkeypatch, capsys, by_table
):
    write_cell(tmp_path / "cells" / "1.png")
    if by_table:
        labels_csv(tmp_path / "cells", [("UID_7_1_1_all.bmp", "1.png", "1")])
    with monkeypatch.context() as earlier:
        earlier.setattr(index, "READING", 1)
        index.current(tmp_path / "cells", tmp_path / "index.csv")

    index.current(tmp_path / "cells", tmp_path / "index.csv")

    assert ("its images are read anew" in capsys.readouterr().out) == by_table


def test_an_index_from_before_it_was_known_which_images_show_one_cell_is_made_anew(
    cells, tmp_path, capsys, monkeypatch
):
    none = tmp_path / "none.csv"
    none.write_text("one_sha256,other_sha256,likeness\n")
    with monkeypatch.context() as earlier:
        earlier.setattr(index, "SAME_CELL", none)
        index.current(cells, tmp_path / "index.csv")

    index.current(cells, tmp_path / "index.csv")

    assert "its images are read anew" in capsys.readouterr().out


@pytest.mark.parametrize("broken", ["index.json", "index.csv"])
def test_an_index_that_does_not_know_its_files_is_made_anew(cells, tmp_path, broken):
    first = index.current(cells, tmp_path / "index.csv")
    (tmp_path / broken).write_text("cut o")

    assert index.current(cells, tmp_path / "index.csv") == first


def test_an_index_that_cannot_be_read_leaves_the_earlier_one_and_nothing_beside_it(cells, tmp_path, capsys):
    place = ["--var", str(tmp_path / "var")]
    assert main(["index", str(cells), *place]) == 0
    before = (tmp_path / "var" / "index.csv").read_text()
    (cells / "UID_3_1_1_all.png").write_bytes(b"no image")

    code = main(["index", str(cells), *place])

    assert code == 1
    assert "UID_3_1_1_all.png" in capsys.readouterr().err
    assert (tmp_path / "var" / "index.csv").read_text() == before
    assert sorted(path.name for path in (tmp_path / "var").iterdir()) == ["index.csv", "index.json"]


def test_an_index_beside_its_images_does_not_make_itself_old(cells, tmp_path, capsys):
    index.current(cells, cells / "index.csv")

    index.current(cells, cells / "index.csv")

    assert capsys.readouterr().out == ""


def told(folder, tmp_path, capsys):
    """The lines that `index` prints, without the folder of tests in them."""
    assert main(["index", str(folder), "--var", str(tmp_path / "var")]) == 0
    return capsys.readouterr().out.replace(f"{tmp_path}/", "").splitlines()


def test_the_summary_counts_each_class_its_subject_groups_the_unlabelled_and_what_was_left_out(cells, tmp_path, capsys):
    for number in range(3):
        write_cell(cells / f"{number}.png", grey=90 + number)
    for number in range(2):
        write_cell(cells / f"UID_{number}_9_1_all.png", grey=80)

    assert told(cells, tmp_path, capsys) == [
        "8 cells -> var/index.csv",
        "HEM: 2 cells of 2 subject groups; ALL: 3 cells of 1 subject groups; unlabelled: 3; duplicates left out: 1",
    ]


def test_unlabelled_cells_are_of_no_subject_group(tmp_path, capsys):
    write_cell(tmp_path / "cells" / "1.png")

    counts = told(tmp_path / "cells", tmp_path, capsys)[1]

    assert counts.startswith("HEM: 0 cells of 0 subject groups; ALL: 0 cells of 0 subject groups; unlabelled: 1")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], ["cells/two_labels.csv labels none of the 2 images of two."]),
        ([("UID_1_1_1_all.bmp", "1.png", "1")], ["cells/two_labels.csv labels 1 of the 2 images of two."]),
        ([("UID_1_1_1_all.bmp", f"{number}.png", "1") for number in (1, 2)], []),
    ],
)
def test_a_label_table_that_leaves_images_of_its_folder_unlabelled_is_named(tmp_path, capsys, rows, said):
    for number, folder in enumerate(("two/1", "two/2", "two/UID_H7_1_1_hem", "other/3")):
        write_cell(tmp_path / "cells" / f"{folder}.png", grey=90 + number)
    labels_csv(tmp_path / "cells", rows, name="two_labels.csv")

    assert told(tmp_path / "cells", tmp_path, capsys)[2:] == said


@pytest.mark.parametrize("here", [".", "..", "../cells/."])
def test_a_folder_by_whatever_path_is_read_with_what_lies_just_above_it(tmp_path, monkeypatch, capsys, here):
    folder = tmp_path / "cells"
    drawn(folder, count=2)
    save(folder / "1.png", draw(50, Look.BLAST), look=Look.BLAST)
    labels_csv(tmp_path, [("UID_1_7_1_all.bmp", "1.png", "1")], name="cells_labels.csv")
    (tmp_path / "subject_groups.json").write_text(json.dumps({"groups": [["0", "1"]]}))
    (folder / "subject_groups.json").write_text(json.dumps({"groups": [["H0", "H1"]]}))
    at_first = index.current(folder, tmp_path / "index.csv")
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below" if here == ".." else folder)

    again, anew = (
        index.current(Path(here), tmp_path / "index.csv"),
        index.renewed(cnmc.find(Path(here)), tmp_path / "index.csv"),
    )

    assert again == anew == at_first
    assert {cell.group for cell in at_first} == {"0", "H0"}
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["field.jpg", "field.JPG", "field.jpeg"])
def test_smear_fields_beside_the_folder_that_one_stands_in_are_found(cells, monkeypatch, name):
    fields = cells.parent / "not_cells"
    fields.mkdir()
    (fields / name).touch()
    monkeypatch.chdir(cells)

    assert asked.smear_fields(argparse.Namespace(not_cells=None), Path()) == fields


def test_a_var_that_is_a_file_is_told_so(cells, tmp_path, capsys):
    (tmp_path / "var").touch()

    code = main(["index", str(cells), "--var", str(tmp_path / "var")])

    assert code == 1
    assert "cannot be written (File exists). Name another folder with --var." in capsys.readouterr().err


def test_unlabelled_cells_are_for_recipes_that_pretrain_and_never_among_the_labelled(cells, tmp_path):
    save(cells / "7.png", draw(7, Look.BLAST), look=Look.BLAST)
    arguments = argparse.Namespace(folder=cells, var=tmp_path / "var")

    pretrains, does_not = (
        asked.unlabelled(arguments, asked.recipe_named(name)) for name in ("resnet_pretrained", "resnet")
    )

    assert pretrains is not None
    assert [cell.path for cell in pretrains.cells] == ["7.png"]
    assert pretrains.pixels.shape == (1, 288, 288, 3)
    assert does_not is None
    assert len(asked.indexed(arguments, cells)) == 4
