"""What lists ask of many cases at once: what their cells count as, whether what was signed still stands, and which
cases somebody could sign."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    String,
    Subquery,
    and_,
    case,
    false,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.audit.tables import LedgerRow
from app.cases import queries as cases
from app.cases.tables import CaseRow
from app.db import in_parts
from app.reports import version_queries
from app.reports.tables import ResultVersionRow, SignatureRow
from app.review.read_queries import stands
from app.review.rules import ReadKind, Verdict
from app.review.tables import ReadRow
from app.screening.queries import band_code
from app.screening.rules import Band
from app.screening.tables import OpenFlagRow, ScreeningRow

UNUSABLE = "unusable"


@cache
def called() -> ColumnElement[str]:
    """Of the screening in the enclosing select: the band that it counts as, as `rules.Cell.called` has it, or
    `unusable` where it does not count. In a withdrawn case a verdict counts that another one was to follow."""
    uncertain = case((ScreeningRow.band.is_not(None), Band.UNCERTAIN.value), else_=UNUSABLE)
    means = {
        Verdict.LEUKAEMIC_BLAST.value: literal(Band.SUSPECTED.value),
        Verdict.NORMAL.value: literal(Band.NOT_SUSPECTED.value),
        Verdict.CANNOT_TELL.value: uncertain,
        Verdict.UNUSABLE_IMAGE.value: literal(UNUSABLE),
    }
    return case(means, value=func.coalesce(_settled(), ""), else_=band_code())


@cache
def _settled(of: type[ScreeningRow] = ScreeningRow) -> ScalarSelect[str]:
    """Of the screening, or that of this name, in the enclosing select: the verdict that settled it, or null."""
    flagged = select(OpenFlagRow.screening_id).where(OpenFlagRow.screening_id == of.id)
    waits = flagged.correlate_except(OpenFlagRow).exists()
    calls = select(type_coerce(ReadRow.verdict, String)).where(
        ReadRow.screening_id == of.id, ReadRow.verdict.is_not(None), stands(), ~waits
    )
    last = calls.order_by((ReadRow.kind == ReadKind.ADJUDICATION).desc(), ReadRow.at.desc(), ReadRow.id.desc())
    return last.limit(1).correlate(of).scalar_subquery()


def count_by_call(session: Session, case_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """Per case: how many of its cells count as each band, and under `unusable` how many do not count."""
    cells = _each_image_once(case_ids)
    counts: dict[UUID, dict[str, int]] = {case_id: {} for case_id in case_ids}
    rows = select(cells.c.case_id, cells.c.called, func.count()).group_by(cells.c.case_id, cells.c.called)
    for case_id, band, count in session.execute(rows.where(cells.c.place == 1)):
        counts[case_id][band] = count
    return counts


def counting_among(
    session: Session, screening_ids: Collection[UUID], *, case_ids: Collection[UUID]
) -> list[tuple[UUID, str]]:
    """Of each of these screenings that `count_by_call` counts: its case, and what it counts as."""
    cells = _each_image_once(case_ids)
    rows = select(cells.c.case_id, cells.c.called).where(cells.c.place == 1)
    return [
        (case_id, band)
        for some in in_parts(screening_ids)
        for case_id, band in session.execute(rows.where(cells.c.id.in_(some)))
    ]


def _each_image_once(case_ids: Collection[UUID]) -> Subquery:
    """The screenings of these cases. Of several of one image that at `place` 1 counts, as `rules.each_image_once` has
    it."""
    by_humans_then_last = (_settled().is_not(None).desc(), ScreeningRow.at.desc(), ScreeningRow.id.desc())
    place = func.row_number().over(
        partition_by=(ScreeningRow.case_id, ScreeningRow.pixels_sha256), order_by=by_humans_then_last
    )
    cells = select(ScreeningRow.id, ScreeningRow.case_id, called().label("called"), place.label("place"))
    return cells.where(ScreeningRow.case_id.in_(case_ids)).subquery()


@cache
def _signed_at() -> ScalarSelect[datetime]:
    """Of a case in the enclosing select. Asked of the signatures: a version's row is as long as its text."""
    signed = select(func.max(SignatureRow.at)).join(ResultVersionRow, ResultVersionRow.id == SignatureRow.version_id)
    return signed.where(ResultVersionRow.case_id == CaseRow.id).correlate(CaseRow).scalar_subquery()


@cache
def is_signed() -> ColumnElement[bool]:
    """Of a case in the enclosing select: whether it ever was."""
    return select(ResultVersionRow.id).where(ResultVersionRow.case_id == CaseRow.id).correlate(CaseRow).exists()


@cache
def waits() -> ColumnElement[bool]:
    """Of a case in the enclosing select: whether a cell of it waits for a read."""
    flags = select(OpenFlagRow.screening_id).join(ScreeningRow, ScreeningRow.id == OpenFlagRow.screening_id)
    return flags.where(ScreeningRow.case_id == CaseRow.id).correlate(CaseRow).exists()


@cache
def is_added_to() -> ColumnElement[bool]:
    """Of a signed case in the enclosing select: whether a cell or a read came after the latest signature."""
    last_cell = select(func.max(ScreeningRow.at)).where(ScreeningRow.case_id == CaseRow.id)
    last_read = select(func.max(ReadRow.at)).join(ScreeningRow, ScreeningRow.id == ReadRow.screening_id)
    last_read = last_read.where(ScreeningRow.case_id == CaseRow.id)
    return or_(
        func.coalesce(last_cell.correlate(CaseRow).scalar_subquery() > _signed_at(), false()),
        func.coalesce(last_read.correlate(CaseRow).scalar_subquery() > _signed_at(), false()),
    )


@cache
def is_settled_by_signature() -> ColumnElement[bool]:
    """Of a case in the enclosing select: whether it is signed, and nothing came, waits or was renamed since."""
    return and_(is_signed(), ~waits(), ~is_added_to(), ~version_queries.is_renamed())


@dataclass(frozen=True)
class Signed:
    """How often a case was signed, whether a cell or a read has come or is awaited since, and whether it has another
    number or subject since."""

    versions: int = 0
    added_to: bool = False
    corrected: bool = False

    @property
    def stands(self) -> bool:
        return self.versions > 0 and not (self.added_to or self.corrected)


NEVER_SIGNED = Signed()


def signed_among(session: Session, case_ids: Collection[UUID]) -> dict[UUID, Signed]:
    """From times and the ledger alone; a case that was never signed is left out."""
    versions = select(func.count()).where(ResultVersionRow.case_id == CaseRow.id).correlate(CaseRow).scalar_subquery()
    rows = select(CaseRow.id, versions, or_(waits(), is_added_to()), version_queries.is_renamed())
    found = session.execute(rows.where(CaseRow.id.in_(case_ids), is_signed()))
    return {one: Signed(number, bool(added_to), bool(corrected)) for one, number, added_to, corrected in found}


def to_sign(session: Session, *, offset: int, limit: int) -> list[CaseRow]:
    """Cases that somebody could sign: nothing waits, a cell counts, and something came after the latest version or the
    case bears another number or subject since, or there is no version.

    The unsigned before the signed; within both those with a suspected cell first, then the oldest.
    """
    since = or_(~is_signed(), is_added_to(), version_queries.is_renamed())
    rows = select(CaseRow).where(~waits(), since, _has_cell(called() != UNUSABLE), ~cases.is_withdrawn())
    rows = rows.order_by(is_signed(), has_suspected().desc(), CaseRow.opened_at, CaseRow.id)
    return list(session.scalars(rows.offset(offset).limit(limit)))


def has_suspected(*among: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of a case in the enclosing select: whether a cell of it (of those `among` which) counts as suspected."""
    return _has_cell(called() == Band.SUSPECTED.value, *among)


def _has_cell(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    cells = select(ScreeningRow.id).where(ScreeningRow.case_id == CaseRow.id, *which, ~_replaced())
    return cells.correlate(CaseRow).exists()


@cache
def _replaced() -> ColumnElement[bool]:
    """Of the screening in the enclosing select: whether another of its image counts in its case. It is the order of
    `_each_image_once`, without ranking every cell of every case: a list asks for one cell of each."""
    other = aliased(ScreeningRow)
    theirs, its = _settled(other).is_not(None), _settled().is_not(None)
    later = or_(other.at > ScreeningRow.at, and_(other.at == ScreeningRow.at, other.id > ScreeningRow.id))
    rows = select(other.id).where(
        other.case_id == ScreeningRow.case_id,
        other.pixels_sha256 == ScreeningRow.pixels_sha256,
        other.id != ScreeningRow.id,
        or_(and_(theirs, ~its), and_(or_(theirs, ~its), later)),
    )
    return rows.correlate(ScreeningRow).exists()


def signed_lately(session: Session, *, limit: int) -> list[tuple[CaseRow, ResultVersionRow]]:
    """The newest versions first, with their cases."""
    rows = select(CaseRow, ResultVersionRow).join(ResultVersionRow, ResultVersionRow.case_id == CaseRow.id)
    rows = rows.join(SignatureRow, SignatureRow.version_id == ResultVersionRow.id)
    found = session.execute(rows.order_by(SignatureRow.at.desc(), ResultVersionRow.id).limit(limit))
    return [(case, version) for case, version in found.unique()]


def mismatched_among(session: Session, case_ids: list[UUID]) -> set[UUID]:
    """Signed cases of which a band, a verdict or a signature's hash is not what the ledger recorded: what a list can
    ask of many cases at once. A case's own page and its report compare every digest."""
    of_cases = ScreeningRow.case_id.in_(case_ids)
    outcome = func.coalesce(type_coerce(ScreeningRow.band, String), ScreeningRow.unusable_reason)
    screened = _recorded("screening", ScreeningRow.id, outcome=outcome)
    called = _recorded("read", ReadRow.id, verdict=type_coerce(ReadRow.verdict, String))
    signed = and_(SignatureRow.version_id == ResultVersionRow.id, SignatureRow.sha256 == ResultVersionRow.sha256)
    borne_out = select(LedgerRow.position).where(
        LedgerRow.position == ResultVersionRow.position,
        LedgerRow.detail["sha256"].as_string() == ResultVersionRow.sha256,
    )
    cells = select(ScreeningRow.case_id).where(of_cases, ~screened)
    reads = select(ScreeningRow.case_id).join(ReadRow, ReadRow.screening_id == ScreeningRow.id)
    reads = reads.where(of_cases, ReadRow.verdict.is_not(None), ~called)
    versions = select(ResultVersionRow.case_id).where(
        ResultVersionRow.case_id.in_(case_ids),
        ~and_(select(SignatureRow.version_id).where(signed).exists(), borne_out.exists()),
    )
    return {one for rows in (cells, reads, versions) for one in session.scalars(rows.distinct())}


def _recorded(kind: str, key: InstrumentedAttribute[UUID], **told: ColumnElement[str]) -> ColumnElement[bool]:
    """Of the row in the enclosing select: whether an event about it tells this of it."""
    rows = select(LedgerRow.position).where(LedgerRow.object_kind == kind, LedgerRow.object_id == key)
    tells = [LedgerRow.detail[name].as_string() == value for name, value in told.items()]
    return rows.where(*tells).exists()
