"""Readiness and the log name what is in the way, so that an operator can mend it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from app import clock, logs
from app.checks import AGAIN_AFTER, Readiness
from tests.disks import files_end_at
from tests.factories import Service, cell


def test_a_service_whose_disk_is_full_is_not_ready_and_says_why(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    anybody, start = service.anybody(), clock.now()

    with files_end_at(1):
        reply = anybody.get("/health/ready")

    assert reply.status_code == 503
    assert reply.json()["failing"] == {
        "database": "the database cannot be written (SQLITE_IOERR_WRITE)",
        "image_store": "the image store cannot be written (EFBIG: File too large)",
    }
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=1))
    assert anybody.get("/health/ready").status_code == 200


def test_who_asks_again_and_again_whether_the_service_is_ready_has_it_checked_now_and_then(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    anybody, start, commits = service.anybody(), clock.now(), list[object]()
    event.listen(service.database.engine, "commit", commits.append)
    checks = []

    for after in (timedelta(), AGAIN_AFTER / 2, AGAIN_AFTER, timedelta(hours=-1)):
        monkeypatch.setattr(clock, "now", lambda after=after: start + after)
        assert [anybody.get("/health/ready").status_code for _ in range(3)] == [200] * 3
        checks.append(len(commits))

    assert checks == [1, 1, 2, 3]


def test_those_who_ask_during_a_check_get_its_answer() -> None:
    checks = 0

    def broken() -> str:
        nonlocal checks
        checks += 1
        return "it is broken"

    async def twenty_at_once() -> list[object]:
        readiness = Readiness({"part": broken, "other": lambda: None})
        return [*await asyncio.gather(*(readiness.faults() for _ in range(20)))]

    with ThreadPoolExecutor(1) as pool:  # a browser's event loop may run in this thread
        found = pool.submit(lambda: asyncio.run(twenty_at_once())).result()

    assert found == [{"part": "it is broken"}] * 20
    assert checks == 1


def test_the_log_names_what_is_wrong_with_the_database(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("error")
    lab = service.lab()
    with service.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE images RENAME TO elsewhere"))

    assert lab.screen(cell(1)).status_code == 503

    assert '"why": "SQLITE_ERROR"' in capfd.readouterr().err
