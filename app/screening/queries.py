"""Finding screenings, and recomputing what the ledger bound of them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, String, func, or_, select, type_coerce
from sqlalchemy.orm import Session, aliased, undefer

from app.actor import Actor
from app.audit.digest import digest, told_of
from app.audit.events import Act
from app.audit.tables import LedgerRow
from app.audit.verify import recomputed
from app.cases.queries import is_same_subject, is_withdrawn, visible_to
from app.cases.tables import CaseIdentifierRow, CaseRow
from app.db import in_parts
from app.errors import NotFound
from app.screening.rules import LATER, MIXED_UP, WITH_LOSS, ReviewReason
from app.screening.tables import ActivationRow, FlagReasonRow, ImageRow, ModelRow, ScreeningRow, SubmissionRow


class ScreeningNotFound(NotFound):
    code = "screening_not_found"


class ModelNotFound(NotFound):
    code = "model_not_found"


def find(session: Session, screening_id: UUID) -> ScreeningRow | None:
    """Without asking who may see it: the caller decides."""
    return session.get(ScreeningRow, screening_id)


def visible(session: Session, actor: Actor, screening_id: UUID) -> ScreeningRow | None:
    wanted = select(ScreeningRow).join(CaseRow).where(ScreeningRow.id == screening_id, visible_to(actor))
    return session.scalars(wanted).first()


def get(session: Session, actor: Actor, screening_id: UUID) -> ScreeningRow:
    screening = visible(session, actor, screening_id)
    if screening is None:
        raise ScreeningNotFound("There is no such screening, or it is not yours to see.")
    return screening


@dataclass(frozen=True)
class Wanted:
    """Which screenings a list asks for; None: all. `needs_review`: as each of them tells it, a fact of its moment, so
    that nothing comes into a list, or leaves it, behind a reader's cursor."""

    case_id: UUID | None = None
    needs_review: bool | None = None


@dataclass(frozen=True)
class Listed:
    screenings: list[ScreeningRow]
    last_position: int | None
    more: bool


def in_ledger_order(session: Session, actor: Actor, *, after: int, wanted: Wanted, limit: int) -> Listed:
    """What the actor may see, in the order of the ledger, from just behind position `after`: no gap under writers."""
    rows = (
        select(LedgerRow.position, ScreeningRow)
        .join(ScreeningRow, ScreeningRow.id == LedgerRow.object_id)
        .join(CaseRow, CaseRow.id == ScreeningRow.case_id)
        .where(LedgerRow.act == Act.CELL_SCREENED, LedgerRow.position > after, visible_to(actor))
        .order_by(LedgerRow.position)
        .limit(limit + 1)
    )
    if wanted.case_id is not None:
        rows = rows.where(ScreeningRow.case_id == wanted.case_id)
    if wanted.needs_review is not None:
        flagged = ScreeningRow.reasons.any(FlagReasonRow.reason.not_in(LATER))
        rows = rows.where(flagged if wanted.needs_review else ~flagged)
    found = session.execute(rows).unique().all()
    shown = found[:limit]
    last = shown[-1][0] if shown else None
    return Listed([row for _, row in shown], last, len(found) > limit)


def ids_in_cases(session: Session, case_ids: list[UUID]) -> list[UUID]:
    return list(session.scalars(select(ScreeningRow.id).where(ScreeningRow.case_id.in_(case_ids))))


@cache
def band_code() -> ColumnElement[str]:
    """Of a screening in the enclosing select: its band, or `unusable` where it has none."""
    return func.coalesce(type_coerce(ScreeningRow.band, String), "unusable")


def how_many_in(session: Session, case_id: UUID) -> int:
    return session.scalar(select(func.count()).where(ScreeningRow.case_id == case_id)) or 0


def submission(session: Session, actor: Actor, *, idempotency_key: str) -> SubmissionRow | None:
    return session.get(SubmissionRow, (actor.id, idempotency_key))


def same_pixels_in_case(
    session: Session, *, pixels_sha256: str, case_id: UUID, model_id: UUID, lossy: bool
) -> ScreeningRow | None:
    """`lossy`: of those that have a score, only one that was not cleared by it."""
    rows = select(ScreeningRow).where(
        ScreeningRow.case_id == case_id,
        ScreeningRow.pixels_sha256 == pixels_sha256,
        ScreeningRow.model_id == model_id,
    )
    if lossy:
        known = ScreeningRow.reasons.any(FlagReasonRow.reason.in_(WITH_LOSS))
        rows = rows.where(or_(ScreeningRow.band.is_(None), known))
    return session.scalars(rows.order_by(ScreeningRow.at).limit(1)).first()


def came_with_loss(session: Session, *, pixels_sha256: str) -> bool:
    """Whether these very pixels were screened from a lossy file before, in whichever case: then a lossless file of them
    is a copy of that one."""
    rows = select(ScreeningRow.id).join(FlagReasonRow, FlagReasonRow.screening_id == ScreeningRow.id)
    rows = rows.where(ScreeningRow.pixels_sha256 == pixels_sha256, FlagReasonRow.reason == ReviewReason.LOSSY_IMAGE)
    return session.scalars(rows.limit(1)).first() is not None


def seen_under_other_subject(session: Session, *, pixels_sha256: str, subject: str | None) -> bool:
    if subject is None:
        return False
    rows = (
        select(ScreeningRow.id)
        .join(CaseIdentifierRow, CaseIdentifierRow.case_id == ScreeningRow.case_id)
        .where(ScreeningRow.pixels_sha256 == pixels_sha256, ~is_same_subject(CaseIdentifierRow.subject, subject))
    )
    return session.scalars(rows.limit(1)).first() is not None


def also_elsewhere(session: Session, screening: ScreeningRow) -> bool:
    """Whether its image lies in another case too and nothing says yet that the subjects differ: they may be the same,
    or not be known."""
    other = select(ScreeningRow.id).where(ScreeningRow.pixels_sha256 == screening.pixels_sha256)
    other = other.where(ScreeningRow.case_id != screening.case_id)
    return screening.given.isdisjoint(MIXED_UP) and session.scalars(other.limit(1)).first() is not None


def under_two_subjects(session: Session, case: CaseRow, *, pixels_sha256: str | None = None) -> list[ScreeningRow]:
    """Of this case and of every other: the screenings whose pixels lie under this case's subject and under another,
    but for those that are flagged for it and for those whose case was withdrawn. `pixels_sha256`: of this image alone.
    """
    if case.subject is None:
        return []
    mine, other = aliased(ScreeningRow), aliased(ScreeningRow)
    shared = (
        select(mine.id, other.id)
        .join(other, other.pixels_sha256 == mine.pixels_sha256)
        .join(CaseIdentifierRow, CaseIdentifierRow.case_id == other.case_id)
        .where(mine.case_id == case.id, ~is_same_subject(CaseIdentifierRow.subject, case.subject))
    )
    if pixels_sha256 is not None:
        shared = shared.where(mine.pixels_sha256 == pixels_sha256)
    both = {one for pair in session.execute(shared) for one in pair}
    unflagged = select(ScreeningRow).where(~ScreeningRow.reasons.any(FlagReasonRow.reason.in_(MIXED_UP)))
    unflagged = unflagged.where(~is_withdrawn(ScreeningRow.case_id)).order_by(ScreeningRow.at, ScreeningRow.id)
    return [
        one for some in in_parts(both) for one in session.scalars(unflagged.where(ScreeningRow.id.in_(some))).unique()
    ]


def reasons_in(session: Session, case_id: UUID) -> dict[UUID, frozenset[ReviewReason]]:
    """Of each screening of a case that was flagged, why."""
    given = select(FlagReasonRow.screening_id, FlagReasonRow.reason)
    given = given.join(ScreeningRow, ScreeningRow.id == FlagReasonRow.screening_id)
    found: dict[UUID, set[ReviewReason]] = defaultdict(set)
    for screening_id, reason in session.execute(given.where(ScreeningRow.case_id == case_id)):
        found[screening_id].add(reason)
    return {screening_id: frozenset(why) for screening_id, why in found.items()}


def mixed_up_in(session: Session, case_id: UUID) -> list[UUID]:
    """Of a case: the screenings whose image was sent under another subject too, whatever readers made of them, unless
    the subjects have been corrected to one since; oldest first."""
    mine, theirs, other = aliased(CaseIdentifierRow), aliased(CaseIdentifierRow), aliased(ScreeningRow)
    still = (
        select(other.id)
        .join(theirs, theirs.case_id == other.case_id)
        .join(mine, mine.case_id == ScreeningRow.case_id)
        .where(
            other.pixels_sha256 == ScreeningRow.pixels_sha256,
            theirs.case_id != mine.case_id,
            or_(mine.subject.is_(None), theirs.subject.is_(None), ~is_same_subject(mine.subject, theirs.subject)),
        )
    )
    rows = select(ScreeningRow.id).where(ScreeningRow.case_id == case_id, still.correlate(ScreeningRow).exists())
    rows = rows.where(ScreeningRow.reasons.any(FlagReasonRow.reason.in_(MIXED_UP)))
    return list(session.scalars(rows.order_by(ScreeningRow.at, ScreeningRow.id)))


def image(session: Session, pixels_sha256: str) -> ImageRow | None:
    return session.get(ImageRow, pixels_sha256)


def images(session: Session, pixels_sha256: set[str]) -> dict[str, ImageRow]:
    rows = select(ImageRow).where(ImageRow.pixels_sha256.in_(pixels_sha256))
    return {row.pixels_sha256: row for row in session.scalars(rows)}


def every_image(session: Session) -> Iterator[str]:
    yield from session.scalars(select(ImageRow.pixels_sha256).order_by(ImageRow.pixels_sha256))


def model(session: Session, *, sha256: str, card_sha256: str) -> ModelRow | None:
    rows = select(ModelRow).where(ModelRow.sha256 == sha256, ModelRow.card_sha256 == card_sha256)
    return session.scalars(rows).first()


def model_with_id(session: Session, model_id: UUID) -> ModelRow:
    row = session.get(ModelRow, model_id)
    if row is None:
        raise ModelNotFound("No such model has served here.")
    return row


def models_with_cards(session: Session, model_ids: set[UUID]) -> list[ModelRow]:
    rows = select(ModelRow).where(ModelRow.id.in_(model_ids)).options(undefer(ModelRow.card))
    return list(session.scalars(rows.order_by(ModelRow.name, ModelRow.version, ModelRow.id)))


def last_activation(session: Session) -> ActivationRow | None:
    return session.scalars(select(ActivationRow).order_by(ActivationRow.at.desc()).limit(1)).first()


def digest_of(screening: ScreeningRow) -> str:
    """Everything that was true at the moment of screening; a reason that came later is not part of it.

    The policy's number is not part of the digests from before there were policies."""
    told = told_of(
        screening,
        "id",
        "case_id",
        "submitted_by",
        "received_sha256",
        "pixels_sha256",
        "model_id",
        "thresholds",
        "logit",
        "probability",
        "band",
        "unusable_reason",
        "sandbox",
        "at",
    )
    later = {} if screening.policy is None else {"policy": screening.policy}
    reasons = sorted(row.reason for row in screening.reasons if row.reason not in LATER)
    return digest({**told, **later, "reasons": reasons})


def facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every screening with its digest recomputed, for `audit verify`."""
    return recomputed(session, ScreeningRow, ScreeningRow.id, digest_of)


def asked_for_facts(session: Session) -> Iterator[tuple[str, str]]:
    return _given(session, ReviewReason.ASKED_FOR, told=ASKED_FOR)


def same_image_facts(session: Session) -> Iterator[tuple[str, str]]:
    return _given(session, ReviewReason.SAME_IMAGE_FOUND_LATER, told=SAME_IMAGE)


def _given(session: Session, reason: ReviewReason, *, told: str) -> Iterator[tuple[str, str]]:
    for screening_id in session.scalars(select(FlagReasonRow.screening_id).where(FlagReasonRow.reason == reason)):
        yield str(screening_id), told


ASKED_FOR = digest(ReviewReason.ASKED_FOR.value)
SAME_IMAGE = digest(ReviewReason.SAME_IMAGE_FOUND_LATER.value)


def digest_of_model(model: ModelRow) -> str:
    return digest({**told_of(model, "id", "name", "version", "sha256"), "card_sha256": digest(model.card)})


def model_facts(session: Session) -> Iterator[tuple[str, str]]:
    return recomputed(session, ModelRow, ModelRow.id, digest_of_model)
