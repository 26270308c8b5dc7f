"""A case from its upload to its signed report, by the three people whose day it is, with and without JavaScript.

Screenshots are kept under var/screenshots, to be looked at; where scripts run, axe-core looks at each as well.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from app.accounts.rules import Role
from app.actor import SERVICE
from app.policy import actions as policy
from app.policy import queries as policies
from tests.browsers import Person
from tests.factories import PASSWORD, Service, cell, make_user, verify
from tests.fakes import FakeClassifier

pytestmark = pytest.mark.browser
BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
NUMBER = "S26-0001"


def decide(service: Service, **told: object) -> None:
    with service.database.writing() as session:
        before = policies.current(session)
        policy.decide(session, SERVICE, policy=replace(before, **told), based_on=before.number)  # type: ignore[arg-type]


def somebody(service: Service, browser, address: str, username: str, role: Role, *, scripts: bool = True) -> Person:
    make_user(service.database, username, role)
    person = Person(browser, address, scripts=scripts)
    person.sign_in(username)
    person.page.get_by_role("button", name="Sign out").wait_for()
    return person


def screen(person: Person, *files: Path) -> None:
    person.page.goto("/")
    if person.scripts:
        person.page.locator("#upload.scripted").wait_for()
    person.page.get_by_label("Drop images here").set_input_files(files)
    person.page.get_by_label("Case number").fill(NUMBER)
    person.page.get_by_role("button", name="Screen", exact=True).click()
    told = f"{len(files)} screened" if len(files) > 1 else "Screening"
    person.page.get_by_role("heading", name=told, exact=len(files) > 1).wait_for(timeout=60_000)


def read(person: Person, verdict: str, *, note: str = "") -> None:
    """One's own call, then the final one."""
    person.page.get_by_label(verdict).check()
    person.page.get_by_role("button", name="Make my call").click()
    person.page.get_by_role("button", name="Give verdict").wait_for()
    person.page.get_by_label(verdict).check()
    person.page.get_by_label("Note").fill(note)
    person.page.get_by_role("button", name="Give verdict").click()
    person.page.wait_for_load_state()


@BOTH
def test_a_case_goes_from_upload_to_a_signed_report(
    service: Service, classifier: FakeClassifier, address: str, browser, tmp_path: Path, scripts: bool
) -> None:
    decide(service, reads_uncertain=2, minimum_cells=3)
    files = [tmp_path / f"cell-{seed}.png" for seed in range(4)]
    for seed, file in enumerate(files):
        file.write_bytes(cell(seed))
    paula, rea, otto, selma = (
        somebody(service, browser, address, name, role, scripts=scripts)
        for name, role in (
            ("paula", Role.UPLOADER), ("rea", Role.REVIEWER), ("otto", Role.REVIEWER), ("selma", Role.SENIOR)
        )
    )  # fmt: skip

    classifier.probability = 0.981
    screen(paula, *files[:3])
    paula.look("journey-uploaded")
    classifier.probability = classifier.unsure
    screen(paula, files[3])
    paula.page.get_by_text("Waiting for a human read").wait_for()
    paula.look("journey-result")
    paula.page.get_by_role("link", name=NUMBER).click()
    paula.page.get_by_text("Waiting for reads").wait_for()
    paula.look("journey-case")
    paula.page.get_by_role("link", name="Report", exact=True).click()
    paula.page.get_by_text("Nobody has signed this report").wait_for()
    paula.look("journey-report-unsigned")

    rea.page.goto("/review")
    rea.page.get_by_role("link", name="Read the next cell").click()
    rea.look("journey-blind")
    assert "59" not in rea.page.locator("main").inner_text().split()
    read(rea, "Normal cell", note="Smooth chromatin.")
    rea.page.get_by_text("Nothing waits for you").wait_for()
    rea.look("journey-queue-done")

    otto.page.goto("/review")
    otto.page.get_by_role("link", name="Read the next cell").click()
    read(otto, "Leukaemic blast", note="A nucleolus.")
    otto.page.get_by_text("Nothing waits for you").wait_for()

    selma.page.goto("/review")
    selma.look("journey-queue-senior")
    selma.page.get_by_role("link", name="Read the next cell").click()
    selma.page.get_by_role("heading", name="Its readers differ").wait_for()
    selma.look("journey-adjudication")
    selma.page.get_by_label("Leukaemic blast").check()
    selma.page.get_by_label("Note").fill("A nucleolus at the upper edge.")
    selma.page.get_by_role("button", name="Give verdict").click()
    selma.page.get_by_text("Nothing waits for you").wait_for()
    selma.page.get_by_role("link", name="Sign-off").click()
    selma.page.get_by_role("link", name="…0001").click()
    selma.look("journey-sign-off")
    selma.page.get_by_label("Reviewed and verified", exact=True).check()
    selma.page.get_by_label("Your password").fill(PASSWORD)
    selma.page.get_by_role("button", name="Sign", exact=True).click()
    digest = selma.page.locator(".signature code").inner_text()
    selma.look("journey-report-signed")

    paula.page.goto("/cases")
    paula.page.get_by_role("link", name="…0001").click()
    paula.page.get_by_text("Signed", exact=True).wait_for()
    paula.page.get_by_role("link", name="Report", exact=True).click()
    assert paula.page.locator(".signature code").inner_text() == digest
    paula.page.goto("/reports/verify")
    paula.page.get_by_label("Verification hash").fill(digest)
    paula.page.get_by_role("button", name="Check").click()
    paula.page.get_by_role("heading", name="A signed version has this hash").wait_for()
    paula.look("journey-verified")

    assert verify(service.database).intact
    assert [one.complaints for one in (paula, rea, otto, selma)] == [[], [], [], []]


def test_a_reader_clears_the_queue_and_takes_a_verdict_back_without_touching_the_mouse(
    service: Service, classifier: FakeClassifier, address: str, browser
) -> None:
    classifier.probability = classifier.unsure
    lab = service.lab()
    for seed in range(3):
        lab.screen(cell(seed), case=NUMBER)
    rea = somebody(service, browser, address, "rea", Role.REVIEWER)
    keys = rea.page.keyboard

    rea.page.get_by_role("link", name="Read the next cell").wait_for()
    rea.page.wait_for_load_state("networkidle")
    keys.press("Enter")
    for left in (3, 2, 1):
        rea.page.get_by_text(f"{left} in your queue").wait_for()
        rea.page.get_by_role("button", name="Make my call").wait_for()
        keys.press("n")
        keys.press("Enter")
        rea.page.get_by_role("button", name="Give verdict").wait_for()
        keys.press("n")
        keys.press("e")
        keys.type("Nothing but n and b and z typed here.")
        keys.press("Tab")
        keys.press("Enter")
        if left == 2:
            rea.page.get_by_text("1 in your queue").wait_for()
            rea.look("journey-undo")
            keys.press("z")
            rea.page.get_by_text("2 in your queue").wait_for()
            keys.press("b")
            keys.press("Enter")
    rea.page.get_by_text("Nothing waits for you").wait_for()

    assert verify(service.database).intact
    assert rea.complaints == []
