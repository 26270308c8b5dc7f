"""What the reading page shows: the cell; once the reader's own call is made, what the model made of it; and what they
may do now. Display-ready."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from string import ascii_uppercase

from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.cases.rules import NOTE_LENGTH_MOST
from app.leases import LeaseRow
from app.policy import queries as policies
from app.review import desk_queries, due_queries, queries, queue_queries, read_queries, words
from app.review.desk_queries import Task
from app.review.desk_rules import POSTPONE_H, Key
from app.review.remark_queries import Remark, remarks
from app.review.rules import Awaits, ReadKind, Step
from app.screening import rules as screening_rules
from app.screening import words as screening_words
from app.screening.explanation import has_heat_map
from app.screening.instrument import Instrument


@dataclass(frozen=True)
class UndoNotice:
    action: str
    short_id: str
    verdict: str
    until: datetime


@dataclass(frozen=True)
class Choice:
    code: str
    title: str
    key: str
    chosen: bool


@dataclass(frozen=True)
class Seen:
    """What is absent until the reader's own call is made."""

    band: str
    band_code: str
    probability: str
    says_nothing: bool
    """A low score of a cell that it cannot clear."""
    reasons: tuple[str, ...]
    why_unusable: str | None
    statement: str
    model: str
    heat_map: str | None
    """To be laid over the image; None: there is none."""
    findings: str


@dataclass(frozen=True)
class OtherRead:
    """A read between which a senior decides; nameless, and not in the order in which they were given."""

    title: str
    blind: str | None
    final: str
    note: str


@dataclass(frozen=True)
class Colleague:
    id: str
    name: str


@dataclass(frozen=True)
class KeyLine:
    sign: str
    title: str


@dataclass(frozen=True)
class ReadingPage:
    action: str
    short_id: str
    image: str
    step: str
    heading: str
    adjudicates: bool
    urgent: bool
    overdue: bool
    since: datetime
    seen: Seen | None
    own_call: str | None
    others: tuple[OtherRead, ...]
    requests: tuple[Remark, ...]
    choices: tuple[Choice, ...]
    keys: dict[str, str]
    key_lines: tuple[KeyLine, ...]
    note: str
    note_length: int
    token: int
    renew_s: int
    colleagues: tuple[Colleague, ...]
    hours: tuple[tuple[int, str], ...]
    undo: UndoNotice | None
    waiting: int
    error: str | None


@dataclass(frozen=True)
class GivenPage:
    """A cell that this reader has read."""

    short_id: str
    image: str
    own_call: str | None
    verdict: str
    note: str
    at: datetime
    review: str
    withdraw: str | None
    case_withdrawn: bool
    requests: tuple[Remark, ...]
    result: str


@dataclass(frozen=True)
class TypedRead:
    """What the form brought, to be shown again."""

    verdict: str
    note: str


@dataclass(frozen=True)
class LatePage:
    """`told` and `at`: who was there before, and when; `kept`: what was typed, which went nowhere."""

    title: str
    told: str
    at: datetime | None
    then: str
    kept: TypedRead | None
    verdict: str
    again: str | None


HEADINGS = {
    (Step.BLIND, False): "Your own call",
    (Step.FINAL, False): "Your final call",
    (Step.FINAL, True): "Adjudication",
}
SENIOR_BEFORE = "A senior, before another read was asked for"


def reading_page(
    session: Session,
    actor: Actor,
    task: Task,
    lease: LeaseRow,
    *,
    instrument: Instrument,
    typed: TypedRead | None = None,
    error: str | None = None,
) -> ReadingPage:
    """`typed` stands before a draft, and a draft before the reader's own call."""
    one = task.screening
    adjudicates = task.awaits is Awaits.SENIOR
    reader = queue_queries.reader_of(session, actor)
    marks = queue_queries.marks(session, reader, [one.id])
    keys = desk_queries.keys_of(session, actor)
    chosen = typed or _draft(session, actor, task)
    seen = None if task.step is Step.BLIND else _seen(task, instrument)
    return ReadingPage(
        action=f"/review/{one.id}",
        short_id=screening_words.short_id(one.id),
        image=f"/screenings/{one.id}/image",
        step=task.step.value,
        heading=HEADINGS[task.step, adjudicates],
        adjudicates=adjudicates,
        urgent=one.id in marks.urgent,
        overdue=one.id in marks.overdue,
        since=one.at,
        seen=seen,
        own_call=words.verdict(task.blind_verdict) if task.blind_verdict else None,
        others=_others(session, task) if adjudicates else (),
        requests=remarks(session, task.history.requests) if seen else (),
        choices=tuple(
            Choice(code.value, title, keys[Key(code.value)], code == chosen.verdict)
            for code, title in words.VERDICTS.items()
        ),
        keys={key.value: sign for key, sign in keys.items()},
        key_lines=tuple(
            KeyLine(sign, words.KEYS[key])
            for key, sign in keys.items()
            if sign and (key is not Key.HEAT_MAP or (seen and seen.heat_map))
        ),
        note=chosen.note,
        note_length=NOTE_LENGTH_MOST,
        token=lease.token,
        renew_s=max(20, reader.policy.lease_minutes * 60 // 4),
        colleagues=tuple(
            Colleague(str(one.id), one.name) for one in desk_queries.readers_besides(session, actor, task)
        ),
        hours=tuple(POSTPONE_H.items()),
        undo=undo_notice(session, actor),
        waiting=queue_queries.counts(session, reader).waiting,
        error=error,
    )


def _draft(session: Session, actor: Actor, task: Task) -> TypedRead:
    draft = desk_queries.draft(session, screening_id=task.screening.id, reader_id=actor.id)
    verdict = draft.verdict if draft else None
    return TypedRead(verdict or task.blind_verdict or "", draft.note if draft else "")


def _seen(task: Task, instrument: Instrument) -> Seen:
    one = task.screening
    here = f"/screenings/{one.id}"
    return Seen(
        band=screening_words.band(one),
        band_code=screening_words.band_code(one),
        probability=screening_words.probability(one),
        says_nothing=one.low_score_says_nothing,
        reasons=screening_words.reasons(one),
        why_unusable=screening_words.why_unusable(one),
        statement=screening_rules.statement(one.thresholds["prior_all"]),
        model=screening_words.model(one),
        heat_map=f"{here}/heatmap?over=image" if has_heat_map(instrument, one) else None,
        findings=here if one.probability is None else f"{here}/explained",
    )


def _others(session: Session, task: Task) -> tuple[OtherRead, ...]:
    reads = sorted(task.history.standing, key=lambda read: (read.kind == ReadKind.ADJUDICATION, read.id))
    return tuple(
        OtherRead(
            title=SENIOR_BEFORE if read.kind == ReadKind.ADJUDICATION else f"Reader {letter}",
            blind=words.verdict(read.blind_verdict) if read.blind_verdict else None,
            final=words.verdict(read.verdict),
            note=read_queries.note_of(session, read),
        )
        for letter, read in zip(ascii_uppercase, reads, strict=False)
    )


def given_page(session: Session, task: Task) -> GivenPage:
    one, given = task.screening, task.own[-1]
    review = queries.reviews_by_id(session, [one.id])[one.id]
    return GivenPage(
        short_id=screening_words.short_id(one.id),
        image=f"/screenings/{one.id}/image",
        own_call=words.verdict(given.blind_verdict) if given.blind_verdict else None,
        verdict=words.verdict(given.verdict),
        note=read_queries.note_of(session, given),
        at=given.at,
        review=words.review(review),
        withdraw=None if review.withdrawn or due_queries.is_released(session, task) else f"/review/{one.id}/withdraw",
        case_withdrawn=review.withdrawn,
        requests=remarks(session, task.history.requests),
        result=f"/screenings/{one.id}",
    )


def undo_notice(session: Session, actor: Actor) -> UndoNotice | None:
    """The reader's last verdict, while it is so fresh that undoing it is one key."""
    policy, now = policies.current(session), clock.now()
    read = read_queries.last_call(session, actor.id, since=now - policy.undo)
    if read is None:
        return None
    return UndoNotice(
        action=f"/review/{read.screening_id}/withdraw",
        short_id=screening_words.short_id(read.screening_id),
        verdict=words.verdict(read.verdict),
        until=read.at + timedelta(seconds=policy.undo_seconds),
    )
