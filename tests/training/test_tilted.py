"""Cells are weighed until size and colour say of the class what they say elsewhere, and no more is done to them."""

import dataclasses

import numpy as np
import pytest

from training import metrics, tilted
from training.bootstrap import bootstrap_weights
from training.cells import Cell
from training.floor import colour_scores, floor_scores
from training.metrics import Ranking
from training.out_of_fold import cross_scored
from training.scored import ones
from training.splits import partition
from training.tilted import BETWEEN, OFFICIAL, Tilt, aucs

pytestmark = pytest.mark.tensorflow

EARLIER = "schneider"


def cells_of(*, larger, persons=12, each=12):
    """Cells of so many persons of each class; those with ALL are so much larger, in deviations."""
    rng = np.random.default_rng(0)
    found: list[Cell] = []
    for number in range(2 * persons):
        sick = number % 2 == 0
        for _ in range(each):
            area = int(10_000 * np.exp(0.2 * (rng.normal() + larger * (sick - 0.5))))
            red, green, blue = 90 + 5 * rng.normal(size=3) + 2 * sick
            name, at = f"{'' if sick else 'H'}{number}", len(found)
            label = "ALL" if sick else "HEM"
            found.append(Cell(f"{at}.bmp", name, name, label, "f", f"{at:064x}", area, red, green, blue))
    return found


CELLS = cells_of(larger=1.5)
FOLDS = partition(CELLS, folds=3, seed=0)
TRUTH = np.array([cell.label == "ALL" for cell in CELLS])
SIZE = np.log([cell.area for cell in CELLS])
NOISE = np.random.default_rng(1).normal(size=len(CELLS))


def scored(logits):
    return cross_scored(CELLS, logits, folds=FOLDS)


WITHOUT_SIZE = scored(TRUTH + NOISE)
BY_SIZE = scored(SIZE)


@pytest.mark.parametrize("to", [OFFICIAL, BETWEEN])
def test_under_the_weights_both_regressions_rank_cells_as_elsewhere(to):
    tilted_weights = Tilt(WITHOUT_SIZE, CELLS, to=to)(ones(WITHOUT_SIZE))

    for scores, wanted in (
        (colour_scores(CELLS, FOLDS), to.colour),
        (floor_scores(CELLS, FOLDS), to.area_and_colour),
    ):
        assert Ranking(TRUTH, scores).auc(tilted_weights) == pytest.approx(wanted, abs=tilted.SOLVED)


def test_whoever_goes_by_size_loses_there_what_whoever_does_not_keeps():
    own = {"by size": BY_SIZE, "without": WITHOUT_SIZE}
    here = {name: float(metrics.macro(metrics.auc)(one, ones(one))) for name, one in own.items()}

    there = aucs(own, CELLS, to=OFFICIAL)

    assert here["by size"] - there["by size"].value > 0.15
    assert abs(here["without"] - there["without"].value) < 0.05
    assert there["by size"].low < there["by size"].value < there["by size"].high
    more = there["without"].less(there["by size"])
    assert more.value == pytest.approx(there["without"].value - there["by size"].value)
    assert more.draws == pytest.approx(there["without"].draws - there["by size"].draws)


def test_weights_are_fitted_anew_in_every_draw():
    tilt = Tilt(WITHOUT_SIZE, CELLS, to=OFFICIAL)
    drawn = next(bootstrap_weights(WITHOUT_SIZE, draws=20, seed=0))

    weights = tilt(drawn)

    floor = Ranking(TRUTH, floor_scores(CELLS, FOLDS))
    assert floor.auc(weights) == pytest.approx(np.full(20, OFFICIAL.area_and_colour), abs=tilted.SOLVED)
    assert np.std(floor.auc(tilt(ones(WITHOUT_SIZE)) * drawn)) > 0.01  # those of all cells would not do
    assert (weights[drawn == 0] == 0).all()


def test_what_is_known_of_other_people_is_drawn_anew_as_well_and_widens_the_interval():
    exact = dataclasses.replace(OFFICIAL, deviation=0.0)

    drawn, fixed = (aucs({"own": BY_SIZE}, CELLS, to=to)["own"] for to in (OFFICIAL, exact))

    assert drawn.value == fixed.value
    assert drawn.high - drawn.low > 1.2 * (fixed.high - fixed.low)
    ranks = OFFICIAL.drawn(4000, np.random.default_rng(0))
    assert ranks.mean(axis=0) == pytest.approx([OFFICIAL.colour, OFFICIAL.area_and_colour], abs=0.005)
    assert ranks.std(axis=0) == pytest.approx([OFFICIAL.deviation] * 2, abs=0.005)


def test_where_hand_made_features_go_against_what_is_known_of_those_people_that_is_told():
    others = {tilted.SIZED: WITHOUT_SIZE, tilted.UNSIZED: scored(0.3 * TRUTH + NOISE)}

    against, agreeing = (
        tilted.lines("own", {**some, "own": WITHOUT_SIZE}, {}, CELLS)[0]
        for some in (others, dict(zip(others, reversed(others.values()), strict=True)))
    )

    assert "Here the like pair goes the other way" in against
    assert "Here the like pair" not in agreeing


def test_how_many_cells_a_person_has_does_not_count():
    more = np.r_[np.arange(len(CELLS)), np.flatnonzero([cell.group == "H1" for cell in CELLS])]
    cells = [dataclasses.replace(CELLS[place], sha256=f"{at:064x}") for at, place in enumerate(more)]
    often = cross_scored(cells, (TRUTH + NOISE)[more], folds=FOLDS[more])

    once, twice = (tilted.persons(metrics.subject_macro(one, ones(one)), one) for one in (WITHOUT_SIZE, often))

    assert once == twice == {"HEM": 12.0, "ALL": 12.0}


def test_weights_that_lie_on_few_people_are_worth_few():
    on_one = np.where(np.isin(WITHOUT_SIZE.groups, ["H1", "2"]), 1.0, 1e-9)

    assert tilted.persons(on_one, WITHOUT_SIZE) == {"HEM": 1.0, "ALL": 1.0}


def test_where_no_weights_do_there_is_no_figure_and_no_error():
    of_one_size = [dataclasses.replace(cell, area=9000, red=90.0, green=90.0, blue=90.0) for cell in CELLS]

    found = aucs({"own": WITHOUT_SIZE}, of_one_size, to=OFFICIAL)["own"]

    assert str(found) == found.less(found).signed() == "-"
    assert tilted.report(WITHOUT_SIZE, of_one_size)["elsewhere"]["auc"] == [None, None, None]
    page = "\n".join(tilted.lines("own", {"own": WITHOUT_SIZE, "other": BY_SIZE}, {}, of_one_size))
    assert "| other | " in page
    assert "nan" not in page


def test_the_page_has_ours_first_and_then_the_best_elsewhere_and_says_how_many_earlier_ones_it_is_above():
    others = {"poor": scored(-SIZE), EARLIER: scored(0.25 * TRUTH + NOISE), "fair": scored(0.5 * TRUTH + NOISE)}

    lines = tilted.lines("own", {**others, "own": WITHOUT_SIZE}, {"own": WITHOUT_SIZE}, CELLS)

    page = "\n".join(lines)
    rows = [line.split(" | ")[0].strip("| ") for line in page.splitlines() if line.startswith("| ")]
    assert rows[:2] == ["recipe", "own"]
    assert rows[2:5] == ["fair", EARLIER, "poor"]
    assert rows[5:] == ["recipe", "own"]
    assert "Elsewhere `own` is above 1 of 1 earlier networks beyond its interval." in page
    assert "persons with ALL and" in page
    assert tilted.lines("own", others, {}, CELLS) == []


def test_the_card_is_told_what_was_reached_and_of_how_many_persons():
    found = tilted.report(WITHOUT_SIZE, CELLS)

    assert list(found) == ["between", "elsewhere"]
    value, low, high = found["elsewhere"]["auc"]
    assert low < value < high
    assert (found["elsewhere"]["colour_auc"], found["elsewhere"]["floor_auc"]) == (0.29, 0.54)
    assert set(tilted.FIGURES) < set(found["between"])
    for count in found["elsewhere"]["persons"].values():
        assert 1 < count < 12
