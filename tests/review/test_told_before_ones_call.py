"""Who may yet read a cell is told neither what others found in it nor its score, on whichever page."""

import re

import pytest

from app.accounts.rules import Role
from tests.factories import Browser, LabSystem, Service, cell, set_policy
from tests.fakes import FakeClassifier
from tests.review.conftest import call, decide, let_run_out, read, state

SCORE = "56.25\N{NO-BREAK SPACE}%"


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
