"""A comment, or why another read is asked for, at a real browser: said, seen, and not lost with a session that ends."""

import pytest

from app.accounts.rules import Role
from app.web.csrf import SESSION_COOKIE
from tests.browsers import Person
from tests.factories import LabSystem, Service, cell, make_user, rows
from tests.fakes import FakeClassifier
from tests.review.conftest import read

pytestmark = pytest.mark.browser
WORDS = "שלום: a cleft at four o'clock 🔬\nsecond line"


@pytest.fixture
def lab(service: Service) -> LabSystem:
    return service.lab("LIS")


def at_a_screening(service: Service, lab: LabSystem, browser, address: str, *, scripts: bool = True) -> Person:
    make_user(service.database, "paula", Role.UPLOADER)
    paula = Person(browser, address, scripts=scripts)
    paula.sign_in("paula")
    paula.page.get_by_role("button", name="Sign out").wait_for()
    paula.page.goto(f"/screenings/{lab.screen(cell(1)).json()['id']}")
    return paula


@pytest.mark.parametrize("scripts", [True, False])
def test_a_comment_is_said_and_stands_below_the_result(
    service: Service, lab: LabSystem, browser, address: str, scripts: bool
) -> None:
    paula = at_a_screening(service, lab, browser, address, scripts=scripts)

    paula.page.get_by_label("Add a comment").fill(WORDS)
    paula.page.get_by_role("button", name="Add comment").click()
    paula.page.locator(".said").wait_for()

    assert paula.page.locator(".said").inner_text() == WORDS
    assert paula.page.get_by_label("Add a comment").input_value() == ""
    paula.shot(f"comment-{scripts}")
    if scripts:
        for scheme in ("light", "dark"):
            paula.in_scheme(scheme)
            assert paula.violations() == []
        paula.page.reload()
        assert paula.page.get_by_label("Add a comment").input_value() == "", "what was sent is no draft any more"
    assert paula.complaints == []


def test_a_comment_outlives_the_session_that_ends_while_it_is_written(
    service: Service, lab: LabSystem, browser, address: str
) -> None:
    paula = at_a_screening(service, lab, browser, address)
    screening = paula.page.url
    paula.page.get_by_label("Add a comment").fill(WORDS)

    paula.context.clear_cookies()
    paula.page.get_by_role("button", name="Add comment").click()
    paula.page.get_by_text("Your session has ended.").wait_for()
    assert paula.page.url == screening
    assert paula.page.get_by_label("Add a comment").input_value() == WORDS
    paula.shot("comment-kept")
    assert paula.violations() == []
    assert rows(service.database)["comments"] == 0
    paula.page.get_by_role("link", name="Sign in again").click()
    paula.fill_in("paula")
    paula.page.wait_for_url(screening)

    assert paula.page.get_by_label("Add a comment").input_value() == WORDS
    paula.page.get_by_text("You wrote this before and have not sent it.").wait_for()
    paula.page.get_by_role("button", name="Add comment").click()
    paula.page.locator(".said").wait_for()
    assert paula.page.locator(".said").inner_text() == WORDS
    assert rows(service.database)["comments"] == 1


def test_why_another_read_is_needed_outlives_the_session_too(
    service: Service, classifier: FakeClassifier, lab: LabSystem, browser, address: str
) -> None:
    classifier.probability = classifier.unsure
    screening = f"/screenings/{lab.screen(cell(1), case='S26-0001').json()['id']}"
    read(service.signed_in("rea", Role.REVIEWER), screening.replace("screenings", "review"), "normal")
    make_user(service.database, "selma", Role.SENIOR)
    selma = Person(browser, address)
    selma.sign_in("selma")
    selma.page.get_by_role("button", name="Sign out").wait_for()
    selma.page.goto(screening)
    selma.page.get_by_text("Ask for another read").first.click()
    selma.page.get_by_label("Reason").fill("I see a nucleolus.")

    selma.context.clear_cookies(name=SESSION_COOKIE)
    selma.page.get_by_role("button", name="Ask for another read").click()
    selma.page.get_by_role("link", name="Sign in again").click()
    selma.fill_in("selma")
    selma.page.get_by_text("You wrote this before and have not sent it.").wait_for()
    assert selma.page.get_by_label("Reason").input_value() == "I see a nucleolus."
    selma.page.get_by_role("button", name="Ask for another read").click()

    selma.page.locator(".note-text").wait_for()
    assert selma.page.evaluate("sessionStorage.length") == 0, "it stands on the page now"
