"""Records: every reply that shows something leaves its event, and what is altered by SQL is named."""

import os
from typing import Any

import pytest
from sqlalchemy import event, select, text

from app.accounts.rules import Role, Scope
from app.audit.events import Act
from app.audit.tables import LedgerRow
from app.checks import record_faults
from app.vision.drawn import Look, draw
from tests.factories import Service, acts, cell, verify
from tests.fakes import FakeClassifier
from tests.tampering import without_triggers


def _events(service: Service, act: Act) -> list[dict[str, Any]]:
    with service.database.reading() as session:
        rows = session.scalars(select(LedgerRow).where(LedgerRow.act == act).order_by(LedgerRow.position))
        return [row.detail for row in rows]


def test_every_reply_that_shows_a_result_leaves_one_event_naming_it(
    service: Service, classifier: FakeClassifier
) -> None:
    lab = service.lab("LIS", Scope.SCREEN, Scope.READ)
    uploader = service.signed_in("ursula", Role.UPLOADER)
    reviewer = service.signed_in("rea", Role.REVIEWER)
    classifier.probability = classifier.unsure

    told = lab.screen(cell(1), case="S26-0001").json()
    one = told["id"]
    lab.screening(one)
    lab.get("/api/v1/screenings")
    uploader.get(f"/screenings/{one}")
    uploader.get(f"/cases/{told['case_id']}")
    reviewer.get("/review")
    reviewer.get(f"/review/{one}")

    shown = _events(service, Act.RESULTS_SHOWN)
    assert [event["where"] for event in shown] == [
        "POST /api/v1/screenings",
        "GET /api/v1/screenings/{id}",
        "GET /api/v1/screenings",
        "GET /screenings/{id}",
        "GET /cases/{id}",
    ]
    blind = _events(service, Act.CELLS_SHOWN)
    assert [event["where"] for event in blind] == ["GET /review", "GET /review/{id}"], "the image, not yet the result"
    assert all(event["shown"] == [one] for event in shown + blind)


def test_what_a_page_of_a_case_hides_from_a_blind_reader_is_not_recorded_as_a_result_shown(
    service: Service, classifier: FakeClassifier
) -> None:
    lab = service.lab()
    classifier.probability = classifier.unsure
    unsure = lab.screen(cell(1), case="S26-0001").json()
    classifier.probability = 0.97
    sure = lab.screen(cell(2), case="S26-0001").json()
    both = service.signed_in("otto", Role.UPLOADER, Role.REVIEWER)
    case = f"/cases/{unsure['case_id']}"

    both.get(case)
    both.get(f"{case}/compare?cell={sure['id']}&cell={unsure['id']}")
    both.get(f"{case}/compare?cell={unsure['id']}")
    both.get(f"{case}/compare")

    everywhere = {"case": unsure["case_id"]}
    page, compared = ({**everywhere, "where": where} for where in ("GET /cases/{id}", "GET /cases/{id}/compare"))
    shown = [event for event in _events(service, Act.RESULTS_SHOWN) if "case" in event]
    assert shown == [
        {**page, "shown": [sure["id"]]},
        {**compared, "shown": [sure["id"]]},
        {**compared, "shown": []},
    ]
    assert _events(service, Act.CELLS_SHOWN) == [
        {**page, "shown": [unsure["id"]]},
        {**compared, "shown": [unsure["id"]]},
        {**compared, "shown": [unsure["id"]]},
    ]


@pytest.mark.parametrize("comment", ["", "a question of mine"])
def test_a_comment_given_back_to_a_blind_reader_is_not_recorded_as_a_result_shown(
    service: Service, classifier: FakeClassifier, comment: str
) -> None:
    classifier.probability = classifier.unsure
    uploader, reader = service.signed_in("ursula", Role.UPLOADER), service.signed_in("rea", Role.REVIEWER)
    path = uploader.upload(cell(1)).url.path
    reader.submit(f"{path}/comments", {"comment": comment}, at="/account")
    before = len(acts(service.database))

    given_back = reader.submit(f"{path}/comments", {"comment": ""}, at="/account")
    assert given_back.status_code == 422
    assert acts(service.database)[before:] == []

    uploader.submit(f"{path}/comments", {"comment": ""}, at="/account")
    assert acts(service.database)[before:] == ([Act.RESULTS_SHOWN] if comment else [])


def test_an_image_that_is_shown_leaves_an_event_and_its_thumbnails_do_not(service: Service) -> None:
    uploader = service.signed_in("ursula", Role.UPLOADER)
    path = uploader.upload(cell(1)).url.path

    picture = uploader.get(f"{path}/image")
    small = uploader.get(f"{path}/thumbnail/96")

    assert picture.headers["content-type"] == small.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "no-store"
    assert small.headers["cache-control"] == "private, max-age=600"
    assert acts(service.database).count(Act.IMAGE_SHOWN) == 1


def test_looking_at_the_ledger_is_an_event(service: Service) -> None:
    page = service.signed_in("aude", Role.AUDITOR).get("/audit")

    assert page.status_code == 200
    assert "user.signed_in" in page.text
    assert acts(service.database)[-1] == Act.LEDGER_SHOWN


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("screenings", "UPDATE screenings SET probability = 0.01, band = 'not_suspected'"),
        ("screenings", "UPDATE screenings SET thresholds = '{}'"),
        ("flag_reasons", "DELETE FROM flag_reasons"),
        ("reads", "UPDATE reads SET verdict = 'normal' WHERE verdict IS NOT NULL"),
    ],
)
def test_an_edited_fact_is_named_by_its_id(
    service: Service, classifier: FakeClassifier, table: str, change: str
) -> None:
    classifier.probability = classifier.unsure
    screening = service.lab().screen(cell(1)).json()["id"]
    reviewer = service.signed_in("rea", Role.REVIEWER)
    reviewer.submit(f"/review/{screening}", {"verdict": "leukaemic_blast"}, at=f"/review/{screening}")
    with service.database.reading() as session:
        read = session.scalar(text("SELECT id FROM reads WHERE verdict IS NOT NULL"))
    assert verify(service.database).intact

    with without_triggers(service.database, table) as connection:
        connection.execute(text(change))

    (fault,) = verify(service.database).broken
    assert (read if table == "reads" else screening) in fault


def test_a_removed_and_a_planted_screening_are_named(service: Service) -> None:
    lab = service.lab()
    gone = lab.screen(cell(1)).json()["id"]
    kept = lab.screen(cell(2)).json()["id"]
    planted = "00000000-0000-4000-8000-00000000beef"
    columns = (
        "case_id, submitted_by, received_sha256, pixels_sha256, model_id, thresholds, logit, probability, band, "
        "unusable_reason, sandbox, at"
    )

    with without_triggers(service.database, "screenings") as connection:
        connection.execute(
            text(f"INSERT INTO screenings (id, {columns}) SELECT :new, {columns} FROM screenings WHERE id = :old"),
            {"new": planted, "old": kept},
        )
        connection.execute(text("DELETE FROM screenings WHERE id = :id"), {"id": gone})

    faults = verify(service.database).broken
    assert len(faults) == 2
    assert any(planted in fault and "no event" in fault for fault in faults)
    assert any(gone in fault and "missing" in fault for fault in faults)


def test_the_work_list_agrees_with_the_facts_and_the_doctor_says_where_it_does_not(
    service: Service, classifier: FakeClassifier
) -> None:
    classifier.probability = classifier.unsure
    lab = service.lab()
    lost, kept = lab.screen(cell(1)).json()["id"], lab.screen(cell(2)).json()["id"]
    reviewer = service.signed_in("rea", Role.REVIEWER)
    reviewer.submit(f"/review/{kept}", {"verdict": "normal"}, at=f"/review/{kept}")
    with service.database.reading() as session:
        assert record_faults(session, store=service.instrument.store) == []

    with service.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM open_flags"))
    gone, replaced = sorted(service.settings.image_store.rglob("*.png"))
    gone.unlink()
    replaced.write_bytes(cell(3))

    with service.database.reading() as session:
        faults = record_faults(session, store=service.instrument.store)
    assert len(faults) == 3
    assert lost in faults[0]
    assert faults[1] == f"image {gone.stem} is not in the store"
    assert faults[2] == f"image {replaced.stem} has other pixels than those that were stored"


def test_the_doctor_tells_a_damaged_image_from_one_that_is_gone(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    result = ursula.upload(cell(1)).url.path
    [damaged] = service.settings.image_store.rglob("*.png")
    damaged.write_bytes(damaged.read_bytes()[:200])

    assert _faults(service) == [f"image {damaged.stem} cannot be read"]
    thumbnail = ursula.get(f"{result}/thumbnail/96")
    assert thumbnail.status_code == 404
    assert "Tell whoever runs this service" in thumbnail.text


def test_an_image_that_no_record_has_is_found_once_its_upload_cannot_be_under_way(service: Service) -> None:
    store = service.instrument.store
    service.lab().screen(cell(1))
    with store.staged(draw(2, Look.BLAST)) as image:
        image.keep()
    assert _faults(service) == []

    for path in store.folder.rglob("*.png"):
        os.utime(path, (1, 1))

    why = "its upload broke off, or the database is older"
    assert _faults(service) == [f"image {image.pixels_sha256} is in the store, and no record has it: {why}"]


def _faults(service: Service) -> list[str]:
    with service.database.reading() as session:
        return record_faults(session, store=service.instrument.store)


def test_a_fault_at_any_statement_leaves_all_or_nothing(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = classifier.unsure
    lab = service.lab()
    lab.get("/api/v1/model")  # so that the key's use is noted for this minute
    total = _statements_of_a_screening(service, lab)

    for broken in range(1, total + 1):
        seen = 0

        def fail(conn, cursor, statement, parameters, context, executemany, broken=broken):
            nonlocal seen
            if statement.startswith(("INSERT", "UPDATE", "DELETE")):
                seen += 1
                if seen == broken:
                    raise RuntimeError("power cut")

        before = _facts(service)
        event.listen(service.database.engine, "before_cursor_execute", fail)
        reply = lab.screen(cell(100 + broken))
        event.remove(service.database.engine, "before_cursor_execute", fail)

        assert reply.status_code == 500
        assert _facts(service) == before
    assert verify(service.database).intact


def _facts(service: Service) -> tuple[int, ...]:
    with service.database.reading() as session:
        tables = ("screenings", "flag_reasons", "open_flags", "ledger", "cases", "images")
        return tuple(session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables)


def _statements_of_a_screening(service: Service, lab) -> int:
    statements = []

    def note(conn, cursor, statement, *rest):
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            statements.append(statement)

    event.listen(service.database.engine, "before_cursor_execute", note)
    lab.screen(cell(99))
    event.remove(service.database.engine, "before_cursor_execute", note)
    assert len(statements) >= 6
    return len(statements)
