"""What people type: whole numbers within bounds whatever their length, and texts with plain line ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.rules import parse_days, parse_overlap
from app.cases.rules import parse_reason
from app.errors import Invalid
from app.review.desk_rules import parse_hours
from app.typed import whole_number


@given(st.integers(0, 10**16), st.sampled_from(["", " ", "\t"]), st.integers(0, 1))
def test_digits_are_read_as_the_number_that_they_say(number: int, around: str, zeros: int) -> None:
    assert whole_number(f"{around}{'0' * zeros}{number}{around}", least=number, most=number) == number


@pytest.mark.parametrize("text", ["", " ", "-1", "+1", "1.0", "1e3", "²", "\u0661", "0x1", "1_000", "9" * 5000])
def test_every_other_text_is_no_number(text: str) -> None:
    assert whole_number(text, least=-(10**9), most=10**9) is None


@pytest.mark.parametrize("outside", [0, 11])
def test_bounds_belong_to_what_they_bound(outside: int) -> None:
    assert whole_number(str(outside), least=1, most=10) is None
    assert [whole_number(text, least=1, most=10) for text in ("1", "10")] == [1, 10]


@pytest.mark.parametrize("parse", [parse_days, parse_overlap, parse_hours])
@pytest.mark.parametrize("text", ["0000019999999", "000001999999999", "00000100000", "1" * 5000])
def test_no_length_of_digits_gets_past_a_bound(parse, text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


def test_the_line_ends_of_a_browser_count_once() -> None:
    reason = "line\n" * 399 + "12345"

    assert parse_reason(reason.replace("\n", "\r\n")) == reason
    assert parse_reason("x\r\n" * 999 + "xx") == "x\n" * 999 + "xx"
