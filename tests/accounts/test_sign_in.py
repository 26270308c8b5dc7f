"""Signing in: the wait after wrong passwords, the second step, sessions and their ends."""

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from app import clock
from app.accounts import authenticator
from app.accounts.rules import Role
from app.accounts.sign_in_rules import (
    ACCOUNT_PATIENCE,
    CODE_STEP_S,
    SessionLimits,
    address_group,
    browser_name,
    in_words,
    session_lives,
    wait_left,
)
from app.audit.events import Act
from app.audit.tables import LedgerRow
from tests.factories import PASSWORD, Browser, Service, acts, make_user, verify

WRONG = "not this one"


def _try(browser: Browser, password: str = WRONG, username: str = "ursula"):
    return browser.submit("/sign-in", {"username": username, "password": password}, at="/sign-in")


def _later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + by)


def test_five_wrong_passwords_leave_five_events_and_the_sixth_waits(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    browser = service.browser()

    answers = [_try(browser).status_code for _ in range(5)]
    sixth = _try(browser, PASSWORD)

    assert answers == [401] * 5
    assert sixth.status_code == 429
    assert 0 < int(sixth.headers["retry-after"]) <= 30
    assert re.search(r"Wait \d+ seconds", sixth.text)
    assert acts(service.database).count(Act.SIGN_IN_REFUSED) == 5
    assert "blastscreen_session" not in browser.client.cookies


def test_a_name_that_nobody_has_waits_just_the_same(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    known, unknown = service.browser(), service.browser()

    of_known = [_try(known, username="ursula").status_code for _ in range(6)]
    of_unknown = [_try(unknown, username="nobody").status_code for _ in range(6)]

    assert of_known == of_unknown == [401] * 5 + [429]


def test_the_wait_is_over_when_it_said_and_grows_with_the_next_failure(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    browser = service.browser()
    for _ in range(5):
        _try(browser)

    _later(monkeypatch, timedelta(seconds=31))
    assert _try(browser).status_code == 401
    assert int(_try(browser).headers["retry-after"]) > 30
    _later(monkeypatch, timedelta(seconds=61))
    assert _try(browser, PASSWORD).url.path == "/"


def test_a_restart_forgets_no_failure(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    for _ in range(5):
        _try(service.browser())

    with Service.start(service.settings, service.instrument) as again:
        assert _try(again.browser(), PASSWORD).status_code == 429


def test_signing_in_ends_the_count_of_the_account(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    browser = service.browser()

    for _ in range(3):
        for _ in range(4):
            assert _try(browser).status_code == 401
        assert _try(browser, PASSWORD).url.path == "/"
        browser.submit("/sign-out", at="/")


def test_an_address_that_tries_many_names_waits_and_others_do_not(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    for number in range(20):
        assert _try(service.browser(), username=f"guess{number}").status_code == 401

    assert _try(service.browser(), PASSWORD).status_code == 429
    elsewhere = service.browser()
    elsewhere.client._transport.client = ("198.51.100.4", 50000)  # type: ignore[attr-defined]
    assert _try(elsewhere, PASSWORD).url.path == "/"


def test_neither_the_address_nor_a_name_that_was_typed_stands_in_the_ledger(service: Service) -> None:
    _try(service.browser(), username="dr.smith")

    with service.database.reading() as session:
        (event,) = session.scalars(select(LedgerRow).where(LedgerRow.act == Act.SIGN_IN_REFUSED))
        told = f"{event.object_id} {event.detail}"
    assert "203.0.113.7" not in told
    assert "smith" not in told
    assert len(event.detail["address"]) == len(event.object_id) == 64


def test_the_wait_doubles_to_a_quarter_of_an_hour() -> None:
    now = clock.now()

    waits = [wait_left([now] * failures, patience=ACCOUNT_PATIENCE, now=now).seconds for failures in range(4, 14)]

    assert waits == [0, 30, 60, 120, 240, 480, 900, 900, 900, 900]


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(milliseconds=200), "1 second"),
        (timedelta(seconds=29.5), "30 seconds"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(seconds=61), "2 minutes"),
    ],
)
def test_a_wait_is_told_rounded_up(wait: timedelta, words: str) -> None:
    assert in_words(wait) == words


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_subscriber_is_one_address(host: str, group: str) -> None:
    assert address_group(host) == group


def test_a_disabled_account_gets_the_answer_of_a_wrong_password(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    wrong = _try(service.browser())
    with service.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE users SET disabled_at = created_at")

    disabled = _try(service.browser(), PASSWORD)

    assert disabled.status_code == wrong.status_code == 401
    token = re.compile("[0-9a-f]{64}")
    assert token.sub("", disabled.text) == token.sub("", wrong.text)


# ---- the second step


def _code(secret: str, *, steps: int = 0) -> str:
    return authenticator.code_at(secret, counter=int(clock.now().timestamp()) // CODE_STEP_S + steps)


def _turn_on(browser: Browser) -> tuple[str, list[str]]:
    """Secret and recovery codes."""
    browser.submit("/account/second-step", {"password": PASSWORD}, at="/account")
    found = re.search(r"<code>([A-Z2-7]{32})</code>", browser.page)
    assert found
    page = browser.submit("/account/second-step/confirm", {"code": _code(found.group(1), steps=-1)})
    return found.group(1), re.findall(r"<code>([a-z2-7-]{19})</code>", page.text)


def _half_way(service: Service) -> Browser:
    browser = service.browser()
    page = _try(browser, PASSWORD)
    assert page.status_code == 200
    assert "blastscreen_session" not in browser.client.cookies
    return browser


def _send_code(browser: Browser, code: str):
    half = re.search(r'name="half" value="([^"]+)"', browser.page)
    assert half
    return browser.submit("/sign-in/code", {"half": half.group(1), "code": code, "next": "/account"})


def test_with_a_second_step_the_password_alone_opens_nothing_and_the_code_does(service: Service) -> None:
    secret, _ = _turn_on(service.signed_in("ursula", Role.UPLOADER))
    browser = _half_way(service)

    assert browser.client.get("/account", follow_redirects=False).status_code != 200
    _try(browser, PASSWORD)
    assert _send_code(browser, "000000").status_code == 401
    home = _send_code(browser, _code(secret))

    assert home.url.path == "/account"
    assert "Signing in asks" not in home.text
    assert "10 recovery codes are left" in home.text


def test_a_code_works_once(service: Service) -> None:
    secret, _ = _turn_on(service.signed_in("ursula", Role.UPLOADER))
    code = _code(secret)

    assert _send_code(_half_way(service), code).url.path == "/account"
    assert _send_code(_half_way(service), code).status_code == 401


def test_a_recovery_code_stands_in_once_however_it_is_typed(service: Service) -> None:
    _, codes = _turn_on(service.signed_in("ursula", Role.UPLOADER))

    home = _send_code(_half_way(service), f" {codes[3].upper().replace('-', ' ')} ")

    assert "9 recovery codes are left" in home.text
    assert _send_code(_half_way(service), codes[3]).status_code == 401
    assert Act.RECOVERY_CODE_USED in acts(service.database)
    assert len(codes) == len(set(codes)) == 10


def test_wrong_codes_wait_as_wrong_passwords_do(service: Service) -> None:
    secret, _ = _turn_on(service.signed_in("ursula", Role.UPLOADER))
    browser = _half_way(service)

    for _ in range(5):
        assert _send_code(browser, "000000").status_code == 401
    waits = _send_code(browser, _code(secret))

    assert waits.status_code == 429
    assert "retry-after" in waits.headers


def test_the_half_of_a_sign_in_ends_after_ten_minutes(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, _ = _turn_on(service.signed_in("ursula", Role.UPLOADER))
    browser = _half_way(service)

    _later(monkeypatch, timedelta(minutes=11))
    late = _send_code(browser, _code(secret))

    assert late.status_code == 401
    assert "Sign in again" in late.text


def test_the_second_step_is_off_until_a_code_was_seen_and_goes_off_with_the_password(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    browser.submit("/account/second-step", {"password": PASSWORD}, at="/account")
    assert browser.submit("/account/second-step/confirm", {"code": "000000"}).status_code == 422
    assert _try(service.browser(), PASSWORD).url.path == "/"

    _turn_on(browser)
    assert browser.submit("/account/second-step/off", {"password": WRONG}, at="/account").status_code == 401
    browser.submit("/account/second-step/off", {"password": PASSWORD}, at="/account")

    assert _try(service.browser(), PASSWORD).url.path == "/"
    assert [act for act in acts(service.database) if "second_step" in act] == [Act.SECOND_STEP_ON, Act.SECOND_STEP_OFF]
    assert verify(service.database).intact


def test_a_second_step_that_is_on_is_not_begun_again_nor_confirmed_twice(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    secret, _ = _turn_on(browser)

    assert browser.submit("/account/second-step", {"password": PASSWORD}, at="/account").status_code == 409
    again = browser.submit("/account/second-step/confirm", {"code": _code(secret)}, at="/account")

    assert again.status_code == 409
    assert acts(service.database).count(Act.SECOND_STEP_ON) == 1


def test_recovery_codes_are_stored_as_hashes(service: Service) -> None:
    _, codes = _turn_on(service.signed_in("ursula", Role.UPLOADER))

    written = b"".join(path.read_bytes() for path in service.settings.spool.parent.rglob("*") if path.is_file())

    for code in codes:
        assert code.encode() not in written
        assert code.replace("-", "").encode() not in written


# ---- sessions


def test_one_sees_where_one_is_signed_in_and_ends_it_there(service: Service) -> None:
    here = service.signed_in("ursula", Role.UPLOADER)
    there = service.browser()
    there.client.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    _try(there, PASSWORD)

    page = here.get("/account").text
    ends = re.findall(r'action="(/account/sessions/[^"]+/end)">(.*?)</form>', page, re.DOTALL)
    (other,) = [path for path, form in ends if "Firefox on Linux" in form]
    assert "(this one)" in page
    here.submit(other)

    assert there.get("/account").url.path == "/sign-in"
    assert here.get("/account").url.path == "/account"
    assert acts(service.database)[-1] == Act.SESSION_ENDED


def test_a_session_that_has_run_out_is_not_listed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.signed_in("ursula", Role.UPLOADER)
    _later(monkeypatch, timedelta(hours=1))
    again = service.browser()
    _try(again, PASSWORD)

    assert again.get("/account").text.count("/account/sessions/") == 1


def test_a_session_ends_at_the_moment_that_was_said() -> None:
    limits, now = SessionLimits(timedelta(minutes=30), timedelta(hours=12)), clock.now()
    moment = timedelta(microseconds=1)

    def lives(*, unused: timedelta, old: timedelta) -> bool:
        return session_lives(created_at=now - old, last_seen_at=now - unused, limits=limits, now=now)

    assert lives(unused=limits.idle - moment, old=limits.life - moment)
    assert not lives(unused=limits.idle, old=limits.life - moment)
    assert not lives(unused=limits.idle - moment, old=limits.life)


def test_nobody_ends_anothers_session(service: Service) -> None:
    ursula, otto = service.signed_in("ursula", Role.UPLOADER), service.signed_in("otto", Role.UPLOADER)
    path = re.search(r"/account/sessions/[^\"]+/end", ursula.get("/account").text)
    assert path

    otto.submit(path.group(), at="/account")

    assert ursula.get("/account").url.path == "/account"


def test_signing_in_again_in_the_same_browser_ends_the_session_before(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    before = browser.client.cookies["blastscreen_session"]

    _try(browser, PASSWORD)
    assert browser.client.cookies["blastscreen_session"] != before
    browser.client.cookies.set("blastscreen_session", before, domain="testserver.local")

    assert browser.get("/account").url.path == "/sign-in"


def test_a_page_learns_whether_its_session_lives(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)

    assert browser.client.get("/account/alive").status_code == 204
    browser.submit("/sign-out", at="/")
    assert browser.client.get("/account/alive").status_code == 401


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("", "A browser"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14) AppleWebKit/605 Version/18 Safari/605", "Safari on Mac"),
        ("<script>alert(1)</script>", "A browser"),
    ],
)
def test_of_the_user_agent_only_a_known_name_is_kept(sent: str, told: str) -> None:
    assert browser_name(sent) == told


def _details(service: Service, act: Act) -> list[dict[str, Any]]:
    with service.database.reading() as session:
        return [row.detail for row in session.scalars(select(LedgerRow).where(LedgerRow.act == act))]


def test_the_ledger_says_why_a_sign_in_was_refused(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    _try(service.browser())
    _try(service.browser(), username="nobody")

    assert [detail["why"] for detail in _details(service, Act.SIGN_IN_REFUSED)] == ["password", "unknown user"]


@pytest.mark.parametrize(
    ("sent_from", "onward"),
    [
        ("/cases?whose=mine", "/cases?whose=mine"),
        ("http://testserver/screenings/7/", "/screenings/7/"),
        ("http://evil.example//evil.example", "/"),
        ("http://[", None),
        ("", "/"),
    ],
)
def test_who_sent_a_form_after_their_session_ended_comes_back_to_its_page(
    service: Service, sent_from: str, onward: str | None
) -> None:
    headers = {"accept": "text/html", "referer": sent_from}

    reply = service.anybody().post("/cases/find", data={"number": "1"}, headers=headers)

    assert reply.status_code == 401
    assert "Nothing was recorded of what you sent." in reply.text
    told = re.search(r'<a class="button primary" href="([^"]+)">Sign in</a>', reply.text)
    assert told
    asked = parse_qs(urlsplit(html.unescape(told.group(1))).query)
    assert asked.get("next") == ([onward] if onward else None)


@pytest.mark.parametrize(
    "address", ["/", "/cases?whose=mine&which=unsigned", "/?case_id=00000000-0000-4000-8000-000000000007"]
)
def test_who_asks_for_a_page_after_their_session_ended_comes_back_to_it_filters_and_all(
    service: Service, address: str
) -> None:
    reply = service.anybody().get(address, headers={"accept": "text/html"}, follow_redirects=False)

    assert reply.status_code == 303
    onward = urlsplit(reply.headers["location"])
    assert (onward.path, parse_qs(onward.query)) == ("/sign-in", {"next": [address]})
