"""What a cell comes to by what its readers said, tried for every way in which up to three may speak."""

from itertools import product

import pytest

from app.review.rules import (
    Awaits,
    Call,
    Conclusion,
    ReviewState,
    Step,
    Verdict,
    conclude,
    departs_from_model,
    note_needed,
    state_of,
    step_of,
)
from app.screening.rules import Band

BLAST, NORMAL = Verdict.LEUKAEMIC_BLAST, Verdict.NORMAL
EVERY_CALL = [Call(verdict, senior) for verdict in Verdict for senior in (False, True)]
EVERY_HISTORY = [calls for length in range(4) for calls in product(EVERY_CALL, repeat=length)]


@pytest.mark.parametrize("needed", [0, 1, 2])
def test_every_history_comes_to_what_the_words_say(needed: int) -> None:
    assert len(EVERY_HISTORY) == 1 + 8 + 64 + 512
    for calls in EVERY_HISTORY:
        concluded = conclude(calls, needed=needed)
        said = [call.verdict for call in calls]
        seniors = [call.verdict for call in calls if call.adjudicates]

        if seniors:
            assert concluded == Conclusion(Awaits.NOBODY, seniors[-1]), "a senior ends the matter"
        elif len(said) < needed:
            assert concluded == Conclusion(Awaits.READER), "too few"
        elif not said:
            assert concluded == Conclusion(Awaits.NOBODY, None), "nobody was asked"
        elif len(set(said)) == 1:
            assert concluded == Conclusion(Awaits.NOBODY, said[0]), "of one mind"
        else:
            assert concluded == Conclusion(Awaits.SENIOR), "they differ"


def test_after_another_read_was_asked_for_only_later_words_end_the_matter() -> None:
    before = [Call(verdict, senior, contested=senior) for verdict in Verdict for senior in (False, True)]
    later = [(), *((call,) for call in EVERY_CALL)]
    for earlier, after, needed in product(product(before, repeat=2), later, (1, 2, 3)):
        calls = [*earlier, *after]
        concluded = conclude(calls, needed=needed)
        found = {call.verdict for call in calls}
        independent = [call for call in calls if not call.adjudicates]

        if after and after[0].adjudicates:
            assert concluded == Conclusion(Awaits.NOBODY, after[0].verdict), "a senior’s later word ends it"
        elif len(independent) < needed:
            assert concluded == Conclusion(Awaits.READER), "a senior’s word is no independent read"
        elif len(found) == 1:
            assert concluded == Conclusion(Awaits.NOBODY, *found), "all of one mind, the senior too"
        else:
            assert concluded == Conclusion(Awaits.SENIOR), "who differs from a contested word leaves it to a senior"


def test_a_verdict_is_told_exactly_where_nobody_is_awaited_and_somebody_spoke() -> None:
    for calls, needed in product(EVERY_HISTORY, (0, 1, 2)):
        concluded = conclude(calls, needed=needed)
        assert (concluded.verdict is None) == (concluded.awaits is not Awaits.NOBODY or not calls)


@pytest.mark.parametrize(
    ("before", "withdrawn", "after"),
    [
        ([Call(NORMAL)], 0, Conclusion(Awaits.READER)),
        ([Call(NORMAL), Call(NORMAL)], 1, Conclusion(Awaits.READER)),
        ([Call(NORMAL), Call(BLAST)], 0, Conclusion(Awaits.READER)),
        ([Call(NORMAL), Call(BLAST), Call(BLAST, adjudicates=True)], 2, Conclusion(Awaits.SENIOR)),
        ([Call(NORMAL), Call(BLAST), Call(BLAST, adjudicates=True)], 0, Conclusion(Awaits.NOBODY, BLAST)),
    ],
)
def test_a_cell_waits_again_when_a_call_that_it_needs_is_withdrawn(
    before: list[Call], withdrawn: int, after: Conclusion
) -> None:
    left = [call for number, call in enumerate(before) if number != withdrawn]

    assert conclude(left, needed=2) == after


@pytest.mark.parametrize(
    ("concluded", "calls", "held", "state"),
    [
        (Conclusion(Awaits.NOBODY), 0, False, ReviewState.NOT_NEEDED),
        (Conclusion(Awaits.READER), 0, False, ReviewState.WAITING),
        (Conclusion(Awaits.READER), 0, True, ReviewState.READING),
        (Conclusion(Awaits.READER), 1, False, ReviewState.READING),
        (Conclusion(Awaits.SENIOR), 2, False, ReviewState.READING),
        (Conclusion(Awaits.NOBODY, NORMAL), 1, True, ReviewState.SETTLED),
    ],
)
def test_the_state_that_the_world_is_told(concluded: Conclusion, calls: int, held: bool, state: ReviewState) -> None:
    assert state_of(concluded, calls=calls, held=held) is state


@pytest.mark.parametrize(
    ("own", "blind_first", "step"),
    [
        ([], True, Step.BLIND),
        ([], False, Step.FINAL),
        ([None], True, Step.FINAL),
        ([None, NORMAL], True, Step.DONE),
        ([None, NORMAL, None], True, Step.FINAL),
        ([NORMAL, None, BLAST], False, Step.DONE),
    ],
)
def test_nobody_is_blind_a_second_time(own: list[Verdict | None], blind_first: bool, step: Step) -> None:
    assert step_of(own, blind_first=blind_first) is step


@pytest.mark.parametrize(
    ("verdict", "band", "departs"),
    [
        (Verdict.NORMAL, Band.SUSPECTED, True),
        (Verdict.LEUKAEMIC_BLAST, Band.SUSPECTED, False),
        (Verdict.LEUKAEMIC_BLAST, Band.NOT_SUSPECTED, True),
        (Verdict.NORMAL, Band.NOT_SUSPECTED, False),
        (Verdict.LEUKAEMIC_BLAST, Band.UNCERTAIN, False),
        (Verdict.NORMAL, Band.UNCERTAIN, False),
        (Verdict.CANNOT_TELL, Band.SUSPECTED, False),
        (Verdict.UNUSABLE_IMAGE, Band.UNCERTAIN, True),
        (Verdict.UNUSABLE_IMAGE, None, False),
        (Verdict.LEUKAEMIC_BLAST, None, True),
        (Verdict.CANNOT_TELL, None, False),
    ],
)
def test_a_verdict_departs_from_the_model_where_it_contradicts_it(
    verdict: Verdict, band: Band | None, departs: bool
) -> None:
    assert departs_from_model(verdict, band=band) is departs
    assert note_needed(verdict, band=band) is departs


def test_a_senior_who_agrees_with_neither_reader_says_why() -> None:
    assert note_needed(Verdict.CANNOT_TELL, band=Band.UNCERTAIN, found_before=[NORMAL, BLAST])
    assert not note_needed(NORMAL, band=Band.UNCERTAIN, found_before=[NORMAL, BLAST])
