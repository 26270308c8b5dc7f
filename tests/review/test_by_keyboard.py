"""Reading without a pointer, in a real browser: a key and Enter for each call, and no key that acts while one types."""

import re

import pytest

from app.accounts.rules import Role
from app.web.csrf import SESSION_COOKIE
from tests.browsers import Person
from tests.factories import Service, cell, make_user, rows, verify
from tests.fakes import FakeClassifier
from tests.live import Live
from tests.review.conftest import reads

pytestmark = pytest.mark.browser


def test_a_queue_is_cleared_by_keys_alone(service: Service, classifier: FakeClassifier, live: Live, browser) -> None:
    make_user(service.database, "rea", Role.REVIEWER)
    classifier.probability = classifier.unsure
    lab = service.lab("LIS")
    for seed in range(6):
        lab.screen(cell(seed))
    rea = Person(browser, live.address)
    rea.sign_in("rea")
    press = rea.page.keyboard.press

    rea.page.goto("/review")
    press("Enter")
    for number in range(6):
        rea.page.get_by_text("Make my call").wait_for()
        press("n" if number % 2 else "b")
        press("Enter")
        rea.page.get_by_text("Your own call was").wait_for()
        press("c")
        press("Enter")
        rea.page.get_by_text(f"{5 - number} in your queue" if number < 5 else "Nothing waits for you").wait_for()

    final = [row[1:3] for row in reads(service) if row[2]]
    assert final == [("normal" if number % 2 else "leukaemic_blast", "cannot_tell") for number in range(6)]
    assert rea.complaints == []
    assert verify(service.database).intact


def test_keys_do_nothing_while_one_types_and_what_was_typed_is_kept(
    service: Service, classifier: FakeClassifier, live: Live, browser
) -> None:
    make_user(service.database, "rea", Role.REVIEWER)
    classifier.probability = classifier.unsure
    service.lab("LIS").screen(cell(1))
    rea = Person(browser, live.address)
    rea.sign_in("rea")

    rea.page.goto("/review/next")
    rea.page.keyboard.press("e")
    rea.page.keyboard.type("b n c u s p 0 ?")
    rea.page.get_by_text("Draft kept.").wait_for()
    assert rows(service.database)["reads"] == 0
    assert rea.page.locator("input[name=verdict]:checked").count() == 0
    assert not rea.page.locator("dialog").is_visible()
    rea.page.reload()

    assert rea.page.get_by_label(re.compile("^Note")).input_value() == "b n c u s p 0 ?"
    rea.page.keyboard.press("?")
    assert rea.page.locator("dialog").is_visible()
    rea.page.keyboard.press("Escape")
    rea.page.keyboard.press("+")
    assert rea.page.locator("[data-sheet]").evaluate("sheet => sheet.style.width") == "150%"
    rea.page.keyboard.press("0")
    assert rea.page.locator("[data-sheet]").evaluate("sheet => sheet.style.width") == "100%"
    assert rea.complaints == []


def test_a_note_outlives_the_session_that_ends_while_it_is_typed(
    service: Service, classifier: FakeClassifier, live: Live, browser
) -> None:
    make_user(service.database, "rea", Role.REVIEWER)
    classifier.probability = classifier.unsure
    service.lab("LIS").screen(cell(1))
    rea = Person(browser, live.address)
    rea.sign_in("rea")
    rea.page.goto("/review/next")
    note = rea.page.get_by_label(re.compile("^Note"))
    note.fill("Fine chromatin.")
    rea.page.get_by_text("Draft kept.").wait_for()

    rea.context.clear_cookies(name=SESSION_COOKIE)
    note.press_sequentially(" A nucleolus.")
    rea.page.get_by_text("The session of this page has ended.").wait_for()
    note.press_sequentially(" And a cleft.")
    rea.page.get_by_label("Normal cell").check()
    rea.page.get_by_role("button", name="Make my call").click()
    rea.page.get_by_role("heading", name="Please sign in").wait_for()
    rea.page.get_by_role("link", name="Sign in").click()
    rea.fill_in("rea")

    rea.page.get_by_text("it was not recorded").wait_for()
    assert note.input_value() == "Fine chromatin. A nucleolus. And a cleft."
    rea.page.get_by_text("Draft kept.").wait_for()
    rea.page.reload()
    assert note.input_value() == "Fine chromatin. A nucleolus. And a cleft."
    assert not rea.page.get_by_text("it was not recorded").is_visible(), "it is a draft now, like any other"
