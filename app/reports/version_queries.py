"""The signed versions of a case, checked each time against their hash, their signature, the ledger and the rows."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import Session

from app.audit import queries as ledger_queries
from app.audit.digest import digest, told_of, told_time
from app.audit.events import Act
from app.audit.tables import LedgerRow
from app.audit.verify import UNREADABLE
from app.cases.tables import CaseRow
from app.reports.content import Content, compare, said_of, sha256_of
from app.reports.record_queries import NAMES
from app.reports.tables import ResultVersionRow, SignatureRow

NAMED_MOST = 5


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


def versions_of(session: Session, case_id: UUID) -> list[ResultVersionRow]:
    """Oldest first."""
    rows = select(ResultVersionRow).where(ResultVersionRow.case_id == case_id)
    return list(session.scalars(rows.order_by(ResultVersionRow.number)))


def signature_of(session: Session, version_id: UUID) -> SignatureRow | None:
    rows = select(SignatureRow).where(SignatureRow.version_id == version_id).order_by(SignatureRow.at)
    return session.scalars(rows).first()


def version_with_hash(session: Session, sha256: str) -> ResultVersionRow | None:
    return session.scalars(select(ResultVersionRow).where(ResultVersionRow.sha256 == sha256)).first()


def case_of(session: Session, version: ResultVersionRow) -> CaseRow:
    """Without asking who may see it: the caller decides what to tell of it."""
    return session.get_one(CaseRow, version.case_id)


@cache
def is_renamed() -> ColumnElement[bool]:
    """Of a case in the enclosing select: whether its number or subject is another, by the ledger, than when it was last
    signed."""
    signed = select(func.max(ResultVersionRow.position)).where(ResultVersionRow.case_id == CaseRow.id)
    then = _named(LedgerRow.position < signed.correlate(CaseRow).scalar_subquery())
    return then != _named()


def _named(*when: ColumnElement[bool]) -> ScalarSelect[str]:
    told = select(LedgerRow.detail["identifiers_digest"].as_string()).where(
        LedgerRow.object_kind == "case",
        LedgerRow.object_id == CaseRow.id,
        LedgerRow.act.in_((Act.CASE_OPENED, Act.CASE_IDENTIFIED, Act.CASE_CORRECTED)),
        *when,
    )
    return told.order_by(LedgerRow.position.desc()).limit(1).correlate(CaseRow).scalar_subquery()


def signed_text(session: Session, version_id: UUID) -> str:
    return session.get_one(ResultVersionRow, version_id).canonical_json


def checked(session: Session, row: ResultVersionRow, *, now: Content, altered: Mapping[str, str]) -> Version:
    """A version checked against its hash, its signature, the ledger and the rows that it speaks of.

    `altered`: what of the case as it stands the ledger does not bear out, by id, as `record_queries` names it.
    """
    signature = signature_of(session, row.id)
    fault, content, changed = _fault(session, row, signature), None, False
    if fault is None:
        content = json.loads(row.canonical_json)
        compared = compare(content, now)
        unlike = dict.fromkeys((*compared.altered, *_signed_among(altered, content)))
        fault = f"What was signed has been altered: {first_of(unlike)}." if unlike else None
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
    signer = told["signer"]
    signed = (str(signature.actor_id), signature.printed_name, signature.meaning, told_time(signature.at))
    if signed != (signer["id"], signer["printed_name"], told["meaning"], told["signed_at"]):
        return "The signature is not the one that was given."
    if (row.number, row.status, str(row.case_id)) != (told["number"], told["status"], told["case"]["id"]):
        return "The version is not the one that was signed."
    return None


def first_of(names: Collection[str]) -> str:
    """Some of what was altered, and how much more there is."""
    more = len(names) - NAMED_MOST
    return ", ".join([*list(names)[:NAMED_MOST], *([f"and {more} more"] if more > 0 else [])])


def _signed_among(altered: Mapping[str, str], content: Content) -> Iterator[str]:
    """The names of what this version tells of: a cell that came later is no fault of it."""
    signed = {NAMES, content["case"]["id"]}
    for cell in content["cells"]:
        signed |= {cell["id"], *(one["id"] for one in said_of(cell))}
    yield from (name for one, name in altered.items() if one in signed)


def digest_of(session: Session, versions: list[ResultVersionRow]) -> str:
    """Every version of one case and every signature, the hash of each text worked out anew."""
    return digest([_told(row, signature_of(session, row.id)) for row in versions])


def _told(row: ResultVersionRow, signature: SignatureRow | None) -> dict[str, object]:
    return {
        **told_of(row, "id", "case_id", "number", "status", "sha256", "supersedes_id", "position", "at"),
        "text": sha256_of(row.canonical_json),
        "signature": told_of(signature, "actor_id", "printed_name", "meaning", "sha256", "at") if signature else None,
    }


def facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every signed case with the digest of its versions and signatures recomputed, for `audit verify`."""
    for case_id in session.scalars(select(ResultVersionRow.case_id).distinct().order_by(ResultVersionRow.case_id)):
        try:
            yield str(case_id), digest_of(session, versions_of(session, case_id))
        except (ValueError, TypeError):
            yield str(case_id), UNREADABLE
        session.expunge_all()
