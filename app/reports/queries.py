"""A case as it stands, its signed versions, and who sees them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, or_, select
from sqlalchemy.orm import Session, lazyload, undefer

from app.actor import Actor
from app.audit import queries as ledger_queries
from app.audit.digest import digest
from app.audit.verify import PURGED, UNREADABLE
from app.cases import queries as cases
from app.cases.tables import CaseRow, NoteRow
from app.errors import Conflict
from app.policy.rules import Policy
from app.reports import rules
from app.reports.content import (
    Content,
    canonical,
    cell_of,
    compare,
    sha256_of,
    told_of_case,
    told_of_cell,
    told_of_roll_up,
)
from app.reports.rules import CaseState, Cell, Counts, Facts, RollUp
from app.reports.tables import ResultVersionRow, SignatureRow
from app.review import queries as reviews
from app.review.rules import Verdict
from app.review.tables import ReadRow
from app.screening.rules import Band
from app.screening.tables import ModelRow, OpenFlagRow, ScreeningRow


class OwnReadIsDue(Conflict):
    code = "own_read_is_due"


@dataclass(frozen=True)
class Version:
    """One signed version. `fault`: why its signature does not match, or None; `content`: what was signed, where it is
    what its hash says."""

    id: UUID
    number: int
    status: str
    sha256: str
    at: datetime
    signed_by: UUID | None
    printed_name: str
    meaning: str
    content: Content | None
    fault: str | None
    changed: bool


@dataclass(frozen=True)
class Standing:
    """A case as it stands. `content`: what its rows say now, which is what would be signed; `changed`: the latest
    version says something else."""

    state: CaseState
    roll_up: RollUp
    counts: Counts
    blocks: tuple[str, ...]
    changed: bool
    versions: tuple[Version, ...]
    cells: tuple[Cell, ...]
    content: Content

    @property
    def latest(self) -> Version | None:
        return self.versions[-1] if self.versions else None

    @property
    def seen(self) -> str:
        """The hash of what the rows say and of what follows from them: what a signer has looked at."""
        return sha256_of(canonical({**self.content, "roll_up": told_of_roll_up(self.roll_up)}))


def standing_of(session: Session, case: CaseRow, *, policy: Policy) -> Standing:
    """Worked out from the rows each time; nothing of it is stored."""
    content = _content(session, case)
    cells = tuple(cell_of(told) for told in content["cells"])
    versions = tuple(_version(session, row, now=content) for row in versions_of(session, case.id))
    changed = bool(versions) and (versions[-1].changed or versions[-1].fault is not None)
    withdrawn = cases.withdrawal(session, case.id) is not None
    facts = Facts(cells, versions=len(versions), changed=changed, withdrawn=withdrawn)
    return Standing(
        state=rules.state_of(facts),
        roll_up=rules.roll_up(cells, minimum=policy.minimum_cells),
        counts=rules.count(cells),
        blocks=rules.what_blocks_signing(facts),
        changed=changed,
        versions=versions,
        cells=cells,
        content=content,
    )


def screenings_of(session: Session, case_id: UUID) -> list[ScreeningRow]:
    """Every screening of the case in the order of time, without what a list of ten thousand has no use for."""
    rows = select(ScreeningRow).where(ScreeningRow.case_id == case_id).order_by(ScreeningRow.at, ScreeningRow.id)
    return list(session.scalars(rows.options(lazyload(ScreeningRow.case), lazyload(ScreeningRow.model))))


def require_own_reads(session: Session, actor: Actor, standing: Standing) -> None:
    """Nobody is shown what the model made of a case while a blind read of theirs is due in it; raises OwnReadIsDue."""
    due = len(reviews.hidden_from(session, actor, [cell.id for cell in standing.cells if cell.waits]))
    if due:
        cells = "1 cell of this case waits" if due == 1 else f"{due} cells of this case wait"
        raise OwnReadIsDue(f"{cells} for your own read, and the report tells what the model made of them. Read first.")


def to_sign(session: Session, *, offset: int, limit: int) -> list[CaseRow]:
    """Cases that somebody could sign: nothing waits, and something came after the latest version, or there is none.

    The unsigned before the signed; within both those with a suspected cell first, then the oldest.
    """
    of_case = select(ScreeningRow.id).where(ScreeningRow.case_id == CaseRow.id)
    waits = of_case.join(OpenFlagRow, OpenFlagRow.screening_id == ScreeningRow.id).exists()
    readable = or_(of_case.where(ScreeningRow.band.is_not(None)).exists(), _settled_by_a_human(of_case))
    suspected = of_case.where(ScreeningRow.band == Band.SUSPECTED).exists()
    last_cell = select(func.max(ScreeningRow.at)).where(ScreeningRow.case_id == CaseRow.id)
    last_read = select(func.max(ReadRow.at)).join(ScreeningRow, ScreeningRow.id == ReadRow.screening_id)
    last_read = last_read.where(ScreeningRow.case_id == CaseRow.id)
    signed_at = _signed_at()
    since = or_(
        signed_at.is_(None),
        last_cell.correlate(CaseRow).scalar_subquery() > signed_at,
        last_read.correlate(CaseRow).scalar_subquery() > signed_at,
    )
    rows = select(CaseRow).where(~waits, since, readable, ~cases.is_withdrawn())
    rows = rows.order_by(signed_at.is_not(None), suspected.desc(), CaseRow.opened_at, CaseRow.id)
    return list(session.scalars(rows.offset(offset).limit(limit)))


def _signed_at() -> ScalarSelect[datetime]:
    """Of a case in the enclosing select. Asked of the signatures: a version's row is as long as its text."""
    signed = select(func.max(SignatureRow.at)).join(ResultVersionRow, ResultVersionRow.id == SignatureRow.version_id)
    return signed.where(ResultVersionRow.case_id == CaseRow.id).correlate(CaseRow).scalar_subquery()


def _settled_by_a_human(of_case: Select[UUID]) -> ColumnElement[bool]:
    """Whether a reader could make something of a cell that the gate refused."""
    verdicts = (Verdict.LEUKAEMIC_BLAST, Verdict.NORMAL)
    return of_case.join(ReadRow, ReadRow.screening_id == ScreeningRow.id).where(ReadRow.verdict.in_(verdicts)).exists()


def signed_lately(session: Session, *, limit: int) -> list[tuple[CaseRow, ResultVersionRow]]:
    """The newest versions first, with their cases."""
    rows = select(CaseRow, ResultVersionRow).join(ResultVersionRow, ResultVersionRow.case_id == CaseRow.id)
    rows = rows.join(SignatureRow, SignatureRow.version_id == ResultVersionRow.id)
    found = session.execute(rows.order_by(SignatureRow.at.desc(), ResultVersionRow.id).limit(limit))
    return [(case, version) for case, version in found.unique()]


def submitters(session: Session, case_id: UUID) -> set[UUID]:
    """Who sent in the cells of the case."""
    return set(session.scalars(select(ScreeningRow.submitted_by).where(ScreeningRow.case_id == case_id).distinct()))


def _content(session: Session, case: CaseRow) -> Content:
    rows = screenings_of(session, case.id)
    by_id = {row.id: row for row in rows}
    parts = list(reviews.in_parts(by_id))
    made = dict(chain.from_iterable(reviews.reviews_of(session, [by_id[i] for i in ids]).items() for ids in parts))
    reads = dict(chain.from_iterable(reviews.reads_of(session, ids).items() for ids in parts))
    cells = [told_of_cell(row, review=made[row.id], reads=reads[row.id]) for row in rows]
    return {"case": told_of_case(case), "cells": cells}


def any_sandbox(session: Session, case_id: UUID) -> bool:
    rows = select(ScreeningRow.id).where(ScreeningRow.case_id == case_id, ScreeningRow.sandbox)
    return session.scalars(rows.limit(1)).first() is not None


def models(session: Session, ids: set[UUID]) -> list[ModelRow]:
    """With their cards."""
    rows = select(ModelRow).where(ModelRow.id.in_(ids)).options(undefer(ModelRow.card))
    return list(session.scalars(rows.order_by(ModelRow.name, ModelRow.version, ModelRow.id)))


def notes(session: Session, read_ids: set[UUID]) -> dict[UUID, str]:
    """What readers wrote, by the read's id; nothing where retention has emptied it."""
    rows = select(ReadRow.id, NoteRow.text).join(NoteRow, NoteRow.id == ReadRow.note_id)
    found = session.execute(rows.where(ReadRow.id.in_(read_ids), NoteRow.text.is_not(None)))
    return {read_id: text for read_id, text in found if text is not None}


def versions_of(session: Session, case_id: UUID) -> list[ResultVersionRow]:
    """The first first."""
    rows = select(ResultVersionRow).where(ResultVersionRow.case_id == case_id)
    return list(session.scalars(rows.order_by(ResultVersionRow.number)))


def signature_of(session: Session, version_id: UUID) -> SignatureRow | None:
    rows = select(SignatureRow).where(SignatureRow.version_id == version_id).order_by(SignatureRow.at)
    return session.scalars(rows).first()


def version_with_hash(session: Session, sha256: str) -> ResultVersionRow | None:
    return session.scalars(select(ResultVersionRow).where(ResultVersionRow.sha256 == sha256)).first()


def case_of(session: Session, version: ResultVersionRow) -> CaseRow:
    """Whoever may see it: the caller decides what to tell of it."""
    return session.get_one(CaseRow, version.case_id)


def signed_text(session: Session, version_id: UUID) -> str:
    return session.get_one(ResultVersionRow, version_id).canonical_json


def _version(session: Session, row: ResultVersionRow, *, now: Content) -> Version:
    """A version checked against its hash, its signature, the ledger and the rows that it speaks of."""
    signature = signature_of(session, row.id)
    fault, content, changed = _fault(session, row, signature), None, False
    if fault is None:
        content = json.loads(row.canonical_json)
        compared = compare(content, now)
        altered = [*compared.altered, *_renamed_unseen(session, now)]
        fault = f"What was signed has been altered since: {', '.join(altered[:5])}." if altered else None
        changed = compared.changed
    return Version(
        id=row.id,
        number=row.number,
        status=row.status,
        sha256=row.sha256,
        at=row.at,
        signed_by=signature.actor_id if signature else None,
        printed_name=signature.printed_name if signature else "nobody",
        meaning=signature.meaning if signature else "no signature",
        content=content,
        fault=fault,
        changed=changed,
    )


def _fault(session: Session, row: ResultVersionRow, signature: SignatureRow | None) -> str | None:
    if sha256_of(row.canonical_json) != row.sha256:
        return "The text is not the one whose hash was signed."
    if signature is None or signature.sha256 != row.sha256:
        return "The signature is missing." if signature is None else "The signature is for another text."
    event = ledger_queries.at(session, row.position or 0)
    if event is None or event.object_id != str(row.case_id) or event.detail.get("sha256") != row.sha256:
        return "The ledger does not bear it out."
    return _unlike_its_text(row, signature, told=json.loads(row.canonical_json))


def _unlike_its_text(row: ResultVersionRow, signature: SignatureRow, *, told: Content) -> str | None:
    signer, at = told["signer"], signature.at.isoformat(timespec="microseconds")
    signed = (str(signature.actor_id), signature.printed_name, signature.meaning, at)
    if signed != (signer["id"], signer["printed_name"], told["meaning"], told["signed_at"]):
        return "The signature is not the one that was given."
    if (row.number, row.status, str(row.case_id)) != (told["number"], told["status"], told["case"]["id"]):
        return "The version is not the one that was signed."
    return None


def _renamed_unseen(session: Session, now: Content) -> list[str]:
    """The case's number or subject, where they are not what the ledger last recorded."""
    bound = now["case"]["identifiers_digest"]
    told = ledger_queries.last_told(session, object_kind="case", object_id=now["case"]["id"], name="identifiers_digest")
    return [] if bound in (PURGED, told) else ["the case's number or subject"]


def digest_of(session: Session, versions: list[ResultVersionRow]) -> str:
    """Every version of one case and every signature, the hash of each text worked out anew."""
    return digest([_told(row, signature_of(session, row.id)) for row in versions])


def _told(row: ResultVersionRow, signature: SignatureRow | None) -> dict[str, object]:
    return {
        "id": str(row.id),
        "case_id": str(row.case_id),
        "number": row.number,
        "status": row.status,
        "text": sha256_of(row.canonical_json),
        "sha256": row.sha256,
        "supersedes_id": str(row.supersedes_id) if row.supersedes_id else None,
        "position": row.position,
        "at": row.at.isoformat(timespec="microseconds"),
        "signature": _told_of_signature(signature) if signature else None,
    }


def _told_of_signature(signature: SignatureRow) -> dict[str, object]:
    return {
        "actor_id": str(signature.actor_id),
        "printed_name": signature.printed_name,
        "meaning": signature.meaning,
        "sha256": signature.sha256,
        "at": signature.at.isoformat(timespec="microseconds"),
    }


def facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every signed case with the digest of its versions and signatures recomputed, for `audit verify`."""
    for case_id in session.scalars(select(ResultVersionRow.case_id).distinct().order_by(ResultVersionRow.case_id)):
        try:
            yield str(case_id), digest_of(session, versions_of(session, case_id))
        except (ValueError, TypeError):
            yield str(case_id), UNREADABLE
        session.expunge_all()
