"""Who has a printed hash in hand can ask whether the record still says what was signed."""

import hashlib
import re

import pytest
from sqlalchemy import text

from app.accounts.rules import Role
from app.audit.events import Act
from tests.factories import acts
from tests.reports.conftest import Desk
from tests.tampering import without_triggers


def printed_hash(desk: Desk, path: str) -> str:
    found = re.search(r'<code class="once">([0-9a-f]{64})</code>', desk.senior.get(f"{path}/report").text)
    assert found
    return found.group(1)


@pytest.fixture
def signed(desk: Desk) -> str:
    path = desk.case(0.99)
    desk.sign(path)
    return path


def test_the_printed_hash_is_that_of_the_very_bytes_that_were_signed(desk: Desk, signed: str) -> None:
    whole = desk.senior.get(f"{signed}/versions/1.json")

    assert whole.headers["content-type"] == "application/json"
    assert hashlib.sha256(whole.content).hexdigest() == printed_hash(desk, signed)
    assert b'": ' not in whole.content
    assert b"S26-0001" not in whole.content, "no case number in what can never be purged"


def test_a_hash_is_checked_by_anybody_who_is_signed_in_and_tells_nobody_whose_case_it_is(
    desk: Desk, signed: str
) -> None:
    spaced = " ".join(re.findall(".{8}", printed_hash(desk, signed))).upper()
    auditor = desk.service.signed_in("aude", Role.AUDITOR)

    found = auditor.submit("/reports/verify", {"hash": spaced}, at="/reports/verify")

    assert found.status_code == 200
    assert "A signed version has this hash" in found.text
    assert "It stands" in found.text
    assert "Sena" in found.text
    assert signed not in found.text
    assert "S26-0001" not in found.text
    assert acts(desk.service.database)[-1] == Act.REPORT_CHECKED
    by_the_senior = desk.senior.submit("/reports/verify", {"hash": spaced}, at="/reports/verify")
    assert f"{signed}/versions/1" in by_the_senior.text


def test_what_was_signed_stands_beside_the_hash_to_be_held_against_the_paper(desk: Desk) -> None:
    path = desk.case(*[0.99] * 5, *[0.01] * 15)
    desk.sign(path)
    report = desk.senior.get(f"{path}/report").text
    printed = printed_hash(desk, path)
    desk.send(0.99)  # what came later is not on the paper
    auditor = desk.service.signed_in("aude", Role.AUDITOR)

    page = auditor.submit("/reports/verify", {"hash": printed}, at="/reports/verify").text

    for told in ("25.0\N{NO-BREAK SPACE}% suspected", "5 of 20 usable cells"):
        assert told in report
        assert told in page
    assert "…0001" in page
    assert "<dd>20</dd>" in page
    counts = [" ".join(re.sub("<[^>]+>", " ", one).split()) for one in re.findall(r"(?s)<li>(.*?)</li>", page)]
    assert [one for one in counts if "suspected" in one] == ["ALL suspected 5", "ALL not suspected 15"]


def test_who_has_yet_to_read_a_cell_blind_learns_from_no_hash_what_the_model_made_of_it(desk: Desk) -> None:
    sent = desk.send(0.99)
    path = f"/cases/{sent['case_id']}"
    desk.sign(path)
    printed = printed_hash(desk, path)
    uploader = desk.service.signed_in("ursula", Role.UPLOADER)
    uploader.submit(f"/screenings/{sent['id']}/ask", at=f"/screenings/{sent['id']}")

    page = desk.senior.submit("/reports/verify", {"hash": printed}, at="/reports/verify").text

    assert "A signed version has this hash" in page
    assert "1 cell of this case waits for your own read" in page
    assert "usable cell" not in page


def test_a_version_bears_no_number_or_subject_that_its_case_was_given_after_it_was_signed(desk: Desk) -> None:
    path = desk.case(0.99)
    desk.sign(path)
    first = printed_hash(desk, path)
    told = "was corrected since this version was signed"
    assert told not in desk.senior.submit("/reports/verify", {"hash": first}, at="/reports/verify").text
    correct(desk, path, number="S26-0777", subject="P-9")
    checked = [desk.senior.submit("/reports/verify", {"hash": first}, at="/reports/verify").text]
    desk.sign(path, meaning="corrected")
    checked.append(desk.senior.submit("/reports/verify", {"hash": first}, at="/reports/verify").text)
    version = desk.senior.get(f"{path}/versions/1").text

    for page in (*checked, version):
        assert told in page
        assert not re.search("…0777|…0001|S26-|P-[19]", page)
    assert "Compare this with your paper" in checked[0]
    second = desk.senior.get(f"{path}/versions/2").text
    assert "<dd>S26-0777</dd>" in second
    assert told not in second
    correct(desk, path, number="S26-0001", subject="P-1")
    assert "<dd>S26-0001</dd>" in desk.senior.get(f"{path}/versions/1").text


def correct(desk: Desk, path: str, *, number: str, subject: str) -> None:
    desk.senior.submit(f"{path}/correct", {"accession": number, "subject": subject}, at=f"{path}/manage")


@pytest.mark.parametrize("typed", ["", "abc", "0" * 64, "<script>alert(1)</script>", "g" * 64, "0" * 5000, "🦠"])
def test_a_hash_of_no_report_is_told_so_and_kept(desk: Desk, typed: str) -> None:
    reply = desk.senior.submit("/reports/verify", {"hash": typed}, at="/reports/verify")

    assert reply.status_code == 404
    assert "No report of this service has this hash" in reply.text
    assert "<script>alert" not in reply.text


def test_the_hash_of_an_older_version_says_which_stands_in_its_place(desk: Desk, signed: str) -> None:
    first = printed_hash(desk, signed)
    desk.send(0.01)
    changed = desk.senior.submit("/reports/verify", {"hash": first}, at="/reports/verify").text
    desk.sign(signed)

    superseded = desk.senior.submit("/reports/verify", {"hash": first}, at="/reports/verify").text

    assert "Changed since it was signed" in changed
    assert "Superseded by version 2" in superseded


def test_a_report_whose_facts_were_altered_does_not_verify(desk: Desk, signed: str) -> None:
    printed = printed_hash(desk, signed)
    with without_triggers(desk.service.database, "screenings") as connection:
        connection.execute(text("UPDATE screenings SET probability = 0.1"))

    page = desk.senior.submit("/reports/verify", {"hash": printed}, at="/reports/verify").text

    assert "Signature does not match" in page


def test_nobody_checks_a_hash_without_signing_in(desk: Desk) -> None:
    assert desk.service.browser().get("/reports/verify").url.path == "/sign-in"
