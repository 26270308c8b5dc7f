"""Triggers that keep facts facts. Every migration that makes or rebuilds such a table calls `guard` for it again:
alembic's batch mode drops triggers silently."""

from collections.abc import Iterable

from sqlalchemy import Connection, text

REFUSE = "blastscreen_refuse_change"


def guard(connection: Connection, tables: Iterable[str]) -> None:
    if connection.dialect.name == "sqlite":
        for table in tables:
            _guard_on_sqlite(connection, table)
        return
    connection.execute(
        text(
            f"CREATE OR REPLACE FUNCTION {REFUSE}() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    )
    for table in tables:
        _guard_on_postgresql(connection, table)


def _guard_on_sqlite(connection: Connection, table: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        name = f"{table}_refuse_{verb.lower()}"
        connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        connection.execute(
            text(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        )


def _guard_on_postgresql(connection: Connection, table: str) -> None:
    rows, whole = f"{table}_refuse_change", f"{table}_refuse_truncate"
    for name, verbs, each in ((rows, "UPDATE OR DELETE", "ROW"), (whole, "TRUNCATE", "STATEMENT")):
        connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON {table}"))
        connection.execute(
            text(f"CREATE TRIGGER {name} BEFORE {verbs} ON {table} FOR EACH {each} EXECUTE FUNCTION {REFUSE}()")
        )
