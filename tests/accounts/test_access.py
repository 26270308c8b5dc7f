"""Signing in and out, sessions, keys: who gets in, who does not, and what the ledger remembers of it."""

from datetime import timedelta

import pytest

from app import clock
from app.accounts import actions, key_actions, queries, rules, secrets
from app.accounts.rules import PERMISSIONS, Role, Scope
from app.actor import SERVICE
from app.audit.events import Act
from app.db import Database
from app.web.onward import inside
from tests.factories import PASSWORD, Service, acts, cell, make_user, rows, verify


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer_and_are_remembered(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    browser = service.browser()

    wrong = browser.submit("/sign-in", {"username": "ursula", "password": "not this one"}, at="/sign-in")
    unknown = browser.submit("/sign-in", {"username": "nobody", "password": "not this one"}, at="/sign-in")

    assert wrong.status_code == unknown.status_code == 401
    assert 'value="ursula"' in wrong.text
    assert wrong.text.replace("ursula", "nobody") == unknown.text
    assert acts(service.database)[-2:] == [Act.SIGN_IN_REFUSED] * 2
    assert "blastscreen_session" not in browser.client.cookies


def test_signing_out_ends_the_session_on_the_server(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    cookie = browser.client.cookies["blastscreen_session"]

    browser.submit("/sign-out", at="/")
    browser.client.cookies.set("blastscreen_session", cookie)

    assert browser.get("/").url.path == "/sign-in"


def test_each_sign_in_is_a_new_session_and_no_planted_cookie_becomes_one(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    browser = service.browser()
    browser.get("/sign-in")
    browser.client.cookies.set("blastscreen_session", "planted")

    browser.submit("/sign-in", {"username": "ursula", "password": PASSWORD})

    assert browser.client.cookies.get("blastscreen_session", domain="testserver.local") != "planted"
    with service.database.reading() as session:
        assert queries.signed_in(session, token_sha256=secrets.token_sha256("planted")) is None


@pytest.mark.parametrize("path", ["/", "/cases", "/review", "/audit", "/model", "/account", "/docs"])
def test_no_page_without_signing_in(service: Service, path: str) -> None:
    reply = service.browser().get(path)

    assert reply.url.path == "/sign-in"
    assert f'name="next" value="{path}"' in reply.text


@pytest.mark.parametrize(("idle", "old"), [(timedelta(minutes=31), timedelta()), (timedelta(), timedelta(hours=13))])
def test_a_session_ends_when_it_is_idle_or_old(
    service: Service, monkeypatch: pytest.MonkeyPatch, idle: timedelta, old: timedelta
) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    start = clock.now()
    if old:
        for hour in range(1, 12 * 2):
            monkeypatch.setattr(clock, "now", lambda hour=hour: start + timedelta(minutes=29 * hour))
            assert browser.get("/account").url.path == "/account"

    monkeypatch.setattr(clock, "now", lambda: start + idle + old)

    assert browser.get("/account").url.path == "/sign-in"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\nx", ""]
)
def test_signing_in_never_leads_to_another_host(elsewhere: str) -> None:
    assert inside(elsewhere) == "/"


def test_a_form_without_this_browsers_token_does_nothing(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    other = service.signed_in("otto", Role.UPLOADER)
    other.get("/")
    before = rows(service.database)

    for forged in ("", "0" * 64, other.token(), "ä"):
        reply = browser.client.post("/screenings", data={"csrf": forged}, files={"image": cell(1)})
        assert reply.status_code == 403
        assert reply.json()["code"] == "csrf_failed"

    assert rows(service.database) == before


def test_a_page_that_one_may_not_see_is_refused_and_remembered(service: Service) -> None:
    reply = service.signed_in("ursula", Role.UPLOADER).get("/audit")

    assert reply.status_code == 403
    assert acts(service.database)[-1] == Act.ACT_FORBIDDEN


def test_a_key_without_the_scope_is_refused_and_remembered(service: Service) -> None:
    reader = service.lab("Reader", Scope.READ)

    reply = reader.screen(cell(1))

    assert reply.status_code == 403
    assert reply.json()["code"] == "forbidden"
    assert acts(service.database)[-1] == Act.ACT_FORBIDDEN


def test_a_revoked_key_fails_at_the_next_request(service: Service) -> None:
    lab = service.lab()
    assert lab.screen(cell(1)).status_code == 201

    with service.database.writing() as session:
        key_actions.revoke_key(session, SERVICE, prefix=lab.key.split("_")[1])

    assert lab.screen(cell(1)).json()["code"] == "key_refused"


def test_a_key_past_its_time_fails(database: Database) -> None:
    with database.writing() as session:
        key = key_actions.create_key(
            session, SERVICE, client_name="LIS", scopes=[Scope.READ], expires_at=clock.now() - timedelta(seconds=1)
        )

    with database.reading() as session, pytest.raises(key_actions.KeyRefused):
        key_actions.recognise_key(session, whole=key.whole)


def test_no_secret_is_stored_in_clear(service: Service, sqlite_url: str) -> None:
    lab = service.lab()
    browser = service.signed_in("ursula", Role.UPLOADER)
    with service.database.writing() as session:
        session.connection().exec_driver_sql("SELECT 1")
    cookie = browser.client.cookies["blastscreen_session"]

    written = b"".join(path.read_bytes() for path in service.settings.spool.parent.rglob("*") if path.is_file())

    assert b"ursula" in written
    for secret in (lab.key.split("_", 2)[2], cookie, PASSWORD):
        assert secret.encode() not in written


@pytest.mark.parametrize("name", ["Ursula", " ursula ", "u.r-s_u@l4"])
def test_user_names_are_lower_case(name: str) -> None:
    assert rules.parse_username(name) == name.strip().lower()


@pytest.mark.parametrize("name", ["", "-a", "ä", "a b", "a" * 65, "<b>"])
def test_user_names_of_other_characters_are_refused(name: str) -> None:
    with pytest.raises(rules.UnusableUsername):
        rules.parse_username(name)


def test_each_role_and_scope_may_do_what_it_is_for_and_nothing_besides() -> None:
    """Who manages access sees no image, a reader sees no case that is not theirs, and an auditor does nothing."""
    assert set(PERMISSIONS) == {*Role, *Scope}
    assert {one.value: sorted(held) for one, held in PERMISSIONS.items()} == {
        "uploader": ["screen", "see_own"],
        "reviewer": ["read"],
        "senior": ["adjudicate", "read", "see_every_case", "see_own", "sign"],
        "admin": ["manage_access"],
        "auditor": ["audit"],
        "screen": ["screen"],
        "read": ["see_own"],
        "read:all": ["see_every_case", "see_own"],
        "metrics": ["scrape_metrics"],
    }


def test_two_people_cannot_share_a_user_name(database: Database) -> None:
    make_user(database, "ursula", Role.UPLOADER)

    with pytest.raises(actions.UsernameTaken):
        make_user(database, "ursula", Role.REVIEWER)
    assert verify(database).rows == 1


def test_an_unknown_user_costs_as_much_hashing_as_a_known_one(database: Database) -> None:
    assert secrets.password_fits("anything", stored=None) is False
    assert secrets.password_fits(PASSWORD, stored=secrets.hash_password(PASSWORD)) is True
