"""Accounts in a real browser: the lock, the second step, the administrator's pages. Screenshots: var/screenshots."""

import re

import pytest

from app import clock
from app.accounts import authenticator
from app.accounts.rules import Role
from app.audit.events import Act
from tests.browsers import Person
from tests.factories import PASSWORD, Service, acts, cell, make_user

pytestmark = pytest.mark.browser


def test_a_page_that_nobody_watches_loses_its_content_and_its_session(service: Service, address, browser) -> None:
    service.lab().screen(cell(1), case="S26-0001")
    make_user(service.database, "ursula", Role.UPLOADER)
    ursula = Person(browser, address)
    ursula.page.clock.install()
    ursula.sign_in("ursula")
    ursula.page.get_by_role("link", name="Cases").click()
    ursula.page.get_by_text("…0001").wait_for()
    ursula.page.wait_for_load_state()  # with its scripts, which come after the style sheets

    ursula.page.clock.fast_forward("14:00")
    ursula.page.keyboard.press("Tab")
    ursula.page.clock.fast_forward("14:00")
    assert ursula.page.get_by_text("…0001").is_visible()
    with ursula.page.expect_response("**/sign-out"):
        ursula.page.clock.fast_forward("02:00")

    assert ursula.page.get_by_role("heading", name="Locked: sign in again").is_visible()
    ursula.shot("locked")
    assert "…0001" not in ursula.page.content()
    assert "ursula" not in ursula.page.content().lower()
    ursula.page.reload()
    assert "/sign-in" in ursula.page.url
    ursula.page.go_back()
    assert "…0001" not in ursula.page.content()
    assert acts(service.database)[-1] == Act.SIGNED_OUT
    assert ursula.complaints == []


def test_a_page_says_a_minute_before_that_it_will_empty_itself_and_a_touch_keeps_it(
    service: Service, address, browser
) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    ursula = Person(browser, address)
    ursula.page.clock.install()
    ursula.sign_in("ursula")
    ursula.page.goto("/cases")
    warning = ursula.page.get_by_role("alert").filter(has_text="In less than a minute")

    ursula.page.clock.fast_forward("13:50")
    assert not warning.is_visible()
    ursula.page.clock.fast_forward("00:20")
    assert warning.is_visible()
    ursula.shot("about-to-lock")
    assert ursula.violations() == []
    ursula.page.keyboard.press("Shift")
    assert not warning.is_visible()
    ursula.page.clock.fast_forward("14:10")
    with ursula.page.expect_response("**/sign-out"):
        ursula.page.clock.fast_forward("01:00")

    assert ursula.page.evaluate("document.activeElement.textContent") == "Locked: sign in again", "it is read out"
    assert not warning.is_visible()


def test_escape_twice_empties_the_page_at_once_and_once_does_nothing(service: Service, address, browser) -> None:
    service.lab().screen(cell(1), case="S26-0001")
    make_user(service.database, "ursula", Role.UPLOADER)
    ursula = Person(browser, address)
    ursula.sign_in("ursula")
    ursula.page.goto("/cases")

    ursula.page.keyboard.press("Escape")
    assert ursula.page.get_by_text("…0001").is_visible()
    with ursula.page.expect_response("**/sign-out"):
        ursula.page.keyboard.press("Escape")
        ursula.page.keyboard.press("Escape")

    assert "…0001" not in ursula.page.content()
    ursula.page.goto("/cases")
    assert "/sign-in" in ursula.page.url


def test_a_locked_page_leads_back_to_where_one_was_filters_and_all(service: Service, address, browser) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    ursula = Person(browser, address)
    page = ursula.page

    def locked_way() -> str:
        page.keyboard.press("Escape")
        with page.expect_response("**/sign-out"):  # nobody signs in again before the session has ended
            page.keyboard.press("Escape")
        return str(page.get_by_role("link", name="Sign in").get_attribute("href"))

    ursula.sign_in("ursula")
    page.goto("/cases?which=urgent")
    assert locked_way() == "/sign-in?next=%2Fcases%3Fwhich%3Durgent"
    ursula.sign_in("ursula")
    page.goto("/cases?which=urgent")
    page.get_by_label("Find by case number").fill("S26-0009")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("alert").wait_for()
    assert locked_way() == "/sign-in?next=%2Fcases%3Fwhich%3Durgent", "there is no page at the address of the answer"


def test_a_page_whose_session_was_ended_elsewhere_empties_itself_when_touched(
    service: Service, address, browser
) -> None:
    service.lab().screen(cell(1), case="S26-0001")
    make_user(service.database, "ursula", Role.UPLOADER)
    here, there = Person(browser, address), Person(browser, address)
    here.page.clock.install()
    for one in (here, there):
        one.sign_in("ursula")
    here.page.goto("/cases")
    there.page.goto("/account")
    there.shot("account")
    there.page.locator("li", has_not_text="(this one)").get_by_role("button", name="End").click()

    here.page.clock.fast_forward("01:05")
    with here.page.expect_response("**/account/alive"):
        here.page.keyboard.press("Tab")
        here.page.clock.fast_forward("00:05")

    here.page.get_by_role("heading", name="Locked: sign in again").wait_for()
    assert "…0001" not in here.page.content()


def test_the_second_step_is_turned_on_and_asked_for(service: Service, address, browser) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    ursula = Person(browser, address)
    ursula.sign_in("ursula")
    ursula.page.goto("/account")
    ursula.page.get_by_label("Present password").nth(1).fill(PASSWORD)
    ursula.page.get_by_role("button", name="Turn it on").click()
    ursula.page.get_by_label("Six digits").wait_for()
    ursula.shot("second-step")
    found = re.search(r"<code>([A-Z2-7]{32})</code>", ursula.page.content())
    assert found
    counter = int(clock.now().timestamp()) // 30

    ursula.page.get_by_label("Six digits").fill(authenticator.code_at(found.group(1), counter=counter - 1))
    ursula.page.get_by_role("button", name="Turn it on").click()
    ursula.page.get_by_role("heading", name="The second step is on").wait_for()
    ursula.shot("recovery-codes")
    ursula.page.get_by_role("button", name="Sign out").click()
    ursula.sign_in("ursula")
    ursula.shot("sign-in-code")
    ursula.page.get_by_label("Code of your authenticator app").fill(
        authenticator.code_at(found.group(1), counter=int(clock.now().timestamp()) // 30)
    )
    ursula.page.get_by_role("button", name="Sign in").click()

    ursula.page.get_by_text("Drop images here").wait_for()
    assert ursula.complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_an_administrator_makes_an_account_and_a_key(service: Service, address, browser, scripts: bool) -> None:
    make_user(service.database, "anna", Role.ADMIN)
    anna = Person(browser, address, scripts=scripts)
    anna.sign_in("anna")
    anna.page.get_by_label("Name, as colleagues know it").fill("Ursula U")
    anna.page.get_by_label("User name").fill("ursula")
    anna.page.get_by_label("uploader").check()
    anna.shot("users")
    anna.page.get_by_role("button", name="Make the account").click()
    anna.page.get_by_text("/reset?token=").wait_for()
    anna.shot("user")

    anna.page.get_by_role("link", name="Keys").click()
    anna.page.get_by_label("Lab system").fill("LIS of the west wing")
    anna.page.get_by_role("button", name="Make the key").click()
    anna.page.get_by_text("It is shown only once").wait_for()
    anna.page.get_by_role("button", name="Rotate").click()
    anna.page.get_by_text("replaced, works until").wait_for()
    anna.shot("keys")
    anna.page.get_by_role("button", name="Revoke").nth(1).click()
    anna.page.get_by_text("revoked", exact=True).wait_for()

    assert anna.complaints == []


def test_a_case_is_shared_in_the_browser(service: Service, address, browser, tmp_path) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    make_user(service.database, "otto", Role.UPLOADER)
    (tmp_path / "cell.png").write_bytes(cell(1))
    ursula = Person(browser, address)
    ursula.sign_in("ursula")
    ursula.page.get_by_label("Drop images here").set_input_files(tmp_path / "cell.png")
    ursula.page.get_by_label("Case number").fill("S26-0001")
    ursula.page.get_by_role("button", name="Screen").click()
    ursula.page.get_by_role("link", name="S26-0001").click()

    ursula.page.get_by_role("link", name="Manage").click()
    ursula.page.get_by_label("Share with").select_option("Otto")
    ursula.page.get_by_role("button", name="Share").click()
    ursula.page.get_by_role("button", name="Stop sharing with Otto").wait_for()
    ursula.shot("case-shared")

    assert ursula.complaints == []


def test_whoever_sent_a_form_that_could_not_be_taken_is_led_to_the_reason(service: Service, address, browser) -> None:
    for place in range(30):
        make_user(service.database, f"uploader-{place}", Role.UPLOADER)
    make_user(service.database, "ada", Role.ADMIN, Role.UPLOADER)
    ada = Person(browser, address)
    ada.sign_in("ada", "a wrong one")
    assert ada.page.title() == "Error: Sign in – Blastscreen"
    assert ada.page.evaluate("document.activeElement.id") == "username"
    assert ada.page.get_by_label("User name").get_attribute("aria-describedby") == "error"
    ada.sign_in("ada")
    ada.page.get_by_role("button", name="Sign out").wait_for()

    ada.page.goto("/admin/users")
    ada.page.get_by_label("User name", exact=True).fill("uploader-3")
    ada.page.get_by_label("uploader", exact=False).last.check()
    ada.page.get_by_role("button", name="Make the account").click()

    error = ada.page.get_by_role("alert")
    error.wait_for()
    assert ada.page.evaluate("document.activeElement.textContent") == error.inner_text()
    assert error.evaluate("one => one.getBoundingClientRect().top < innerHeight"), "it is in sight, below thirty lines"
    assert ada.page.title() == "Error: Users – Blastscreen"
    assert ada.violations() == []
