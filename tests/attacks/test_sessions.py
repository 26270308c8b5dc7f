"""Attacks on sessions: planted cookies, cookies used after sign-out, tokens of another browser, other sites' pages."""

import pytest

from app.accounts.rules import Role
from app.web import csrf
from tests.accounts.test_every_route import ways
from tests.factories import PASSWORD, Service, cell, make_user, rows

PLANTED = "planted-by-somebody-who-will-use-it-later"


def test_session_fixation_a_planted_cookie_never_becomes_a_session(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    victim, attacker = service.browser(), service.browser()
    victim.client.cookies.set(csrf.SESSION_COOKIE, PLANTED)
    attacker.client.cookies.set(csrf.SESSION_COOKIE, PLANTED)

    victim.submit("/sign-in", {"username": "ursula", "password": PASSWORD}, at="/sign-in")

    assert attacker.get("/account").url.path == "/sign-in"


def test_session_fixation_an_attackers_own_session_does_not_become_the_victims(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    attacker = service.signed_in("mallory", Role.UPLOADER)
    victim = service.browser()
    victim.client.cookies.set(csrf.SESSION_COOKIE, attacker.client.cookies[csrf.SESSION_COOKIE])

    victim.submit("/sign-in", {"username": "ursula", "password": PASSWORD}, at="/sign-in")

    assert "Ursula" not in attacker.get("/account").text


def test_a_cookie_used_after_sign_out_opens_nothing(service: Service) -> None:
    browser = service.signed_in("ursula", *Role)
    cookie = browser.client.cookies[csrf.SESSION_COOKIE]
    browser.submit("/sign-out", at="/account")
    thief = service.browser()

    for way in [way for way in ways(service.app) if way.asks and "{" not in way.path]:
        form = {"csrf": csrf.token_for(cookie)} if way.method == "POST" else None
        headers = {"cookie": f"{csrf.SESSION_COOKIE}={cookie}"}
        reply = thief.client.request(way.method, way.path, data=form, headers=headers, follow_redirects=False)
        assert reply.status_code in {303, 401}, way.name


def test_signing_out_empties_the_browser(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    browser.get("/account")

    reply = browser.client.post("/sign-out", data={"csrf": browser.token()}, follow_redirects=False)

    assert reply.headers["clear-site-data"] == '"cache", "cookies", "storage"'
    assert 'blastscreen_session=""' in reply.headers["set-cookie"]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
        {"origin": "http://evil.example"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver:8001"},
        {"origin": "null"},
        {"origin": "file://"},
        {"origin": "http://[testserver"},
    ],
)
def test_a_forged_request_is_refused_by_where_it_comes_from_even_with_the_right_token(
    service: Service, headers: dict[str, str]
) -> None:
    browser = service.signed_in("ursula", *Role)
    browser.get("/account")
    before = rows(service.database)

    for way in [way for way in ways(service.app) if way.method == "POST"]:
        reply = browser.client.post(way.address, data={"csrf": browser.token()}, headers=headers)
        assert reply.status_code == 403, way.name
        assert reply.json()["code"] == "origin_foreign"

    assert rows(service.database) == before


@pytest.mark.parametrize(
    "headers", [{}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {"origin": "http://testserver"}]
)
def test_a_request_of_our_own_pages_or_of_a_lab_system_is_not_mistaken_for_a_forged_one(
    service: Service, headers: dict[str, str]
) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    browser.get("/")

    files = {"image": ("cell.png", cell(1), "image/png")}
    reply = browser.client.post("/screenings", data={"csrf": browser.token()}, files=files, headers=headers)

    assert reply.status_code == 200


def test_no_form_is_taken_without_the_token(service: Service) -> None:
    browser = service.signed_in("ursula", *Role)
    before = rows(service.database)

    for way in [way for way in ways(service.app) if way.method == "POST" and not way.path.startswith("/api")]:
        reply = browser.client.post(way.address.replace("screening_id", "0" * 8), data={"csrf": "0" * 64})
        assert 400 <= reply.status_code < 500, way.name

    assert {name for name, count in rows(service.database).items() if count != before[name]} <= {"ledger"}
