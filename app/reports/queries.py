"""A case as it stands, and the cases that somebody could sign."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, or_, select
from sqlalchemy.orm import Session, lazyload

from app.actor import Actor
from app.cases import queries as cases
from app.cases.tables import CaseRow, NoteRow
from app.errors import Conflict
from app.policy.rules import Policy
from app.reports import rules, version_queries
from app.reports.content import (
    Content,
    canonical,
    cell_of,
    sha256_of,
    told_of_case,
    told_of_cell,
    told_of_roll_up,
)
from app.reports.rules import CaseState, Cell, Facts, RollUp
from app.reports.tables import ResultVersionRow, SignatureRow
from app.reports.version_queries import Version
from app.review import queries as reviews
from app.review import read_queries
from app.review.rules import Verdict
from app.review.tables import ReadRequestRow, ReadRow
from app.screening.rules import Band
from app.screening.tables import OpenFlagRow, ScreeningRow


class OwnReadIsDue(Conflict):
    code = "own_read_is_due"


@dataclass(frozen=True)
class Standing:
    """A case as it stands. `content`: what its rows say now, which is what would be signed; `changed`: the latest
    version says something else."""

    state: CaseState
    roll_up: RollUp
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
    versions = tuple(
        version_queries.checked(session, row, now=content) for row in version_queries.versions_of(session, case.id)
    )
    changed = bool(versions) and (versions[-1].changed or versions[-1].fault is not None)
    withdrawn = cases.withdrawal(session, case.id) is not None
    facts = Facts(cells, versions=len(versions), changed=changed, withdrawn=withdrawn)
    return Standing(
        state=rules.state_of(facts),
        roll_up=rules.roll_up(cells, minimum=policy.minimum_cells),
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


def require_own_reads(session: Session, actor: Actor, standing: Standing, *, version: Version | None = None) -> None:
    """Nobody is shown what the model made of a case while a blind read of theirs is due in it, nor a version that tells
    of such a cell; one that was signed before the cell came tells nothing of it. Raises OwnReadIsDue."""
    waiting = {cell.id for cell in standing.cells if cell.waits}
    if version is not None and version.content is not None:
        waiting &= {UUID(told["id"]) for told in version.content["cells"]}
    due = len(reviews.hidden_from(session, actor, waiting))
    if due:
        cells = "1 cell of this case waits" if due == 1 else f"{due} cells of this case wait"
        raise OwnReadIsDue(f"{cells} for your own read, and the report tells what the model made of them. Read first.")


def to_sign(session: Session, *, offset: int, limit: int) -> list[CaseRow]:
    """Cases that somebody could sign: nothing waits, and something came after the latest version or the case bears
    another number or subject since, or there is no version.

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
        version_queries.is_renamed(),
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
    histories = read_queries.histories_of(session, [row.id for row in rows])
    made = reviews.reviews_from(session, histories)
    cells = [
        told_of_cell(row, review=made[row.id], reads=histories[row.id].reads, requests=histories[row.id].requests)
        for row in rows
    ]
    return {"case": told_of_case(case), "cells": cells}


def any_sandbox(session: Session, case_id: UUID) -> bool:
    rows = select(ScreeningRow.id).where(ScreeningRow.case_id == case_id, ScreeningRow.sandbox)
    return session.scalars(rows.limit(1)).first() is not None


def notes(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    """What was written beside reads and requests for another, by their id; nothing where retention has emptied it."""
    found: dict[UUID, str] = {}
    for kind in (ReadRow, ReadRequestRow):
        rows = select(kind.id, NoteRow.text).join(NoteRow, NoteRow.id == kind.note_id)
        told = session.execute(rows.where(kind.id.in_(ids), NoteRow.text.is_not(None)))
        found |= {one: text for one, text in told if text is not None}
    return found
