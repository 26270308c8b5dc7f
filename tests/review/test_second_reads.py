"""Two independent reads, never by the same person."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts.rules import Role
from app.audit.events import Act
from tests.factories import Browser, LabSystem, Service, acts, cell, rows, verify
from tests.fakes import FakeClassifier
from tests.review.conftest import decide, read, reads, state


def test_two_of_one_mind_settle_a_cell_and_one_does_not(
    service: Service, lab: LabSystem, path: str, rea: Browser, lars: Browser
) -> None:
    read(rea, path, "normal")
    assert state(lab, path) == ("reading", None)
    assert rows(service.database)["open_flags"] == 1
    assert f'href="{path}"' not in rea.get("/review").text
    assert path in lars.get("/review").text

    read(lars, path, "normal")

    assert state(lab, path) == ("settled", "normal")
    assert rows(service.database)["open_flags"] == 0
    assert [row[0] for row in reads(service) if row[2]] == ["first", "second"]
    assert verify(service.database).intact


def test_a_cell_is_called_being_read_only_while_somebody_has_it(path: str, rea: Browser, lars: Browser) -> None:
    read(rea, path, "normal")

    given = rea.get(path).text
    lars.get(path)
    meanwhile = rea.get(path).text

    assert "Read once: waiting for a second reader." in given
    assert "Being read" not in given
    assert "Being read at this moment." in meanwhile


@pytest.mark.parametrize("form", [{}, {"token": "1", "step": "final"}])
def test_the_first_reader_cannot_give_the_second_read_forged_post_included(
    service: Service, path: str, rea: Browser, form: dict[str, str]
) -> None:
    read(rea, path, "normal")

    forged = rea.submit(path, {"verdict": "leukaemic_blast", **form}, at="/account")

    assert forged.status_code == 403
    assert acts(service.database)[-1] == Act.READ_REFUSED
    assert [row[2] for row in reads(service)] == [None, "normal"]


def test_the_database_refuses_a_second_read_by_the_first_reader(service: Service, path: str, rea: Browser) -> None:
    read(rea, path, "normal")
    columns = "screening_id, submitted_by, reader_id, verdict, at"
    alone = f"INSERT INTO reads (id, kind, {columns}) SELECT 'x', 'second', {columns} FROM reads WHERE verdict <> ''"
    behind = (
        f"INSERT INTO reads (id, kind, supersedes_id, {columns}) "
        f"SELECT 'x', 'second', supersedes_id, {columns} FROM reads WHERE verdict <> ''"
    )

    for insert in (alone, behind):
        with service.database.engine.begin() as connection, pytest.raises(IntegrityError, match="UNIQUE"):
            connection.execute(text(insert))


def test_a_cell_waits_again_when_one_of_two_withdraws_and_for_another_reader(
    service: Service, lab: LabSystem, path: str, rea: Browser, lars: Browser
) -> None:
    read(rea, path, "normal")
    read(lars, path, "normal")

    rea.submit(f"{path}/withdraw", at=path)

    assert state(lab, path)[0] == "reading"
    assert rows(service.database)["open_flags"] == 1
    assert rea.get(path).status_code == 200
    decide(rea, path, "normal")
    assert state(lab, path) == ("settled", "normal")
    assert verify(service.database).intact


def test_who_withdraws_what_somebody_else_has_on_their_screen_is_told_that_it_is_withdrawn(
    service: Service, path: str, rea: Browser, lars: Browser
) -> None:
    read(rea, path, "normal")
    read(lars, path, "leukaemic_blast")
    service.signed_in("sam", Role.SENIOR).get(path)

    told = lars.submit(f"{path}/withdraw", at=path)

    assert (told.status_code, told.url.path) == (200, "/review")
    assert "Your verdict is withdrawn" in told.text
    assert "Your verdict is withdrawn" not in lars.get("/review").text
    assert reads(service)[-1][0] == "withdrawal"


def test_nobody_reads_an_image_that_they_sent_in_themselves_in_whichever_case(
    service: Service, classifier: FakeClassifier, lab: LabSystem, path: str
) -> None:
    mia = service.signed_in("mia", Role.UPLOADER, Role.REVIEWER)
    assert f'href="{path}"' in mia.get("/review").text

    mia.upload(cell(1), case="S26-0009")

    assert f'href="{path}"' not in mia.get("/review").text
    reply = mia.get(path)
    assert (reply.status_code, "Nobody reads what they uploaded" in reply.text) == (404, True)


def test_nobody_takes_a_verdict_back_in_a_withdrawn_case(
    service: Service, classifier: FakeClassifier, lab: LabSystem, rea: Browser, sena: Browser
) -> None:
    classifier.probability = classifier.unsure
    made = lab.screen(cell(1), case="S26-0001").json()
    path, case = f"/review/{made['id']}", f"/cases/{made['case_id']}"
    read(rea, path, "leukaemic_blast")
    sena.submit(f"{case}/withdraw", {"reason": "another specimen", "certain": "yes"}, at=f"{case}/manage")

    reply = rea.submit(f"{path}/withdraw", at=path)

    assert (reply.status_code, "withdrew the case of this cell" in reply.text) == (409, True)
    assert state(lab, path) == ("withdrawn", "leukaemic_blast")
    assert "Withdraw my verdict" not in rea.get(path).text
    assert "was withdrawn. It is not read any more" in rea.page
    assert "Undo" not in rea.get("/review").text
