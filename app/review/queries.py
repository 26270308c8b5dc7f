"""The work list, what review made of a screening, and who may see it by now."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, select
from sqlalchemy.orm import Session, aliased

from app.actor import Actor, Permission
from app.cases.queries import is_withdrawn
from app.db import in_parts
from app.policy import queries as policies
from app.review.desk_queries import held_among
from app.review.read_queries import History, given_by, has_sent, histories_of, kept_out, sent_by, stands
from app.review.rules import Awaits, Review, ReviewState, state_of
from app.review.tables import ReadRow
from app.screening import queries as screening_queries
from app.screening.queries import ScreeningNotFound
from app.screening.tables import OpenFlagRow, ScreeningRow


def how_many_wait(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(OpenFlagRow)) or 0


def open_flag(session: Session, screening_id: UUID) -> OpenFlagRow | None:
    return session.get(OpenFlagRow, screening_id)


def flags_listed(session: Session) -> set[UUID]:
    return set(session.scalars(select(OpenFlagRow.screening_id)))


def flags_due(session: Session) -> set[UUID]:
    """The work list recomputed from the facts: what has a reason for review, is not settled and whose case stands."""
    read = select(ReadRow.screening_id).where(ReadRow.screening_id == ScreeningRow.id)
    flagged = select(ScreeningRow.id).where(ScreeningRow.reasons.any(), ~is_withdrawn(ScreeningRow.case_id))
    due = set(session.scalars(flagged.where(~read.exists())))
    for some in in_parts(list(session.scalars(flagged.where(read.exists())))):
        found = histories_of(session, some)
        due |= {one for one in some if found[one].concluded.awaits is not Awaits.NOBODY}
    return due


def flags_of_case(session: Session, case_id: UUID) -> list[OpenFlagRow]:
    open_flags = select(OpenFlagRow).join(ScreeningRow, ScreeningRow.id == OpenFlagRow.screening_id)
    return list(session.scalars(open_flags.where(ScreeningRow.case_id == case_id)))


def reviews_by_id(session: Session, screening_ids: Collection[UUID]) -> dict[UUID, Review]:
    """What became of each, from its reasons, its reads, who has it on their screen now, and whether its case stands."""
    return reviews_from(session, histories_of(session, screening_ids))


def reviews_from(session: Session, histories: Mapping[UUID, History]) -> dict[UUID, Review]:
    """The same, of screenings whose reads are known already."""
    held, gone = held_among(session, histories), _withdrawn_among(session, histories)
    return {one: _review(found, held=one in held, withdrawn=one in gone) for one, found in histories.items()}


def _withdrawn_among(session: Session, screening_ids: Collection[UUID]) -> set[UUID]:
    """Those whose case was withdrawn."""
    return _those(session, is_withdrawn(ScreeningRow.case_id), among=screening_ids)


def _review(found: History, *, held: bool, withdrawn: bool) -> Review:
    concluded, standing = found.concluded, found.standing
    state = state_of(concluded, calls=len(standing), held=held)
    settled_at = standing[-1].at if state is ReviewState.SETTLED else None
    reopened = bool(found.requests) and concluded.awaits is Awaits.READER
    return Review(state, concluded.verdict, settled_at, concluded.awaits, withdrawn, reopened, held)


def hidden_from(session: Session, actor: Actor, screening_ids: Collection[UUID]) -> set[UUID]:
    """Those whose score, band, reasons, findings and heat map this actor must not see yet: a blind read of theirs is
    due of the image. Every door that shows any of these asks first, and shows "for reading" in their place."""
    if not (screening_ids and _reads_blind(session, actor)):
        return set()
    return _those(session, _hidden_from(actor), among=screening_ids)


def hidden_in_cases(session: Session, actor: Actor, case_ids: Collection[UUID]) -> set[UUID]:
    """The same, of every screening in these cases."""
    if not (case_ids and _reads_blind(session, actor)):
        return set()
    return set(session.scalars(select(ScreeningRow.id).where(ScreeningRow.case_id.in_(case_ids), _hidden_from(actor))))


def is_hidden_from(session: Session, actor: Actor) -> ColumnElement[bool]:
    """The same, of the screening in the enclosing select."""
    return _hidden_from(actor) if _reads_blind(session, actor) else false()


def reads_due_from(session: Session, actor: Actor, screening_ids: Collection[UUID]) -> set[UUID]:
    """Those that wait for a read which may be this actor's, however far they are with it: until they have given it, no
    door tells them what another reader said."""
    if not (screening_ids and actor.may(Permission.READ)):
        return set()
    final = given_by(actor.id).where(ReadRow.verdict.is_not(None), stands())
    waits = select(OpenFlagRow.screening_id).where(OpenFlagRow.screening_id == ScreeningRow.id)
    due = and_(waits.correlate(ScreeningRow).exists(), ~final.exists(), _may_be_read_by(actor, of=ScreeningRow))
    return _those(session, due, among=screening_ids)


def _reads_blind(session: Session, actor: Actor) -> bool:
    return actor.may(Permission.READ) and policies.current(session).blind_first


def _hidden_from(actor: Actor) -> ColumnElement[bool]:
    """An image may have been screened in its case before, by another model: what was found then tells as much."""
    due = aliased(ScreeningRow)
    rows = select(due.id).join(OpenFlagRow, OpenFlagRow.screening_id == due.id)
    rows = rows.where(
        due.case_id == ScreeningRow.case_id,
        due.pixels_sha256 == ScreeningRow.pixels_sha256,
        ~given_by(actor.id, screening_id=due.id).correlate(due).exists(),
        _may_be_read_by(actor, of=due),
    )
    return rows.correlate(ScreeningRow).exists()


def _may_be_read_by(actor: Actor, *, of: type[ScreeningRow]) -> ColumnElement[bool]:
    """Of the screening of this name in the enclosing select: whether nothing keeps this reader from an independent read
    but one that they may have given."""
    return and_(~sent_by(actor.id, of=of), ~is_withdrawn(of.case_id), ~kept_out(actor.id, of=of))


def _those(session: Session, which: ColumnElement[bool], *, among: Collection[UUID]) -> set[UUID]:
    rows = select(ScreeningRow.id).where(which)
    return {one for some in in_parts(among) for one in session.scalars(rows.where(ScreeningRow.id.in_(some)))}


def visible(session: Session, actor: Actor, screening_id: UUID) -> ScreeningRow:
    """A screening in a case that the actor may see, or that is or was theirs to read."""
    screening = screening_queries.visible(session, actor, screening_id)
    return screening or to_read(session, actor, screening_id)


def to_read(session: Session, actor: Actor, screening_id: UUID) -> ScreeningRow:
    """A screening that waits for this reader, or that they have read."""
    screening = screening_queries.find(session, screening_id)
    if actor.may(Permission.READ) and screening is not None and not has_sent(session, actor.id, screening):
        read = given_by(actor.id, screening_id=screening_id)
        if open_flag(session, screening_id) or session.scalars(read.limit(1)).first():
            return screening
    raise ScreeningNotFound("There is no such screening, or it is not yours to see.")
