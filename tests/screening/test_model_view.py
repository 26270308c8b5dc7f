"""The page of a model shows what its card holds, and nothing of what a card of an earlier model does not."""

import json

import pytest

from app.screening.model_titles import TILTED_FIGURES
from app.screening.model_view import calibration, model_page
from tests.shipped import SHIPPED

CARD = json.loads((SHIPPED / "card.json").read_text())


def tables(card):
    return {table.title: table for table in model_page(card, serves=True).tables}


def earlier(card):
    """The card without what came later."""
    report = {name: part for name, part in card["evaluation"]["report"].items() if name != "subgroups"}
    later = {"not_suspected", "suspected"}
    report["by_subject"] = [{k: v for k, v in one.items() if k not in later} for one in report["by_subject"]]
    return {**card, "evaluation": {**card["evaluation"], "report": report}}


def test_each_part_of_the_cells_has_its_figures_with_their_intervals():
    parts = {row[0]: row[1:] for row in tables(CARD)["By size and brightness"].rows}

    first = CARD["evaluation"]["report"]["subgroups"][0]
    told = parts[f"{first['by']}: {first['part']}"]
    assert told[:2] == ("1,316", "754")
    assert told[2:] == tuple(
        "{:.2f} ({:.2f} to {:.2f})".format(*first[name]) for name in ("auc", "specificity", "sensitivity")
    )


def test_how_it_does_where_size_and_colour_say_otherwise_is_shown_as_far_as_the_card_has_it():
    tilted = CARD["evaluation"]["tilted"]
    aucs = {name: {"auc": one["auc"]} for name, one in tilted.items()}
    page, of_aucs, before = (
        model_page({**CARD, "evaluation": {**CARD["evaluation"], "tilted": one}}, serves=False)
        for one in (tilted, aucs, {})
    )

    as_they_are = f"{CARD['evaluation']['report']['figures']['subject_macro_auc'][0]:.3f}"
    assert [figure.value for figure in page.tilted] == [as_they_are] + [
        f"{tilted[name][figure][0]:.3f}" for name in TILTED_FIGURES for figure in ("auc", "sensitivity", "specificity")
    ]
    assert [figure.value for figure in of_aucs.tilted] == [
        as_they_are,
        *(f"{tilted[name]['auc'][0]:.3f}" for name in TILTED_FIGURES),
    ]
    assert page.tilted[1].name == "AUC, cells weighed until their mean colour is no sign of the class"
    assert before.tilted == ()


def test_a_shift_test_of_several_partitions_names_them():
    (first, *_) = CARD["evaluation"]["shifts"]
    both = [{**first, "seed": seed} for seed in (3, 4)]
    earlier_card = {**CARD, "evaluation": {**CARD["evaluation"], "shifts": both}}

    assert tables(CARD)["What moves it"].columns[1] == "AUC"
    assert tables(earlier_card)["What moves it"].columns[1] == "Partition"
    assert [row[1] for row in tables(earlier_card)["What moves it"].rows] == ["3", "4"]


def test_of_each_person_the_shares_in_the_outer_bands_are_shown():
    table = tables(CARD)["By subject"]

    assert table.columns[-2:] == ("Not suspected", "Suspected")
    (row,) = (row for row in table.rows if row[0] == "33 (ALL)")
    (one,) = (one for one in CARD["evaluation"]["report"]["by_subject"] if one["subject"] == "33")
    assert row[-2:] == (f"{one['not_suspected']:.2f}", f"{one['suspected']:.2f}") == ("0.21", "0.34")


@pytest.mark.parametrize("card", [CARD, earlier(CARD)], ids=["now", "earlier"])
def test_every_row_has_as_many_values_as_there_are_columns(card):
    for table in tables(card).values():
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_a_card_of_an_earlier_model_shows_neither():
    assert "By size and brightness" not in tables(earlier(CARD))
    assert tables(earlier(CARD))["By subject"].columns[-1] == "Mean probability"


def test_what_became_of_cells_scored_alike_is_what_the_evaluation_found():
    apart = CARD["evaluation"]["report"]["reliability"]
    least = apart[0]

    told = calibration(CARD, probability=0.0)

    assert told is not None
    assert f"about {round(least['all_share'][0] * 100)} were ALL" in told
    assert f"{least['cells']:,} cells" in told
    assert [row[1] for row in tables(CARD)["Calibration"].rows] == [f"{step['cells']:,}" for step in apart]


def test_figures_as_served_stand_apart_only_where_the_others_are_not_so():
    partitioned = {**CARD, "training": {**CARD["training"], "each_person": False}}

    alone, apart = ([one.name for one in model_page(card, serves=True).figures] for card in (CARD, partitioned))

    assert [name for name in apart if "as served" in name] == [
        "Calibration error as served, each person calibrated on all others"
    ]
    assert not [name for name in alone if "as served" in name]
    assert "Calibration error" in alone


def test_that_a_calibration_error_lies_below_its_own_interval_is_told_of_a_card_of_before():
    report = CARD["evaluation"]["report"]
    figures = {**report["figures"], "calibration_error": [0.021, 0.022, 0.062]}
    earlier_card = {**CARD, "evaluation": {**CARD["evaluation"], "report": {**report, "figures": figures}}}

    assert "The interval of a calibration error lies too high" in model_page(earlier_card, serves=True).protocol
    assert "too high" not in model_page(CARD, serves=True).protocol
    assert model_page({**CARD, "evaluation": {}}, serves=True).protocol == ""


def test_how_far_the_model_says_the_same_of_a_cell_photographed_again_is_told_with_what_it_is_of():
    page = model_page(CARD, serves=True)
    found = CARD["evaluation"]["retakes"]

    assert page.retaken.startswith(f"{found['pairs']} pairs of images in its data show one cell of one person")
    assert "there are 36 such people" in page.retaken
    assert [figure.value for figure in page.retakes][:2] == [
        f"{found[name][0]:.3f}" for name in ("called_otherwise", "another_cell")
    ]
    assert len(page.retakes) == 5


@pytest.mark.parametrize("found", [None, {"pairs": 0, "subject_groups": 0}])
def test_a_card_without_figures_of_retakes_shows_no_table_of_them(found):
    evaluation = {name: part for name, part in CARD["evaluation"].items() if name != "retakes"}
    card = {**CARD, "evaluation": evaluation | ({"retakes": found} if found else {})}

    assert model_page(card, serves=True).retakes == ()


def test_the_page_has_what_a_card_knows_of_compression_scaling_tints_cuts_and_rare_blasts():
    evaluation = CARD["evaluation"]
    tables = {table.title: table.rows for table in model_page(CARD, serves=True).tables}

    rarest = evaluation["report"]["predictive_values"][0]
    assert tables["Predictive values"][0] == (
        "0.1\N{NO-BREAK SPACE}%",
        *("{:.3f} ({:.3f} to {:.3f})".format(*rarest[value]) for value in ("ppv", "npv")),
    )
    compressed = {row[0]: row[2] for row in tables["What is taken for compressed"]}
    assert compressed["ALL cells as they are"] == "0.000"
    assert compressed["Cells: JPEG, quality 90, colour 4:2:0"] == "1.000"
    scaled = {row[0]: row[2] for row in tables["What is taken for scaled or turned"]}
    assert scaled["Normal cells as they are"] == "0.000"
    assert scaled["Cells: scaled to 75 %"] == "1.000"
    turned = next(
        row
        for row in tables["What a tint, a cut or another scale may do"]
        if row[0] == "Cells with hue turned by 15 degrees"
    )
    told = next(one for one in evaluation["gate"]["altered"] if one["kind"] == "hue turned by 15 degrees")
    assert turned[3].startswith(f"{told['asked'][0]:.3f} (")
    flagged = [row[0] for row in tables["What else is flagged for review"]]
    assert "ALL cells of an unusual stain, outline or detail" in flagged


def test_the_limits_of_a_model_are_its_cards_known_failures_without_their_markdown():
    limits = model_page(CARD, serves=True).limits

    assert len(limits) == len(CARD["evaluation"]["known_failures"])
    assert not [one for one in limits if "`" in one or "_suspected" in one]
    before = {**CARD, "evaluation": {**CARD["evaluation"]}}
    del before["evaluation"]["known_failures"]
    assert 0 < len(model_page(before, serves=True).limits) < len(limits)
    assert model_page({**CARD, "for_demonstration": True}, serves=True).limits == ()
