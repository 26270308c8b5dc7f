"""The real migrations, on both databases."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from alembic.config import Config
from pytest_alembic import MigrationContext
from pytest_alembic.tests import (  # noqa: F401  collected here
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from app import schema
from app.db import Base, Database
from app.schema import ROOT
from migrations.versions import __path__ as versions
from tests.tampering import _triggers

COME_AND_GO = {
    "case_identifiers",
    "case_shares",
    "digest_keys",
    "half_sign_ins",
    "handings",
    "key_uses",
    "leases",
    "notes",
    "open_flags",
    "postponements",
    "proofs",
    "read_drafts",
    "reader_settings",
    "recovery_codes",
    "reset_links",
    "second_steps",
    "sessions",
    "setup_links",
    "user_roles",
    "users",
}

pytestmark = pytest.mark.filterwarnings(
    "ignore:Skipped unsupported reflection of expression-based index",
    "ignore:autogenerate skipping metadata-specified expression-based index",
)
"""SQLite's cannot be looked at; PostgreSQL's are compared."""


@pytest.fixture
def alembic_config(monkeypatch: pytest.MonkeyPatch) -> Config:
    """The project's own, where the settings name no database: the one under test must be the one that is migrated."""
    monkeypatch.setenv("BLASTSCREEN_DATABASE_URL", "sqlite:////dev/null/no.db")
    return Config(toml_file=ROOT / "pyproject.toml")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def alembic_engine(request: pytest.FixtureRequest, tmp_path) -> Iterator[Engine]:
    """An empty database."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    else:
        database = Database(request.getfixturevalue("postgres_url"))
        with database.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    yield database.engine
    database.dispose()


def test_the_revision_that_the_code_needs_is_the_last_file(database: Database) -> None:
    assert list(versions)
    assert schema.revision_of(database) == schema.needed_revision()
    assert schema.is_current(database)


def test_a_database_that_was_never_migrated_is_refused_with_the_way_out(tmp_path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")

    with pytest.raises(schema.NotMigrated, match="blastscreen migrate"):
        schema.require_current(database)
    database.dispose()


def test_a_database_that_a_later_version_has_migrated_is_refused_and_left_as_it_is(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for use in (schema.require_current, schema.migrate):
        with pytest.raises(schema.LaterDatabase, match="a later version has used it"):
            use(database)
    assert schema.revision_of(database) == "9999"


def test_services_that_migrate_at_once_wait_for_each_other(alembic_engine: Engine) -> None:
    url = alembic_engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "app.cli", "migrate"]
    environment = {**os.environ, "BLASTSCREEN_DATABASE_URL": url}

    services = [Popen(command, cwd=ROOT, env=environment, stderr=PIPE, text=True) for _ in range(3)]
    said = [service.communicate()[1] for service in services]

    assert said == ["", "", ""]


def test_a_migration_that_breaks_off_leaves_the_database_as_it_was(alembic_engine: Engine) -> None:
    database = Database(alembic_engine.url.render_as_string(hide_password=False))
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE proofs (who INTEGER)"))  # which a later revision wants to make

    with pytest.raises(DBAPIError, match="proofs"):
        schema.migrate(database)

    assert inspect(database.engine).get_table_names() == ["proofs"]
    database.dispose()


def test_it_migrates_from_whatever_folder_it_is_started_in(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "BLASTSCREEN_DATABASE_URL": f"sqlite:///{tmp_path / 'blastscreen.db'}",
        "PYTHONPATH": "",
    }

    blastscreen = Path(sys.executable).with_name("blastscreen")
    service = Popen([blastscreen, "migrate"], cwd=tmp_path, env=environment, stderr=PIPE, text=True)

    assert service.communicate()[1] == ""
    assert service.returncode == 0


def test_every_table_of_facts_bears_its_triggers(either_database: Database) -> None:
    facts = set(Base.metadata.tables) - COME_AND_GO

    with either_database.engine.connect() as connection:
        guarded = {table for table in Base.metadata.tables if len(_triggers(connection, table)) == 2}

    assert guarded == facts


@pytest.mark.parametrize("verb", ["DELETE FROM {0}", "UPDATE {0} SET {1} = {1}"])
def test_the_triggers_hold(either_database: Database, verb: str) -> None:
    with either_database.engine.begin() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(verb.format("actors", "name")))  # the service's own row is there from the start


def test_numbers_that_differ_in_case_alone_do_not_stop_the_migration(
    alembic_engine: Engine, alembic_runner: MigrationContext
) -> None:
    cases = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"]
    numbers = ["CONC-1", "conc-1"]
    alembic_runner.migrate_up_to("0007")
    with alembic_engine.begin() as connection:
        connection.execute(
            text("INSERT INTO cases SELECT :id, id, '2026-01-01' FROM actors"), [{"id": one} for one in cases]
        )
        connection.execute(
            text("INSERT INTO case_identifiers (case_id, accession) VALUES (:id, :number)"),
            [{"id": one, "number": number} for one, number in zip(cases, numbers, strict=True)],
        )

    alembic_runner.migrate_up_to("0008")

    with alembic_engine.connect() as connection:
        kept = connection.scalars(text("SELECT accession FROM case_identifiers ORDER BY case_id"))
        assert list(kept) == numbers
