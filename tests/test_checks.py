"""Readiness and the log name what is in the way, so that an operator can mend it."""

import pytest
from sqlalchemy import text

from app import logs
from tests.disks import files_end_at
from tests.factories import Service, cell


def test_a_service_whose_disk_is_full_is_not_ready_and_says_why(service: Service) -> None:
    anybody = service.anybody()

    with files_end_at(1):
        reply = anybody.get("/health/ready")

    assert reply.status_code == 503
    assert reply.json()["failing"] == {
        "database": "the database cannot be written (SQLITE_IOERR_WRITE)",
        "image_store": "the image store cannot be written (EFBIG: File too large)",
    }
    assert anybody.get("/health/ready").status_code == 200


def test_the_log_names_what_is_wrong_with_the_database(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("error")
    lab = service.lab()
    with service.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE images RENAME TO elsewhere"))

    assert lab.screen(cell(1)).status_code == 503

    assert '"why": "SQLITE_ERROR"' in capfd.readouterr().err
