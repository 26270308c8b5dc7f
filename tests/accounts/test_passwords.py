"""Passwords: which may be one, and how they are changed and chosen."""

import re
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import clock
from app.accounts import password_actions, secrets
from app.accounts.password_rules import UnusablePassword, check_password
from app.accounts.rules import Role
from app.actor import SERVICE
from app.audit.events import Act
from app.schema import ROOT
from tests.factories import PASSWORD, Service, acts, make_user

NEW = "a kettle hums in ward nine"


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 257,
        "a" * 20,
        "abc1abc1abc1",
        "ursula and the sea",
        "Password1234",
        "P@ssw0rd!!!!",
        "welcome2026!!",
        "letmein-letmein",
        "1234567890123",
        "9876543210987",
        "qwertyuiop12",
        "poiuytrewq!!",
        "Blastscreen2026",
        "1qaz2wsx3edc",
        "iloveyou12345",
        "hospital-admin",
    ],
)
def test_passwords_that_are_easy_to_guess_are_refused(password: str) -> None:
    with pytest.raises(UnusablePassword):
        check_password(password, username="ursula", common=secrets.common_words())


@pytest.mark.parametrize(
    "password", [PASSWORD, NEW, "vT7#kq9!mZ2p", "längliche Umlautwörter", "correct horse seven", "7205-1138-4429x"]
)
def test_no_rule_of_composition_stands_in_the_way(password: str) -> None:
    check_password(password, username="ursula", common=secrets.common_words())


@given(st.text(max_size=300))
def test_any_text_is_judged_without_an_error(password: str) -> None:
    with suppress(UnusablePassword):
        check_password(password, username="ursula", common=secrets.common_words())


def test_changing_the_password_needs_the_present_one_and_signs_out_everywhere_else(service: Service) -> None:
    here = service.signed_in("ursula", Role.UPLOADER)
    elsewhere = service.browser()
    elsewhere.submit("/sign-in", {"username": "ursula", "password": PASSWORD}, at="/sign-in")
    change = {"password": PASSWORD, "new_password": NEW}

    wrong = here.submit("/account/password", {**change, "password": "not this one"}, at="/account")
    assert wrong.status_code == 401
    assert elsewhere.get("/account").url.path == "/account"
    changed = here.submit("/account/password", change, at="/account")

    assert "Your password is changed" in changed.text
    assert here.get("/account").url.path == "/account"
    assert elsewhere.get("/account").url.path == "/sign-in"
    old = elsewhere.submit("/sign-in", {"username": "ursula", "password": PASSWORD}, at="/sign-in")
    assert old.status_code == 401
    assert elsewhere.submit("/sign-in", {"username": "ursula", "password": NEW}).status_code == 200
    assert Act.PASSWORD_CHANGED in acts(service.database)


def test_a_new_password_that_everybody_tries_is_refused_and_the_old_one_stays(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)

    reply = browser.submit("/account/password", {"password": PASSWORD, "new_password": "password1234"}, at="/account")

    assert reply.status_code == 422
    assert "everybody tries" in reply.text
    assert Act.PASSWORD_CHANGED not in acts(service.database)


def _link(service: Service, username: str) -> str:
    actor = make_user(service.database, username, Role.UPLOADER)
    with service.database.writing() as session:
        return password_actions.make_reset_link(session, SERVICE, user_id=actor.id)


def test_a_one_time_link_lets_its_owner_choose_a_password_once(service: Service) -> None:
    token = _link(service, "ursula")
    browser = service.browser()

    weak = browser.submit("/reset", {"token": token, "password": "password1234"}, at=f"/reset?token={token}")
    assert weak.status_code == 422
    done = browser.submit("/reset", {"token": token, "password": NEW})

    assert done.url.path == "/sign-in"
    assert browser.submit("/sign-in", {"username": "ursula", "password": NEW}).url.path == "/"
    assert browser.get(f"/reset?token={token}").status_code == 401
    assert service.browser().submit("/reset", {"token": token, "password": NEW}, at="/sign-in").status_code == 401


def test_a_link_ends_after_a_day_and_when_a_newer_one_is_made(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = _link(service, "ursula")
    with service.database.writing() as session:
        user = session.connection().exec_driver_sql("SELECT actor_id FROM users").scalar_one()
        token = password_actions.make_reset_link(session, SERVICE, user_id=UUID(user))
    browser = service.browser()
    start = clock.now()

    assert browser.get(f"/reset?token={old}").status_code == 401
    assert browser.get(f"/reset?token={token}").status_code == 200
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=25))
    assert browser.get(f"/reset?token={token}").status_code == 401


def test_a_link_ends_the_wait_after_wrong_passwords(service: Service) -> None:
    token = _link(service, "ursula")
    browser = service.browser()
    for _ in range(5):
        browser.submit("/sign-in", {"username": "ursula", "password": "not this one"}, at="/sign-in")
    waits = browser.submit("/sign-in", {"username": "ursula", "password": PASSWORD}, at="/sign-in")
    assert waits.status_code == 429

    browser.submit("/reset", {"token": token, "password": NEW}, at=f"/reset?token={token}")

    assert browser.submit("/sign-in", {"username": "ursula", "password": NEW}).status_code == 200


def test_no_link_stands_in_a_log_or_in_the_database(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    token = _link(service, "ursula")
    service.browser().get(f"/reset?token={token}")

    written = b"".join(path.read_bytes() for path in service.settings.spool.parent.rglob("*") if path.is_file())

    assert token.encode() not in written
    assert token not in re.sub(r"\s", "", "".join(capfd.readouterr()))


OWN_MEMORY = Path("/proc/self/status")
MANY_AT_ONCE = f"""
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
from app.accounts import secrets

with ThreadPoolExecutor(16) as pool:
    list(pool.map(lambda one: secrets.password_fits(one, stored=None), ["a guess"] * 16))
print(next(line.split()[1] for line in Path("{OWN_MEMORY}").read_text().splitlines() if line.startswith("VmHWM")))
"""
"""The most of its own that a process ever had: `getrusage` would count what the tests had when they started it."""


@pytest.mark.skipif(not OWN_MEMORY.exists(), reason="this system does not say how much memory a process had at most")
def test_many_who_sign_in_at_once_do_not_take_the_memory() -> None:
    done = subprocess.run([sys.executable, "-c", MANY_AT_ONCE], cwd=ROOT, check=True, capture_output=True, text=True)

    assert int(done.stdout) / 1024 < 600, "MiB; sixteen at once would take a thousand"
