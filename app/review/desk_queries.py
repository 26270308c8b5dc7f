"""One reader before one cell: where they are with it, and what comes and goes around it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.db import in_parts
from app.leases import LeaseRow
from app.policy import queries as policies
from app.review.read_queries import History, history_of
from app.review.rules import Awaits, Step, Verdict, step_of
from app.review.tables import DraftRow, HandingRow, PostponementRow, ReaderSettingsRow, ReadRow
from app.screening.tables import ScreeningRow

READING = "read"  # the kind of lease on a cell


@dataclass(frozen=True)
class Task:
    """One cell, as one reader comes to it. `own`: their rows, the oldest first."""

    screening: ScreeningRow
    history: History
    own: tuple[ReadRow, ...]
    step: Step

    @property
    def awaits(self) -> Awaits:
        return self.history.concluded.awaits

    @property
    def own_standing(self) -> bool:
        return self.step is Step.DONE

    @property
    def blind_verdict(self) -> Verdict | None:
        return next((read.blind_verdict for read in self.own if read.blind_verdict), None)


def task_of(session: Session, reader: Actor, screening: ScreeningRow) -> Task:
    history = history_of(session, screening.id)
    own = history.by(reader.id)
    final = [read.verdict for read in own]
    blind_first = policies.current(session).blind_first and history.concluded.awaits is not Awaits.SENIOR
    return Task(screening, history, own, step_of(final, blind_first=blind_first))


def held_among(session: Session, screening_ids: Collection[UUID]) -> set[UUID]:
    held = select(LeaseRow.item_id).where(LeaseRow.kind == READING, LeaseRow.until > clock.now())
    return {one for some in in_parts(screening_ids) for one in session.scalars(held.where(LeaseRow.item_id.in_(some)))}


def draft(session: Session, *, screening_id: UUID, reader_id: UUID) -> DraftRow | None:
    return session.get(DraftRow, (screening_id, reader_id))


def postponement(session: Session, *, screening_id: UUID, reader_id: UUID) -> PostponementRow | None:
    return session.get(PostponementRow, (screening_id, reader_id))


def handing(session: Session, screening_id: UUID) -> HandingRow | None:
    return session.get(HandingRow, screening_id)


def left_around(
    session: Session, *, screening_id: UUID, reader_id: UUID | None
) -> Sequence[DraftRow | PostponementRow | HandingRow]:
    """What comes and goes around a cell: one reader's draft and postponement and that it was handed to them, or,
    without a reader, everybody's but the drafts."""
    typed = draft(session, screening_id=screening_id, reader_id=reader_id) if reader_id else None
    put_off = select(PostponementRow).where(PostponementRow.screening_id == screening_id)
    handed = select(HandingRow).where(HandingRow.screening_id == screening_id)
    if reader_id is not None:
        put_off = put_off.where(PostponementRow.reader_id == reader_id)
        handed = handed.where(HandingRow.to_id == reader_id)
    return [*([typed] if typed else []), *session.scalars(put_off), *session.scalars(handed)]


def settings_of(session: Session, reader_id: UUID) -> ReaderSettingsRow | None:
    return session.get(ReaderSettingsRow, reader_id)
