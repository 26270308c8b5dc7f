"""The database's schema: which revision it is at, which one this code needs, and the way from one to the other.

Alembic is imported only when there is something to migrate, because it costs a good part of the start-up time.
"""

import re
from pathlib import Path

from sqlalchemy import inspect, text

from app.db import Database
from app.errors import Misconfigured

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ROOT / "migrations" / "versions"
MIGRATION_LOCK = 0x6D696772  # "migr", the key of PostgreSQL's advisory lock


class NotMigrated(Misconfigured):
    code = "not_migrated"


class LaterDatabase(Misconfigured):
    code = "database_later"

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database is at revision {revision}, and this version of Blastscreen knows none after "
            f"{needed_revision()}: a later version has used it, and may have written what this one would misread. "
            "Start that version again, or this one with a copy of the database from before."
        )


def known_revisions() -> set[str]:
    """Migrations are numbered files, `0001_…py`."""
    return {found.group(1) for path in VERSIONS.glob("*.py") if (found := re.match(r"(\d{4})_", path.name))}


def needed_revision() -> str:
    return max(known_revisions())


def revision_of(database: Database) -> str | None:
    if not inspect(database.engine).has_table("alembic_version"):
        return None
    with database.reading() as session:
        revision: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


def is_current(database: Database) -> bool:
    return revision_of(database) == needed_revision()


def refuse_later(database: Database) -> None:
    """Raises LaterDatabase."""
    revision = revision_of(database)
    if revision is not None and revision not in known_revisions():
        raise LaterDatabase(revision)


def require_current(database: Database) -> None:
    """Raises NotMigrated or LaterDatabase."""
    refuse_later(database)
    if not is_current(database):
        raise NotMigrated("The database is not at this version's schema. Run `blastscreen migrate` and start again.")


def migrate(database: Database, *, revision: str = "head") -> None:
    """All of it or nothing. Services that start at the same time wait for each other, and the second finds it done.

    Raises LaterDatabase."""
    from alembic import command
    from alembic.config import Config

    refuse_later(database)
    config = Config(toml_file=ROOT / "pyproject.toml")
    with database.engine.connect().execution_options(writes=True) as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
