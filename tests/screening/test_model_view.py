"""The page of a model shows what its card holds, and nothing of what a card of an earlier model does not."""

import json

import pytest

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


def test_of_each_person_the_shares_in_the_outer_bands_are_shown():
    table = tables(CARD)["By subject"]

    assert table.columns[-2:] == ("Not suspected", "Suspected")
    (row,) = (row for row in table.rows if row[0] == "33 (ALL)")
    assert row[-2:] == ("0.55", "0.01")


@pytest.mark.parametrize("card", [CARD, earlier(CARD)], ids=["now", "earlier"])
def test_every_row_has_as_many_values_as_there_are_columns(card):
    for table in tables(card).values():
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_a_card_of_an_earlier_model_shows_neither():
    assert "By size and brightness" not in tables(earlier(CARD))
    assert tables(earlier(CARD))["By subject"].columns[-1] == "Mean probability"


def test_before_what_the_model_does_not_know_stands_that_some_people_were_not_kept_apart():
    limit = model_page(CARD, serves=True).limits[0]

    assert "tested under another, so the figures below are too good" in limit
    assert "AUC is 0.829 (0.679 to 0.926)" in limit
    assert "0.059 (0.010 to 0.124) of ALL cells come out as not suspected" in limit


def test_a_card_that_knows_nothing_of_such_people_does_not_speak_of_them():
    evaluation = {name: part for name, part in CARD["evaluation"].items() if name != "joined"}

    limits = model_page({**CARD, "evaluation": evaluation}, serves=True).limits

    assert limits == model_page(CARD, serves=True).limits[1:]


def test_what_became_of_cells_scored_alike_is_of_people_who_were_all_kept_apart():
    apart = CARD["evaluation"]["joined"]["reliability"]
    least = apart[0]

    told = calibration(CARD, probability=0.0)

    assert told is not None
    assert f"about {round(least['all_share'][0] * 100)} were ALL" in told
    assert f"{least['cells']:,} cells" in told
    assert [row[1] for row in tables(CARD)["Calibration"].rows] == [f"{step['cells']:,}" for step in apart]
