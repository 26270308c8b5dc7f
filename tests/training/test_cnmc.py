import argparse
import csv

import numpy as np
import pytest
from PIL import Image

from app.errors import Invalid
from training import asked, cnmc
from training.cnmc import find, read
from training.labels import parse_name


def write_cell(path, *, grey=100, size=64):
    pixels = np.zeros((size, size, 3), np.uint8)
    pixels[16:48, 16:48] = (grey, grey // 2, grey)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("UID_11_10_1_all.bmp", ("11", "ALL")),
        ("UID_H10_1_2_hem.bmp", ("H10", "HEM")),
        ("UID_h3_1_2_hem.webp", ("H3", "HEM")),
        ("1.bmp", None),
        ("UID_x_1_2_hem.bmp", None),
    ],
)
def test_a_name_gives_subject_and_class_even_for_the_lower_case_subject(name, parsed):
    assert parse_name(name) == parsed


def test_the_label_comes_from_the_name_and_never_from_the_order_of_folders(tmp_path):
    write_cell(tmp_path / "fold_0" / "all" / "UID_1_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "fold_0" / "hem" / "UID_H1_1_1_hem.bmp", grey=120)

    cells = read(tmp_path)

    assert [(cell.subject, cell.label, cell.source) for cell in cells] == [
        ("1", "ALL", "fold_0"),
        ("H1", "HEM", "fold_0"),
    ]
    assert cells[0].area == 32 * 32
    assert cells[0].red == 90


def test_files_are_read_in_the_order_of_their_paths_whatever_the_disk_says(tmp_path):
    for number in (10, 2, 33, 1):
        write_cell(tmp_path / f"UID_1_{number}_1_all.bmp", grey=100 + number)

    names = [one.path.name for one in find(tmp_path)]

    assert names == sorted(names)


def test_an_image_under_two_subjects_is_kept_once_and_makes_them_one_group(tmp_path):
    write_cell(tmp_path / "UID_20_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "UID_21_1_1_all.png", grey=90)
    write_cell(tmp_path / "UID_21_2_1_all.bmp", grey=91)
    write_cell(tmp_path / "UID_3_1_1_all.bmp", grey=92)

    cells = read(tmp_path)

    assert [(cell.subject, cell.group) for cell in cells] == [("20", "20"), ("21", "20"), ("3", "3")]


def test_groups_that_the_folder_names_are_kept_together(tmp_path):
    write_cell(tmp_path / "UID_h2_1_1_hem.bmp", grey=90)
    write_cell(tmp_path / "UID_H4_1_1_hem.bmp", grey=91)
    (tmp_path / "subject_groups.json").write_text('{"groups": [["H2", "H4"]]}')

    cells = read(tmp_path)

    assert {cell.group for cell in cells} == {"H2"}


def test_the_same_pixels_with_two_labels_are_refused_by_name(tmp_path):
    write_cell(tmp_path / "UID_20_1_1_all.bmp")
    write_cell(tmp_path / "UID_H2_1_1_hem.bmp")

    with pytest.raises(Invalid, match=r"UID_20_1_1_all.bmp and UID_H2_1_1_hem.bmp"):
        read(tmp_path)


def labels_csv(folder, rows):
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("Patient_ID", "new_names", "labels"), *rows])


def test_in_the_flat_folder_the_csv_says_the_label_and_one_means_all(tmp_path):
    write_cell(tmp_path / "1.bmp", grey=90)
    write_cell(tmp_path / "2.bmp", grey=91)
    labels_csv(tmp_path, [("UID_57_29_1_all.bmp", "1.bmp", "1"), ("UID_H25_1_1_hem.bmp", "2.bmp", "0")])

    cells = read(tmp_path)

    assert [(cell.subject, cell.label) for cell in cells] == [("57", "ALL"), ("H25", "HEM")]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (("UID_57_29_1_all.bmp", "1.bmp", "2"), "neither 0"),
        (("UID_57_29_1_all.bmp", "1.bmp", "0"), "the name says ALL"),
        (("somebody", "1.bmp", "1"), "not a C-NMC name"),
    ],
)
def test_a_csv_that_contradicts_itself_is_refused_with_its_line(tmp_path, row, what):
    write_cell(tmp_path / "1.bmp")
    labels_csv(tmp_path, [row])

    with pytest.raises(Invalid, match=f"labels.csv, line 2: .*{what}"):
        read(tmp_path)


def test_a_csv_that_names_an_image_twice_may_say_the_same_of_it_and_nothing_else(tmp_path):
    write_cell(tmp_path / "1.bmp")
    row, other = ("UID_57_29_1_all.bmp", "1.bmp", "1"), ("UID_H2_1_1_hem.bmp", "1.bmp", "0")

    labels_csv(tmp_path, [row, row])
    assert [cell.subject for cell in read(tmp_path)] == ["57"]

    labels_csv(tmp_path, [row, other])
    with pytest.raises(Invalid, match=r"labels\.csv, line 3: 1\.bmp is of subject H2, HEM, and .* 57, ALL"):
        read(tmp_path)


def test_images_without_any_label_are_read_with_an_empty_one(tmp_path):
    write_cell(tmp_path / "1.bmp")

    assert [cell.label for cell in read(tmp_path)] == [""]


def write_labels(folder, text, *, encoding="utf-8"):
    (folder / "labels.csv").write_bytes(text.encode(encoding))


ROW = "Patient_ID,new_names,labels\nUID_57_29_1_all.bmp,1.bmp,1\n"


def test_a_csv_with_a_byte_order_mark_is_read_like_any_other(tmp_path):
    write_cell(tmp_path / "1.bmp")
    write_labels(tmp_path, ROW, encoding="utf-8-sig")

    assert [cell.subject for cell in read(tmp_path)] == ["57"]


@pytest.mark.parametrize(
    ("text", "encoding", "what"),
    [
        ("Patient_ID,new_names,labels\nUID_57_29_1_all.bmp,1.bmp\n", "utf-8", "line 2: the row is too short"),
        ("patient,name,label\n57,1.bmp,1\n", "utf-8", "has the columns patient, name, label, and labels are read from"),
        ("", "utf-8", r"has the columns \(none\)"),
        (ROW, "utf-16", "cannot be read as CSV .* Save it as CSV in UTF-8"),
        (ROW + "UID_57_29_2_all.bmp,2.bmp,1\n", "utf-8", "line 3: there is no image '2.bmp' in"),
    ],
)
def test_a_csv_that_gives_no_labels_is_refused_in_words(tmp_path, text, encoding, what):
    write_cell(tmp_path / "1.bmp")
    write_labels(tmp_path, text, encoding=encoding)

    with pytest.raises(Invalid, match=f"labels.csv.*{what}"):
        read(tmp_path)


def test_a_csv_beside_folders_may_name_the_images_of_all_of_them(tmp_path):
    write_cell(tmp_path / "one" / "1.bmp", grey=90)
    write_cell(tmp_path / "two" / "2.bmp", grey=91)
    write_labels(tmp_path, ROW + "UID_H2_29_2_hem.bmp,2.bmp,0\n")

    assert [cell.label for cell in read(tmp_path)] == ["ALL", "HEM"]
    assert [cell.label for cell in read(tmp_path / "two")] == ["HEM"]


def test_a_csv_of_something_else_beside_named_images_is_left_alone(tmp_path):
    write_cell(tmp_path / "fold_0" / "UID_57_29_1_all.bmp")
    write_labels(tmp_path, "path,size\nx,1\n", encoding="utf-16")

    assert [cell.label for cell in read(tmp_path)] == ["ALL"]


def test_an_index_of_ours_beside_unlabelled_images_is_taken_for_no_label_csv(tmp_path):
    write_cell(tmp_path / "1.bmp")
    cells = read(tmp_path)

    cnmc.write_index(cells, tmp_path / "index.csv")

    assert read(tmp_path) == cells


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"groups": ["H2"]}', '{"groups": [[2]]}', '{"groups": null}'])
def test_subject_groups_that_cannot_be_read_are_refused_by_name(tmp_path, text):
    write_cell(tmp_path / "UID_h2_1_1_hem.bmp")
    (tmp_path / "subject_groups.json").write_text(text)

    with pytest.raises(Invalid, match=r"subject_groups\.json is not of the form"):
        read(tmp_path)


def test_a_subject_with_cells_of_both_classes_is_refused_by_name(tmp_path):
    write_cell(tmp_path / "UID_7_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "UID_7_2_1_hem.bmp", grey=91)

    with pytest.raises(Invalid, match=r"Subject 7 has cells of both classes: .*UID_7_1_1_all\.bmp is ALL"):
        read(tmp_path)


def test_an_unlabelled_copy_of_a_labelled_image_is_kept_once_with_its_label(tmp_path):
    write_cell(tmp_path / "1.bmp", grey=90)
    write_cell(tmp_path / "UID_1_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "UID_2_1_1_all.bmp", grey=91)
    write_cell(tmp_path / "copy.bmp", grey=91)

    cells = read(tmp_path)

    assert [(cell.path, cell.label) for cell in cells] == [("UID_1_1_1_all.bmp", "ALL"), ("UID_2_1_1_all.bmp", "ALL")]
    assert [cell.group for cell in cells] == ["1", "2"]


def saved(path, form, **how):
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[16:48, 16:48, :3] = np.random.default_rng(0).integers(50, 200, (32, 32, 3))
    image = Image.fromarray(pixels if how.pop("alpha", False) else pixels[..., :3])
    image.save(path, form, **how)


@pytest.mark.parametrize(
    ("name", "form", "how"),
    [
        ("webp", "WEBP", {"quality": 80}),
        ("webp", "WEBP", {"quality": 80, "exif": Image.Exif().tobytes()}),
        ("bmp", "JPEG", {}),
        ("tif", "TIFF", {"compression": "jpeg"}),
    ],
)
def test_an_image_that_was_compressed_with_loss_is_refused_by_name(tmp_path, name, form, how):
    saved(tmp_path / f"UID_1_1_1_all.{name}", form, **how)

    with pytest.raises(Invalid, match=f"UID_1_1_1_all.{name} is compressed with loss"):
        read(tmp_path)


@pytest.mark.parametrize("how", [{}, {"alpha": True}, {"exif": Image.Exif().tobytes()}])
def test_webp_without_loss_is_read(tmp_path, how):
    saved(tmp_path / "UID_1_1_1_all.webp", "WEBP", lossless=True, **how)

    assert [cell.label for cell in read(tmp_path)] == ["ALL"]


def test_cells_without_a_label_are_in_the_index_and_in_no_figure(tmp_path):
    root = tmp_path / "cells"
    write_cell(root / "UID_1_1_1_all.bmp", grey=90)
    write_cell(root / "UID_H1_1_1_hem.bmp", grey=91)
    write_cell(root / "unlabelled.bmp", grey=92)
    arguments = argparse.Namespace(var=tmp_path)

    at_first, again = asked.indexed(arguments, root), asked.indexed(arguments, root)

    assert [cell.label for cell in at_first] == ["ALL", "HEM"]
    assert again == at_first
    assert len(cnmc.read_index(tmp_path / "index.csv")) == 3


def test_folds_and_a_flat_folder_with_its_csv_are_one_table_that_says_where_each_cell_was(tmp_path):
    write_cell(tmp_path / "training" / "fold_0" / "all" / "UID_1_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "training" / "fold_1" / "hem" / "UID_H1_1_1_hem.bmp", grey=91)
    flat = tmp_path / "preliminary"
    write_cell(flat / "1.bmp", grey=92)
    write_cell(flat / "2.bmp", grey=93)
    labels_csv(flat, [("UID_1_7_1_all.bmp", "1.bmp", "1"), ("UID_H9_1_1_hem.bmp", "2.bmp", "0")])

    cells = read(tmp_path)

    assert [(cell.source, cell.subject, cell.label) for cell in cells] == [
        ("preliminary", "1", "ALL"),
        ("preliminary", "H9", "HEM"),
        ("training/fold_0", "1", "ALL"),
        ("training/fold_1", "H1", "HEM"),
    ]
    assert cells[0].group == cells[2].group  # one person, wherever the cells lie


def test_an_image_in_a_fold_and_in_the_flat_folder_is_kept_once_and_joins_its_two_names(tmp_path):
    write_cell(tmp_path / "fold_0" / "all" / "UID_1_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "fold_0" / "all" / "UID_1_2_1_all.bmp", grey=91)
    write_cell(tmp_path / "flat" / "1.bmp", grey=90)
    write_cell(tmp_path / "flat" / "2.bmp", grey=92)
    labels_csv(tmp_path / "flat", [("UID_5_1_1_all.bmp", "1.bmp", "1"), ("UID_5_2_1_all.bmp", "2.bmp", "1")])

    cells = read(tmp_path)

    assert [(cell.path, cell.subject) for cell in cells] == [
        ("flat/1.bmp", "5"),
        ("flat/2.bmp", "5"),
        ("fold_0/all/UID_1_2_1_all.bmp", "1"),
    ]
    assert {cell.group for cell in cells} == {"1"}


def test_a_folder_without_images_says_so(tmp_path):
    with pytest.raises(Invalid, match="no BMP, PNG, TIFF or WebP image below"):
        read(tmp_path)


def test_a_truncated_image_is_named(tmp_path):
    write_cell(tmp_path / "UID_1_1_1_all.bmp")
    path = tmp_path / "UID_1_2_1_all.bmp"
    write_cell(path, grey=91)
    path.write_bytes(path.read_bytes()[:2000])

    with pytest.raises(Invalid, match=r"UID_1_2_1_all\.bmp"):
        read(tmp_path)


def test_an_index_comes_back_as_it_was_written(tmp_path):
    write_cell(tmp_path / "cells" / "UID_1_1_1_all.bmp")
    cells = read(tmp_path / "cells")

    cnmc.write_index(cells, tmp_path / "index.csv")

    assert cnmc.read_index(tmp_path / "index.csv") == cells


@pytest.mark.cells
def test_the_shared_images_have_the_subjects_and_groups_that_their_notes_state(real_cells):
    named = find(real_cells / "cnmc2019")

    assert len(named) == 6211
    assert len({one.subject for one in named}) == 66
    assert sum(one.label == "HEM" for one in named) == 946 + 660 + 316
    assert "H3" in {one.subject for one in named}
