"""A human's verdict: own call first, who may give it, when it needs a reason, and that it is given once."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app import clock
from app.accounts.rules import Role
from app.audit.events import Act
from app.vision.drawn import Look
from tests.factories import Browser, Service, acts, cell, rows, set_policy, verify
from tests.fakes import FakeClassifier
from tests.review.conftest import call, decide, reads, token_on, waiting_cell


def test_the_own_call_comes_first_and_both_calls_are_kept(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"

    before = rea.get(path).text
    after = call(rea, path, "normal", "round, smooth").text
    decide(rea, path, "leukaemic_blast", "round, but nucleoli")

    for told in ("Uncertain", "56.25\N{NO-BREAK SPACE}%", "between the thresholds", "Measurements and findings"):
        assert told not in before
        assert told in after
    assert "Your own call was: <strong>Normal cell</strong>" in after
    assert 'value="normal" required checked' in after
    assert ">round, smooth</textarea>" in after
    assert [row[:3] for row in reads(service)] == [
        ("first", "normal", None),
        ("first", "normal", "leukaemic_blast"),
    ]
    assert rows(service.database)["open_flags"] == 0
    assert rows(service.database)["read_drafts"] == 0
    assert verify(service.database).intact


def test_a_blind_call_tells_nothing_of_the_model_even_where_it_departs_from_it(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier, probability=0.99)}"
    rea.get(path)

    nothing = rea.submit(path, {"step": "blind", "note": "kept"})

    assert nothing.status_code == 422
    assert "Choose a verdict" in nothing.text
    assert "departs" not in nothing.text
    assert "99" not in re.sub(r"[0-9a-f-]{8,}|\d{4}-\d\d-\d\d \d\d:\d\d", "", nothing.text)
    assert call(rea, path, "normal").status_code == 200


def test_without_blind_reads_one_call_is_enough(service: Service, classifier: FakeClassifier, rea: Browser) -> None:
    set_policy(service.database, blind_first=False)
    path = f"/review/{waiting_cell(service, classifier)}"

    assert "56.25\N{NO-BREAK SPACE}%" in rea.get("/review").text
    assert "56.25\N{NO-BREAK SPACE}%" in rea.get(path).text
    decide(rea, path, "normal")

    assert [row[:3] for row in reads(service)] == [("first", None, "normal")]


def test_a_final_form_from_before_blind_reads_makes_no_own_call_and_keeps_what_was_typed(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    set_policy(service.database, blind_first=False)
    path = f"/review/{waiting_cell(service, classifier)}"
    rea.get(path)
    set_policy(service.database, blind_first=True)

    told = decide(rea, path, "normal", "smooth chromatin")

    assert told.status_code == 409
    assert "Make your own call first" in told.text
    assert f'href="{path}">See this cell again' in told.text
    assert "smooth chromatin" in told.text
    assert reads(service) == []


def test_a_verdict_against_the_model_needs_a_reason_and_keeps_what_was_typed(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier, probability=0.99)}"
    call(rea, path, "normal")

    again = decide(rea, path, "normal", " ")

    assert again.status_code == 422
    assert "Say in the note what you saw" in again.text
    assert 'value="normal" required checked' in again.text
    assert [row[2] for row in reads(service)] == [None]

    decide(rea, path, "normal", "smooth <chromatin>, no nucleoli")
    assert [row[2] for row in reads(service)] == [None, "normal"]
    assert verify(service.database).intact


def test_a_note_of_2000_characters_is_kept_and_one_more_is_given_back(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    note = "שלום 🔬\r\n" + "x" * 1992
    call(rea, path, "normal")

    again = decide(rea, path, "normal", note + "xx")

    assert again.status_code == 422
    assert "x" * 1994 in again.text
    assert decide(rea, path, "normal", note).status_code == 200
    with service.database.reading() as session:
        assert session.scalar(text("SELECT text FROM notes")) == note.replace("\r\n", "\n")


def test_a_form_without_a_verdict_is_told_so(service: Service, classifier: FakeClassifier, rea: Browser) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"

    for nothing in ({}, {"verdict": "guilty"}):
        again = rea.submit(path, {**nothing, "note": "kept"}, at=path)
        assert again.status_code == 422
        assert "Choose a verdict" in again.text
        assert ">kept</textarea>" in again.text


@pytest.mark.parametrize("step", ["blind", "final"])
def test_a_double_click_makes_one_read(service: Service, classifier: FakeClassifier, rea: Browser, step: str) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    page = rea.get(path).text
    if step == "final":
        call(rea, path, "normal", "the same")
    form = {"verdict": "normal", "note": "the same", "step": step, "token": token_on(page), "csrf": rea.token()}

    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: rea.client.post(path, data=form), range(4)))

    assert {reply.status_code for reply in replies} == {200}
    assert len(reads(service)) == (1 if step == "blind" else 2)
    assert acts(service.database).count(Act.BLIND_CALL) == 1


def test_the_back_button_after_a_verdict_changes_nothing_and_says_so(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    call(rea, path, "normal")
    form = {"verdict": "normal", "step": "final", "token": token_on(rea.page), "csrf": rea.token()}
    rea.client.post(path, data=form)

    other = rea.client.post(path, data={**form, "verdict": "leukaemic_blast", "note": "I changed my mind"})

    assert other.status_code == 409
    assert "it stands as it was" in other.text
    assert "I changed my mind" in other.text
    assert "You have read cell" in rea.get(path).text
    assert [row[2] for row in reads(service)] == [None, "normal"]


def test_a_blind_call_is_not_made_twice(service: Service, classifier: FakeClassifier, rea: Browser) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    call(rea, path, "normal")

    other = rea.submit(path, {"verdict": "leukaemic_blast", "step": "blind"})

    assert other.status_code == 409
    assert "Your final call may differ" in other.text
    assert [row[1] for row in reads(service)] == ["normal"]


def test_a_cell_on_somebodys_screen_is_not_given_to_another_who_is_told_whose_it_is(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    rea.get(path)
    late = service.signed_in("lars", Role.REVIEWER)

    told = late.get(path)

    assert told.status_code == 409
    assert "Rea is reading this cell" in told.text
    assert path not in late.get("/review").text
    assert "1 more is being read by others" in late.page


def test_a_verdict_under_an_old_token_is_told_who_settled_it_and_when_and_keeps_the_note(
    service: Service, classifier: FakeClassifier, rea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    late = service.signed_in("lars", Role.REVIEWER)
    call(late, path, "leukaemic_blast")
    old = {"verdict": "leukaemic_blast", "note": "many nucleoli", "step": "final", "token": token_on(late.page)}
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=16))
    call(rea, path, "normal")

    while_held = late.submit(path, old, at="/account")
    rea.get(path)
    decide(rea, path, "normal")
    settled = late.submit(path, old, at="/account")

    assert (while_held.status_code, settled.status_code) == (409, 409)
    assert "Rea is reading this cell" in while_held.text
    assert "Rea settled this cell" in settled.text
    assert (start + timedelta(minutes=16)).strftime("%Y-%m-%dT%H:%M") in settled.text
    assert "many nucleoli" in settled.text
    assert [row[2] for row in reads(service) if row[2]] == ["normal"]


def test_who_lost_a_cell_that_is_free_again_is_told_to_open_it_and_holds_it_only_then(
    service: Service, classifier: FakeClassifier, rea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    call(rea, path, "normal")
    old = {"verdict": "normal", "note": "smooth chromatin", "step": "final", "token": token_on(rea.page)}
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=16))
    lars, mia = (service.signed_in(name, Role.REVIEWER) for name in ("lars", "mia"))
    lars.get(path)
    lars.submit(f"{path}/skip")

    late = rea.submit(path, old, at="/account")
    free = mia.get(path)

    assert late.status_code == 409
    assert "Your hold on this cell ran out" in late.text
    assert "Open it again" in late.text
    assert f'href="{path}">See this cell again' in late.text
    assert "smooth chromatin" in late.text
    for untrue in ("You hold it", "not waiting for you"):
        assert untrue not in late.text
    assert free.status_code == 200
    assert [row[2] for row in reads(service)] == [None]


def test_a_hold_that_ran_out_and_that_nobody_took_still_counts(
    service: Service, classifier: FakeClassifier, rea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    call(rea, path, "normal")
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=25))

    assert decide(rea, path, "normal").status_code == 200
    assert [row[2] for row in reads(service)] == [None, "normal"]


def test_two_tabs_of_one_reader_do_not_shut_each_other_out(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    first = rea.get(path).text
    second = rea.get(path).text

    assert token_on(first) == token_on(second)
    call(rea, path, "normal")
    stale = rea.submit(path, {"verdict": "normal", "step": "blind", "token": token_on(first)})
    assert "Your final call" in stale.text
    assert len(reads(service)) == 1


def test_nobody_reads_what_they_uploaded_forged_post_included(service: Service, classifier: FakeClassifier) -> None:
    both = service.signed_in("ursula", Role.UPLOADER, Role.REVIEWER)
    classifier.probability = classifier.unsure
    path = both.upload(cell(1)).url.path.replace("screenings", "review")

    assert both.get(path).status_code == 404
    for form in ({"verdict": "normal"}, {"verdict": "normal", "step": "blind", "token": "1"}):
        forged = both.submit(path, form, at="/")

        assert forged.status_code == 403
        assert acts(service.database)[-1] == Act.READ_REFUSED
    assert rows(service.database)["reads"] == 0


def test_the_database_refuses_a_read_by_the_uploader(service: Service, classifier: FakeClassifier) -> None:
    screening = waiting_cell(service, classifier)
    insert = (
        "INSERT INTO reads (id, screening_id, submitted_by, reader_id, kind, verdict, at) "
        "SELECT 'x', id, submitted_by, submitted_by, 'first', 'normal', at FROM screenings WHERE id = :id"
    )

    with service.database.engine.begin() as connection, pytest.raises(IntegrityError, match="not_by_the_uploader"):
        connection.execute(text(insert), {"id": screening})


def test_a_human_read_can_be_asked_for_on_an_unusable_image(service: Service, rea: Browser) -> None:
    uploader = service.signed_in("ursula", Role.UPLOADER)
    result = uploader.upload(cell(1, Look.BLANK))
    path = result.url.path

    asked = uploader.submit(f"{path}/ask", at=path)
    uploader.submit(f"{path}/ask", at=path)

    assert "A colleague asked for a human read" in asked.text
    assert path.replace("screenings", "review") in rea.get("/review").text
    assert rows(service.database)["open_flags"] == 1
    assert verify(service.database).intact


def test_a_reviewer_sees_no_cell_that_is_not_theirs_to_read(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    classifier.probability = 0.99
    sure = service.lab("LIS").screen(cell(1)).json()["id"]

    for path in (f"/screenings/{sure}", f"/screenings/{sure}/image", f"/screenings/{sure}/thumbnail/96"):
        assert rea.get(path).status_code == 404
    assert rea.get(f"/review/{sure}").status_code == 404


def test_a_reader_can_still_open_what_they_have_read(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    screening = waiting_cell(service, classifier)
    rea.submit(f"/review/{screening}", {"verdict": "normal"}, at=f"/review/{screening}")

    assert "Read: Normal cell" in rea.get(f"/screenings/{screening}").text


def test_the_seconds_of_a_read_are_those_of_both_calls_and_a_page_can_only_shorten_them(
    service: Service, classifier: FakeClassifier, rea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    start = clock.now()
    page = rea.get(path).text
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(seconds=40))
    blind = {"verdict": "normal", "step": "blind", "token": token_on(page), "seconds": "12"}
    rea.submit(path, blind)
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(seconds=70))
    rea.submit(path, {**blind, "step": "final", "seconds": "9999"})

    assert [row[3] for row in reads(service)] == [12, 42]


def test_a_verdict_leads_to_the_next_cell_and_that_to_the_queue(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    paths = {f"/review/{waiting_cell(service, classifier, seed=seed)}" for seed in (1, 2)}
    first = rea.get("/review/next").url.path
    call(rea, first, "normal")

    second = decide(rea, first, "normal").url.path
    call(rea, second, "normal")
    done = decide(rea, second, "normal")

    assert {first, second} == paths
    assert done.url.path == "/review"
    assert "Nothing waits for you" in done.text


def test_an_auditor_who_reads_cells_too_is_not_told_by_the_ledger(service: Service, classifier: FakeClassifier) -> None:
    both = service.signed_in("aude", Role.AUDITOR, Role.REVIEWER)
    path = f"/review/{waiting_cell(service, classifier)}"

    before = both.get("/audit").text
    call(both, path, "normal")

    assert "outcome: for reading" in before
    assert "outcome: uncertain" not in before
    assert "outcome: uncertain" in both.get("/audit").text
