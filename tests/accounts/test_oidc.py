# ruff: noqa: F811  fixtures are imported by the names that tests ask for
"""Signing in through an OpenID Connect provider: who gets in, and which answers of a browser do not."""

import json
import re
import subprocess
import sys
from urllib.parse import urlsplit

import httpx2
import pytest

from app import clock
from app.accounts import queries
from app.accounts.rules import Role
from app.audit.events import Act
from app.screening.instrument import Instrument
from app.settings import Settings
from tests.accounts.providers import (
    CLIENT_ID,
    SECRET,
    Liar,
    assert_refused,
    come_back,
    configured,
    leave,
    liar,  # noqa: F401  fixture
    service,  # noqa: F401  fixture
    sign_in,
    somebody_elses,
)
from tests.factories import PASSWORD, Browser, Service, acts, make_user, rows, verify
from tests.live import Live


def test_somebody_signs_in_at_a_real_provider_and_has_the_roles_of_their_groups(
    settings: Settings, instrument: Instrument
) -> None:
    person = {"sub": "u1", "preferred_username": "jane", "name": "Jane Doe", "groups": ["als-uploaders", "choir"]}
    with (
        somebody_elses(json.dumps(person)) as issuer,
        Service.start(configured(settings, issuer), instrument) as service,
    ):
        browser = service.browser()
        page = browser.get("/sign-in").text
        address = leave(browser, re.search(r'href="(/sign-in/oidc[^"]*)"', page).group(1))  # type: ignore[union-attr]
        consent = httpx2.post(address, data={"sub": "u1"})
        back = urlsplit(consent.headers["location"])
        reply = browser.get(f"{back.path}?{back.query}")

        account = browser.get("/account").text
        assert reply.url.path == "/"
        assert "Jane Doe" in account
        assert "uploader" in account
        assert "reviewer" not in account
        assert acts(service.database)[-2:] == [Act.USER_CREATED, Act.SIGNED_IN]
        assert verify(service.database).intact


def test_the_request_asks_for_a_code_with_pkce_state_and_nonce(service: Service, liar: Liar) -> None:
    browser = service.browser()

    liar.consent(leave(browser))

    assert liar.asked["response_type"] == "code"
    assert liar.asked["client_id"] == CLIENT_ID
    assert liar.asked["code_challenge_method"] == "S256"
    assert liar.asked["redirect_uri"] == "http://localhost:8000/sign-in/oidc/back"
    assert set(liar.asked["scope"].split()) == {"openid", "profile"}
    assert min(len(liar.asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    assert SECRET not in str(liar.asked)


def test_each_attempt_has_secrets_of_its_own(service: Service, liar: Liar) -> None:
    browser = service.browser()
    first, second = ({**liar.asked} for _ in range(2) if liar.consent(leave(browser)))

    assert not {first[name] for name in ("state", "nonce", "code_challenge")} & set(second.values())


def test_who_signs_in_at_the_provider_is_told_of_a_link_that_gave_their_account_a_password(
    service: Service, liar: Liar
) -> None:
    anna = service.signed_in("anna", Role.ADMIN)
    sign_in(service, liar)
    with service.database.reading() as session:
        jane = next(user for user in queries.users(session) if user.username != "anna")
    path = f"/admin/users/{jane.actor_id}"
    anna.submit(f"{path}/link", at=path)
    link = re.search(r"/reset\?token=([\w-]{43})", anna.page)
    assert link
    other = service.browser()
    other.submit("/reset", {"token": link.group(1), "password": PASSWORD}, at=link.group())
    for _ in range(2):  # whoever has the link signs in first, and twice
        other.submit("/sign-in", {"username": jane.username, "password": PASSWORD}, at="/sign-in")

    again, _ = sign_in(service, liar)

    assert "link made by Anna" in again.get("/account").text
    assert "Your password was chosen by a one-time link" in again.page


def test_who_comes_again_has_the_same_account_and_the_roles_of_today(service: Service, liar: Liar) -> None:
    sign_in(service, liar)
    before = rows(service.database)["users"]
    liar.groups = ("als-reviewers",)

    browser, reply = sign_in(service, liar)

    assert reply.status_code == 200, reply.text
    with service.database.reading() as session:
        [user] = queries.users(session)
        assert [row.role for row in user.roles] == ["reviewer"]
    assert before == 1
    assert browser.get("/account").status_code == 200
    assert acts(service.database)[-2:] == [Act.ROLES_CHANGED, Act.SIGNED_IN]


def test_the_same_user_name_is_not_the_same_person(service: Service, liar: Liar) -> None:
    local = make_user(service.database, "jane", Role.ADMIN)

    browser, _ = sign_in(service, liar)

    with service.database.reading() as session:
        [other] = [user for user in queries.users(session) if user.actor_id != local.id]
        assert other.username.startswith("oidc-")
        assert [row.role for row in other.roles] == ["uploader"]
    assert browser.get("/account").status_code == 200


def test_a_disabled_account_stays_out(service: Service, liar: Liar) -> None:
    sign_in(service, liar)
    with service.database.writing() as session:
        queries.users(session)[0].disabled_at = clock.now()

    _, reply = sign_in(service, liar)

    assert_refused(service, reply)


@pytest.mark.parametrize(
    "answer",
    [
        {"state": "guessed", "code": "a-code"},
        {"code": "a-code"},
        {"state": "", "code": "a-code"},
        {"error": "access_denied"},
        {"code": "another-code"},
        {"code": ""},
        {"iss": "https://evil.example", "code": "a-code"},
        {},
    ],
)
def test_an_answer_that_does_not_fit_the_question_is_refused(
    service: Service, liar: Liar, answer: dict[str, str]
) -> None:
    browser = service.browser()
    right = liar.consent(leave(browser))
    state = {} if "state" in answer or answer in ({"code": "a-code"}, {}) else {"state": right["state"]}

    assert_refused(service, come_back(browser, {**state, **answer}))


def test_an_answer_brought_by_another_browser_is_refused(service: Service, liar: Liar) -> None:
    answer = liar.consent(leave(service.browser()))

    assert_refused(service, come_back(service.browser(), answer))
    assert_refused(service, come_back(_with_another_attempt(service), answer))


def _with_another_attempt(service: Service) -> Browser:
    browser = service.browser()
    leave(browser)
    return browser


def test_an_answer_works_once(service: Service, liar: Liar) -> None:
    browser = service.browser()
    answer = liar.consent(leave(browser))
    come_back(browser, answer)

    assert_refused(service, come_back(browser, answer))


@pytest.mark.parametrize("cookie", [b"", b"rubbish", b"YQ==", b"\xe4", b"a" * 5000])
def test_a_cookie_that_is_none_of_ours_is_refused(service: Service, cookie: bytes) -> None:
    browser = service.browser()

    reply = browser.client.get(
        "/sign-in/oidc/back?code=x&state=x", headers={b"cookie": b"blastscreen_oidc=" + cookie, b"accept": b"text/html"}
    )

    assert_refused(service, reply, "no attempt")


def test_who_brings_answers_that_are_none_cannot_fill_the_ledger(
    settings: Settings, instrument: Instrument, liar: Liar
) -> None:
    few = configured(settings, liar.issuer).model_copy(update={"rate_limit": "5/minute"})
    with Service.start(few, instrument) as service:
        stranger = service.browser()

        told = [come_back(stranger, {"code": "x", "state": "x"}) for _ in range(20)]

        assert acts(service.database).count(Act.SIGN_IN_REFUSED) == 5
    assert [reply.status_code for reply in told] == [401] * 5 + [429] * 15
    assert "Too many requests" in told[-1].text


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "/\u2603"])
def test_the_way_back_never_leads_to_another_host(service: Service, liar: Liar, elsewhere: str) -> None:
    browser = service.browser()
    answer = liar.consent(str(browser.client.get("/sign-in/oidc", params={"next": elsewhere}, follow_redirects=False)
                              .headers["location"]))  # fmt: skip

    reply = browser.client.get("/sign-in/oidc/back", params=answer, follow_redirects=False)

    assert reply.status_code == 303
    assert reply.headers["location"] in {"/", "/%E2%98%83"}


def test_signing_in_replaces_the_session_that_the_browser_had(service: Service, liar: Liar) -> None:
    browser, _ = sign_in(service, liar)
    before = browser.client.cookies["blastscreen_session"]

    come_back(browser, liar.consent(leave(browser)))

    assert browser.client.cookies["blastscreen_session"] != before
    assert rows(service.database)["sessions"] == 1


def test_a_provider_that_falls_silent_is_told_and_lets_nobody_in(service: Service, liar: Liar, live: Live) -> None:
    browser = service.browser()
    answer = liar.consent(leave(browser))
    service.app.state.provider.__dict__["token_endpoint"] = "http://127.0.0.1:9/token"

    reply = come_back(browser, answer)

    assert reply.status_code == 503
    assert reply.headers["retry-after"]
    assert rows(service.database)["sessions"] == 0


def test_without_a_provider_there_is_no_button_and_no_way_in(settings: Settings, instrument: Instrument) -> None:
    with Service.start(settings, instrument) as service:
        browser = service.browser()

        assert "/sign-in/oidc" not in browser.get("/sign-in").text
        assert browser.get("/sign-in/oidc").status_code == 404
        assert browser.get("/sign-in/oidc/back?code=x&state=x").status_code == 404


def test_a_service_without_a_provider_loads_nothing_of_the_extra() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, app.main; print(sorted({'authlib', 'joserfc', 'httpx2'} & set(sys.modules)))",
        ],
        capture_output=True,
        check=True,
        text=True,
    )

    assert told.stdout.strip() == "[]"
