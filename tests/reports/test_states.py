"""The state of a case is worked out from its facts, and from nothing else."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.rules import (
    MEANINGS,
    CaseState,
    Cell,
    Facts,
    Status,
    meanings_for,
    signs_own_upload,
    state_of,
    what_blocks_signing,
)
from app.review.rules import Review, ReviewState, Verdict
from app.screening.rules import Band


def one(band: Band | None = Band.NOT_SUSPECTED, review: ReviewState = ReviewState.NOT_NEEDED) -> Cell:
    verdict = Verdict.NORMAL if review is ReviewState.SETTLED else None
    return Cell(uuid4(), str(uuid4()), band, None if band else "blurred", Review(review, verdict))


CALM, REFUSED = one(), one(None)
WAITS, READING, SETTLED = (
    one(review=state) for state in (ReviewState.WAITING, ReviewState.READING, ReviewState.SETTLED)
)


@pytest.mark.parametrize(
    ("facts", "state", "may_be_signed"),
    [
        (Facts(()), CaseState.OPEN, False),
        (Facts((REFUSED,)), CaseState.OPEN, False),
        (Facts((WAITS,)), CaseState.WAITING, False),
        (Facts((CALM, READING)), CaseState.WAITING, False),
        (Facts((CALM, REFUSED)), CaseState.READY, True),
        (Facts((CALM, SETTLED)), CaseState.READY, True),
        (Facts((replace(CALM, image=REFUSED.image), REFUSED)), CaseState.OPEN, False),
        (Facts((REFUSED, replace(CALM, image=REFUSED.image))), CaseState.READY, True),
        (Facts((one(None, ReviewState.SETTLED),)), CaseState.READY, True),
        (Facts((CALM,), versions=1), CaseState.SIGNED, False),
        (Facts((CALM,), versions=1, changed=True), CaseState.SIGNED, True),
        (Facts((CALM, WAITS), versions=1, changed=True), CaseState.SIGNED, False),
        (Facts((CALM,), versions=2), CaseState.AMENDED, False),
        (Facts((CALM,), versions=3, changed=True), CaseState.AMENDED, True),
        (Facts((CALM,), withdrawn=True), CaseState.WITHDRAWN, False),
        (Facts((CALM,), versions=2, changed=True, withdrawn=True), CaseState.WITHDRAWN, False),
        (Facts((CALM,), named=False), CaseState.UNNAMED, False),
        (Facts((CALM,), versions=1, changed=True, named=False), CaseState.SIGNED, False),
        (Facts((CALM,), altered="cell 1"), CaseState.ALTERED, False),
        (Facts((CALM,), versions=1, changed=True, mismatch="cell 1"), CaseState.MISMATCH, False),
        (Facts((CALM,), versions=1, changed=True, altered="cell 1"), CaseState.ALTERED, False),
    ],
)
def test_each_state_and_whether_somebody_may_sign(facts: Facts, state: CaseState, may_be_signed: bool) -> None:
    assert state_of(facts) is state
    assert (what_blocks_signing(facts) == ()) is may_be_signed


facts = st.builds(
    Facts,
    st.lists(
        st.builds(one, st.sampled_from([*Band, None]), st.sampled_from(list(ReviewState))), max_size=8
    ).map(tuple),
    versions=st.integers(0, 3),
    changed=st.booleans(),
    withdrawn=st.booleans(),
    named=st.booleans(),
    mismatch=st.none() | st.just("cell 1"),
    altered=st.none() | st.just("cell 1"),
)  # fmt: skip


@given(facts)
def test_whatever_the_facts_nothing_is_signed_unread_withdrawn_or_twice(some: Facts) -> None:
    state, blocks = state_of(some), what_blocks_signing(some)

    waits = any(cell.waits for cell in some.cells)
    if not blocks:
        assert not waits
        assert not some.withdrawn
        assert some.versions == 0 or some.changed
        assert any(cell.called for cell in some.cells)
        assert some.named
        assert some.fault is None
    assert (state is CaseState.READY) == (not blocks and some.versions == 0)
    assert (state is CaseState.WITHDRAWN) == some.withdrawn


@given(facts, st.integers(0, 7))
def test_rejecting_any_cell_leaves_a_state_that_needs_no_repair(some: Facts, which: int) -> None:
    """A child that is retracted leaves no parent stuck: the state is that of a case that never had it waiting."""
    cells = list(some.cells)
    if which < len(cells):
        cells[which] = Cell(cells[which].id, cells[which].image, None, "blurred")

    after = replace(some, cells=tuple(cells))

    if not any(cell.waits for cell in cells):
        assert state_of(after) is not CaseState.WAITING


def test_the_first_version_is_final_and_every_later_one_says_how_it_departs() -> None:
    assert {told.status for told in meanings_for(earlier_versions=0).values()} == {Status.FINAL}
    assert {told.status for told in meanings_for(earlier_versions=1).values()} == {Status.AMENDED, Status.CORRECTED}
    assert len({told.words for told in MEANINGS.values()}) == len(MEANINGS)


@pytest.mark.parametrize(
    ("submitters", "alone"),
    [
        ({UUID(int=1)}, True),
        ({UUID(int=1), UUID(int=2)}, False),
        ({UUID(int=2)}, False),
        (set(), False),
    ],
)
def test_who_sent_in_every_cell_does_not_sign_alone(submitters: set[UUID], alone: bool) -> None:
    assert signs_own_upload(UUID(int=1), submitters=submitters) is alone
