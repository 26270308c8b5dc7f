"""Proving the records: the chain row by row, then every fact that an event bound by a digest."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute, Session

from app.audit import queries
from app.audit.ledger import GENESIS, hash_of
from app.audit.queries import Row
from app.audit.tables import LedgerRow

PURGED = "purged"
"""In place of a digest: text and salt are both gone, as retention leaves them."""
UNREADABLE = "unreadable"

Facts = Callable[[Session], Iterator[tuple[str, str]]]
"""Yields (object id, digest recomputed from the row as it stands, PURGED or UNREADABLE) for every row of one kind."""

Bound = tuple[str, str]
"""(kind of object, name of the digest in the detail of its events): the last event that has it binds the object."""


@dataclass(frozen=True)
class Verification:
    rows: int
    head: str
    purged: int
    broken: tuple[str, ...]

    @property
    def intact(self) -> bool:
        return not self.broken


def verify(session: Session, *, facts: Mapping[Bound, Facts]) -> Verification:
    """Walk the chain, then recompute every fact. `session` should see one moment of the database throughout.

    Stops at the first broken ledger row (what follows cannot be trusted); otherwise names every altered fact.
    """
    bound: dict[Bound, dict[str, tuple[int, object]]] = {one: {} for one in facts}
    position, previous = 0, GENESIS
    for key, row in queries.every_row(session, LedgerRow, LedgerRow.position):
        position += 1
        why = _fault(row, position=position, previous=previous) if row else "it cannot be read"
        if row is None or why:
            named = position if row else key
            return Verification(position, previous, 0, (f"ledger position {named}: {why}",))
        previous = row.hash
        for (kind, name), objects in bound.items():
            if row.object_kind == kind and name in row.detail:
                objects[row.object_id] = (row.position, row.detail[name])
    purged, altered = 0, []
    for (kind, name), recompute in facts.items():
        found = _Compared(kind, bound[kind, name], recompute(session))
        altered += found.faults
        purged += found.purged
    return Verification(position, previous, purged, tuple(altered))


def recomputed(
    session: Session, kind: type[Row], key: InstrumentedAttribute[Any], digest: Callable[[Row], str]
) -> Iterator[tuple[str, str]]:
    """Facts of a whole table: every row's key and digest, UNREADABLE where the row cannot be read."""
    for found, row in queries.every_row(session, kind, key):
        yield str(found), digest(row) if row else UNREADABLE


def _fault(row: LedgerRow, *, position: int, previous: str) -> str | None:
    if row.position != position:
        return f"the row is missing (the next one there is {row.position})"
    if row.prev_hash != previous:
        return "it does not follow from the row before it"
    if row.hash != hash_of(row):
        return f"its content does not match its hash (act {row.act}, {row.object_kind} {row.object_id})"
    return None


class _Compared:
    """One kind of fact, as it was bound and as it is now."""

    def __init__(self, kind: str, bound: dict[str, tuple[int, object]], now: Iterator[tuple[str, str]]) -> None:
        self.faults: list[str] = []
        self.purged = 0
        for object_id, digest in now:
            position, expected = bound.pop(object_id, (0, None))
            if digest == PURGED:
                self.purged += 1
            elif position == 0:
                self.faults.append(f"{kind} {object_id} has no event in the ledger")
            elif digest == UNREADABLE:
                self.faults.append(f"{kind} {object_id} cannot be read")
            elif digest != expected:
                self.faults.append(f"{kind} {object_id} is not what ledger position {position} recorded")
        missing = ((object_id, position) for object_id, (position, expected) in bound.items() if expected is not None)
        self.faults += [f"{kind} {gone}, recorded at ledger position {at}, is missing" for gone, at in missing]
