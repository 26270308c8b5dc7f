"""How a reader works: an order of their own, filters and keys that outlive the choices they were made from."""

from uuid import UUID, uuid4

import pytest

from app.review import desk_rules as rules
from app.review.desk_rules import KEYS, Filters, Key, UnusableKeys, keys_of, order_for, parse_filters, parse_keys


def test_the_neutral_order_is_the_same_for_one_reader_and_another_for_the_next() -> None:
    reader = UUID("3f0c1c9e-6f0e-4d3a-9b4f-0c2a5a1d7e11")

    assert order_for(reader) == order_for(reader)
    assert len({order_for(uuid4()) for _ in range(50)}) == 50
    assert all(str(uuid4())[place - 1] != "-" for _ in range(50) for place in order_for(uuid4()))


def test_filters_that_are_none_of_the_choices_filter_nothing() -> None:
    assert parse_filters({"priority": "urgent", "due": "tomorrow", "band": "suspected"}) == Filters(
        priority="urgent", band="suspected"
    )
    assert parse_filters({"priority": "urgent", "band": "suspected"}).blind() == Filters(priority="urgent")


def typed(**changed: str) -> dict[str, str]:
    return {**{key.value: sign for key, sign in KEYS.items()}, **changed}


def test_keys_that_a_reader_chose_stand_and_an_empty_one_is_off() -> None:
    chosen = parse_keys(typed(normal="G", skip=""))

    assert chosen == {"normal": "g", "skip": ""}
    assert keys_of(chosen)[Key.NORMAL] == "g"
    assert keys_of(chosen)[Key.SKIP] == ""
    assert keys_of(chosen)[Key.LEUKAEMIC_BLAST] == "b"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"normal": "b"}, "b has several"),
        ({"normal": "nn"}, "one sign"),
        ({"normal": "?"}, "always shows the keys"),
        ({"normal": "\x07"}, "one sign"),
    ],
)
def test_keys_that_cannot_work_are_refused(changed: dict[str, str], told: str) -> None:
    with pytest.raises(UnusableKeys, match=told):
        parse_keys(typed(**changed))


def test_the_usual_keys_are_each_used_once() -> None:
    signs = list(rules.KEYS.values())

    assert len(set(signs)) == len(signs) == len(Key)
