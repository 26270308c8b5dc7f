"""What somebody with the keys to the database could do to a signed case: the page and `audit verify` say so."""

import json

import pytest
from sqlalchemy import text

from app.accounts.rules import Role
from app.reports.content import canonical, sha256_of
from tests.factories import verify
from tests.reports.conftest import Desk
from tests.tampering import without_triggers

TRICKS = {
    "the text": ("result_versions", "UPDATE result_versions SET canonical_json = canonical_json || ' '"),
    "the hash": ("result_versions", "UPDATE result_versions SET sha256 = lower(hex(randomblob(32)))"),
    "the status": ("result_versions", "UPDATE result_versions SET status = 'corrected'"),
    "a status that is none": ("result_versions", "UPDATE result_versions SET status = 'unheard of'"),
    "the number": ("result_versions", "UPDATE result_versions SET number = 7"),
    "the place in the ledger": ("result_versions", "UPDATE result_versions SET position = 1"),
    "the printed name": ("signatures", "UPDATE signatures SET printed_name = 'Anna'"),
    "the meaning": ("signatures", "UPDATE signatures SET meaning = 'Reviewed'"),
    "the time": ("signatures", "UPDATE signatures SET at = '2020-01-01 00:00:00.000000'"),
    "the signer": ("signatures", "UPDATE signatures SET actor_id = '00000000-0000-4000-8000-000000000001'"),
    "the signature": ("signatures", "DELETE FROM signatures"),
    "a probability": ("screenings", "UPDATE screenings SET probability = 0.5 WHERE probability > 0.9"),
    "a band": ("screenings", "UPDATE screenings SET band = 'uncertain' WHERE probability > 0.9"),
    "a threshold": ("screenings", "UPDATE screenings SET thresholds = '{\"prior_all\": 0.1}'"),
    "a verdict": ("reads", "UPDATE reads SET verdict = 'leukaemic_blast'"),
    "a reader's time": ("reads", "UPDATE reads SET seconds = coalesce(seconds, 0) + 1"),
    "the case number": ("", "UPDATE case_identifiers SET accession = 'S26-0666'"),
    "who opened it": ("cases", "UPDATE cases SET opened_by = '00000000-0000-4000-8000-000000000001'"),
}  # fmt: skip


@pytest.fixture
def signed(desk: Desk) -> str:
    """The path of a signed case of two cells, one of which a human has read."""
    path = desk.case(0.99)
    desk.read(
        desk.send(desk.classifier.unsure)["id"], by=desk.service.signed_in("rea", Role.REVIEWER), verdict="normal"
    )
    assert desk.sign(path).status_code == 200
    assert verify(desk.service.database).intact
    assert "does not match" not in desk.senior.get(f"{path}/report").text
    return path


@pytest.mark.parametrize("trick", TRICKS)
def test_whatever_is_altered_after_signing_shows_as_a_signature_that_does_not_match(
    desk: Desk, signed: str, trick: str
) -> None:
    table, change = TRICKS[trick]

    with without_triggers(desk.service.database, *([table] if table else [])) as connection:
        connection.execute(text(change))

    page = desk.senior.get(f"{signed}/report").text
    assert "Signature does not match" in page
    assert "Unverified" in page
    broken = verify(desk.service.database).broken
    assert broken
    number = 7 if trick == "the number" else 1
    version = desk.senior.get(f"{signed}/versions/{number}")
    assert "ignature does not match" in version.text


def test_a_text_that_is_forged_with_its_hash_and_its_signature_is_not_borne_out_by_the_ledger(
    desk: Desk, signed: str
) -> None:
    with without_triggers(desk.service.database, "result_versions", "signatures") as connection:
        content = json.loads(connection.scalar(text("SELECT canonical_json FROM result_versions")) or "")
        content["roll_up"]["suspected"] = 0
        forged = canonical(content)
        told = {"text": forged, "hash": sha256_of(forged)}
        connection.execute(text("UPDATE result_versions SET canonical_json = :text, sha256 = :hash"), told)
        connection.execute(text("UPDATE signatures SET sha256 = :hash"), told)

    page = desk.senior.get(f"{signed}/report").text

    assert "Signature does not match" in page
    assert "The ledger does not bear it out." in page
    assert "Signature does not match" in desk.senior.get(signed).text
    assert not verify(desk.service.database).intact


def test_a_signed_cell_that_is_gone_is_named(desk: Desk, signed: str) -> None:
    with without_triggers(desk.service.database, "reads", "flag_reasons", "screenings") as connection:
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(text("DELETE FROM reads"))
        connection.execute(text("DELETE FROM flag_reasons"))
        connection.execute(text("DELETE FROM screenings WHERE band = 'uncertain'"))
        connection.execute(text("DELETE FROM submissions"))

    page = desk.senior.get(f"{signed}/versions/1").text

    assert "which is missing" in page
    assert "Signature does not match" in page


def test_a_version_that_is_planted_or_removed_is_named_by_verify(desk: Desk, signed: str) -> None:
    with without_triggers(desk.service.database, "signatures", "result_versions") as connection:
        connection.execute(text("DELETE FROM signatures"))
        connection.execute(text("DELETE FROM result_versions"))

    [fault] = verify(desk.service.database).broken
    assert signed.rsplit("/", 1)[1] in fault
    assert "missing" in fault


def test_a_purge_of_number_and_note_leaves_the_signature_whole(desk: Desk, signed: str) -> None:
    with desk.service.database.engine.begin() as connection:
        connection.execute(text("UPDATE case_identifiers SET accession = NULL, subject = NULL, salt = NULL"))

    page = desk.senior.get(f"{signed}/report").text

    assert "does not match" not in page
    assert "Unverified" not in page
    assert "unnamed case" in page


def test_a_number_that_is_corrected_as_it_should_be_changes_the_case_and_breaks_no_signature(
    desk: Desk, signed: str
) -> None:
    from app.actor import SERVICE
    from app.audit import ledger
    from app.audit.events import Act, Event
    from app.cases import queries as cases
    from app.cases.tables import CaseIdentifierRow

    with desk.service.database.writing() as session:
        row = session.query(CaseIdentifierRow).one()
        row.subject = "P-2"
        detail = {"identifiers_digest": cases.identifiers_digest(row)}
        ledger.record(session, SERVICE, Event(Act.CASE_IDENTIFIED, "case", str(row.case_id), detail))

    page = desk.senior.get(f"{signed}/report").text
    assert "Changed since it was signed" in page
    assert "does not match" not in page
