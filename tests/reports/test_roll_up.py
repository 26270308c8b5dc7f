"""From cells to case: what counts, how sure the share is, and where there are too few cells to say."""

import csv
import json
import math
from collections import defaultdict
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports import rules, words
from app.reports.rules import CELLS_ALIKE, Cell, count, each_image_once, independent, roll_up
from app.review.rules import Review, ReviewState, Verdict
from app.screening.rules import Band, wilson
from tests.factories import set_policy
from tests.reports.conftest import Desk
from tests.shipped import SHIPPED

RESULTS = Path(__file__).parents[2] / "training" / "results"
SETTLED = ReviewState.SETTLED


def some(band: Band | None = Band.SUSPECTED, *, image: str = "", verdict: Verdict | None = None) -> Cell:
    return Cell(uuid4(), image or str(uuid4()), band, None if band else "blurred", read(verdict))


def read(verdict: Verdict | None) -> Review:
    return Review(SETTLED if verdict else ReviewState.NOT_NEEDED, verdict)


@pytest.mark.parametrize(
    ("band", "verdict", "called"),
    [
        (Band.SUSPECTED, None, Band.SUSPECTED),
        (Band.SUSPECTED, Verdict.NORMAL, Band.NOT_SUSPECTED),
        (Band.NOT_SUSPECTED, Verdict.LEUKAEMIC_BLAST, Band.SUSPECTED),
        (Band.SUSPECTED, Verdict.CANNOT_TELL, Band.UNCERTAIN),
        (Band.SUSPECTED, Verdict.UNUSABLE_IMAGE, None),
        (None, None, None),
        (None, Verdict.LEUKAEMIC_BLAST, Band.SUSPECTED),
        (None, Verdict.NORMAL, Band.NOT_SUSPECTED),
        (None, Verdict.CANNOT_TELL, None),
    ],
)
def test_a_settled_verdict_takes_the_place_of_the_band(
    band: Band | None, verdict: Verdict | None, called: Band | None
) -> None:
    assert some(band, verdict=verdict).called is called


def test_a_verdict_that_is_not_settled_changes_nothing() -> None:
    cell = Cell(uuid4(), "a", Band.SUSPECTED, review=Review(ReviewState.WAITING, Verdict.NORMAL))

    assert cell.called is Band.SUSPECTED
    assert cell.waits


def test_three_of_three_suspected_cells_are_too_few_to_say_anything() -> None:
    rolled = roll_up([some(), some(), some()], minimum=20)

    assert not rolled.sufficient
    assert (rolled.counted, rolled.suspected, rolled.share, rolled.low, rolled.high) == (3, 3, None, None, None)


def test_one_suspected_cell_among_sixty_is_a_small_share_and_no_headline() -> None:
    rolled = roll_up([some(), *(some(Band.NOT_SUSPECTED) for _ in range(59))], minimum=20)

    assert rolled.share == pytest.approx(1 / 60)


def test_the_interval_is_wilsons_among_as_many_cells_as_they_are_worth() -> None:
    rolled = roll_up([some() for _ in range(15)] + [some(Band.NOT_SUSPECTED) for _ in range(45)], minimum=20)

    assert rolled.worth == pytest.approx(60 / (1 + 59 * CELLS_ALIKE))
    assert (rolled.low, rolled.high) == wilson(0.25, among=rolled.worth)
    low, high = wilson(0.25, among=60)  # of independent cells, as any table of Wilson's interval has it
    assert (round(low, 4), round(high, 4)) == (0.1578, 0.3723)
    assert rolled.low is not None
    assert rolled.low < low
    assert rolled.high is not None
    assert rolled.high > high


def test_an_image_that_two_models_screened_counts_once_as_a_human_settled_it() -> None:
    older = some(Band.SUSPECTED, image="a", verdict=Verdict.NORMAL)
    newer = some(Band.SUSPECTED, image="a")

    assert each_image_once([older, newer]) == [older]
    assert each_image_once([newer, some(Band.UNCERTAIN, image="a")])[0].band is Band.UNCERTAIN


def test_refused_images_are_counted_by_reason_and_by_whoever_refused_them() -> None:
    counts = count([some(None), some(None), some(verdict=Verdict.UNUSABLE_IMAGE), some(None, verdict=Verdict.NORMAL)])

    assert counts.refused == {"blurred": 2, "unusable_image": 1}
    assert counts.by_band == {"unusable": 3, "suspected": 1}
    assert counts.by_review == {"not_needed": 2, "settled": 2}


cells = st.builds(
    lambda id_, image, band, verdict: Cell(UUID(int=id_), str(image), band, None if band else "blurred", read(verdict)),
    st.integers(0, 2**64),
    st.integers(0, 30),
    st.sampled_from([*Band, None]),
    st.sampled_from([*Verdict, None]),
)


@given(st.lists(cells, max_size=60), st.integers(1, 30))
def test_whatever_the_cells_the_share_lies_in_its_interval_and_too_few_say_nothing(
    some_cells: list[Cell], minimum: int
) -> None:
    rolled = roll_up(some_cells, minimum=minimum)

    assert 0 <= rolled.suspected <= rolled.counted <= len({cell.image for cell in some_cells})
    assert rolled.sufficient == (rolled.counted >= minimum)
    if rolled.share is not None and rolled.low is not None and rolled.high is not None:
        assert 0 <= rolled.low <= rolled.share <= rolled.high <= 1
        assert rolled.high - rolled.low > 0


WAITS = Review(ReviewState.WAITING)


@pytest.mark.parametrize(
    ("some_cells", "headline", "under"),
    [
        ([Cell(uuid4(), str(n), Band.UNCERTAIN, review=WAITS) for n in range(13)],
         "0 suspected, 13 uncertain of 13",
         "13 usable cells. No share yet: 13 cells still need a human read."),
        ([*(some() for _ in range(12)), Cell(uuid4(), "a", None, "blurred", WAITS)],
         "12 suspected, 0 uncertain of 12",
         "12 usable cells. No share yet: 1 cell still needs a human read."),
        ([some(Band.UNCERTAIN, verdict=Verdict.CANNOT_TELL) for _ in range(13)],
         "0.0 % suspected, 100.0 % uncertain",
         "0 suspected, 13 uncertain of 13 usable cells; 95 % interval of the suspected share 0.0 % to 50.1 %"),
        ([*(some() for _ in range(5)), *(some(Band.NOT_SUSPECTED) for _ in range(15))],
         "25.0 % suspected",
         "5 of 20 usable cells; 95 % interval 4.7 % to 69.3 %"),
        ([some(), some(Band.UNCERTAIN, verdict=Verdict.CANNOT_TELL)],
         "Insufficient cells",
         "2 usable cells, of which 1 suspected, 1 uncertain; a share needs 10"),
        ([some(), Cell(uuid4(), "a", Band.UNCERTAIN, review=WAITS)],
         "Insufficient cells",
         "2 usable cells, of which 1 suspected, 1 uncertain; a share needs 10. 1 cell still needs a human read."),
    ],
)  # fmt: skip
def test_the_headline_names_the_uncertain_cells_and_gives_no_share_while_any_waits_for_a_read(
    some_cells: list[Cell], headline: str, under: str
) -> None:
    rolled = roll_up(some_cells, minimum=10)

    assert words.headline(rolled).replace("\N{NO-BREAK SPACE}", " ") == headline
    assert words.under_headline(rolled).replace("\N{NO-BREAK SPACE}", " ") == under


def test_what_waited_when_its_case_was_withdrawn_needs_no_read_any_more() -> None:
    waits = [Cell(uuid4(), str(n), Band.UNCERTAIN, review=WAITS) for n in range(13)]

    told = words.under_headline(roll_up(waits, minimum=10), withdrawn=True)
    alone = words.under_headline(roll_up(waits[:1], minimum=10), withdrawn=True)

    assert told == "13 usable cells. No share: 13 cells that needed a human read got none."
    assert alone.endswith("; a share needs 10. 1 cell that needed a human read got none.")


@given(st.integers(1, 10_000))
def test_more_cells_of_one_subject_never_tell_more_than_their_likeness_allows(number: int) -> None:
    worth = independent(number)

    assert worth + 1e-9 >= 1
    assert worth < 1 / CELLS_ALIKE + 1e-9
    assert worth <= independent(number + 1) + 1e-9


def test_a_version_tells_how_alike_cells_were_taken_to_be_when_it_was_signed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_policy(desk.service.database, minimum_cells=2)
    path = desk.case(0.99, 0.01)
    with monkeypatch.context() as then:
        then.setattr(rules, "CELLS_ALIKE", 0.2)
        desk.sign(path)

    for address in ("report", "versions/1"):
        page = desk.senior.get(f"{path}/{address}").text
        assert "an intraclass correlation of 0.2, so that 2 cells tell as much as 1.7 independent ones" in page


def test_how_alike_cells_of_one_subject_are_called_is_what_the_shipped_models_results_say() -> None:
    recipe = json.loads((SHIPPED / "card.json").read_text())["training"]["recipe"]
    with (RESULTS / "cells.csv").open() as file:
        of_cell = {row["sha256"]: (row["label"], row["subject"]) for row in csv.DictReader(file)}
    calls: dict[str, dict[str, list[float]]] = {"HEM": defaultdict(list), "ALL": defaultdict(list)}
    with (RESULTS / f"{recipe['name']}_each_person.csv").open() as file:  # what its card reports
        for row in csv.DictReader(file):
            label, subject = of_cell[row["image_sha256"]]
            calls[label][subject].append(float(float(row["logit"]) > 0))

    alike = [_intraclass(list(of_class.values())) for of_class in calls.values()]

    assert abs(sum(alike) / 2 - CELLS_ALIKE) < 0.05, alike


def _intraclass(groups: list[list[float]]) -> float:
    """The one-way analysis of variance's estimate, for groups of unequal size."""
    cells, k = sum(map(len, groups)), len(groups)
    mean = sum(map(sum, groups)) / cells
    between = math.fsum(len(group) * (sum(group) / len(group) - mean) ** 2 for group in groups) / (k - 1)
    within = math.fsum((x - sum(group) / len(group)) ** 2 for group in groups for x in group) / (cells - k)
    size = (cells - sum(len(group) ** 2 for group in groups) / cells) / (k - 1)
    return (between - within) / (between + (size - 1) * within)
