"""The chain: what it records, what it refuses to forget, and that it names what was altered."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.actor import SERVICE
from app.audit import ledger, queries
from app.audit.digest import canonical_json
from app.audit.events import Act, Event
from app.audit.refusals import Forbidden, remember
from app.audit.tables import LedgerRow
from app.db import Database
from app.errors import Refused
from tests.factories import acts, verify
from tests.tampering import without_triggers


def _record(database: Database, *objects: str) -> None:
    with database.writing() as session:
        for one in objects:
            ledger.record(session, SERVICE, Event(Act.CASE_OPENED, "case", one, {"number": 0.1, "of": ["a", "b"]}))


def test_events_get_positions_without_gaps_in_the_order_of_recording(either_database: Database) -> None:
    _record(either_database, "a", "b")
    _record(either_database, "c")

    with either_database.reading() as session:
        rows = [row for _, row in queries.every_row(session, LedgerRow, LedgerRow.position) if row]
        found = [(row.position, row.object_id) for row in rows]

    assert found == [(1, "a"), (2, "b"), (3, "c")]
    assert verify(either_database).intact


def test_what_is_rolled_back_leaves_no_event(database: Database) -> None:
    with database.writing() as session:
        ledger.record(session, SERVICE, Event(Act.CASE_OPENED, "case", "a"))
        session.rollback()
    _record(database, "b")

    assert acts(database) == [Act.CASE_OPENED]
    assert verify(database).rows == 1


def test_many_writers_at_once_make_one_unbroken_chain(either_database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: _record(either_database, f"{number}"), range(40)))

    found = verify(either_database)

    assert found.intact
    assert found.rows == 40


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger SET detail = '{\"number\": 2}' WHERE position = 2",
        "UPDATE ledger SET act = 'user.signed_in' WHERE position = 2",
        "UPDATE ledger SET object_id = 'z' WHERE position = 2",
        "UPDATE ledger SET at = '2001-01-01 00:00:00' WHERE position = 2",
        f"UPDATE ledger SET hash = '{'f' * 64}' WHERE position = 2",
    ],
)
def test_an_edited_row_is_named(either_database: Database, change: str) -> None:
    _record(either_database, "a", "b", "c")

    with without_triggers(either_database, "ledger") as connection:
        connection.execute(text(change.replace(":", r"\:")))

    assert verify(either_database).broken[0].startswith("ledger position 2:")


def test_a_removed_row_is_named(either_database: Database) -> None:
    _record(either_database, "a", "b", "c")

    with without_triggers(either_database, "ledger") as connection:
        connection.execute(text("DELETE FROM ledger WHERE position = 2"))

    assert verify(either_database).broken == ("ledger position 2: the row is missing (the next one there is 3)",)


def test_rows_that_changed_places_are_named(database: Database) -> None:
    _record(database, "a", "b", "c")

    with without_triggers(database, "ledger") as connection:
        for old, new in ((2, 20), (3, 2), (20, 3)):
            connection.execute(text(f"UPDATE ledger SET position = {new} WHERE position = {old}"))

    assert verify(database).broken[0].startswith("ledger position 2:")


@pytest.mark.parametrize("verb", ["UPDATE ledger SET act = 'x'", "DELETE FROM ledger"])
def test_the_database_itself_refuses_to_change_a_row(either_database: Database, verb: str) -> None:
    _record(either_database, "a")

    with either_database.engine.begin() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(verb))


def test_replacing_a_row_is_refused_as_well(database: Database) -> None:
    _record(database, "a")
    replace = (
        "INSERT OR REPLACE INTO ledger SELECT position, at, actor_id, 'x', object_kind, object_id, detail, "
        "prev_hash, hash FROM ledger"
    )

    with database.engine.begin() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(replace))


@pytest.mark.postgres
def test_emptying_the_table_is_refused_as_well(postgres_url: str) -> None:
    database = Database(postgres_url)
    _record(database, "a")

    with database.engine.begin() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text("TRUNCATE ledger"))
    database.dispose()


def test_a_refusal_is_remembered_in_a_transaction_of_its_own(database: Database) -> None:
    forbidden = Forbidden(SERVICE, permission="audit")

    remember(database, forbidden)
    remember(database, Refused("of no consequence"))

    assert acts(database) == [Act.ACT_FORBIDDEN]


def test_one_spelling_for_equal_values_and_none_for_what_is_no_number() -> None:
    assert canonical_json({"b": 0.1, "a": ["ä", None]}) == b'{"a":["\\u00e4",null],"b":0.1}'
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))
