"""What somebody with the keys to the database could do."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from app.db import Database


@contextmanager
def without_triggers(database: Database, *tables: str) -> Iterator[Connection]:
    """A connection that commits at the end, with the append-only triggers of `tables` dropped."""
    with database.engine.begin() as connection:
        for table in tables:
            for name in _triggers(connection, table):
                connection.execute(text(f"DROP TRIGGER {name}" + ("" if database.is_sqlite else f" ON {table}")))
        yield connection


def _triggers(connection: Connection, table: str) -> list[str]:
    if connection.dialect.name == "sqlite":
        found = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"), {"table": table}
        )
    else:
        found = connection.execute(
            text("SELECT tgname FROM pg_trigger WHERE tgrelid = CAST(:table AS regclass) AND NOT tgisinternal"),
            {"table": table},
        )
    return [row[0] for row in found]
