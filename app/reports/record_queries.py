"""Whether the rows of a case are what the ledger recorded of them: which read otherwise, and which are gone."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit import queries as ledger_queries
from app.audit.events import Act
from app.audit.tables import LedgerRow
from app.audit.verify import PURGED
from app.db import in_parts
from app.reports.content import Content, said_of

NAMES = "the case's number or subject"
READS = (Act.BLIND_CALL, Act.READ_GIVEN, Act.READ_WITHDRAWN, Act.ANOTHER_READ_ASKED_FOR)


def altered(session: Session, content: Content) -> dict[str, str]:
    """What of a case is not what the ledger recorded: by the row's id, in the words that pages name it by."""
    case, cells = content["case"], content["cells"]
    reads = [(read, cell) for cell in cells for read in cell["reads"]]
    requests = [(request, cell) for cell in cells for request in cell.get("requests", ())]
    now = {
        "case": {case["id"]: (case["digest"], "the case")},
        "screening": {cell["id"]: (cell["digest"], f"cell {cell['id'][:8]}") for cell in cells},
        "read": {read["id"]: (read["digest"], f"a read of cell {cell['id'][:8]}") for read, cell in reads},
        "read_request": {
            one["id"]: (one["digest"], f"a request for another read of cell {cell['id'][:8]}") for one, cell in requests
        },
    }
    found = {one: name for kind, told in now.items() for one, name in _unlike(session, kind, told).items()}
    named = ledger_queries.last_told(session, object_kind="case", object_id=case["id"], name="identifiers_digest")
    return found if case["identifiers_digest"] in (PURGED, named) else {**found, NAMES: NAMES}


def _unlike(session: Session, kind: str, now: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """`now`: by id, the digest of each row as it stands, and its name."""
    bound: dict[str, str] = {}
    digest = LedgerRow.detail["digest"].as_string()
    for some in in_parts(now):
        rows = select(LedgerRow.object_id, digest).where(LedgerRow.object_kind == kind, LedgerRow.object_id.in_(some))
        bound.update(session.execute(rows.where(digest.is_not(None)).order_by(LedgerRow.position)).all())
    return {one: name for one, (digest_now, name) in now.items() if bound.get(one) != digest_now}


def missing(session: Session, content: Content) -> tuple[str, ...]:
    """Cells of a case, reads and requests for another that the ledger recorded and that are gone. It goes through all
    that was screened and read since the case was opened: for who signs, not for a list."""
    case_id = content["case"]["id"]
    reads_of = {cell["id"]: {one["id"] for one in said_of(cell)} for cell in content["cells"]}
    opened = select(func.min(LedgerRow.position)).where(LedgerRow.object_kind == "case", LedgerRow.object_id == case_id)
    since = LedgerRow.position > (session.scalar(opened) or 0)
    cells = select(LedgerRow.object_id).where(
        LedgerRow.act == Act.CELL_SCREENED, since, LedgerRow.detail["case"].as_string() == case_id
    )
    reads = select(LedgerRow.object_id, LedgerRow.detail["screening"].as_string()).where(
        LedgerRow.act.in_(READS), since
    )
    return (
        *(f"cell {one[:8]}, which is gone" for one in session.scalars(cells) if one not in reads_of),
        *(
            f"a read of cell {of[:8]}, which is gone"
            for one, of in session.execute(reads)
            if of in reads_of and one not in reads_of[of]
        ),
    )
