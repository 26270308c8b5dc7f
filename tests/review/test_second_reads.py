"""Two independent reads, never by the same person; where they differ a senior, who sees both and neither's name."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import clock
from app.accounts.rules import Role
from app.audit.events import Act
from tests.factories import Browser, LabSystem, Service, acts, cell, rows, set_policy, verify
from tests.fakes import FakeClassifier
from tests.review.conftest import call, decide, read, reads, state

SCORE = "56.25\N{NO-BREAK SPACE}%"


@pytest.fixture
def path(service: Service, classifier: FakeClassifier, lab: LabSystem) -> str:
    """A cell that two readers have to read."""
    set_policy(service.database, reads_uncertain=2)
    classifier.probability = classifier.unsure
    return f"/review/{lab.screen(cell(1)).json()['id']}"


@pytest.fixture
def sam(service: Service, path: str, rea: Browser, lars: Browser) -> Browser:
    """A senior who opened the cell while its readers differed, before one of them withdrew."""
    read(rea, path, "normal")
    read(lars, path, "leukaemic_blast")
    sam = service.signed_in("sam", Role.SENIOR)
    sam.get(path)
    lars.submit(f"{path}/withdraw", at=path)
    return sam


def let_run_out(service: Service) -> None:
    with service.database.engine.begin() as connection:
        connection.execute(text("UPDATE leases SET until = NULL"))


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


def test_the_second_reader_sees_nothing_of_the_first_read(path: str, rea: Browser, lars: Browser) -> None:
    screening = path.replace("review", "screenings")
    read(rea, path, "normal", "a note that must not be seen")

    blind = lars.get(path).text
    after = call(lars, path, "leukaemic_blast").text
    result = lars.get(screening).text

    for page in (blind, after, result):
        assert "Rea" not in re.sub(r"Rea(d|son)", "", page)
        assert "must not be seen" not in page
        assert "second" not in page.lower().replace("seconds", "")


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


def test_where_readers_differ_a_senior_decides_and_sees_both_reads_without_names(
    service: Service, lab: LabSystem, path: str, rea: Browser, lars: Browser
) -> None:
    read(rea, path, "normal", "smooth chromatin")
    read(lars, path, "leukaemic_blast", "two nucleoli")
    sam = service.signed_in("sam", Role.SENIOR)
    mia = service.signed_in("mia", Role.REVIEWER)

    assert state(lab, path) == ("reading", None)
    assert f'href="{path}"' not in mia.get("/review").text
    assert "To adjudicate" in sam.get("/review").text
    page = sam.get(path).text
    done = decide(sam, path, "leukaemic_blast")

    for told in ("smooth chromatin", "two nucleoli", "Reader A", "Reader B", "56.25\N{NO-BREAK SPACE}%"):
        assert told in page
    for name in ("Lars", "Rea<", "Rea:"):
        assert name not in page
    assert done.status_code == 200
    assert state(lab, path) == ("settled", "leukaemic_blast")
    assert reads(service)[-1][:3] == ("adjudication", None, "leukaemic_blast")
    assert verify(service.database).intact


def test_a_senior_before_whom_a_reader_withdraws_makes_no_second_read_of_it(
    service: Service, lab: LabSystem, path: str, sam: Browser
) -> None:
    before = reads(service)

    told = decide(sam, path, "normal", "smooth chromatin")

    assert told.status_code == 409
    assert "smooth chromatin" in told.text
    assert reads(service) == before
    assert state(lab, path) == ("reading", None)


def test_a_senior_who_saw_what_readers_found_gives_no_independent_read_once_one_withdraws(
    service: Service, lab: LabSystem, path: str, sam: Browser, sena: Browser
) -> None:
    before = reads(service)

    opened = sam.get(path)
    forged = [
        sam.submit(path, {"verdict": "normal", "note": "smooth chromatin", **form}, at="/account")
        for form in ({}, {"step": "blind"}, {"step": "final"})
    ]

    for told in (opened, *forged):
        assert told.status_code == 409
        assert "You opened this cell while its readers differed" in told.text
    assert all("smooth chromatin" in told.text for told in forged)
    assert reads(service) == before
    assert path not in sam.get("/review").text
    result = sam.get(path.replace("review", "screenings")).text
    assert "Read this cell" not in result
    assert "ALL probability" in result, "no blind read of theirs is due"
    let_run_out(service)
    assert path in sena.get("/review").text, "who did not open it reads it as anybody does"
    assert verify(service.database).intact


def test_a_senior_who_saw_what_readers_found_still_decides_once_they_differ_again(
    service: Service, lab: LabSystem, path: str, sam: Browser, lars: Browser
) -> None:
    sam.get(path)
    let_run_out(service)

    lars.get(path)
    decide(lars, path, "leukaemic_blast")
    sam.get(path)
    decide(sam, path, "normal")

    assert state(lab, path) == ("settled", "normal")
    assert [row[0] for row in reads(service) if row[2]][-1] == "adjudication"


def test_an_own_call_of_before_makes_no_independent_read_of_a_senior_who_saw_what_others_found(
    service: Service, path: str, rea: Browser, lars: Browser
) -> None:
    sam = service.signed_in("sam", Role.SENIOR)
    call(sam, path, "normal")
    let_run_out(service)
    read(rea, path, "normal")
    read(lars, path, "leukaemic_blast")
    assert "Reader A" in sam.get(path).text
    lars.submit(f"{path}/withdraw", at=path)
    before = reads(service)

    told = decide(sam, path, "normal")

    assert told.status_code == 409
    assert "You opened this cell while its readers differed" in told.text
    assert reads(service) == before


def test_a_senior_who_takes_back_their_word_gives_no_independent_read_in_its_place(
    service: Service, lab: LabSystem, path: str, rea: Browser, lars: Browser
) -> None:
    read(rea, path, "normal")
    read(lars, path, "leukaemic_blast")
    sam = service.signed_in("sam", Role.SENIOR)
    forged = sam.submit(path, {"verdict": "normal"}, at="/account")  # without a look at the page
    assert forged.status_code == 200
    lars.submit(f"{path}/withdraw", at=path)
    sam.submit(f"{path}/withdraw", at="/account")
    before = reads(service)

    again = sam.submit(path, {"verdict": "normal"}, at="/account")

    assert again.status_code == 403
    assert reads(service) == before
    assert path not in sam.get("/review").text
    assert state(lab, path) == ("reading", None)


def test_a_dispute_handed_to_a_senior_who_saw_it_waits_for_any_reader_once_one_withdraws(
    service: Service, path: str, rea: Browser, lars: Browser, sena: Browser
) -> None:
    read(rea, path, "normal")
    read(lars, path, "leukaemic_blast")
    sam = service.signed_in("sam", Role.SENIOR)
    sam.get(path)
    (to_sena,) = re.findall(r'<option value="([0-9a-f-]{36})">to Sena', sam.page)
    sam.submit(f"{path}/hand-on", {"colleague": to_sena})
    sena.get(path)
    mia = service.signed_in("mia", Role.REVIEWER)

    lars.submit(f"{path}/withdraw", at=path)

    let_run_out(service)
    assert path in mia.get("/review").text
    assert path not in sena.get("/review").text
    assert rows(service.database)["handings"] == 0


def test_a_senior_who_comes_late_is_told_which_senior_settled_it(
    service: Service, path: str, rea: Browser, lars: Browser, sena: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(rea, path, "normal")
    read(lars, path, "leukaemic_blast")
    start = clock.now()
    sena.get(path)
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=16))
    sam = service.signed_in("sam", Role.SENIOR)
    sam.get(path)
    decide(sam, path, "normal")
    before = reads(service)

    late = decide(sena, path, "leukaemic_blast", "two nucleoli")

    assert late.status_code == 409
    assert "Sam settled this cell" in late.text
    assert "two nucleoli" in late.text
    assert reads(service) == before


def test_a_senior_who_agrees_with_neither_says_why(service: Service, path: str, rea: Browser, lars: Browser) -> None:
    read(rea, path, "normal")
    read(lars, path, "leukaemic_blast")
    sam = service.signed_in("sam", Role.SENIOR)
    sam.get(path)

    again = decide(sam, path, "cannot_tell")

    assert again.status_code == 422
    assert "neither reader" in again.text
    assert decide(sam, path, "cannot_tell", "out of focus where it matters").status_code == 200


def test_who_is_no_senior_does_not_adjudicate(service: Service, path: str, rea: Browser, lars: Browser) -> None:
    read(rea, path, "normal")
    read(lars, path, "leukaemic_blast")
    mia = service.signed_in("mia", Role.REVIEWER)

    opened = mia.get(path)
    forged = mia.submit(path, {"verdict": "normal"}, at="/account")

    assert opened.status_code == 409
    assert "A senior settles this cell" in opened.text
    assert forged.status_code == 403
    assert acts(service.database)[-1] == Act.ACT_FORBIDDEN


def test_a_senior_who_was_one_of_the_readers_does_not_adjudicate(service: Service, path: str, rea: Browser) -> None:
    sam = service.signed_in("sam", Role.SENIOR)
    read(sam, path, "normal")
    read(rea, path, "leukaemic_blast")

    assert f'href="{path}"' not in sam.get("/review").text
    assert sam.submit(path, {"verdict": "normal", "note": "x"}, at="/account").status_code == 403


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


def test_who_saw_a_disputed_cell_in_lists_alone_saw_no_score_and_may_read_it_blind(
    service: Service, path: str, rea: Browser, lars: Browser
) -> None:
    sam, ned = service.signed_in("sam", Role.SENIOR), service.signed_in("ned", Role.REVIEWER)
    result = path.replace("review", "screenings")
    read(rea, path, "normal")
    read(lars, path, "leukaemic_blast")

    assert "Shown as you read it" in sam.get("/review").text
    for page in (sam.page, sam.get(result).text, ned.get(result).text):
        assert SCORE not in page
    assert "This image waits for a read that may be yours" in ned.page
    assert f'href="{path}"' not in ned.page

    lars.submit(f"{path}/withdraw", at=path)
    let_run_out(service)
    assert "Your own call" in sam.get(path).text


def test_a_senior_sees_the_score_of_a_disputed_cell_once_they_have_opened_it(
    service: Service, path: str, rea: Browser, lars: Browser
) -> None:
    read(rea, path, "normal")
    read(lars, path, "leukaemic_blast")
    sam = service.signed_in("sam", Role.SENIOR)

    assert SCORE in sam.get(path).text
    assert SCORE in sam.get(path.replace("review", "screenings")).text


@pytest.mark.parametrize("blind", [True, False])
def test_a_report_tells_a_second_reader_nothing_of_the_first_read(
    service: Service, classifier: FakeClassifier, lab: LabSystem, rea: Browser, lars: Browser, blind: bool
) -> None:
    set_policy(service.database, reads_uncertain=2, blind_first=blind)
    classifier.probability = classifier.unsure
    made = lab.screen(cell(1), case="S26-0001").json()
    path, case = f"/review/{made['id']}", f"/cases/{made['case_id']}"
    second = service.signed_in("mia", Role.SENIOR)
    if blind:
        read(rea, path, "normal", "smooth chromatin")
        call(second, path, "leukaemic_blast")
    else:
        rea.submit(path, {"verdict": "normal", "note": "smooth chromatin"}, at=path)

    for page in ("report", "sign-off"):
        assert second.get(f"{case}/{page}").status_code == 200
        assert "smooth chromatin" not in second.page
        assert "No cell of this case has been read to the end by a human." in second.page

    if blind:
        second.get(path)
        decide(second, path, "normal", "on a second look")
    else:
        lars.submit(path, {"verdict": "normal"}, at=path)
    assert state(lab, path) == ("settled", "normal")
    assert "smooth chromatin" in service.signed_in("sam", Role.SENIOR).get(f"{case}/report").text


def test_an_auditor_who_reads_is_told_of_no_others_verdict_before_their_own_is_final(
    service: Service, path: str, rea: Browser
) -> None:
    both = service.signed_in("aud", Role.AUDITOR, Role.REVIEWER)
    read(rea, path, "normal")

    call(both, path, "leukaemic_blast")
    assert "verdict: normal" not in both.get("/audit").text
    both.get(path)
    decide(both, path, "normal")

    assert "verdict: normal" in both.get("/audit").text


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


def test_an_earlier_screening_of_an_image_that_is_to_be_read_blind_tells_its_reader_nothing(
    service: Service, classifier: FakeClassifier, lab: LabSystem
) -> None:
    classifier.probability = 0.97
    first = lab.screen(cell(1), key="by the model of before", case="S26-0001").json()
    classifier.probability = classifier.unsure
    second = lab.screen(cell(1), key="by the next", case="S26-0001").json()
    lab.screen(cell(2), case="S26-0001")
    mia = service.signed_in("mia", Role.UPLOADER, Role.REVIEWER)
    case, earlier = f"/cases/{first['case_id']}", f"/screenings/{first['id']}"
    told = "97.00\N{NO-BREAK SPACE}%"

    for page in (case, earlier, f"{case}/compare?cell={first['id']}"):
        assert mia.get(page).status_code == 200
        assert told not in mia.page, page
    assert f'href="{earlier}"' in mia.get(case).text
    assert f'href="/review/{second["id"]}"' in mia.page
    assert "Its image was screened again, and waits for a read." in mia.get(earlier).text
    assert mia.get(f"{earlier}/heatmap").status_code == 409

    call(mia, f"/review/{second['id']}", "normal")

    assert told in mia.get(earlier).text
