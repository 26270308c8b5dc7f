# ruff: noqa: F811  fixtures are imported by the names that tests ask for
"""Who came through the hospital's provider proves there, afresh, who they are before they sign."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from app import clock
from app.accounts.rules import Role
from app.audit.events import Act
from app.screening.instrument import Instrument
from app.settings import Settings
from tests.accounts.providers import Claims, Liar, come_back, configured, leave, liar, sign_in  # noqa: F401  fixture
from tests.factories import Browser, Service, acts, rows, verify
from tests.fakes import FakeClassifier
from tests.reports.conftest import Desk, honest


@pytest.fixture
def service(settings: Settings, instrument: Instrument, liar: Liar) -> Iterator[Service]:
    liar.groups = ("als-seniors",)
    told = configured(settings, liar.issuer, oidc_roles=("als-seniors=senior", "als-uploaders=uploader"))
    with Service.start(told, instrument) as service:
        yield service


@pytest.fixture
def jane(service: Service, liar: Liar) -> Browser:
    """A senior who signed in at the provider."""
    browser: Browser = sign_in(service, liar)[0]
    return browser


@pytest.fixture
def desk(service: Service, classifier: FakeClassifier, jane: Browser) -> Desk:
    return Desk(service, classifier, service.lab("LIS"), jane)


def signed_in_at(liar: Liar, seconds_from_now: float | None) -> None:
    """Have the provider say when the person last proved who they are; None: it says nothing."""

    def changed(claims: Claims) -> Claims:
        if seconds_from_now is None:
            return claims
        return {**claims, "auth_time": int(clock.now().timestamp() + seconds_from_now)}

    liar.claims = changed


def ask(browser: Browser, path: str) -> str:
    return leave(browser, f"{path}/sign-off/provider")


def proved(desk: Desk, liar: Liar, path: str) -> str:
    signed_in_at(liar, 0)
    return str(come_back(desk.senior, liar.consent(ask(desk.senior, path))).text)


def test_somebody_signs_in_afresh_at_the_provider_and_then_signs_the_case(desk: Desk, liar: Liar) -> None:
    path = desk.case(0.99)
    before = desk.senior.get(f"{path}/sign-off").text
    assert "Prove who you are at single sign-on" in before
    assert 'name="password"' not in before

    page = proved(desk, liar, path)
    signed = desk.senior.submit(f"{path}/sign-off", honest(page), at=f"{path}/sign-off")

    assert liar.asked["prompt"] == "login"
    assert liar.asked["max_age"] == "0"
    assert "You have proved who you are at single sign-on" in page
    assert "Signed by" in signed.text
    assert "Jane Doe" in signed.text
    assert rows(desk.service.database)["result_versions"] == 1
    assert rows(desk.service.database)["proofs"] == 0, "a proof is spent once"
    assert Act.PROVED_AGAIN in acts(desk.service.database)
    assert verify(desk.service.database).intact


def test_without_a_proof_a_forged_form_signs_nothing_whatever_password_it_holds(desk: Desk) -> None:
    path = desk.case(0.99)

    forged = desk.sign(path, meaning="reviewed", password="the moon over the marrow")

    assert forged.status_code == 401
    assert "Prove once more who you are" in forged.text
    assert rows(desk.service.database)["result_versions"] == 0


@pytest.mark.parametrize("seconds_ago", [None, -3600, -120, 3600])
def test_a_sign_in_that_was_not_done_afresh_proves_nothing(desk: Desk, liar: Liar, seconds_ago: int | None) -> None:
    path = desk.case(0.99)
    signed_in_at(liar, seconds_ago)

    reply = come_back(desk.senior, liar.consent(ask(desk.senior, path)))

    assert reply.status_code == 401
    assert acts(desk.service.database)[-1] == Act.SIGN_IN_REFUSED
    assert desk.sign(path, meaning="reviewed").status_code == 401
    assert rows(desk.service.database)["result_versions"] == 0


@pytest.mark.parametrize("auth_time", ["now", True, -5, 10**40, {}, 1.5])
def test_a_time_that_is_none_proves_nothing(desk: Desk, liar: Liar, auth_time: Any) -> None:
    path = desk.case(0.99)
    liar.claims = lambda claims: {**claims, "auth_time": auth_time}

    assert come_back(desk.senior, liar.consent(ask(desk.senior, path))).status_code == 401
    assert desk.sign(path, meaning="reviewed").status_code == 401


def test_another_person_at_the_provider_proves_nothing_and_takes_over_no_session(desk: Desk, liar: Liar) -> None:
    path = desk.case(0.99)
    where = ask(desk.senior, path)
    now = int(clock.now().timestamp())
    liar.claims = lambda claims: {**claims, "sub": "another", "preferred_username": "joe", "auth_time": now}

    reply = come_back(desk.senior, liar.consent(where))

    assert reply.status_code == 401
    assert "Jane Doe" in desk.senior.get("/account").text
    assert desk.sign(path, meaning="reviewed").status_code == 401


def test_an_answer_is_taken_once_and_only_from_the_session_that_asked(desk: Desk, liar: Liar) -> None:
    path = desk.case(0.99)
    signed_in_at(liar, 0)
    answer = liar.consent(ask(desk.senior, path))
    thief = desk.service.signed_in("thief", Role.SENIOR)

    assert come_back(thief, answer).status_code == 401, "no attempt of theirs"
    assert come_back(desk.senior, answer).status_code == 200
    assert come_back(desk.senior, answer).status_code == 401
    forged = {**answer, "state": "x" * 43}
    assert come_back(desk.senior, forged).status_code == 401


def test_a_proof_for_one_case_signs_no_other(desk: Desk, liar: Liar) -> None:
    one, other = desk.case(0.99, number="S26-0001"), desk.case(0.98, number="S26-0002")

    proved(desk, liar, one)

    assert desk.sign(other, meaning="reviewed").status_code == 401
    assert desk.sign(one).status_code == 200


def test_a_proof_is_good_for_five_minutes(desk: Desk, liar: Liar) -> None:
    path = desk.case(0.99)
    proved(desk, liar, path)
    with desk.service.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE proofs SET proved_at = '2020-01-01 00:00:00.000000'")

    late = desk.sign(path, meaning="reviewed")

    assert late.status_code == 401
    assert rows(desk.service.database)["result_versions"] == 0


def test_who_lost_the_role_at_the_provider_loses_it_by_proving(desk: Desk, liar: Liar) -> None:
    path = desk.case(0.99)
    liar.groups = ("als-uploaders",)

    signed_in_at(liar, 0)
    reply = come_back(desk.senior, liar.consent(ask(desk.senior, path)))

    assert reply.status_code == 403
    assert rows(desk.service.database)["result_versions"] == 0


def test_a_colleague_with_a_password_of_ours_signs_with_it_beside_the_provider(desk: Desk) -> None:
    path = desk.case(0.99)
    local = desk.service.signed_in("sena", Role.SENIOR)

    assert 'name="password"' in local.get(f"{path}/sign-off").text
    assert desk.sign(path, by=local).status_code == 200


def test_the_way_to_the_provider_comes_back_to_the_case_and_needs_one_that_is_there(desk: Desk) -> None:
    path = desk.case(0.99)

    asked = parse_qs(urlsplit(ask(desk.senior, path)).query)

    assert asked["redirect_uri"] == ["http://localhost:8000/sign-in/oidc/back"]
    assert desk.senior.get(f"/cases/{uuid4()}/sign-off/provider").status_code == 404
