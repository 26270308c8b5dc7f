"""The queue of one reader: what is in it, in which order, and what they may do with a cell instead of reading it."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app import clock
from app.accounts.rules import Role
from app.audit.events import Act
from app.cases.rules import Priority
from app.cases.tables import CasePriorityRow
from app.review import queue_actions
from tests.factories import PASSWORD, Browser, Service, acts, cell, jpeg, make_user, rows, set_policy, verify
from tests.fakes import FakeClassifier
from tests.review.conftest import call, decide, reads, token_on, waiting_cell


def order_on(page: str) -> list[str]:
    return re.findall(r'href="/review/([0-9a-f-]{36})"', page)


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    at = clock.now() + by
    monkeypatch.setattr(clock, "now", lambda: at)


def test_where_scores_may_be_seen_the_least_certain_cell_comes_first(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    set_policy(service.database, blind_first=False)
    surer = waiting_cell(service, classifier, seed=1, probability=0.99)
    unsure = waiting_cell(service, classifier, seed=2)

    assert order_on(rea.get("/review").text) == [unsure, surer]


def test_a_low_score_of_a_lossy_image_does_not_wait_behind_those_that_the_model_is_sure_of(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    set_policy(service.database, blind_first=False)
    sure = waiting_cell(service, classifier, seed=1, probability=0.03)
    classifier.atypical = False
    lossy = str(service.lab("LIS").screen(jpeg(2)).json()["id"])

    everything = order_on(rea.get("/review").text)
    rea.submit("/review/filters", {"reason": "lossy_image"}, at="/review")

    assert everything == [lossy, sure]
    assert order_on(rea.page) == [lossy]
    assert '<option value="lossy_image" selected>Compressed with loss' in rea.page
    assert "somebody looks at every such image" in rea.page


def test_a_lossy_image_whose_read_is_withdrawn_waits_where_it_waited(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    set_policy(service.database, blind_first=False)
    classifier.probability = 0.03
    screening = service.lab("LIS").screen(jpeg(1)).json()["id"]

    def certainties() -> list[float]:
        with service.database.reading() as session:
            return list(session.scalars(text("SELECT certainty FROM open_flags")))

    before = certainties()
    path = f"/review/{screening}"
    rea.get(path)
    decide(rea, path, "cannot_tell")
    read = certainties()
    rea.submit(f"{path}/withdraw")

    assert (before, read, certainties()) == ([0.0], [], [0.0])


def test_blind_the_order_is_each_readers_own_and_tells_nothing(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    others = [service.signed_in(name, Role.REVIEWER) for name in ("lars", "mia", "otto")]
    cells = {waiting_cell(service, classifier, seed=seed, probability=0.9 + seed / 200) for seed in range(8)}

    first, again, *orders = (order_on(one.get("/review").text) for one in (rea, rea, *others))

    assert set(first) == cells
    assert first == again
    assert any(first != order for order in orders), "one other in seventy has the same by chance"
    assert "For reading" in rea.page
    for told in ("ALL suspected", "9.", "Atypical", "unlike those"):
        assert told not in re.sub(r"<(script|link|time)[^>]*>|\d{4}-\d\d-\d\d \d\d:\d\d", "", rea.page)


def test_urgent_and_overdue_cells_come_first_and_say_so(
    service: Service, classifier: FakeClassifier, rea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = waiting_cell(service, classifier, seed=1)
    later(monkeypatch, timedelta(hours=25))
    rea = service.signed_in("mia", Role.REVIEWER)
    fresh = [waiting_cell(service, classifier, seed=seed) for seed in (2, 3)]
    with service.database.writing() as session:
        mia = session.scalar(text("SELECT id FROM actors WHERE name = 'Mia'"))
        case = session.scalar(text("SELECT case_id FROM screenings WHERE id = :id"), {"id": fresh[1]})
        session.add(
            CasePriorityRow(id=UUID(fresh[0]), case_id=UUID(case),
                            priority=Priority.URGENT, by_id=UUID(mia), at=clock.now())
        )  # fmt: skip

    page = rea.get("/review").text

    assert order_on(page) == [fresh[1], old, fresh[0]]
    assert page.count("▲ Urgent") == 1
    assert page.count("◷ Overdue") == 1


def test_filters_are_kept_for_their_reader_and_next_keeps_to_them(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    waiting_cell(service, classifier)
    rea.submit("/review/filters", {"priority": "urgent"}, at="/review")

    assert "Nothing waits for you under this filter" in rea.get("/review").text
    assert '<option value="urgent" selected>' in rea.page
    assert rea.get("/review/next").url.path == "/review"
    assert len(order_on(service.signed_in("lars", Role.REVIEWER).get("/review").text)) == 1

    rea.submit("/review/filters", {}, at="/review")
    assert len(order_on(rea.get("/review").text)) == 1


def test_a_skipped_cell_comes_back_and_what_was_typed_is_kept(
    service: Service, classifier: FakeClassifier, rea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = waiting_cell(service, classifier)
    rea.get(f"/review/{one}")

    gone = rea.submit(f"/review/{one}/skip", {"verdict": "normal", "note": "come back to this"})

    assert gone.url.path == "/review"
    assert order_on(gone.text) == []
    assert one in service.signed_in("lars", Role.REVIEWER).get("/review").text, "others may take it at once"
    later(monkeypatch, timedelta(minutes=16))
    assert order_on(rea.get("/review").text) == [one]
    assert "✎ Draft" in rea.page
    assert "come back to this" in rea.get(f"/review/{one}").text


def test_a_draft_that_comes_after_the_skip_does_not_take_the_cell_back(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    typed = {"verdict": "normal", "note": "late", "token": token_on(rea.get(path).text), "csrf": rea.token()}
    rea.submit(f"{path}/skip", {})

    late = rea.client.post(f"{path}/draft", data=typed, headers={"accept": "application/json"})

    assert late.status_code == 409
    assert service.signed_in("lars", Role.REVIEWER).get(path).status_code == 200, "others may take it at once"


def test_a_cell_that_was_put_off_is_listed_apart_and_can_be_taken_back(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    one = waiting_cell(service, classifier)
    rea.get(f"/review/{one}")
    assert rea.submit(f"/review/{one}/postpone", {"hours": "5"}).status_code == 422
    rea.submit(f"/review/{one}/postpone", {"hours": "24"})
    assert order_on(rea.get("/review").text) == []

    apart = rea.submit("/review/filters", {"whose": "postponed"}, at="/review").text
    assert order_on(apart) == [one]
    rea.submit(f"/review/{one}/take-back")
    rea.submit("/review/filters", {}, at="/review")

    assert order_on(rea.get("/review").text) == [one]
    assert acts(service.database).count(Act.CELL_POSTPONED) == 2
    assert verify(service.database).intact


def test_a_cell_that_is_handed_on_is_for_that_reader_until_a_turnaround_has_passed(
    service: Service, classifier: FakeClassifier, rea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = waiting_cell(service, classifier)
    lars, mia = service.signed_in("lars", Role.REVIEWER), service.signed_in("mia", Role.REVIEWER)
    page = rea.get(f"/review/{one}").text
    (to_lars,) = re.findall(r'<option value="([0-9a-f-]{36})">to Lars', page)

    assert rea.submit(f"/review/{one}/hand-on", {"colleague": "nobody"}).status_code == 422
    rea.submit(f"/review/{one}/hand-on", {"colleague": to_lars, "note": "what do you think?"})

    assert "→ Handed to you" in lars.get("/review").text
    assert order_on(mia.get("/review").text) == order_on(rea.get("/review").text) == []
    told = mia.get(f"/review/{one}")
    assert (told.status_code, "handed on to Lars" in told.text) == (409, True)
    with service.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE handings SET at = '2026-01-01 00:00:00.000000'")
    assert order_on(mia.get("/review").text) == [one]
    assert mia.get(f"/review/{one}").status_code == 200


def test_a_cell_is_not_handed_to_who_uploaded_it(service: Service, classifier: FakeClassifier, rea: Browser) -> None:
    both = service.signed_in("ursula", Role.UPLOADER, Role.REVIEWER)
    classifier.probability = classifier.unsure
    path = both.upload(cell(1)).url.path.replace("screenings", "review")

    page = rea.get(path).text

    assert "to Ursula" not in page
    with service.database.reading() as session:
        ursula = session.scalar(text("SELECT id FROM actors WHERE name = 'Ursula'"))
    assert rea.submit(f"{path}/hand-on", {"colleague": ursula}).status_code == 422
    assert rows(service.database)["handings"] == 0


def test_undo_brings_back_the_cell_and_what_was_typed_with_both_in_the_record(
    service: Service, classifier: FakeClassifier, rea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    call(rea, path, "normal")
    done = decide(rea, path, "leukaemic_blast", "nucleoli")

    assert f'action="{path}/withdraw"' in done.text
    undone = rea.submit(f"{path}/withdraw")

    assert undone.url.path == path
    assert 'value="leukaemic_blast" required checked' in undone.text
    assert ">nucleoli</textarea>" in undone.text
    assert "Your own call was: <strong>Normal cell</strong>" in undone.text
    assert rows(service.database)["open_flags"] == 1
    decide(rea, path, "normal")
    assert [row[0] for row in reads(service)] == ["first", "first", "withdrawal", "first"]
    assert [row[2] for row in reads(service)] == [None, "leukaemic_blast", None, "normal"]
    assert {Act.READ_GIVEN, Act.READ_WITHDRAWN} <= set(acts(service.database))
    assert verify(service.database).intact
    later(monkeypatch, timedelta(seconds=61))
    assert "/withdraw" not in rea.get("/review").text
    assert f'action="{path}/withdraw"' in rea.get(path).text, "the window is over, but it is not signed"


def test_a_cell_that_was_asked_for_late_counts_its_age_from_then_also_once_its_verdict_is_undone(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    screening = service.lab("LIS").screen(cell(1)).json()["id"]
    later(monkeypatch, timedelta(hours=40))
    rea, sena = service.signed_in("rea", Role.REVIEWER), service.signed_in("sena", Role.SENIOR)
    sena.submit(f"/screenings/{screening}/ask", at=f"/screenings/{screening}")

    waiting = rea.get("/review").text
    call(rea, f"/review/{screening}", "normal")
    decide(rea, f"/review/{screening}", "normal")
    rea.submit(f"/review/{screening}/withdraw")
    undone = rea.get("/review").text

    for page in (waiting, undone):
        assert screening in page
        assert "◷ Overdue" not in page
        assert "1 day ago" not in page


def test_a_draft_outlives_the_session_in_which_it_was_typed(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    token = re.findall(r'name="token" value="(\d+)"', rea.get(path).text)[0]
    typed = {"verdict": "normal", "note": "in the middle of a sen", "token": token, "csrf": rea.token()}
    kept = rea.client.post(f"{path}/draft", data=typed, headers={"accept": "application/json"})
    assert kept.status_code == 204
    with service.database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM sessions")

    lost = rea.submit(path, {**typed, "step": "blind"})
    back = rea.submit("/sign-in", {"username": "rea", "password": PASSWORD, "next": path}, at="/sign-in")

    assert lost.status_code == 401
    assert back.url.path == path
    assert ">in the middle of a sen</textarea>" in back.text
    assert 'value="normal" required checked' in back.text
    assert rows(service.database)["reads"] == 0


def test_a_draft_prolongs_the_hold_and_says_where_it_is_lost(
    service: Service, classifier: FakeClassifier, rea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    lars = service.signed_in("lars", Role.REVIEWER)
    token = re.findall(r'name="token" value="(\d+)"', rea.get(path).text)[0]
    form = {"note": "still thinking", "token": token, "csrf": rea.token()}
    start = clock.now()

    for minutes, told in ((10, 204), (20, 204)):
        monkeypatch.setattr(clock, "now", lambda minutes=minutes: start + timedelta(minutes=minutes))
        assert rea.client.post(f"{path}/draft", data=form).status_code == told
        assert lars.get(path).status_code == 409
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=36))
    assert lars.get(path).status_code == 200

    assert rea.client.post(f"{path}/draft", data=form).status_code == 409


def test_a_cell_of_a_withdrawn_case_leaves_the_queue_and_says_why(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    uploader = service.signed_in("ursula", Role.UPLOADER)
    classifier.probability = classifier.unsure
    result = uploader.upload(cell(1), case="S26-0001")
    path = result.url.path.replace("screenings", "review")
    case = re.findall(r"/cases/[0-9a-f-]{36}", result.text)[0]
    rea.get(path)
    uploader.submit(f"{case}/withdraw", {"reason": "wrong specimen", "certain": "yes"}, at=case)

    assert rows(service.database)["case_withdrawals"] == 1
    assert order_on(rea.get("/review").text) == []
    assert "Ursula withdrew the case" in rea.get(path).text


CALLED_BEFORE = [(), ("own",), ("own", "final")]
LATE = [
    ("", {"step": "blind"}),
    ("", {"step": "final"}),
    ("", {}),
    ("/draft", {}),
    ("/hand-on", {"colleague": "lars"}),
    ("/hand-on", {"colleague": "nobody"}),
    ("/skip", {}),
    ("/postpone", {"hours": "4"}),
    ("/postpone", {"hours": "a few"}),
]


@pytest.mark.parametrize("called", CALLED_BEFORE, ids="-".join)
def test_whatever_comes_late_for_a_withdrawn_case_is_told_so_and_records_nothing(
    service: Service, classifier: FakeClassifier, rea: Browser, called: tuple[str, ...]
) -> None:
    set_policy(service.database, reads_uncertain=2)
    lars = make_user(service.database, "lars", Role.REVIEWER)
    uploader = service.signed_in("ursula", Role.UPLOADER)
    classifier.probability = classifier.unsure
    result = uploader.upload(cell(1), case="S26-0001")
    path = result.url.path.replace("screenings", "review")
    case = re.findall(r"/cases/[0-9a-f-]{36}", result.text)[0]
    token = token_on(rea.get(path).text)
    if "own" in called:
        call(rea, path, "cannot_tell")
    if "final" in called:
        decide(rea, path, "cannot_tell", "smudged")
    uploader.submit(f"{case}/withdraw", {"reason": "wrong specimen", "certain": "yes"}, at=case)
    assert len(reads(service)) == len(called)
    before, acts_before = rows(service.database), acts(service.database)

    for act, form in LATE:
        whom = {"colleague": str(lars.id)} if form.get("colleague") == "lars" else {}
        typed = {"verdict": "normal", "note": "many nucleoli", "token": token, **form, **whom}
        late = rea.client.post(path + act, data={**typed, "csrf": rea.token()}, headers={"accept": "text/html"})
        assert late.status_code == 409, act
        for told in ("Ursula withdrew the case", "nothing was recorded", "kept below", "many nucleoli"):
            assert told in late.text, (act, form, told)

    assert rows(service.database) == before
    assert acts(service.database) == acts_before


def test_own_keys_stand_on_the_reading_page_and_a_clash_is_told(
    service: Service, classifier: FakeClassifier, rea: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    usual = dict(re.findall(r'name="(\w+)" value="(.?)" maxlength', rea.get("/review/keys").text))

    clash = rea.submit("/review/keys", {**usual, "normal": "b"}, at="/review/keys")
    kept = rea.submit("/review/keys", {**usual, "normal": "g"})

    assert clash.status_code == 422
    assert 'name="normal" value="b"' in clash.text
    assert "Your keys are kept" in kept.text
    assert 'data-key="g"> Normal cell' in rea.get(path).text
    rea.submit("/review/keys", {"usual": "yes"}, at="/review/keys")
    assert 'data-key="n"> Normal cell' in rea.get(path).text


@pytest.mark.parametrize("workers", [20])
def test_of_many_readers_who_ask_for_the_next_cell_no_two_get_one(
    either_service: Service, classifier: FakeClassifier, workers: int
) -> None:
    service = either_service
    cells = {waiting_cell(service, classifier, seed=seed) for seed in range(30)}
    readers = [make_user(service.database, f"reader-{number}", Role.REVIEWER) for number in range(workers)]

    def take(number: int) -> str | None:
        with service.database.writing() as session:
            one = queue_actions.take_next(session, readers[number])
            return str(one) if one else None

    with ThreadPoolExecutor(workers) as pool:
        taken = list(pool.map(take, range(workers)))

    assert len(set(taken)) == workers
    assert set(taken) <= cells
