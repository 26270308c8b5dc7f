"""The work list is derived: whatever happens, it equals what the facts say."""

from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from app.accounts.rules import Role
from app.db import Database
from app.review import actions as reviews
from app.review import queries
from app.review.rules import Verdict
from app.screening import actions
from app.screening.actions import Submission
from app.screening.instrument import Instrument
from app.storage import ImageStore
from tests.factories import cell, make_user, verify
from tests.fakes import FakeClassifier

CELLS = [cell(seed) for seed in range(4)]
STEP = st.tuples(st.sampled_from(["sure", "unsure", "ask", "read"]), st.integers(0, 7))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=14))
def test_after_any_acts_the_list_holds_what_has_a_reason_and_no_read(
    database: Database, tmp_path: Path, steps: list[tuple[str, int]]
) -> None:
    name = uuid4().hex  # the database is shared by the examples
    uploader = make_user(database, f"u{name}", Role.UPLOADER)
    reader = make_user(database, f"r{name}", Role.REVIEWER)
    classifier = FakeClassifier()
    instrument = Instrument(classifier, ImageStore(tmp_path / "images"), lot=lambda: 1.0)
    screened = []

    for what, number in steps:
        with database.writing() as session:
            if what in ("sure", "unsure"):
                classifier.probability = 0.99 if what == "sure" else classifier.unsure
                submission = Submission(CELLS[number % len(CELLS)])
                done = actions.screen_cell(session, uploader, instrument=instrument, submission=submission)
                screened.append(done.screening.id)
            elif screened and what == "ask":
                with suppress(actions.AlreadyFlagged):
                    actions.ask_for_read(session, uploader, screening_id=screened[number % len(screened)])
            elif screened:
                one = screened[number % len(screened)]
                if queries.flag(session, one):
                    reviews.give_verdict(session, reader, screening_id=one, verdict=Verdict.CANNOT_TELL, note="why")

        with database.reading() as session:
            assert queries.flags_listed(session) == queries.flags_due(session)
    assert verify(database).intact
