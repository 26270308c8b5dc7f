# ruff: noqa: F811  fixtures have the names that tests ask for
"""The journey in a real browser. Screenshots are kept under var/screenshots, to be looked at."""

from pathlib import Path

import pytest

from app.accounts.rules import Role, Scope
from tests.browsers import Person, address, browser  # noqa: F401  for files that still look for them here
from tests.factories import Service, cell, make_key, make_user, verify
from tests.fakes import FakeClassifier

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_upload_result_queue_verdict_and_ledger(
    service: Service, classifier: FakeClassifier, address: str, browser, tmp_path: Path, scripts: bool
) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    make_user(service.database, "rea", Role.REVIEWER)
    make_user(service.database, "aude", Role.AUDITOR)
    lab = service.lab("LIS", Scope.READ_ALL)
    for seed in range(4):
        (tmp_path / f"cell-{seed}.png").write_bytes(cell(seed))
    (tmp_path / "notes.png").write_bytes(b"no image")
    classifier.probability = classifier.unsure

    ursula = Person(browser, address, scripts=scripts)
    ursula.sign_in("ursula")
    ursula.shot("upload")
    ursula.page.get_by_label("Drop images here").set_input_files(tmp_path / "cell-0.png")
    ursula.page.get_by_label("Case number").fill("S26-0001")
    ursula.page.get_by_role("button", name="Screen").click()
    ursula.page.get_by_text("Waiting for a human read").wait_for()
    ursula.page.wait_for_load_state()  # with its image
    received = ursula.page.locator("svg.cell image").get_attribute("href")
    loaded = "async href => { const it = new Image(); it.src = href; await it.decode(); return it.naturalWidth }"
    assert ursula.page.evaluate(loaded, received) == 450
    ursula.shot("result-uncertain")
    screening = ursula.page.url.rsplit("/", 1)[1]

    classifier.probability = 0.981
    ursula.page.goto("/")
    ursula.page.get_by_label("Drop images here").set_input_files(sorted(tmp_path.glob("*.png")))
    ursula.page.get_by_label("Case number").fill("S26-0001")
    ursula.page.get_by_role("button", name="Screen").click()
    ursula.page.get_by_role("heading", name="4 screened, 1 could not be opened").wait_for()
    ursula.shot("uploaded-many")
    ursula.page.get_by_role("link", name="S26-0001").click()
    ursula.shot("case")

    rea = Person(browser, address, scripts=scripts)
    rea.sign_in("rea")
    rea.page.get_by_role("link", name=f"Read {screening[:8]}").wait_for()
    rea.shot("queue")
    rea.page.get_by_role("link", name=f"Read {screening[:8]}").click()
    rea.page.get_by_label("Normal cell").check()
    rea.page.get_by_label("Note").fill("Smooth chromatin.")
    rea.shot("read")
    rea.page.get_by_role("button", name="Make my call").click()
    rea.page.get_by_text("What the model made of it").wait_for()
    rea.shot("read-final")
    rea.page.get_by_role("button", name="Give verdict").click()
    rea.page.get_by_text("Nothing waits for you").wait_for()

    aude = Person(browser, address, scripts=scripts, dark=True)
    aude.sign_in("aude")
    aude.page.get_by_text("read.given").wait_for()
    aude.shot("ledger-dark")

    assert lab.screening(screening)["review"]["verdict"] == "normal"
    assert verify(service.database).intact
    assert ursula.complaints + rea.complaints + aude.complaints == []


def test_an_image_dropped_on_the_page_is_screened_without_any_script(
    service: Service, address: str, browser, tmp_path: Path
) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    (tmp_path / "cell.png").write_bytes(cell(1))
    ursula = Person(browser, address, scripts=False)
    ursula.sign_in("ursula")

    ursula.drop(tmp_path / "cell.png", on="Drop images here")
    ursula.page.get_by_role("button", name="Screen").click()

    ursula.page.get_by_role("heading", name="Screening").wait_for()
    assert verify(service.database).intact


def test_the_api_page_works_from_our_own_files(service: Service, address: str, browser) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    ursula = Person(browser, address)
    ursula.sign_in("ursula")

    ursula.page.goto("/docs")
    ursula.page.get_by_text("/api/v1/screenings/{screening_id}").wait_for()
    ursula.shot("docs")
    ursula.page.goto("/model")
    ursula.shot("model")
    ursula.page.goto("/cases")
    ursula.shot("cases-empty")

    assert ursula.complaints == []


def test_the_api_page_tries_what_reads_with_a_key_and_sends_nothing_to_be_recorded(
    service: Service, address: str, browser
) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    ursula = Person(browser, address)
    ursula.sign_in("ursula")
    page = ursula.page

    page.goto("/docs")
    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".auth-container input").fill(make_key(service.database, "LIS", Scope.SCREEN, Scope.READ))
    page.locator(".auth-btn-wrapper button.authorize").click()
    page.locator(".btn-done").click()
    page.locator("#operations-screening-screen_api_v1_screenings_post").click()
    page.get_by_text("one segmented white blood cell on black").first.wait_for()
    assert page.get_by_role("button", name="Try it out").count() == 0
    page.locator("#operations-screening-several_api_v1_screenings_get").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table").get_by_text('"items"').wait_for()

    ursula.shot("docs-tried")
    assert verify(service.database).intact
    assert ursula.complaints == []
