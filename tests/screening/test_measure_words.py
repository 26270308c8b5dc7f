import pytest

from app.screening.measure_words import TITLES, at_or_below, measure_lines
from app.vision.morphology import MEASURES

SHARES = (0.01, 0.25, 0.5, 0.75, 0.99)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0, "under 1\N{NO-BREAK SPACE}%"),
        (10, "1\N{NO-BREAK SPACE}%"),
        (15, "13\N{NO-BREAK SPACE}%"),
        (30, "50\N{NO-BREAK SPACE}%"),
        (49, "97\N{NO-BREAK SPACE}%"),
        (50, "over 99\N{NO-BREAK SPACE}%"),
        (900, "over 99\N{NO-BREAK SPACE}%"),
    ],
)
def test_a_value_is_told_by_the_share_of_cells_at_or_below_it(value, told):
    assert at_or_below(value, (10, 20, 30, 40, 50), shares=SHARES) == told


def test_where_many_cells_have_the_same_value_all_of_them_count():
    assert at_or_below(0, (0, 0, 0, 1, 5), shares=SHARES) == "50 to 75\N{NO-BREAK SPACE}%"
    assert at_or_below(1, (0, 0, 0, 1, 5), shares=SHARES) == "75\N{NO-BREAK SPACE}%"
    assert at_or_below(30, (10, 20, 30, 40, 50), shares=SHARES) == "50\N{NO-BREAK SPACE}%"


def test_every_measure_has_its_words():
    assert tuple(TITLES) == MEASURES


def test_a_value_beyond_everything_usual_stays_on_its_strip():
    usual = {"quantiles": SHARES, "HEM": {"area_px": (10, 20, 30, 40, 50)}, "ALL": {"area_px": (20, 30, 40, 50, 60)}}

    (line,) = measure_lines({"area_px": 1_000_000.0}, usual=usual)

    assert (line.value, line.at) == ("1,000,000", "100.0")
    assert line.normal is not None
    assert line.blast is not None
    assert float(line.normal.median) < float(line.blast.median)


def test_classes_that_never_differ_have_a_strip_too():
    usual = {"quantiles": SHARES, "HEM": {"clefts": (0,) * 5}, "ALL": {"clefts": (0,) * 5}}

    (line,) = measure_lines({"clefts": 0.0}, usual=usual)

    assert line.at == "50.0"
    assert line.normal is not None
    assert line.normal.told == "over 99\N{NO-BREAK SPACE}%"
