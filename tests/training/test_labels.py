import pytest

from app.errors import Invalid
from tests.training.cells import labels_csv, write_cell
from training.cells import write_index
from training.cnmc import find, read
from training.labels import parse_name


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("UID_11_10_1_all.bmp", ("11", "ALL")),
        ("UID_H10_1_2_hem.bmp", ("H10", "HEM")),
        ("UID_h3_1_2_hem.webp", ("H3", "HEM")),
        ("UID_11_10_1_ALL.BMP", ("11", "ALL")),
        ("uid_H5_1_2_Hem_2.bmp", ("H5", "HEM")),
        ("UID_11_10_1_allergic.bmp", None),
        ("1.bmp", None),
        ("UID_x_1_2_hem.bmp", None),
    ],
)
def test_a_name_gives_subject_and_class_even_for_the_lower_case_subject(name, parsed):
    assert parse_name(name) == parsed


def test_groups_that_the_folder_names_are_kept_together(tmp_path):
    write_cell(tmp_path / "UID_h2_1_1_hem.bmp", grey=90)
    write_cell(tmp_path / "UID_H4_1_1_hem.bmp", grey=91)
    (tmp_path / "subject_groups.json").write_text('{"groups": [["H2", "H4"]]}')

    cells = read(find(tmp_path))

    assert {cell.group for cell in cells} == {"H2"}


def test_in_the_flat_folder_the_csv_says_the_label_and_one_means_all(tmp_path):
    write_cell(tmp_path / "1.bmp", grey=90)
    write_cell(tmp_path / "2.bmp", grey=91)
    labels_csv(tmp_path, [("UID_57_29_1_all.bmp", "1.bmp", "1"), ("UID_H25_1_1_hem.bmp", "2.bmp", "0")])

    cells = read(find(tmp_path))

    assert [(cell.subject, cell.label) for cell in cells] == [("57", "ALL"), ("H25", "HEM")]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (("UID_1_1_1_all.bmp", "UID_1_1_1_all.bmp", "7"), "label '7' is neither 0"),
        (("UID_1_1_1_hem.bmp", "UID_1_1_1_all.bmp", "0"), "UID_1_1_1_all.bmp is of subject 1, HEM, and its own name"),
        (("UID_2_1_1_all.bmp", "UID_1_1_1_all.bmp", "1"), "UID_1_1_1_all.bmp is of subject 2, ALL, and its own name"),
    ],
)
def test_a_table_beside_images_that_say_their_class_themselves_may_not_say_otherwise(tmp_path, row, what):
    write_cell(tmp_path / "UID_1_1_1_all.bmp")
    (tmp_path / "notes.csv").write_bytes(b"\xff\xfe no table of labels")
    labels_csv(tmp_path, [("UID_1_1_1_all.bmp", "UID_1_1_1_all.bmp", "1"), ("UID_9_1_1_all.bmp", "elsewhere.bmp", "1")])
    assert [cell.label for cell in read(find(tmp_path))] == ["ALL"]

    labels_csv(tmp_path, [row])
    with pytest.raises(Invalid, match=f"labels.csv, line 2: {what}"):
        read(find(tmp_path))


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
        read(find(tmp_path))


def test_a_csv_that_names_an_image_twice_may_say_the_same_of_it_and_nothing_else(tmp_path):
    write_cell(tmp_path / "1.bmp")
    row, other = ("UID_57_29_1_all.bmp", "1.bmp", "1"), ("UID_H2_1_1_hem.bmp", "1.bmp", "0")

    labels_csv(tmp_path, [row, row])
    assert [cell.subject for cell in read(find(tmp_path))] == ["57"]

    labels_csv(tmp_path, [row, other])
    with pytest.raises(Invalid, match=r"labels\.csv, line 3: 1\.bmp is of subject H2, HEM, and .* 57, ALL"):
        read(find(tmp_path))


def test_images_without_any_label_are_read_with_an_empty_one(tmp_path):
    write_cell(tmp_path / "1.bmp")

    assert [cell.label for cell in read(find(tmp_path))] == [""]


def write_labels(folder, text, *, encoding="utf-8"):
    (folder / "labels.csv").write_bytes(text.encode(encoding))


ROW = "Patient_ID,new_names,labels\nUID_57_29_1_all.bmp,1.bmp,1\n"


def test_a_csv_with_a_byte_order_mark_is_read_like_any_other(tmp_path):
    write_cell(tmp_path / "1.bmp")
    write_labels(tmp_path, ROW, encoding="utf-8-sig")

    assert [cell.subject for cell in read(find(tmp_path))] == ["57"]


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
        read(find(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        ROW.replace(",", ";"),
        ROW.replace(",", "\t"),
        ROW.replace(",", ", "),
        ROW + ",,\n",
        ROW.replace(",1\n", ",1.0\n"),
    ],
    ids=["semicolons", "tabs", "spaces", "an empty row", "a fraction"],
)
def test_a_csv_as_other_programs_save_it_is_read_as_well(tmp_path, text):
    write_cell(tmp_path / "1.bmp")
    write_labels(tmp_path, text)

    assert [(cell.subject, cell.label) for cell in read(find(tmp_path))] == [("57", "ALL")]


def test_a_csv_beside_folders_may_name_the_images_of_all_of_them(tmp_path):
    write_cell(tmp_path / "one" / "1.bmp", grey=90)
    write_cell(tmp_path / "two" / "2.bmp", grey=91)
    write_labels(tmp_path, ROW + "UID_H2_29_2_hem.bmp,2.bmp,0\n")

    assert [cell.label for cell in read(find(tmp_path))] == ["ALL", "HEM"]
    assert [cell.label for cell in read(find(tmp_path / "two"))] == ["HEM"]


PRELIMINARY, FINAL = "C-NMC_test_prelim_phase_data", "C-NMC_test_final_phase_data"

OFFICIAL = [("UID_57_29_1_all.bmp", "1.bmp", "1"), ("UID_H25_1_1_hem.bmp", "2.bmp", "0")]


def official_sets(root):
    """The preliminary set and the final one side by side, which name their images alike."""
    for first, folder, count in ((90, PRELIMINARY, 2), (100, FINAL, 3)):
        for number in range(count):
            write_cell(root / folder / f"{number + 1}.bmp", grey=first + number)


@pytest.mark.parametrize(
    "place", [f"{PRELIMINARY}_labels.csv", f"{PRELIMINARY}.csv", f"{PRELIMINARY}/{PRELIMINARY}_labels.csv"]
)
def test_the_final_set_stays_unlabelled_beside_the_preliminary_one_and_its_csv(tmp_path, place):
    official_sets(tmp_path)
    labels_csv(tmp_path, OFFICIAL, name=place)

    cells = read(find(tmp_path))

    assert [(cell.source, cell.subject, cell.label) for cell in cells] == [
        *[(FINAL, "", "")] * 3,
        (PRELIMINARY, "57", "ALL"),
        (PRELIMINARY, "H25", "HEM"),
    ]
    assert {cell.label for cell in read(find(tmp_path / FINAL))} == {""}
    assert [cell.label for cell in read(find(tmp_path / PRELIMINARY))] == ["ALL", "HEM"]


def test_a_csv_that_may_be_of_either_of_two_folders_is_refused_with_both(tmp_path):
    official_sets(tmp_path)
    labels_csv(tmp_path, OFFICIAL)

    with pytest.raises(
        Invalid, match=rf"labels\.csv .*1\.bmp is in .*{FINAL} and in .*{PRELIMINARY}\. Move it into the folder"
    ):
        read(find(tmp_path))


def test_a_csv_never_labels_another_folders_image_in_place_of_one_that_is_missing(tmp_path):
    official_sets(tmp_path)
    labels_csv(tmp_path, [*OFFICIAL, ("UID_57_30_1_all.bmp", "3.bmp", "1")], name=f"{PRELIMINARY}_labels.csv")

    with pytest.raises(Invalid, match=rf"line 4: there is no image '3\.bmp' in .*{PRELIMINARY}\. Mend the name"):
        read(find(tmp_path))


def test_a_csv_among_images_is_of_these_and_not_of_a_folder_below_that_names_its_own_alike(tmp_path):
    write_cell(tmp_path / "1.bmp", grey=90)
    write_cell(tmp_path / "labels" / "x.bmp", grey=91)
    write_cell(tmp_path / "more" / "1.bmp", grey=92)
    labels_csv(tmp_path, OFFICIAL[:1])

    cells = read(find(tmp_path))

    assert [(cell.path, cell.label) for cell in cells] == [("1.bmp", "ALL"), ("labels/x.bmp", ""), ("more/1.bmp", "")]


def test_a_csv_of_something_else_beside_named_images_is_left_alone(tmp_path):
    write_cell(tmp_path / "fold_0" / "UID_57_29_1_all.bmp")
    write_labels(tmp_path, "path,size\nx,1\n", encoding="utf-16")

    assert [cell.label for cell in read(find(tmp_path))] == ["ALL"]


def test_an_index_of_ours_beside_unlabelled_images_is_taken_for_no_label_csv(tmp_path):
    write_cell(tmp_path / "1.bmp")
    cells = read(find(tmp_path))

    write_index(cells, tmp_path / "index.csv")

    assert read(find(tmp_path)) == cells


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"groups": ["H2"]}', '{"groups": [[2]]}', '{"groups": null}'])
def test_subject_groups_that_cannot_be_read_are_refused_by_name(tmp_path, text):
    write_cell(tmp_path / "UID_h2_1_1_hem.bmp")
    (tmp_path / "subject_groups.json").write_text(text)

    with pytest.raises(Invalid, match=r"subject_groups\.json is not of the form"):
        read(find(tmp_path))
