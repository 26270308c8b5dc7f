"""The administrator: makes accounts, changes roles, disables, gives links, and sees no image."""

import io
import re

import pytest
from sqlalchemy import select

from app.accounts import actions
from app.accounts.rules import Role
from app.audit.events import Act
from app.audit.tables import LedgerRow
from app.cli import main
from tests.factories import PASSWORD, Browser, Service, acts, cell, make_user, verify
from tests.live import Changed


def _user_page(browser: Browser, username: str) -> str:
    found = re.search(rf'href="(/admin/users/[0-9a-f-]{{36}})">{username}<', browser.get("/admin/users").text)
    assert found
    return found.group(1)


def _link(browser: Browser) -> str:
    found = re.search(r"/reset\?token=[\w-]{43}", browser.page)
    assert found
    return found.group()


def test_a_new_colleague_gets_a_link_chooses_a_password_and_signs_in(service: Service) -> None:
    anna = service.signed_in("anna", Role.ADMIN)
    form = {"username": "Ursula", "name": "Ursula U", "role": "uploader"}
    page = anna.submit("/admin/users", form, at="/admin/users")
    assert page.status_code == 200
    link = _link(anna)

    ursula = service.browser()
    token = link.split("=")[1]
    ursula.submit("/reset", {"token": token, "password": PASSWORD}, at=link)
    home = ursula.submit("/sign-in", {"username": "ursula", "password": PASSWORD})

    assert "Drop images here" in home.text
    with service.database.reading() as session:
        told = "".join(str(row.detail) for row in session.scalars(select(LedgerRow)))
    assert "rsula" not in told
    assert token not in told
    assert verify(service.database).intact


def test_a_link_is_shown_once(service: Service) -> None:
    anna = service.signed_in("anna", Role.ADMIN)
    make_user(service.database, "ursula", Role.UPLOADER)
    path = _user_page(anna, "ursula")

    anna.submit(f"{path}/link", at=path)
    link = _link(anna)

    assert link not in anna.get(path).text


def test_roles_change_what_somebody_may_do_at_the_next_request(service: Service) -> None:
    anna, ursula = service.signed_in("anna", Role.ADMIN), service.signed_in("ursula", Role.UPLOADER)
    path = _user_page(anna, "ursula")

    anna.submit(f"{path}/roles", {"role": "reviewer"}, at=path)

    assert ursula.get("/review").status_code == 200
    assert ursula.get("/cases").status_code == 403
    with service.database.reading() as session:
        (event,) = session.scalars(select(LedgerRow).where(LedgerRow.act == Act.ROLES_CHANGED))
    assert event.detail == {"roles": ["reviewer"], "before": ["uploader"]}


def test_a_disabled_account_is_out_at_once_and_back_when_enabled(service: Service) -> None:
    anna, ursula = service.signed_in("anna", Role.ADMIN), service.signed_in("ursula", Role.UPLOADER)
    path = _user_page(anna, "ursula")

    anna.submit(f"{path}/disable", at=path)
    assert ursula.get("/").url.path == "/sign-in"
    refused = ursula.submit("/sign-in", {"username": "ursula", "password": PASSWORD})
    assert refused.status_code == 401
    anna.submit(f"{path}/enable", at=path)

    assert ursula.submit("/sign-in", {"username": "ursula", "password": PASSWORD}).url.path == "/"
    assert [act for act in acts(service.database) if act in (Act.USER_DISABLED, Act.USER_ENABLED)] == [
        Act.USER_DISABLED,
        Act.USER_ENABLED,
    ]


@pytest.mark.parametrize(("act", "form"), [("disable", {}), ("roles", {"role": "uploader"})])
def test_the_last_administrator_stays_one(service: Service, act: str, form: dict[str, str]) -> None:
    anna = service.signed_in("anna", Role.ADMIN)
    path = _user_page(anna, "anna")

    refused = anna.submit(f"{path}/{act}", form, at=path)

    assert refused.status_code == 409
    assert "last administrator" in refused.text
    assert anna.get("/admin/users").status_code == 200


def test_with_another_administrator_one_may_go(service: Service) -> None:
    anna = service.signed_in("anna", Role.ADMIN)
    make_user(service.database, "amir", Role.ADMIN)
    path = _user_page(anna, "amir")

    assert anna.submit(f"{path}/disable", at=path).status_code == 200
    assert anna.submit(f"{_user_page(anna, 'anna')}/disable").status_code == 409


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"username": "anna", "role": "uploader"}, 409),
        ({"username": "<b>", "role": "uploader"}, 422),
        ({"username": "ursula", "role": "king"}, 422),
    ],
)
def test_an_account_that_cannot_be_made_is_not_and_what_was_typed_stays(
    service: Service, form: dict[str, str], status: int
) -> None:
    anna = service.signed_in("anna", Role.ADMIN)
    before = acts(service.database)

    reply = anna.submit("/admin/users", {**form, "name": "Somebody"}, at="/admin/users")

    assert reply.status_code == status
    assert 'value="Somebody"' in reply.text
    assert acts(service.database) == before


def test_administering_gives_no_sight_of_images_or_verdicts(service: Service) -> None:
    sent = service.lab().screen(cell(1), case="S26-0001").json()
    anna = service.signed_in("anna", Role.ADMIN)

    for path in ("/cases", "/review", "/audit", f"/screenings/{sent['id']}", f"/cases/{sent['case_id']}"):
        assert anna.get(path).status_code == 403
    assert anna.get("/").url.path == "/admin/users"


def test_an_administrator_turns_off_the_second_step_of_who_lost_it(service: Service) -> None:
    from app.accounts import authenticator, queries
    from app.accounts import second_step_actions as second_step
    from app.clock import now

    actor = make_user(service.database, "ursula", Role.UPLOADER)
    with service.database.writing() as session:
        second_step.begin(session, actor)
        session.flush()
        secret = queries.second_step_begun(session, actor.id).secret
        code = authenticator.code_at(secret, counter=int(now().timestamp()) // 30)
        second_step.confirm(session, actor, code=code)
    anna = service.signed_in("anna", Role.ADMIN)
    path = _user_page(anna, "ursula")

    anna.submit(f"{path}/second-step/off", at=path)

    ursula = service.browser()
    assert ursula.submit("/sign-in", {"username": "ursula", "password": PASSWORD}, at="/sign-in").url.path == "/"
    assert Act.SECOND_STEP_OFF in acts(service.database)


def test_changing_roles_to_what_they_are_is_no_act(service: Service) -> None:
    actor = make_user(service.database, "ursula", Role.UPLOADER, Role.REVIEWER)
    before = acts(service.database)

    with service.database.writing() as session:
        actions.change_roles(session, actor, user_id=actor.id, roles=[Role.REVIEWER, Role.UPLOADER])

    assert acts(service.database) == before


def test_the_page_of_users_tells_all_that_a_role_sees(service: Service) -> None:
    page = service.signed_in("anna", Role.ADMIN).get("/admin/users").text

    assert "those shared with them and those of laboratory systems" in page
    assert "sees every case and corrects or withdraws any" in page


def _choose(service: Service, link: str, *, sign_in: str) -> Browser:
    browser = service.browser()
    browser.submit("/reset", {"token": link.split("=")[1], "password": PASSWORD}, at=link)
    browser.submit("/sign-in", {"username": sign_in, "password": PASSWORD})
    return browser


def test_who_signs_in_after_links_gave_their_account_a_password_is_told_of_each(service: Service) -> None:
    anna, adam = service.signed_in("anna", Role.ADMIN), service.signed_in("adam", Role.ADMIN)
    before = service.signed_in("sven", Role.SENIOR)
    assert "one-time link" not in before.get("/account").text
    path = _user_page(anna, "sven")

    adam.submit(f"{path}/link", at=path)
    _choose(service, _link(adam), sign_in="sven")
    anna.submit(f"{path}/link", at=path)
    sven = _choose(service, _link(anna), sign_in="sven")

    told = r"Your password was chosen by a one-time link: [^;]+, link made by Anna; [^;]+, link made by Adam\."
    for page in ("/cases", "/account"):
        assert re.search(told, sven.get(page).text), page
    sven.submit("/sign-out", at="/account")
    sven.submit("/sign-in", {"username": "sven", "password": PASSWORD}, at="/sign-in")
    assert not re.search(told, sven.get("/cases").text)
    assert re.findall("link made by <bdi>(.+?)</bdi>", sven.get("/account").text) == ["Anna", "Adam"]
    assert verify(service.database).intact


def test_a_one_time_link_names_the_address_that_people_know(changed: Changed) -> None:
    service = changed(public_url="https://als.example.org/")
    anna = service.signed_in("anna", Role.ADMIN)

    made = anna.submit("/admin/users", {"username": "ursula", "name": "", "role": "uploader"}, at="/admin/users")

    assert "https://als.example.org/reset?token=" in made.text
    assert "testserver/reset" not in made.text


@pytest.mark.parametrize("name", ["n" * 201, "Dr. \u202egN", "\x1b[31mDr. Ng", "Dr.\u200bNg"])
def test_a_name_that_would_not_read_as_it_is_is_refused_wherever_it_is_given(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    anna = service.signed_in("anna", Role.ADMIN)

    refused = anna.submit("/admin/users", {"username": "ng", "name": name, "role": "senior"}, at="/admin/users")

    assert refused.status_code == 422
    assert "A name has at most 200 characters" in refused.text
    monkeypatch.setenv("BLASTSCREEN_DATABASE_URL", service.settings.database_url)
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD))
    assert main(["user", "create", "--username", "ng", "--role", "senior", "--name", name, "--password-stdin"]) == 1
    assert "A name has at most 200 characters" in capsys.readouterr().err


def test_a_name_keeps_its_letters_and_loses_spaces_that_nobody_sees(service: Service) -> None:
    anna = service.signed_in("anna", Role.ADMIN)

    made = anna.submit(
        "/admin/users", {"username": "ng", "name": "  Dr.  Ngọc 黄 ", "role": "senior"}, at="/admin/users"
    )

    assert "Dr. Ngọc 黄" in made.text
