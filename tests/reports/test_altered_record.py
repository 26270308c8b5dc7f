"""A record that was altered past the service: no page takes it for a valid one, and nobody signs over it."""

import pytest
from sqlalchemy import text

from app.accounts.rules import Role
from tests.factories import rows, verify
from tests.reports.conftest import Desk, honest
from tests.tampering import without_triggers

CLEARED = "UPDATE screenings SET band = 'not_suspected', probability = 0.01"


def alter(desk: Desk, change: str, *tables: str) -> None:
    with without_triggers(desk.service.database, *tables) as connection:
        connection.execute(text(change))


@pytest.fixture
def signed(desk: Desk) -> str:
    """The path of a signed case of two suspected cells, one of which a human has read."""
    path = desk.case(0.99)
    desk.read(desk.send(desk.classifier.unsure)["id"], by=desk.service.signed_in("rea", Role.REVIEWER))
    desk.sign(path)
    return path


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("screenings", CLEARED),
        ("reads", "UPDATE reads SET verdict = 'leukaemic_blast'"),
        ("result_versions", "UPDATE result_versions SET sha256 = lower(hex(randomblob(32)))"),
        ("signatures", "DELETE FROM signatures"),
    ],
)
def test_a_signed_case_that_was_altered_says_so_on_the_list_its_page_and_its_report_and_is_not_amended(
    desk: Desk, signed: str, table: str, change: str
) -> None:
    alter(desk, change, table)

    for place in ("/cases", signed, f"{signed}/sign-off"):
        page = desk.senior.get(place).text
        assert '<span class="badge bad">Signature does not match</span>' in page, place
        assert ">Signed<" not in page, place
    assert "0.0\N{NO-BREAK SPACE}% suspected" not in desk.senior.get(signed).text
    report = desk.senior.get(f"{signed}/report").text
    assert '<p class="across" aria-hidden="true">Signature does not match</p>' in report
    assert "amend it" not in report
    page = desk.senior.get(f"{signed}/sign-off").text
    assert "Nobody can sign this case now" in page
    assert 'name="password"' not in page
    forged = desk.sign(signed, meaning="amended", at="/account", seen="0" * 64)
    assert forged.status_code == 409
    assert rows(desk.service.database)["result_versions"] == 1


def test_a_case_too_large_to_compare_every_digest_says_what_a_list_says(
    desk: Desk, signed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.reports.queries.COMPARED_MOST", 1)
    assert '<span class="badge good">Signed</span>' in desk.senior.get(signed).text

    alter(desk, CLEARED, "screenings")

    assert '<span class="badge bad">Signature does not match</span>' in desk.senior.get(signed).text
    assert "The record was altered from outside." in desk.senior.page


def test_the_report_of_an_altered_case_shows_what_was_signed_not_what_the_rows_say_now(desk: Desk, signed: str) -> None:
    before = desk.senior.get(f"{signed}/report").text
    assert "of which 1 suspected" in before

    alter(desk, CLEARED, "screenings")

    assert "of which 1 suspected" in desk.senior.get(f"{signed}/report").text


def test_a_version_that_was_signed_over_an_altered_record_does_not_stand_either(desk: Desk) -> None:
    """As an amendment could do while nobody compared the rows with the ledger."""
    path = desk.case(0.99, 0.98)
    alter(desk, CLEARED, "screenings")
    with pytest.MonkeyPatch.context() as nobody_compares:
        nobody_compares.setattr("app.reports.record_queries.altered", lambda session, content: {})  # noqa: ARG005  its names
        assert desk.sign(path).status_code == 200

    assert "Signature does not match" in desk.senior.get(f"{path}/versions/1").text
    assert "Signature does not match" in desk.senior.get(f"{path}/report").text


@pytest.mark.parametrize(
    ("tables", "change", "named"),
    [
        (["screenings"], CLEARED, "cell "),
        (["screenings"], "UPDATE screenings SET logit = logit + 1", "cell "),
        (["reads"], "UPDATE reads SET verdict = 'leukaemic_blast'", "a read of cell "),
        (["reads"], "DELETE FROM reads", "a read of cell "),
        ([], "UPDATE case_identifiers SET accession = 'S26-0666'", "number or subject"),
        (["cases"], "UPDATE cases SET opened_by = '00000000-0000-4000-8000-000000000001'", "the case"),
    ],
)
def test_a_first_version_is_not_signed_over_an_altered_record(
    either_desk: Desk, tables: list[str], change: str, named: str
) -> None:
    desk = either_desk
    path = desk.case(0.99)
    asked = desk.send(0.01)
    desk.ask(asked["id"])
    desk.read(asked["id"], by=desk.service.signed_in("rea", Role.REVIEWER))
    form = honest(desk.senior.get(f"{path}/sign-off").text)
    alter(desk, change, *tables)
    if change.startswith("DELETE"):
        alter(desk, "DELETE FROM flag_reasons", "flag_reasons")

    page = desk.senior.get(f"{path}/sign-off").text

    assert "The record was altered from outside: " in page
    assert named in page.split("altered from outside")[1][:120]
    assert '<span class="badge bad">Record altered</span>' in page
    assert '<p class="across" aria-hidden="true">Record altered</p>' in desk.senior.get(f"{path}/report").text
    assert desk.senior.submit(f"{path}/sign-off", form, at="/account").status_code == 409
    assert rows(desk.service.database)["result_versions"] == 0


def test_a_cell_that_is_gone_before_the_first_signature_keeps_the_case_from_being_signed(desk: Desk) -> None:
    path = desk.case(0.99, 0.01)
    with without_triggers(desk.service.database, "screenings", "flag_reasons") as connection:
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(text("DELETE FROM submissions"))
        connection.execute(text("DELETE FROM screenings WHERE band = 'suspected'"))

    page = desk.senior.get(f"{path}/sign-off").text

    assert "which is gone" in page
    assert 'name="password"' not in page


def test_a_record_that_nobody_touched_has_no_fault_whatever_was_done_with_it(desk: Desk, signed: str) -> None:
    path = signed
    asked = desk.send(0.01)
    desk.ask(asked["id"])
    desk.read(asked["id"], by=desk.service.signed_in("lars", Role.REVIEWER), verdict="cannot_tell")
    desk.senior.submit(f"{path}/correct", {"accession": "S26-0002", "subject": "P-1"}, at=f"{path}/manage")
    assert desk.sign(path, meaning="corrected").status_code == 200

    for place in ("/cases", path, f"{path}/report", f"{path}/versions/1", f"{path}/versions/2"):
        page = desk.senior.get(place).text
        assert "does not match" not in page, place
        assert "altered" not in page, place
    assert verify(desk.service.database).intact
