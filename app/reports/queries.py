"""A case as it stands, and what of it is not what the ledger recorded."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload

from app.actor import Actor
from app.cases import queries as cases
from app.cases.tables import CaseRow, NoteRow
from app.errors import Conflict
from app.policy.rules import Policy
from app.reports import listing_queries, record_queries, rules, version_queries
from app.reports.content import (
    Content,
    canonical,
    cell_of,
    sha256_of,
    told_of_case,
    told_of_cell,
    told_of_roll_up,
)
from app.reports.rules import CaseState, Facts, RollUp
from app.reports.version_queries import Version
from app.review import queries as reviews
from app.review import read_queries
from app.review.tables import ReadRequestRow, ReadRow
from app.screening.tables import ScreeningRow

COMPARED_MOST = 1_000
"""How many cells a page that is no report compares with the ledger: a fifth of a second."""
ALTERED_SOMEWHERE = "The record was altered from outside."


class OwnReadIsDue(Conflict):
    code = "own_read_is_due"


@dataclass(frozen=True)
class Standing:
    """A case as it stands. `content`: what its rows say now, which is what would be signed."""

    facts: Facts
    roll_up: RollUp
    versions: tuple[Version, ...]
    content: Content

    @property
    def state(self) -> CaseState:
        return rules.state_of(self.facts)

    @property
    def blocks(self) -> tuple[str, ...]:
        return rules.what_blocks_signing(self.facts)

    @property
    def latest(self) -> Version | None:
        return self.versions[-1] if self.versions else None

    @property
    def seen(self) -> str:
        """The hash of what the rows say and of what follows from them: what a signer has looked at."""
        return sha256_of(canonical({**self.content, "roll_up": told_of_roll_up(self.roll_up)}))


def standing_of(session: Session, case: CaseRow, *, policy: Policy) -> Standing:
    """Worked out from the rows each time, which are held against the ledger; nothing of it is stored."""
    content = _content(session, case)
    cells = tuple(cell_of(told) for told in content["cells"])
    versions, altered = _checked(session, case, content)
    facts = Facts(
        cells,
        versions=len(versions),
        changed=bool(versions) and versions[-1].changed,
        withdrawn=cases.withdrawal(session, case.id) is not None,
        named=case.accession is not None,
        mismatch=_mismatch(versions),
        altered=altered,
    )
    if not rules.what_blocks_signing(facts):
        facts = replace(facts, altered=_told_of(record_queries.missing(session, content)))
    return Standing(facts, rules.roll_up(cells, minimum=policy.minimum_cells), versions, content)


def fault_seen(session: Session, case: CaseRow, *, cells: int) -> str | None:
    """Why what the page of a signed case shows cannot be relied on, or None. Of a case too large for a page to compare
    every digest, no more than what a list compares; its report compares them all."""
    if cells > COMPARED_MOST:
        return ALTERED_SOMEWHERE if listing_queries.mismatched_among(session, [case.id]) else None
    versions, altered = _checked(session, case, _content(session, case))
    return _mismatch(versions) or altered


def _checked(session: Session, case: CaseRow, content: Content) -> tuple[tuple[Version, ...], str | None]:
    """Every version, and what of the case as it stands is not what the ledger recorded."""
    altered = record_queries.altered(session, content)
    rows = version_queries.versions_of(session, case.id)
    versions = (version_queries.checked(session, row, now=content, altered=altered) for row in rows)
    return tuple(versions), _told_of(altered.values())


def _mismatch(versions: Sequence[Version]) -> str | None:
    """Of the newest version whose signature does not match."""
    faults = [f"Version {one.number}: {one.fault}" for one in versions if one.fault]
    return faults[-1] if faults else None


def _told_of(altered: Collection[str]) -> str | None:
    return f"The record was altered from outside: {version_queries.first_of(altered)}." if altered else None


def screenings_of(session: Session, case_id: UUID) -> list[ScreeningRow]:
    """Every screening of the case in the order of time, without what a list of ten thousand has no use for."""
    rows = select(ScreeningRow).where(ScreeningRow.case_id == case_id).order_by(ScreeningRow.at, ScreeningRow.id)
    return list(session.scalars(rows.options(lazyload(ScreeningRow.case), lazyload(ScreeningRow.model))))


def require_own_reads(session: Session, actor: Actor, standing: Standing, *, version: Version | None = None) -> None:
    """Nobody is shown what the model made of a case while a blind read of theirs is due in it, nor a version that tells
    what was found in a cell that waits for their read again; one that was signed before the cell came tells nothing of
    it. Raises OwnReadIsDue."""
    waiting = {cell.id for cell in standing.facts.cells if cell.waits}
    if version is not None and version.content is not None:
        waiting &= {UUID(told["id"]) for told in version.content["cells"]}
    asks = reviews.hidden_from if version is None else reviews.reads_due_from
    due = len(asks(session, actor, waiting))
    if due:
        cells, them = ("1 cell of this case waits", "it") if due == 1 else (f"{due} cells of this case wait", "them")
        raise OwnReadIsDue(
            f"{cells} for your own read, and the report tells what was found in {them}. Read first, or come back when "
            f"somebody else has settled {them}."
        )


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
