"""Another read of a settled cell is asked for: by whom, what it brings, and that nothing said before is lost."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.accounts.rules import Role
from app.audit.events import Act
from app.commands.records import FACTS
from tests.factories import Browser, LabSystem, Service, acts, cell, rows, set_policy, verify
from tests.fakes import FakeClassifier
from tests.review.conftest import call, decide, read, reads, state
from tests.tampering import without_triggers

WHY = "The chromatin is fine and the nucleoli are plain: I see a blast."


@pytest.fixture
def path(service: Service, classifier: FakeClassifier, lab: LabSystem) -> str:
    """A cell that one reader has to read."""
    classifier.probability = classifier.unsure
    return f"/review/{lab.screen(cell(1), case='S26-0001').json()['id']}"


def screening(path: str) -> str:
    return path.replace("review", "screenings")


def ask(browser: Browser, path: str, reason: str = WHY):
    return browser.submit(f"{screening(path)}/ask-again", {"reason": reason}, at="/account")


def test_a_senior_asks_and_the_cell_waits_for_another_reader(
    service: Service, lab: LabSystem, path: str, rea: Browser, lars: Browser, sena: Browser
) -> None:
    read(rea, path, "normal")
    page = sena.get(screening(path)).text
    assert "Ask for another read" in page
    assert "1 colleague can read it now" in page

    asked = ask(sena, path)

    assert asked.status_code == 200
    assert WHY in asked.text
    assert "Another read was asked for: waiting for a reader." in asked.text
    assert "Ask for another read" not in asked.text
    assert state(lab, path) == ("reading", None)
    assert rows(service.database)["open_flags"] == 1
    assert path in lars.get("/review").text
    assert f'href="{path}"' not in rea.get("/review").text
    assert f'href="{path}"' not in sena.get("/review").text
    assert acts(service.database).count(Act.ANOTHER_READ_ASKED_FOR) == 1
    read(lars, path, "normal")
    assert state(lab, path) == ("settled", "normal")
    assert [row[0] for row in reads(service) if row[2]] == ["first", "further"]
    assert verify(service.database).intact


def test_the_next_reader_learns_who_asked_and_why_after_their_own_call_and_never_what_was_found(
    path: str, rea: Browser, lars: Browser, sena: Browser
) -> None:
    read(rea, path, "normal", "smooth chromatin")
    ask(sena, path)

    before = [lars.get(path).text, lars.get(screening(path)).text, lars.get("/review").text]
    after = call(lars, path, "leukaemic_blast").text

    for page in before:
        assert WHY not in page
        assert "nother read" not in page
        assert "Sena" not in page
    assert WHY in after
    assert "Sena" in after
    for page in (*before, after):
        assert "smooth chromatin" not in page


def test_readers_who_differ_leave_it_to_a_senior_even_to_the_one_who_asked(
    service: Service, lab: LabSystem, path: str, rea: Browser, lars: Browser, sena: Browser
) -> None:
    read(rea, path, "normal")
    ask(sena, path)
    read(lars, path, "leukaemic_blast")

    assert state(lab, path) == ("reading", None)
    assert path in sena.get("/review").text
    page = sena.get(path).text
    assert WHY in page
    assert "Reader A" in page
    assert "Reader B" in page
    decide(sena, path, "leukaemic_blast")

    assert state(lab, path) == ("settled", "leukaemic_blast")
    assert [row[0] for row in reads(service) if row[2]] == ["first", "further", "adjudication"]
    assert verify(service.database).intact


def test_a_seniors_word_that_is_contested_stays_on_record_and_is_given_anew(
    service: Service, lab: LabSystem, path: str, rea: Browser, lars: Browser, sena: Browser
) -> None:
    read(rea, path, "normal")
    ask(sena, path)
    read(lars, path, "leukaemic_blast")
    sena.get(path)
    decide(sena, path, "normal")

    ask(sena, path, "I looked at it once more.")
    assert state(lab, path) == ("reading", None)
    assert sena.submit(path, {"verdict": "leukaemic_blast"}, at="/account").status_code == 403, "no independent reader"
    assert f'href="{path}"' not in sena.get("/review").text
    assert "Read this cell" not in sena.get(screening(path)).text
    read(service.signed_in("mia", Role.REVIEWER), path, "leukaemic_blast")
    assert state(lab, path) == ("reading", None)
    assert path in sena.get("/review").text
    assert "A senior, before another read was asked for" in sena.get(path).text
    decide(sena, path, "leukaemic_blast")

    assert state(lab, path) == ("settled", "leukaemic_blast")
    given = [(row[0], row[2]) for row in reads(service) if row[2]]
    assert given[2:] == [
        ("adjudication", "normal"),
        ("further", "leukaemic_blast"),
        ("adjudication", "leukaemic_blast"),
    ]
    assert "Normal cell" in sena.get(screening(path)).text
    assert verify(service.database).intact


def test_the_one_who_asked_is_told_that_somebody_else_reads_it(
    service: Service, path: str, rea: Browser, sena: Browser
) -> None:
    read(rea, path, "normal")
    ask(sena, path)
    before = rows(service.database)["reads"]

    opened = sena.get(path)
    forged = sena.submit(path, {"verdict": "normal"}, at="/account")

    assert opened.status_code == forged.status_code == 409
    assert "You asked for another read of this cell" in opened.text
    assert rows(service.database)["reads"] == before
    result = sena.get(screening(path)).text
    assert "ALL probability" in result, "no blind read of theirs is due"
    assert "Read this cell" not in result


def test_neither_who_has_read_it_nor_who_uploaded_it_gives_the_other_read(
    service: Service, classifier: FakeClassifier, rea: Browser, lars: Browser
) -> None:
    classifier.probability = classifier.unsure
    ursula = service.signed_in("ursula", Role.UPLOADER, Role.REVIEWER)
    path = ursula.upload(cell(2), case="S26-0002").url.path.replace("screenings", "review")
    read(rea, path, "normal")
    asked = ask(ursula, path)

    assert asked.status_code == 200, "who opened the case, before it is signed"
    for reader in (ursula, rea):
        refused = reader.submit(path, {"verdict": "leukaemic_blast"}, at="/account")
        assert refused.status_code == 403
        assert acts(service.database)[-1] == Act.READ_REFUSED
    read(lars, path, "normal")
    assert verify(service.database).intact


def test_who_has_not_read_withdraws_nothing_and_who_has_keeps_the_right(
    service: Service, lab: LabSystem, path: str, rea: Browser, lars: Browser, sena: Browser
) -> None:
    read(rea, path, "normal")
    ask(sena, path)

    rea.submit(f"{path}/withdraw", at=path)
    read_again = decide(rea, path, "normal")

    assert read_again.status_code == 200
    assert state(lab, path) == ("reading", None), "somebody else’s read is still needed"
    read(lars, path, "normal")
    assert state(lab, path) == ("settled", "normal")


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 2001])
def test_without_a_usable_reason_nothing_is_asked_for_and_what_was_typed_is_kept(
    service: Service, path: str, rea: Browser, sena: Browser, reason: str
) -> None:
    read(rea, path, "normal")
    before = rows(service.database)["read_requests"], rows(service.database)["open_flags"]

    again = ask(sena, path, reason)

    assert again.status_code == 422
    assert ("Say why another read is needed" if not reason.strip() else "at most 2000 characters") in again.text
    assert reason.strip() in again.text
    assert (rows(service.database)["read_requests"], rows(service.database)["open_flags"]) == before == (0, 0)


def test_a_cell_that_waits_or_was_never_read_is_not_asked_about_again(
    service: Service, classifier: FakeClassifier, lab: LabSystem, path: str, rea: Browser, sena: Browser
) -> None:
    waiting = ask(sena, path)
    classifier.probability = 0.99
    never = ask(sena, f"/review/{lab.screen(cell(3), case='S26-0001').json()['id']}")
    read(rea, path, "normal")
    ask(sena, path)
    other = ask(service.signed_in("selma", Role.SENIOR), path, "I too.")

    assert waiting.status_code == never.status_code == other.status_code == 409
    assert "waits for a read already" in waiting.text
    assert WHY in waiting.text, "kept"
    assert "Nobody has read this cell yet" in never.text
    assert "I too." in other.text
    assert "Sena" not in other.text, "their own blind read is due"
    assert rows(service.database)["read_requests"] == 1


def test_the_same_request_sent_twice_is_one(service: Service, path: str, rea: Browser, sena: Browser) -> None:
    read(rea, path, "normal")

    assert {ask(sena, path).status_code for _ in range(2)} == {200}
    assert rows(service.database)["read_requests"] == 1


def test_it_is_not_for_a_colleague_or_for_a_case_that_was_withdrawn(
    service: Service, path: str, rea: Browser, sena: Browser
) -> None:
    read(rea, path, "normal")
    colleague = service.signed_in("paula", Role.UPLOADER)
    case = colleague.get(screening(path)).text.split('href="/cases/')[1].split('"')[0]

    assert "Ask for another read" not in colleague.page
    assert ask(colleague, path).status_code == 403
    assert acts(service.database)[-1] == Act.ACT_FORBIDDEN
    assert ask(rea, path).status_code == 403, "readers do not see cases"
    sena.submit(f"/cases/{case}/withdraw", {"reason": "mix-up", "certain": "yes"}, at=f"/cases/{case}/manage")
    assert "Ask for another read" not in sena.get(screening(path)).text
    gone = ask(sena, path)
    assert gone.status_code == 409
    assert "withdrawn" in gone.text
    assert rows(service.database)["read_requests"] == 0


def test_a_case_that_somebody_may_not_see_tells_nothing(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    classifier.probability = classifier.unsure
    ursula = service.signed_in("ursula", Role.UPLOADER)
    path = ursula.upload(cell(2), case="S26-0002").url.path.replace("screenings", "review")
    read(rea, path, "normal")

    assert ask(service.signed_in("paula", Role.UPLOADER), path).status_code == 404


def test_a_second_request_asks_for_one_more(
    service: Service, lab: LabSystem, path: str, rea: Browser, lars: Browser, sena: Browser
) -> None:
    set_policy(service.database, reads_uncertain=2)  # of later cells: this one keeps its own
    read(rea, path, "normal")
    ask(sena, path)
    read(lars, path, "normal")
    ask(sena, path, "Still.")

    assert state(lab, path) == ("reading", None)
    read(service.signed_in("mia", Role.REVIEWER), path, "normal")

    assert state(lab, path) == ("settled", "normal")
    with service.database.reading() as session:
        assert list(session.scalars(text("SELECT reads_needed FROM read_requests ORDER BY at"))) == [2, 3]


def test_any_who_may_see_an_unflagged_cell_asks_for_its_first_read_a_senior_too(
    service: Service, classifier: FakeClassifier, lab: LabSystem, sena: Browser
) -> None:
    classifier.probability = 0.99
    one = lab.screen(cell(4)).json()["id"]

    asked = sena.submit(f"/screenings/{one}/ask", at=f"/screenings/{one}")

    assert asked.status_code == 200
    assert rows(service.database)["open_flags"] == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE read_requests SET reads_needed = 3",
        "UPDATE read_requests SET by_id = (SELECT id FROM actors WHERE name = 'Rea')",
        "DELETE FROM read_requests",
        "UPDATE notes SET text = 'another reason'",
    ],
)
def test_an_altered_request_is_named(service: Service, path: str, rea: Browser, sena: Browser, change: str) -> None:
    read(rea, path, "normal")
    ask(sena, path)
    assert verify(service.database).intact
    with service.database.engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text("UPDATE read_requests SET reads_needed = 9"))

    with without_triggers(service.database, "read_requests") as connection:
        connection.execute(text(change))

    broken = verify(service.database).broken
    assert broken
    assert all(fault.startswith("read_request ") for fault in broken)
    assert ("read_request", "digest") in FACTS


def test_a_reason_that_retention_emptied_is_told_as_removed(
    service: Service, path: str, rea: Browser, sena: Browser
) -> None:
    read(rea, path, "normal")
    ask(sena, path)
    with service.database.engine.begin() as connection:
        connection.execute(text("UPDATE notes SET text = NULL, salt = NULL"))

    assert "The reason was removed by retention" in sena.get(screening(path)).text
    assert verify(service.database).intact
