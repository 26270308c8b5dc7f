"""What a policy may say, and what somebody is told who types something else."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from app.db import Database
from app.policy import queries, words
from app.policy.rules import DECISIONS, WHOLE, Policy, UnusablePolicy, changed, parse, remembered

shares = st.integers(0, 10_000).map(lambda hundredths: hundredths / 10_000)
policies = st.builds(
    Policy,
    quality_sample_share=shares,
    prevalence_all=shares.filter(lambda share: 0 < share < 1),
    blind_first=st.booleans(),
    **{name: st.integers(*bounds) for name, bounds in WHOLE.items()},
)


@given(policies)
def test_every_policy_within_its_bounds_comes_back_from_its_form_and_from_its_row(policy: Policy) -> None:
    assert parse(words.typed(policy)) == policy
    assert remembered(0, policy.as_json()) == policy


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("quality_sample_share", "101", "from 0 to 100"),
        ("quality_sample_share", "2.345", "two decimals"),
        ("quality_sample_share", "", "percentage"),
        ("quality_sample_share", "٢", "percentage"),
        ("prevalence_all", "0", "above 0 and below 100"),
        ("prevalence_all", "100", "above 0 and below 100"),
        ("reads_uncertain", "0", "from 1 to 2"),
        ("reads_suspected", "3", "from 0 to 2"),
        ("turnaround_hours", "-1", "from 1 to 720"),
        ("lease_minutes", "9" * 400, "from 1 to 240"),
        ("undo_seconds", "٣", "from 0 to 600"),
        ("undo_seconds", "0000000009999", "from 0 to 600"),
        ("minimum_cells", "2.5", "whole number"),
    ],
)
def test_what_cannot_be_decided_is_said_beside_its_field(name: str, typed: str, sentence: str) -> None:
    with pytest.raises(UnusablePolicy) as refused:
        parse({**words.typed(Policy()), name: typed})

    assert list(refused.value.faults) == [name]
    assert sentence in refused.value.faults[name]


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(UnusablePolicy) as refused:
        parse({})

    assert set(refused.value.faults) == set(DECISIONS)


def test_a_comma_and_a_percent_sign_are_understood() -> None:
    typed = {**words.typed(Policy()), "quality_sample_share": " 2,5 % "}

    assert parse(typed).quality_sample_share == 0.025


def test_a_version_from_before_a_decision_existed_has_its_default() -> None:
    assert remembered(3, {"turnaround_hours": 8}) == Policy(number=3, turnaround_hours=8)


def test_what_differs_is_named() -> None:
    assert changed(Policy(), Policy(number=4, undo_seconds=5, blind_first=False)) == ("blind_first", "undo_seconds")


def test_every_flagged_cell_is_read_once_at_least() -> None:
    policy = Policy(reads_uncertain=2)

    assert [policy.reads_needed(band) for band in ("suspected", "uncertain", "not_suspected", None)] == [1, 2, 1, 1]
    assert [policy.reads_wanted(band) for band in ("suspected", "uncertain", "not_suspected", None)] == [0, 2, 0, 0]


def test_every_decision_has_its_words() -> None:
    assert tuple(words.TITLES) == DECISIONS
    assert all(words.told(Policy(), name) for name in DECISIONS)


def test_before_anything_is_decided_the_defaults_are_in_force(database: Database) -> None:
    with database.reading() as session:
        assert queries.current(session) == Policy()
        assert queries.judged_by(session, {None, 0}) == {None: Policy(), 0: Policy()}
        assert queries.history(session, offset=0, limit=9) == []
