"""The database: engine, base class, column types, and sessions that commit at the edge.

A session begins at its first statement, so slow work (vision, fsync) goes before it. Writing sessions take SQLite's
write lock at once (BEGIN IMMEDIATE): one that reads first and writes later is refused with "database is locked" as soon
as another has written in between.

A condition that depends on nobody and on no moment is built once (`functools.cache`): to build one takes longer than to
answer it.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import Connection, DateTime, Engine, MetaData, String, create_engine, event, text
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from app.errors import Misconfigured, Unavailable

Code = TypeVar("Code", bound=StrEnum)
One = TypeVar("One")

AT_ONCE = 500
"""The most ids in one question."""
BUSY_SECONDS = 30.0
"""How long a writer waits for its turn."""


def in_parts(ids: Collection[One]) -> Iterator[list[One]]:
    """The ids, so many at a time as one question may hold."""
    every = list(ids)
    for start in range(0, len(every), AT_ONCE):
        yield every[start : start + AT_ONCE]


class DatabaseUnreachable(Misconfigured):
    code = "database_unreachable"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The database cannot be reached: {why}. Check BLASTSCREEN_DATABASE_URL, and that it is there."
        )


class DatabaseTrouble(Misconfigured):
    code = "database_trouble"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The database cannot be used: {why}. What was not finished is not kept; mend it and try again."
        )


def cause_of(error: SQLAlchemyError) -> str:
    """The driver's own name for it, `SQLITE_FULL` or an SQLSTATE, which holds nothing that anybody sent."""
    said = error.orig if isinstance(error, DBAPIError) else None
    named = getattr(said, "sqlite_errorname", None) or getattr(said, "sqlstate", None)
    return str(named or type(error).__name__)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept as UTC; SQLite has no zones, so there it is stored naive and read back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Id(TypeDecorator[UUID]):
    """A UUID as 36 characters on every database, so that the ledger's text column joins with it."""

    impl = String(36)
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> UUID | None:
        return None if value is None else UUID(value)


class UnknownCode(Unavailable, ValueError):
    """A record holds what is none of its column's codes: another version wrote it, or somebody from outside."""

    code = "record_unreadable"

    def __init__(self, value: str, *, codes: type[StrEnum]) -> None:
        super().__init__(
            f"A record that belongs here says {value!r}, which this version of Blastscreen does not know as a "
            f"{codes.__name__}. Tell whoever runs this service: either a later version wrote it, or it was altered."
        )


class Coded(TypeDecorator[Code]):
    """One of an enum's values, kept as its text. Raises ValueError for what is none of them when it is written, and
    UnknownCode when it is read."""

    impl = String
    cache_ok = True

    def __init__(self, codes: type[Code], length: int) -> None:
        super().__init__(length)
        self.codes = codes

    def process_bind_param(self, value: Code | str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.codes(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Code | None:
        try:
            return None if value is None else self.codes(value)
        except ValueError:
            raise UnknownCode(value or "", codes=self.codes) from None


class Database:
    """One engine and the two kinds of session on it. Nobody else in the project commits."""

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self.engine = _engine(url)
        except (ArgumentError, ImportError):  # whose text may hold the URL, and so a password
            raise DatabaseUnreachable("its URL names no kind of database that is known here") from None
        self._writing_engine = self.engine.execution_options(writes=True)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def make_folder(self) -> None:
        """Make the folder that an SQLite file is to lie in."""
        file = self.engine.url.database
        if self.is_sqlite and file:
            Path(file).parent.mkdir(parents=True, exist_ok=True)

    def require_file(self) -> None:
        """Raises DatabaseUnreachable where there is no SQLite file: to connect would make an empty one."""
        file = self.engine.url.database
        if self.is_sqlite and file and not Path(file).exists():
            raise DatabaseUnreachable(f"there is no file {file}, and only `blastscreen migrate` and `serve` make one")

    def reach(self) -> None:
        """Connect once, when the folder of an SQLite file has been made. Raises DatabaseUnreachable."""
        try:
            self.make_folder()
            with self.engine.connect():
                pass
        except (OSError, SQLAlchemyError) as error:
            raise DatabaseUnreachable(_why(error, url=self.engine.url)) from None

    @contextmanager
    def trouble_told(self) -> Iterator[None]:
        """For commands: what goes wrong with the database in the block is told in a sentence, by DatabaseTrouble."""
        try:
            yield
        except DBAPIError as error:
            raise DatabaseTrouble(_why(error, url=self.engine.url)) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that never commits: what it queues for the ledger would be lost, so it must queue nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A reading session that sees one moment throughout, and holds no writer up (SQLite's readers always do)."""
        engine = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        with Session(engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits when its block ends, and rolls back when the block raises."""
        with Session(self._writing_engine, expire_on_commit=False) as session:
            yield session
            session.commit()

    def check(self) -> None:
        """Raises SQLAlchemyError where the database cannot be written. Leaves nothing behind.

        A row comes and goes in one commit: what is rolled back, or writes a page as it was, does not reach the disk."""
        with self._writing_engine.begin() as connection:
            connection.execute(text("INSERT INTO alembic_version (version_num) VALUES ('')"))
            connection.execute(text("DELETE FROM alembic_version WHERE version_num = ''"))

    def dispose(self) -> None:
        self.engine.dispose()


def get_database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _writing_session(database: Annotated[Database, Depends(get_database)]) -> Iterator[Session]:
    with database.writing() as session:
        yield session


# scope="function": the commit happens when the route returns, BEFORE the reply leaves (FastAPI's default is after)
DbSession = Annotated[Session, Depends(_writing_session, scope="function")]
OurDatabase = Annotated[Database, Depends(get_database)]


def _engine(url: str) -> Engine:
    """Raises ArgumentError, ImportError or DatabaseUnreachable."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            url,
            pool_size=20,
            max_overflow=30,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"options": f"-c lock_timeout={BUSY_SECONDS * 1000:.0f}"},
        )
    if parsed.database in {None, "", ":memory:"}:
        raise DatabaseUnreachable("an SQLite URL has to name a file, since records in memory would be lost")
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=30,
        pool_timeout=60,
        connect_args={"timeout": BUSY_SECONDS},
        hide_parameters=True,  # an error's text goes to the log, and parameters are what people sent
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _why(error: OSError | SQLAlchemyError, *, url: URL) -> str:
    """The first line of what the driver says, where there are several, and nothing of a password."""
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    first = said.splitlines()[0].rstrip(".") if said else type(error).__name__
    for secret in (url.password, *url.normalized_query.get("password", ())):
        first = first.replace(str(secret), "***") if secret else first
    return f"{url.database}: {first}" if url.get_backend_name() == "sqlite" else first


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing of its own; `_begin_sqlite` does
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # a reply that has left must survive a power cut
        "foreign_keys=ON",
        "recursive_triggers=ON",  # or INSERT OR REPLACE slips by the append-only triggers
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
