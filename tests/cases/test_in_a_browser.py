"""Choosing cells and looking at them side by side, in a real browser, with its scripts and without."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.accounts.rules import Role
from app.web.csrf import SESSION_COOKIE
from tests.browsers import Person
from tests.cases.many import Made, case_with, known
from tests.factories import PASSWORD, Service, cell, make_user

pytestmark = pytest.mark.browser
Ursula = Callable[..., Person]


@pytest.fixture
def ursula(service: Service, browser: Any, address: str) -> Ursula:
    """Signed in, at a browser of her own."""
    make_user(service.database, "ursula", Role.UPLOADER)

    def at_a_browser(*, scripts: bool = True) -> Person:
        person = Person(browser, address, scripts=scripts)
        person.sign_in("ursula")
        return person

    return at_a_browser


def _case(service: Service, *cells: Made) -> tuple[str, list[UUID]]:
    case_id, ids = case_with(service.database, known(service, "ursula"), cells, number="S26-0001")
    return f"/cases/{case_id}", ids


def _with_images(service: Service) -> str:
    """A case whose cells were really screened."""
    browser = service.browser()
    browser.submit("/sign-in", {"username": "ursula", "password": "the moon over the marrow"}, at="/sign-in")
    browser.upload(*(cell(seed) for seed in range(1, 6)), case="S26-0002")
    found = re.search(r"/cases/[0-9a-f-]{36}", browser.page)
    assert found
    return found.group()


def test_cells_ticked_on_two_pages_are_compared_together(service: Service, ursula: Ursula) -> None:
    person = ursula()
    path, _ = _case(service, *(Made(0.9) for _ in range(70)))
    page = person.page
    page.goto(path)
    boxes = page.locator("input[type=checkbox][form=compare]")

    boxes.nth(0).check()
    page.get_by_role("link", name="Next page").click()
    boxes.nth(0).check()
    assert "2 chosen (1 on other pages)" in page.get_by_role("status").inner_text()
    boxes.nth(1).check()
    boxes.nth(2).check()
    assert "that is the most" in page.get_by_role("status").inner_text()
    assert boxes.nth(3).is_disabled()
    page.get_by_role("button", name="Compare chosen cells").click()

    page.locator(".side").nth(3).wait_for()
    assert page.url.count("cell=") == 4
    assert page.locator(".side").count() == 4


def test_zoom_place_and_brightness_are_one_for_all_cells_and_reset(service: Service, ursula: Ursula) -> None:
    person = ursula()
    page = person.page
    page.goto(_with_images(service))
    for place in (0, 1):
        page.locator("input[type=checkbox][form=compare]").nth(place).check()
    page.get_by_role("button", name="Compare chosen cells").click()
    drawn = "one => { const told = getComputedStyle(one); return told.transform + ' ' + told.filter; }"

    def looks() -> list[str]:
        return [one.evaluate(drawn) for one in page.locator(".viewport svg").all()]

    page.get_by_role("slider", name="Zoom").wait_for()
    start = looks()
    page.get_by_role("slider", name="Zoom").fill("3")
    page.get_by_role("slider", name="Brightness").fill("1.5")
    page.locator(".viewport").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("+")
    moved = looks()
    person.shot("compare-zoomed")
    page.get_by_role("button", name="Reset").click()
    page.wait_for_timeout(100)

    assert len(set(start)) == len(set(moved)) == 1
    assert moved != start
    assert "matrix(3.8" in moved[0]
    assert "brightness(1.5)" in moved[0]
    assert looks() == start
    assert person.complaints == []


def test_without_scripts_chosen_cells_stand_side_by_side(service: Service, ursula: Ursula) -> None:
    person = ursula(scripts=False)
    page = person.page
    page.goto(_with_images(service))
    for place in (0, 1):
        page.locator("input[type=checkbox][form=compare]").nth(place).check()

    page.get_by_role("button", name="Compare chosen cells").click()

    page.locator(".viewport svg").nth(1).wait_for()
    assert not page.get_by_role("slider", name="Zoom").is_visible()
    page.get_by_role("link", name="Add another cell").click()
    page.locator("input[type=checkbox]:checked").nth(1).wait_for()


def test_filters_and_acts_work_without_scripts(service: Service, ursula: Ursula) -> None:
    person = ursula(scripts=False)
    page = person.page
    path, _ = _case(service, Made(0.9), Made(0.5, flagged=True), Made(None))
    page.goto(path)

    page.get_by_label("Review").select_option("waiting")
    page.get_by_role("button", name="Filter").click()
    page.get_by_text("1 to 1 of 1").wait_for()
    page.get_by_role("link", name="Show all").click()
    page.get_by_role("button", name="Ask for a human read").click()
    page.locator(".cell-tile").get_by_text("Waiting for a human read").wait_for()
    page.get_by_role("button", name="Mark as urgent").click()
    page.get_by_text("Urgent", exact=True).wait_for()
    page.get_by_role("link", name="Manage").click()
    page.get_by_label("Reason").fill("mixed up with another tube")
    page.get_by_label("Withdraw it for good").check()
    page.get_by_role("button", name="Withdraw this case").click()

    page.locator(".withdrawn").get_by_text("mixed up with another tube").wait_for()


def test_a_reason_outlives_the_session_that_ends_while_it_is_written(service: Service, ursula: Ursula) -> None:
    person = ursula()
    path, _ = _case(service, Made(0.9))
    page = person.page
    page.goto(f"{path}/manage")
    page.get_by_label("Reason").fill("Drawn from the wrong tube.")
    page.get_by_label("Withdraw it for good").check()

    person.context.clear_cookies(name=SESSION_COOKIE)
    page.get_by_role("button", name="Withdraw this case").click()
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_label("User name").fill("ursula")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.get_by_text("You wrote this before and have not sent it.").wait_for()
    assert page.get_by_label("Reason").input_value() == "Drawn from the wrong tube."
    page.get_by_label("Withdraw it for good").check()
    page.get_by_role("button", name="Withdraw this case").click()
    page.get_by_text("Withdrawn by Ursula").wait_for()


def test_a_place_is_brought_to_the_middle_by_a_press_and_a_swipe_scrolls_cells_that_are_not_enlarged(
    service: Service, ursula: Ursula
) -> None:
    page = ursula().page
    page.goto(_with_images(service))
    for place in (0, 1):
        page.locator("input[type=checkbox][form=compare]").nth(place).check()
    page.get_by_role("button", name="Compare chosen cells").click()
    view = page.locator(".viewport").first
    touched = "one => getComputedStyle(one).touchAction"
    page.get_by_role("slider", name="Zoom").wait_for()

    assert view.evaluate(touched) == "auto"
    page.get_by_role("slider", name="Zoom").fill("3")
    assert view.evaluate(touched) == "none"
    box = view.bounding_box()
    assert box
    view.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.5})

    sides = page.locator("#sides")
    assert float(sides.evaluate("one => parseFloat(one.style.getPropertyValue('--x'))")) == pytest.approx(-25, abs=1)
    assert float(sides.evaluate("one => parseFloat(one.style.getPropertyValue('--y'))")) == pytest.approx(0, abs=1)


def test_what_has_the_focus_is_never_under_what_stays_in_sight(service: Service, ursula: Ursula) -> None:
    person = ursula()
    page = person.page
    path, _ = _case(service, *(Made(0.9) for _ in range(60)))
    page.set_viewport_size({"width": 720, "height": 490})
    page.goto(path)
    shows = """() => {
      const one = document.activeElement, box = one.getBoundingClientRect();
      const there = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
      return !!one.closest("li") && !one.contains(there) ? one.outerHTML.slice(0, 120) : "";
    }"""

    page.locator(".cell-tile input").last.focus()
    hidden = []
    for _ in range(90):
        page.keyboard.press("Shift+Tab")
        hidden += [told for told in [page.evaluate(shows)] if told]

    assert page.locator(".compare-bar").evaluate("one => getComputedStyle(one).position") == "sticky"
    assert hidden == []
