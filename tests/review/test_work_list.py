"""The work list is derived: whatever happens, it equals what the facts say."""

from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from app import leases
from app.accounts.rules import Role
from app.actor import Actor
from app.db import Database
from app.errors import BlastscreenError
from app.leases import LeaseRow
from app.policy import actions as policies
from app.policy import queries as policy_queries
from app.policy.rules import Policy
from app.review import actions as reviews
from app.review import case_actions, queries, queue_actions, queue_queries, read_queries, request_actions
from app.review.actions import Said
from app.review.desk_queries import READING, item
from app.review.desk_rules import Filters
from app.review.queue_queries import reader_of
from app.review.rules import Awaits, ReadKind, Verdict
from app.screening import actions
from app.screening.actions import Submission
from app.screening.instrument import Instrument
from app.storage import ImageStore
from tests.factories import cell, make_user, verify
from tests.fakes import FakeClassifier

CELLS = [cell(seed) for seed in range(3)]
ACTS = (
    "sure",
    "unsure",
    "ask",
    "blind",
    "read",
    "read",
    "read",
    "open",
    "withdraw",
    "policy",
    "ask again",
    "withdraw case",
)
STEP = st.tuples(st.sampled_from(ACTS), st.integers(0, 11), st.integers(0, 2), st.sampled_from(list(Verdict)[:3]))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=4, max_size=20))
def test_after_any_acts_the_list_holds_what_is_flagged_and_not_settled(
    database: Database, tmp_path: Path, steps: list[tuple[str, int, int, Verdict]]
) -> None:
    name = uuid4().hex  # the database is shared by the examples
    uploader = make_user(database, f"u{name}", Role.UPLOADER)
    readers = [make_user(database, f"{one}{name}", role) for one, role in
               (("a", Role.REVIEWER), ("b", Role.REVIEWER), ("s", Role.SENIOR))]  # fmt: skip
    work = Work(database, uploader, readers, tmp_path)

    for what, number, who, verdict in steps:
        work.do(what, number, readers[who], verdict)
        work.check()
    assert verify(database).intact


class Work:
    def __init__(self, database: Database, uploader: Actor, readers: list[Actor], folder: Path) -> None:
        self.database, self.uploader, self.readers = database, uploader, readers
        self.classifier = FakeClassifier()
        self.instrument = Instrument(self.classifier, ImageStore(folder / "images"), lot=lambda: 1.0)
        self.screened: list[tuple[UUID, UUID]] = []

    def do(self, what: str, number: int, reader: Actor, verdict: Verdict) -> None:
        with suppress(BlastscreenError), self.database.writing() as session:
            if what in ("sure", "unsure"):
                self.classifier.probability = 0.99 if what == "sure" else self.classifier.unsure
                submission = Submission(CELLS[number % len(CELLS)])
                done = actions.screen_cell(session, self.uploader, instrument=self.instrument, submission=submission)
                self.screened.append((done.screening.id, done.screening.case_id))
            elif what == "policy":
                before = policy_queries.current(session).number
                after = Policy(reads_uncertain=1 + number % 2, blind_first=number % 3 > 0)
                policies.decide(session, self.uploader, policy=after, based_on=before)
            elif self.screened:
                self._act_on(session, what, *self.screened[number % len(self.screened)], reader, verdict)

    def _act_on(self, session, what: str, one: UUID, case: UUID, reader: Actor, verdict: Verdict) -> None:
        said = Said(verdict, "why")
        match what:
            case "ask":
                actions.ask_for_read(session, self.uploader, screening_id=one)
            case "blind":
                reviews.call_blind(session, reader, screening_id=one, said=said)
            case "read":
                with suppress(reviews.OwnCallFirst):
                    reviews.give_verdict(session, reader, screening_id=one, said=said)
                    return
                reviews.call_blind(session, reader, screening_id=one, said=said)
            case "open":
                queue_actions.take_up(session, reader, screening_id=one)
                leases.let_go(session, item(one))
            case "ask again":
                asks = self.readers[2] if verdict is Verdict.NORMAL else self.uploader
                request_actions.ask_for_another_read(session, asks, screening_id=one, reason="why")
            case "withdraw":
                reviews.withdraw(session, reader, screening_id=one)
            case _:
                case_actions.withdraw_case(session, self.uploader, case_id=case, reason="wrong specimen")

    def check(self) -> None:
        """The list, what SQL says of disputes, and each reader's queue, against the rules."""
        with self.database.reading() as session:
            listed = queries.flags_listed(session)
            assert listed == queries.flags_due(session)
            histories = read_queries.histories_of(session, sorted(listed))
            for reader in self.readers:
                mine = reader_of(session, reader)
                shown = set(queue_queries.upcoming(session, mine, Filters(), limit=1000))
                senior = reader is self.readers[2]
                assert shown <= listed
                for one, found in histories.items():
                    said = [read for read in found.standing if read.reader_id == reader.id]
                    done = any(not (read.kind == ReadKind.ADJUDICATION and found.is_contested(read)) for read in said)
                    waits_for_reader = found.concluded.awaits is Awaits.READER
                    theirs = not done and (not found.keeps_out(reader.id) if waits_for_reader else senior)
                    lease = session.get(LeaseRow, (READING, one))
                    held = bool(lease and lease.until and lease.until > mine.now and lease.holder_id != reader.id)
                    assert (one in shown) == (theirs and not held)
