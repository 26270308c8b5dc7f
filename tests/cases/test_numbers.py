"""Numbers that differ in upper and lower case alone are one number, shown as it was first typed."""

import re
from uuid import UUID

import pytest
from sqlalchemy import text

from app.accounts.rules import Role
from app.cases import actions, queries
from app.cases.actions import CaseNotYours
from app.db import Database
from tests.factories import Service, cell, make_user, rows, verify


def test_a_number_in_other_letters_joins_the_case_and_is_shown_as_first_typed(either_service: Service) -> None:
    lab, sven = either_service.lab(), either_service.signed_in("sven", Role.SENIOR)
    first = lab.screen(cell(1), case="Conc-1").json()

    second = lab.screen(cell(2), case="CONC-1").json()
    found = sven.submit("/cases/find", {"number": "conc-1"}, at="/cases")

    assert (second["case"], second["case_id"]) == ("Conc-1", first["case_id"])
    assert found.url.path == f"/cases/{first['case_id']}"
    assert rows(either_service.database)["cases"] == 1
    assert verify(either_service.database).intact


def test_a_number_is_not_corrected_to_another_cases_in_other_letters(either_database: Database) -> None:
    ursula = make_user(either_database, "ursula", Role.UPLOADER)
    with either_database.writing() as session:
        actions.open_or_join(session, ursula, accession="CONC-1", subject=None)
        mine = actions.open_or_join(session, ursula, accession="conc-2", subject=None).id

    with pytest.raises(CaseNotYours), either_database.writing() as session:
        actions.correct_identifiers(session, ursula, case_id=mine, accession="conc-1", subject=None)
    with either_database.writing() as session:
        actions.correct_identifiers(session, ursula, case_id=mine, accession="CONC-2", subject=None)

    with either_database.reading() as session:
        case = queries.by_accession(session, "Conc-2")
        assert case is not None
        assert case.accession == "CONC-2"
    assert verify(either_database).intact


def test_cases_whose_numbers_differed_so_before_are_each_found_as_typed(either_database: Database) -> None:
    ursula = make_user(either_database, "ursula", Role.UPLOADER)
    with either_database.writing() as session:
        older = actions.open_or_join(session, ursula, accession="CONC-1", subject=None).id
        newer = actions.open_or_join(session, ursula, accession="CONC-2", subject=None).id
    with either_database.engine.begin() as connection:
        connection.execute(text("UPDATE case_identifiers SET accession = 'conc-1' WHERE accession = 'CONC-2'"))

    def found(number: str) -> UUID | None:
        with either_database.reading() as session:
            case = queries.by_accession(session, number)
            return case.id if case else None

    assert (found("CONC-1"), found("conc-1"), found("Conc-1"), found("CONC-2")) == (older, newer, older, None)


def test_cases_whose_masked_numbers_read_alike_are_told_apart_in_lists(service: Service) -> None:
    lab, sven = service.lab(), service.signed_in("sven", Role.SENIOR)
    paths = [lab.screen(cell(1), case=number).json()["case_id"] for number in ("S26-1", "AUD-1", "S26-0042")]

    for page in ("/cases", "/sign-off"):
        listed = re.findall(r'href="/cases/([0-9a-f-]{36})[^"]*">(?:<bdi>)?([^<]+)<', sven.get(page).text)
        assert dict(listed) == {
            paths[0]: f"…-1 ({paths[0][:8]})",
            paths[1]: f"…-1 ({paths[1][:8]})",
            paths[2]: "…0042",
        }
