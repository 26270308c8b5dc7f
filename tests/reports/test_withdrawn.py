"""A case that is signed and then withdrawn: both stay, and both are told of wherever the case is."""

import re
from uuid import UUID

import pytest
from sqlalchemy import text

from app.accounts.rules import Role
from app.audit.events import Act
from app.review.case_actions import withdraw_case
from tests.factories import acts, cell, make_user, rows, verify
from tests.reports.conftest import Desk, honest


def _signed(desk: Desk, *, versions: int) -> str:
    """The path of a case to which a cell was added before each signature."""
    paths = set()
    for _ in range(versions):
        paths.add(desk.case(0.99))
        desk.sign(*paths)
    return paths.pop()


def _withdrawn(desk: Desk, path: str) -> None:
    ursula = make_user(desk.service.database, "ursula", Role.SENIOR)
    with desk.service.database.writing() as session:
        withdraw_case(session, ursula, case_id=UUID(path.rsplit("/", 1)[1]), reason="the wrong patient's smear")


def _signed_rows(desk: Desk) -> list[list[tuple[object, ...]]]:
    with desk.service.database.reading() as session:
        asked = ("SELECT * FROM result_versions ORDER BY number", "SELECT * FROM signatures ORDER BY at")
        return [[tuple(row) for row in session.execute(text(one))] for one in asked]


@pytest.mark.parametrize("versions", [1, 2])
def test_what_was_signed_stays_and_the_case_says_that_it_was_signed_and_withdrawn(
    either_desk: Desk, versions: int
) -> None:
    desk = either_desk
    path = _signed(desk, versions=versions)
    before = _signed_rows(desk)
    assert [len(one) for one in before] == [versions, versions]

    _withdrawn(desk, path)

    page = re.sub(r"\s+", " ", desk.senior.get(path).text)
    assert "<strong>Withdrawn</strong> by <bdi>Ursula</bdi>" in page
    assert f"It was signed before that{', 2 times' if versions == 2 else ''}:" in page
    assert "what was signed stays in the record" in page
    assert _signed_rows(desk) == before
    assert verify(desk.service.database).intact


def test_every_version_and_its_printed_hash_are_marked_withdrawn_and_keep_their_signature(desk: Desk) -> None:
    path = _signed(desk, versions=2)
    hashes = [row[0] for row in _hashes(desk)]

    _withdrawn(desk, path)

    for place in ("report", "versions/1", "versions/2"):
        page = desk.senior.get(f"{path}/{place}").text
        assert '<p class="across" aria-hidden="true">Withdrawn</p>' in page, place
        assert "It was signed, and its case was withdrawn afterwards." in page
        assert "Sena" in page
        assert "amend it" not in page
    for printed in hashes:
        told = desk.senior.submit("/reports/verify", {"hash": printed}, at="/reports/verify").text
        assert "Withdrawn. It was signed, and its case was withdrawn afterwards." in told


def test_a_signed_case_is_corrected_and_withdrawn_by_seniors_alone_whoever_opened_it(desk: Desk) -> None:
    ursula = desk.service.signed_in("ursula", Role.UPLOADER)
    desk.classifier.probability = 0.99
    ursula.upload(cell(1), case="S26-0001")
    path = re.findall(r"/cases/[0-9a-f-]{36}", ursula.page)[0]
    forms = {"correct": {"accession": "S26-0009"}, "withdraw": {"reason": "mixed up", "certain": "yes"}}
    assert all(f'action="{path}/{act}"' in ursula.get(f"{path}/manage").text for act in forms)

    desk.sign(path)

    assert not any(f'action="{path}/{act}"' in ursula.get(f"{path}/manage").text for act in forms)
    for act, form in forms.items():
        assert ursula.submit(f"{path}/{act}", form, at=f"{path}/manage").status_code == 403
        assert acts(desk.service.database)[-1] == Act.ACT_FORBIDDEN
    assert rows(desk.service.database)["case_withdrawals"] == 0
    assert "<bdi>S26-0001</bdi>" in ursula.get(path).text
    for act, form in forms.items():
        assert desk.senior.submit(f"{path}/{act}", form, at=f"{path}/manage").status_code == 200
    assert "<bdi>S26-0009</bdi>" in ursula.get(path).text
    assert rows(desk.service.database)["case_withdrawals"] == 1


def _hashes(desk: Desk) -> list[tuple[str]]:
    with desk.service.database.reading() as session:
        return [tuple(row) for row in session.execute(text("SELECT sha256 FROM result_versions ORDER BY number"))]


def test_cells_that_came_after_the_signature_do_not_ask_for_an_amendment_of_a_withdrawn_case(desk: Desk) -> None:
    path = _signed(desk, versions=1)
    desk.send(0.01)
    form = honest(desk.senior.get(f"{path}/sign-off").text)
    assert "amend it" in desk.senior.get(f"{path}/report").text

    _withdrawn(desk, path)

    page = desk.senior.get(f"{path}/report").text
    assert '<p class="across" aria-hidden="true">Withdrawn</p>' in page
    assert "It was signed, and its case was withdrawn afterwards." in page
    assert "amend it" not in page
    assert desk.senior.submit(f"{path}/sign-off", form, at="/account").status_code == 409
    assert rows(desk.service.database)["result_versions"] == 1
    assert acts(desk.service.database).count(Act.CASE_SIGNED) == 1
