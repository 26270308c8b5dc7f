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


class NotMigrated(Misconfigured):
    code = "not_migrated"


def needed_revision() -> str:
    """Migrations are numbered files, `0001_…py`; the last is the head."""
    numbers = [found.group(1) for path in VERSIONS.glob("*.py") if (found := re.match(r"(\d{4})_", path.name))]
    return max(numbers)


def revision_of(database: Database) -> str | None:
    if not inspect(database.engine).has_table("alembic_version"):
        return None
    with database.reading() as session:
        revision: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


def is_current(database: Database) -> bool:
    return revision_of(database) == needed_revision()


def require_current(database: Database) -> None:
    if not is_current(database):
        raise NotMigrated("The database is not at this version's schema. Run `blastscreen migrate` and start again.")


def migrate(database: Database, *, revision: str = "head") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(toml_file=ROOT / "pyproject.toml")
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
