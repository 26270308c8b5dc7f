"""The database that a command works on."""

from collections.abc import Iterator
from contextlib import contextmanager

from app import schema
from app.db import Database
from app.settings import Settings


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The migrated database of these settings; raises DatabaseUnreachable, DatabaseTrouble, NotMigrated or
    LaterDatabase."""
    database = Database(settings.database_url)
    try:
        database.require_file()
        database.reach()
        with database.trouble_told():
            schema.require_current(database)
            yield database
    finally:
        database.dispose()
