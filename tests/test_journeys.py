"""What people come for, from end to end, without a browser's help."""

from app.accounts import actions
from app.accounts.rules import Role, Scope
from app.audit.events import Act
from tests.factories import Service, acts, cell, verify
from tests.fakes import FakeClassifier


def test_an_unsure_cell_goes_from_upload_to_a_verdict_that_the_lab_system_sees(
    either_service: Service, classifier: FakeClassifier
) -> None:
    service = either_service
    lab = service.lab("LIS", Scope.SCREEN, Scope.READ_ALL)
    uploader = service.signed_in("ursula", Role.UPLOADER, Role.REVIEWER)
    reviewer = service.signed_in("rea", Role.REVIEWER)

    classifier.probability = classifier.unsure
    result = uploader.upload(cell(1), case="S26-0001")
    screening = result.url.path.removeprefix("/screenings/")

    assert "Uncertain" in result.text
    assert "Waiting for a human read" in result.text
    assert lab.screening(screening)["review"]["state"] == "waiting"
    assert "1 more waits for somebody else: you uploaded it, and" in uploader.get("/review").text
    assert f"/review/{screening}" in reviewer.get("/review").text

    verdict = reviewer.submit(f"/review/{screening}", {"verdict": "leukaemic_blast"}, at=f"/review/{screening}")

    assert "Nothing waits for you" in verdict.text
    assert lab.screening(screening)["review"]["verdict"] == "leukaemic_blast"
    assert lab.screening(screening)["review"]["state"] == "settled"
    assert "Read: Leukaemic blast" in uploader.get(f"/screenings/{screening}").text
    assert verify(service.database).intact
    assert {Act.CELL_SCREENED, Act.READ_GIVEN, Act.RESULTS_SHOWN} <= set(acts(service.database))


def test_the_page_and_the_lab_system_show_the_same_number(service: Service, classifier: FakeClassifier) -> None:
    lab = service.lab("LIS", Scope.SCREEN, Scope.READ_ALL)
    uploader = service.signed_in("ursula", Role.UPLOADER)
    classifier.probability = 0.934561

    result = uploader.upload(cell(1))
    told = lab.screening(result.url.path.removeprefix("/screenings/"))

    assert "93.46\N{NO-BREAK SPACE}%" in result.text
    assert told["all_probability"] == 0.934561


def test_the_first_administrator_is_made_by_a_link_that_works_once(service: Service) -> None:
    with service.database.writing() as session:
        token = actions.renew_setup_link(session)
    browser = service.browser()
    typed = {"token": token or "", "username": "Anna", "password": "the moon over the marrow", "also_uploads": "yes"}

    home = browser.submit("/setup", typed, at=f"/setup?token={token}")

    assert home.url.path == "/"
    assert "Drop images here" in home.text
    assert browser.get(f"/setup?token={token}").status_code == 401
    with service.database.writing() as session:
        assert actions.renew_setup_link(session) is None


def test_a_password_that_is_too_short_keeps_what_was_typed(service: Service) -> None:
    with service.database.writing() as session:
        token = actions.renew_setup_link(session)
    browser = service.browser()

    again = browser.submit(
        "/setup", {"token": token or "", "username": "anna", "name": "Anna A", "password": "short"},
        at=f"/setup?token={token}",
    )  # fmt: skip

    assert again.status_code == 422
    assert 'value="Anna A"' in again.text
    assert "at least" not in again.text.split('role="alert"')[0]
    assert browser.get(f"/setup?token={token}").status_code == 200
