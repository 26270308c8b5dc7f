import argparse
import os

import numpy as np
import pytest
from PIL import Image

from app.errors import Invalid
from tests.training.cells import labels_csv, write_cell
from training import asked, cnmc, drawn
from training.cells import read_index, write_index
from training.cnmc import find, read


def test_the_label_comes_from_the_name_and_never_from_the_order_of_folders(tmp_path):
    write_cell(tmp_path / "fold_0" / "all" / "UID_1_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "fold_0" / "hem" / "UID_H1_1_1_hem.bmp", grey=120)

    cells = read(find(tmp_path))

    assert [(cell.subject, cell.label, cell.source) for cell in cells] == [
        ("1", "ALL", "fold_0"),
        ("H1", "HEM", "fold_0"),
    ]
    assert cells[0].area == 32 * 32
    assert cells[0].red == 90


def test_a_class_folder_that_contradicts_the_name_is_refused(tmp_path):
    write_cell(tmp_path / "fold_0" / "hem" / "UID_1_1_1_all.bmp")

    with pytest.raises(Invalid, match=r"UID_1_1_1_all\.bmp is ALL by its name or table, and lies in a folder of HEM"):
        read(find(tmp_path))


def test_what_file_managers_leave_beside_images_is_no_image(tmp_path):
    write_cell(tmp_path / "UID_1_1_1_all.bmp")
    (tmp_path / "._UID_1_1_1_all.bmp").write_bytes(b"a resource fork")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "UID_1_1_1_all.bmp").write_bytes(b"another")

    assert [cell.path for cell in read(find(tmp_path))] == ["UID_1_1_1_all.bmp"]


def test_files_are_read_in_the_order_of_their_paths_whatever_the_disk_says(tmp_path):
    for number in (10, 2, 33, 1):
        write_cell(tmp_path / f"UID_1_{number}_1_all.bmp", grey=100 + number)

    names = [path.name for path in find(tmp_path).images]

    assert names == sorted(names)


def test_an_image_under_two_subjects_is_kept_once_and_makes_them_one_group(tmp_path):
    write_cell(tmp_path / "UID_20_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "UID_21_1_1_all.png", grey=90)
    write_cell(tmp_path / "UID_21_2_1_all.bmp", grey=91)
    write_cell(tmp_path / "UID_3_1_1_all.bmp", grey=92)

    cells = read(find(tmp_path))

    assert [(cell.subject, cell.group) for cell in cells] == [("20", "20"), ("21", "20"), ("3", "3")]


def test_the_same_pixels_with_two_labels_are_refused_by_name(tmp_path):
    write_cell(tmp_path / "UID_20_1_1_all.bmp")
    write_cell(tmp_path / "UID_H2_1_1_hem.bmp")

    with pytest.raises(Invalid, match=r"UID_20_1_1_all.bmp and UID_H2_1_1_hem.bmp"):
        read(find(tmp_path))


def test_a_subject_with_cells_of_both_classes_is_refused_by_name(tmp_path):
    write_cell(tmp_path / "UID_7_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "UID_7_2_1_hem.bmp", grey=91)

    with pytest.raises(Invalid, match=r"Subject 7 has cells of both classes: .*UID_7_1_1_all\.bmp is ALL"):
        read(find(tmp_path))


def test_an_unlabelled_copy_of_a_labelled_image_is_kept_once_with_its_label(tmp_path):
    write_cell(tmp_path / "1.bmp", grey=90)
    write_cell(tmp_path / "UID_1_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "UID_2_1_1_all.bmp", grey=91)
    write_cell(tmp_path / "copy.bmp", grey=91)

    cells = read(find(tmp_path))

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
        read(find(tmp_path))


@pytest.mark.parametrize("how", [{}, {"alpha": True}, {"exif": Image.Exif().tobytes()}])
def test_webp_without_loss_is_read(tmp_path, how):
    saved(tmp_path / "UID_1_1_1_all.webp", "WEBP", lossless=True, **how)

    assert [cell.label for cell in read(find(tmp_path))] == ["ALL"]


def test_cells_without_a_label_are_in_the_index_and_in_no_figure(tmp_path):
    root = tmp_path / "cells"
    write_cell(root / "UID_1_1_1_all.bmp", grey=90)
    write_cell(root / "UID_H1_1_1_hem.bmp", grey=91)
    write_cell(root / "unlabelled.bmp", grey=92)
    arguments = argparse.Namespace(var=tmp_path)

    at_first, again = asked.indexed(arguments, root), asked.indexed(arguments, root)

    assert [cell.label for cell in at_first] == ["ALL", "HEM"]
    assert again == at_first
    assert len(read_index(tmp_path / "index.csv")) == 3


def test_folds_and_a_flat_folder_with_its_csv_are_one_table_that_says_where_each_cell_was(tmp_path):
    write_cell(tmp_path / "training" / "fold_0" / "all" / "UID_1_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "training" / "fold_1" / "hem" / "UID_H1_1_1_hem.bmp", grey=91)
    flat = tmp_path / "preliminary"
    write_cell(flat / "1.bmp", grey=92)
    write_cell(flat / "2.bmp", grey=93)
    labels_csv(flat, [("UID_1_7_1_all.bmp", "1.bmp", "1"), ("UID_H9_1_1_hem.bmp", "2.bmp", "0")])

    cells = read(find(tmp_path))

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

    cells = read(find(tmp_path))

    assert [(cell.path, cell.subject) for cell in cells] == [
        ("flat/1.bmp", "5"),
        ("flat/2.bmp", "5"),
        ("fold_0/all/UID_1_2_1_all.bmp", "1"),
    ]
    assert {cell.group for cell in cells} == {"1"}


def test_a_folder_without_images_says_so(tmp_path):
    with pytest.raises(Invalid, match="no BMP, PNG, TIFF or WebP image below"):
        read(find(tmp_path))


@pytest.mark.parametrize(("name", "told"), [("nowhere", "is not there"), ("UID_1_1_1_all.bmp", "is a file")])
def test_what_is_no_folder_is_told_as_what_it_is(tmp_path, name, told):
    write_cell(tmp_path / "UID_1_1_1_all.bmp")

    with pytest.raises(Invalid, match=f"{name} {told}, and cells are read from a folder"):
        find(tmp_path / name)


def test_an_image_that_is_a_link_to_nothing_or_a_pipe_is_named_and_never_waited_for(tmp_path):
    write_cell(tmp_path / "UID_1_1_1_all.bmp")
    linked, pipe = tmp_path / "UID_1_2_1_all.bmp", tmp_path / "UID_1_3_1_all.bmp"
    linked.symlink_to(tmp_path / "not fetched")
    with pytest.raises(Invalid, match=r"UID_1_2_1_all\.bmp is a link to what is not there"):
        find(tmp_path)

    linked.unlink()
    os.mkfifo(pipe)
    with pytest.raises(Invalid, match=r"UID_1_3_1_all\.bmp is no file"):
        find(tmp_path)


def test_a_group_of_both_classes_is_refused_by_the_names_of_both(tmp_path):
    write_cell(tmp_path / "UID_1_1_1_all.bmp", grey=90)
    write_cell(tmp_path / "UID_H1_1_1_hem.bmp", grey=91)
    (tmp_path / "subject_groups.json").write_text('{"groups": [["1", "H1"]]}')

    with pytest.raises(Invalid, match=r"Subjects 1 \(ALL\) and H1 \(HEM\) are one subject group"):
        read(find(tmp_path))


def test_drawn_cells_below_a_folder_of_real_ones_are_none_of_them(tmp_path):
    write_cell(tmp_path / "UID_1_1_1_all.bmp", grey=90)
    drawn.write_cells(tmp_path / "var" / "drawn", count=1)

    assert [path.name for path in find(tmp_path).images] == ["UID_1_1_1_all.bmp"]
    assert len(find(tmp_path / "var" / "drawn").images) == 2


def test_a_truncated_image_is_named(tmp_path):
    write_cell(tmp_path / "UID_1_1_1_all.bmp")
    path = tmp_path / "UID_1_2_1_all.bmp"
    write_cell(path, grey=91)
    path.write_bytes(path.read_bytes()[:2000])

    with pytest.raises(Invalid, match=r"UID_1_2_1_all\.bmp"):
        read(find(tmp_path))


@pytest.mark.parametrize("name", ["UID_1_2_1_all.bmp", "unlabelled.bmp"])
def test_an_image_that_shows_nothing_is_refused_by_name(tmp_path, name):
    write_cell(tmp_path / "UID_1_1_1_all.bmp")
    Image.new("RGB", (64, 64), (9, 9, 9)).save(tmp_path / name)

    with pytest.raises(Invalid, match=f"{name} shows no cell: .* Take the original, or leave it out"):
        read(find(tmp_path))


def test_two_images_that_are_known_to_show_one_cell_make_their_subjects_one_group(tmp_path, monkeypatch):
    for number, subject in enumerate(("20", "21", "3")):
        write_cell(tmp_path / f"UID_{subject}_1_1_all.bmp", grey=90 + number)
    one, other, _ = (cell.sha256 for cell in read(find(tmp_path)))
    monkeypatch.setattr(cnmc, "same_cells", lambda: [(one, other), ("a" * 64, other), (one, "b" * 64)])

    cells = read(find(tmp_path))

    assert [(cell.subject, cell.group) for cell in cells] == [("20", "20"), ("21", "20"), ("3", "3")]


def test_an_index_comes_back_as_it_was_written(tmp_path):
    write_cell(tmp_path / "cells" / "UID_1_1_1_all.bmp")
    cells = read(find(tmp_path / "cells"))

    write_index(cells, tmp_path / "index.csv")

    assert read_index(tmp_path / "index.csv") == cells


@pytest.mark.cells
def test_the_shared_images_have_the_subjects_and_groups_that_their_notes_state(real_cells):
    named = cnmc.named(find(real_cells / "cnmc2019"))

    assert len(named) == 6211
    assert len({one.subject for one in named}) == 66
    assert sum(one.label == "HEM" for one in named) == 946 + 660 + 316
    assert "H3" in {one.subject for one in named}
