"""Where two reads differ a senior decides, who sees both and neither's name, and is no independent reader after."""

import re
from datetime import timedelta

import pytest

from app import clock
from app.accounts.rules import Role
from app.audit.events import Act
from tests.factories import Browser, LabSystem, Service, acts, rows, verify
from tests.review.conftest import call, decide, let_run_out, read, reads, state


@pytest.fixture
def sam(service: Service, path: str, rea: Browser, lars: Browser) -> Browser:
    """A senior who opened the cell while its readers differed, before one of them withdrew."""
    read(rea, path, "normal")
    read(lars, path, "leukaemic_blast")
    sam = service.signed_in("sam", Role.SENIOR)
    sam.get(path)
    lars.submit(f"{path}/withdraw", at=path)
    return sam


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
