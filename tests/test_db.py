"""Sessions: what they promise about the moment of commit, times and ids."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from app import schema
from app.accounts.rules import Role
from app.accounts.rules import Scope as KeyScope
from app.db import Coded, Database, Id, UtcDateTime
from app.review.rules import Verdict
from tests.disks import files_end_at
from tests.factories import LabSystem, Service, cell, make_key, rows, verify
from tests.tampering import without_triggers


def test_the_record_is_safe_before_the_reply_leaves(service: Service) -> None:
    seen: list[int] = []

    async def spying(scope: Scope, receive: Receive, send: Send) -> None:
        async def look_first(message: Message) -> None:
            if message["type"] == "http.response.start":
                with service.database.engine.connect() as another:
                    seen.append(another.scalar(text("SELECT count(*) FROM screenings")) or 0)
            await send(message)

        await service.app(scope, receive, look_first)

    lab = LabSystem(TestClient(spying), make_key(service.database, "LIS", KeyScope.SCREEN))

    assert lab.screen(cell(1)).status_code == 201
    assert seen == [1]


def test_a_writing_session_that_raises_leaves_nothing(database: Database) -> None:
    insert = text("INSERT INTO notes (id, text) VALUES ('n', 'gone')")

    with pytest.raises(RuntimeError, match="half way"), database.writing() as session:  # noqa: PT012
        session.execute(insert)
        raise RuntimeError("half way")

    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM notes")) == 0


def test_readers_are_not_held_up_by_a_writer(database: Database) -> None:
    with database.writing() as writer:
        writer.execute(text("INSERT INTO notes (id, text) VALUES ('n', 'not yet')"))
        with database.reading() as reader:
            assert reader.scalar(text("SELECT count(*) FROM notes")) == 0


def test_a_check_finds_that_the_disk_takes_no_more_and_leaves_nothing(database: Database) -> None:
    before = rows(database)

    with files_end_at(1), pytest.raises(OperationalError):
        database.check()
    database.check()

    assert rows(database) == before
    assert schema.is_current(database)


def test_times_are_kept_in_utc_and_a_time_without_a_zone_is_refused() -> None:
    column = UtcDateTime()
    eastern = datetime(2026, 11, 21, 9, 30, tzinfo=timezone(timedelta(hours=-5)))

    kept = column.process_bind_param(eastern, None)  # type: ignore[arg-type]

    assert kept == eastern
    assert kept is not None
    assert kept.tzinfo is UTC
    with pytest.raises(ValueError, match="without a zone"):
        column.process_bind_param(datetime(2026, 11, 21), None)  # type: ignore[arg-type]  # noqa: DTZ001


def test_ids_are_text_on_every_database(either_database: Database) -> None:
    with either_database.reading() as session:
        (found,) = session.execute(text("SELECT id FROM actors")).one()

    assert found == "00000000-0000-4000-8000-000000000001"
    assert Id.impl.length == 36


def test_a_code_is_kept_as_its_text_and_what_is_none_is_refused_both_ways() -> None:
    column = Coded(Verdict, 24)

    assert type(column.process_bind_param(Verdict.NORMAL, None)) is str  # type: ignore[arg-type]
    assert column.process_bind_param("normal", None) == "normal"  # type: ignore[arg-type]
    assert column.process_result_value("normal", None) is Verdict.NORMAL  # type: ignore[arg-type]
    assert column.process_bind_param(None, None) is column.process_result_value(None, None) is None  # type: ignore[arg-type]
    for way in (column.process_bind_param, column.process_result_value):
        with pytest.raises(ValueError, match="unheard of"):
            way("unheard of", None)  # type: ignore[arg-type]


def test_a_row_with_a_code_of_another_version_is_told_in_a_sentence_and_not_as_a_surprise(service: Service) -> None:
    screened = service.lab("LIS").screen(cell(1), case="S26-0001").json()
    senior = service.signed_in("sena", Role.SENIOR)
    with without_triggers(service.database, "screenings") as connection:
        connection.execute(text("UPDATE screenings SET band = 'of_tomorrow'"))

    for address in (f"/cases/{screened['case_id']}", f"/screenings/{screened['id']}"):
        page = senior.get(address)
        assert page.status_code == 503
        assert "&#39;of_tomorrow&#39;, which this version of Blastscreen does not know" in page.text
    assert service.lab("LIS").get("/api/v1/screenings").json()["code"] == "record_unreadable"
    assert not verify(service.database).intact
