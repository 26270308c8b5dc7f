"""Uploading in a real browser, with and without JavaScript, and what may go wrong. Screenshots: var/screenshots."""

import base64
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from app.accounts.rules import Role
from app.vision.drawn import Look
from tests.browsers import Person
from tests.factories import PASSWORD, Service, cell, make_user, rows, verify
from tests.fakes import FakeClassifier
from tests.live import Changed, listening
from tests.screening.zips import zipped

pytestmark = pytest.mark.browser


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty drawn cells and three files that are none, in a folder with a folder in it."""
    folder = tmp_path / "slide 7"
    (folder / "more").mkdir(parents=True)
    for seed in range(40):
        (folder / ("more" if seed % 2 else "") / f"cell-{seed}.png").write_bytes(cell(seed))
    (folder / "notes.txt").write_text("Dear colleague")
    (folder / "holiday.png").write_bytes(b"no image")
    (folder / "empty.bmp").write_bytes(b"")
    (folder / ".DS_Store").write_bytes(b"a file manager's")
    return folder


@pytest.fixture
def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


@pytest.fixture
def ursula(service: Service, address: str, browser) -> Iterator[Person]:
    make_user(service.database, "ursula", Role.UPLOADER)
    person = Person(browser, address)
    person.sign_in("ursula")
    person.page.locator("#upload.scripted").wait_for()
    yield person
    person.context.close()


def screen(person: Person, files: list[Path], *, case: str = "") -> None:
    if person.scripts:
        person.page.locator("#upload.scripted").wait_for()
    person.page.get_by_label("Drop images here").set_input_files(files)
    if case:
        person.page.get_by_label("Case number").fill(case)
    person.page.get_by_role("button", name="Screen", exact=True).click()


def heading(person: Person, text: str) -> None:
    person.page.get_by_role("heading", name=text, exact=True).wait_for(timeout=60_000)


def told(person: Person) -> str:
    return str(person.page.locator("#batch-told").inner_text())


def finds_nothing_wrong(person: Person) -> None:
    """axe-core in both themes, motion, and the width of a small screen, in the state that the page is in."""
    for scheme in ("light", "dark"):
        person.in_scheme(scheme)
        assert person.violations() == []
    assert person.moving() == []
    assert person.sideways() == 0


def test_forty_cells_and_three_bad_files_get_a_row_each_and_the_same_again_makes_no_duplicates(
    service: Service, ursula: Person, files: list[Path]
) -> None:
    screen(ursula, files, case="S26-0001")
    heading(ursula, "40 screened, 3 could not be opened")
    ursula.shot("upload-done")
    first = rows(service.database)

    assert ursula.page.locator("#batch-rows tr").count() == 43
    assert ursula.page.locator("#batch-rows tr", has_text="holiday.png").get_by_text("Could not be opened").is_visible()
    assert ursula.page.locator("#batch-rows img").count() == 40
    assert ursula.page.get_by_role("link", name="S26-0001").is_visible()
    assert (first["screenings"], first["cases"]) == (40, 1)

    ursula.page.goto("/")
    screen(ursula, files, case="S26-0001")
    heading(ursula, "40 screened, 3 could not be opened")
    ursula.shot("upload-again")
    finds_nothing_wrong(ursula)

    assert "40 of them had been screened in this case before" in told(ursula)
    assert ursula.page.locator("#batch-rows tr", has_text="Already screened in this case").count() == 40
    assert {name: count for name, count in rows(service.database).items() if name != "ledger"} == {
        name: count for name, count in first.items() if name != "ledger"
    }
    assert verify(service.database).intact
    assert ursula.complaints == []


def test_a_folder_with_folders_is_read_and_its_hidden_files_are_left_out(
    service: Service, ursula: Person, folder: Path
) -> None:
    ursula.page.get_by_label("Or a whole folder").set_input_files(folder)
    ursula.page.get_by_text("43 files chosen").wait_for()
    ursula.page.get_by_role("button", name="Screen", exact=True).click()
    heading(ursula, "40 screened, 3 could not be opened")

    assert ursula.page.get_by_text("slide 7/more/cell-1.png").is_visible()
    assert rows(service.database)["cases"] == 1
    assert ursula.complaints == []


def test_a_dropped_folder_and_a_pasted_image_join_the_batch(service: Service, ursula: Person, folder: Path) -> None:
    ursula.drop(folder, on="Drop images here")
    ursula.page.get_by_text("43 files chosen").wait_for()
    ursula.page.evaluate(
        """(encoded) => {
            const bytes = Uint8Array.from(atob(encoded), (one) => one.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "pasted.png", {type: "image/png"}));
            document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, cancelable: true}));
        }""",
        base64.b64encode(cell(99)).decode(),
    )
    ursula.page.get_by_text("44 files chosen").wait_for()
    ursula.shot("upload-waiting")

    ursula.page.keyboard.press("Enter")
    ursula.page.get_by_label("Case number").press("Enter")

    heading(ursula, "41 screened, 3 could not be opened")
    assert rows(service.database)["screenings"] == 41


def test_an_archive_by_the_script_gives_a_row_for_each_of_its_images(
    service: Service, ursula: Person, tmp_path: Path
) -> None:
    (tmp_path / "cells.zip").write_bytes(zipped({"a.png": cell(1), "../b.png": cell(2), "c/c.png": cell(3)}))

    screen(ursula, [tmp_path / "cells.zip"])

    heading(ursula, "2 screened, 1 could not be opened")
    assert ursula.page.get_by_text("leads out of the archive").is_visible()
    assert ursula.complaints == []


def test_an_archive_by_the_plain_form_does_the_same_without_javascript(
    service: Service, address: str, browser, tmp_path: Path
) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    (tmp_path / "cells.zip").write_bytes(zipped({"a.png": cell(1), "../b.png": cell(2), "c/c.png": cell(3)}))
    ursula = Person(browser, address, scripts=False)
    ursula.sign_in("ursula")

    screen(ursula, [tmp_path / "cells.zip"], case="S26-0001")

    heading(ursula, "2 screened, 1 could not be opened")
    ursula.shot("upload-zip-without-scripts")
    assert ursula.page.get_by_text("leads out of the archive").is_visible()
    assert rows(service.database)["screenings"] == 2
    assert ursula.complaints == []


def test_a_double_click_on_screen_sends_everything_once(service: Service, ursula: Person, files: list[Path]) -> None:
    ursula.page.get_by_label("Drop images here").set_input_files(files[:10])
    ursula.page.get_by_role("button", name="Screen", exact=True).dblclick()

    ursula.page.get_by_role("heading", name="screened").wait_for()

    ursula.page.wait_for_load_state("networkidle")
    assert rows(service.database)["cases"] == 1
    assert ursula.page.get_by_text("had been screened in this case before").count() == 0


def sign_in_in_another_tab(person: Person, name: str) -> None:
    tab = person.context.new_page()
    tab.goto("/sign-in")
    tab.get_by_label("User name").fill(name)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_text("Drop images here").wait_for()


def test_a_session_that_ends_in_the_middle_keeps_what_was_acknowledged_and_goes_on_after_signing_in(
    service: Service, ursula: Person, files: list[Path]
) -> None:
    asked: list[str] = []

    def end_in_the_middle(route) -> None:
        asked.append(route.request.url)
        if len(asked) == 4:
            ursula.context.clear_cookies()
        route.continue_()

    ursula.page.route("**/screenings/rows", end_in_the_middle)
    screen(ursula, files, case="S26-0001")
    heading(ursula, "Your session has ended")
    ursula.shot("upload-session-ended")
    finds_nothing_wrong(ursula)
    acknowledged = rows(service.database)["screenings"]
    assert 0 < acknowledged < 40
    assert "Sign in again in another tab, then press Continue here" in told(ursula)

    ursula.page.get_by_role("button", name="Continue").click()
    ursula.page.locator("#batch-told", has_text="You are not signed in yet").wait_for()
    sign_in_in_another_tab(ursula, "ursula")
    ursula.page.get_by_role("button", name="Continue").click()

    heading(ursula, "40 screened, 3 could not be opened")
    assert rows(service.database)["screenings"] == 40
    assert rows(service.database)["cases"] == 1
    assert verify(service.database).intact


def test_nobody_else_goes_on_with_a_batch(service: Service, ursula: Person, files: list[Path]) -> None:
    make_user(service.database, "otto", Role.UPLOADER)
    ursula.page.route("**/screenings/rows", lambda route: (ursula.context.clear_cookies(), route.continue_()))
    screen(ursula, files)
    heading(ursula, "Your session has ended")
    ursula.page.unroute("**/screenings/rows")
    sign_in_in_another_tab(ursula, "otto")

    ursula.page.get_by_role("button", name="Continue").click()

    ursula.page.locator("#batch-told", has_text="Somebody else is signed in now").wait_for()
    assert rows(service.database)["screenings"] == 0


def test_a_lost_connection_is_waited_for_and_nothing_is_lost_or_doubled(
    service: Service, ursula: Person, files: list[Path]
) -> None:
    asked: list[str] = []

    def break_in_the_middle(route) -> None:
        asked.append(route.request.url)
        if 3 <= len(asked) < 6:
            route.abort("connectionreset")
        elif len(asked) == 7:
            route.fetch()  # it arrives, but its answer is lost
            route.abort("connectionreset")
        else:
            route.continue_()

    ursula.page.route("**/screenings/rows", break_in_the_middle)
    screen(ursula, files)
    heading(ursula, "No connection")
    ursula.shot("upload-offline")

    heading(ursula, "40 screened, 3 could not be opened")

    assert rows(service.database)["screenings"] == 40
    assert rows(service.database)["cases"] == 1
    assert ursula.page.locator("#batch-rows tr").count() == 43


def test_a_cancelled_batch_keeps_what_is_safe_and_can_be_gone_on_with(
    service: Service, ursula: Person, files: list[Path]
) -> None:
    asked: list[object] = []

    def hold(route) -> None:
        asked.append(route)
        if len(asked) <= 2:
            route.continue_()

    ursula.page.route("**/screenings/rows", hold)
    screen(ursula, files)
    ursula.page.locator("#batch-rows tr").nth(7).wait_for()
    ursula.page.get_by_role("button", name="Cancel").click()
    heading(ursula, "Cancelled")
    ursula.shot("upload-cancelled")
    ursula.page.unroute("**/screenings/rows")
    ursula.page.get_by_role("button", name="Continue").click()

    heading(ursula, "40 screened, 3 could not be opened")
    assert rows(service.database)["screenings"] == 40


def test_what_the_service_fails_at_fails_nothing_else_and_is_tried_again_on_demand(
    service: Service, ursula: Person, files: list[Path]
) -> None:
    broken = (b"cell-2.png", b"cell-16.png")

    def fail(route) -> None:
        sent = route.request.post_data_buffer or b""
        route.fulfill(status=500, body="broken") if any(name in sent for name in broken) else route.continue_()

    ursula.page.route("**/screenings/rows", fail)
    screen(ursula, [path for path in files if path.name.startswith("cell")][:15])
    heading(ursula, "13 screened, 2 not sent")
    ursula.shot("upload-some-failed")
    finds_nothing_wrong(ursula)
    ursula.page.unroute("**/screenings/rows")

    ursula.page.get_by_role("button", name="Try the 2 failed ones again").click()

    heading(ursula, "15 screened")
    assert ursula.page.locator("#batch-rows tr").count() == 15


def test_a_page_reloaded_in_the_middle_goes_on_with_the_same_unnamed_case(
    service: Service, ursula: Person, files: list[Path]
) -> None:
    """The laptop was closed, or the browser fell over."""
    ursula.page.route(
        "**/screenings/rows", lambda route: route.continue_() if rows(service.database)["screenings"] < 9 else None
    )
    screen(ursula, files)
    ursula.page.locator("#batch-rows tr").nth(7).wait_for()
    ursula.page.on("dialog", lambda dialog: dialog.accept())
    ursula.page.unroute("**/screenings/rows")
    ursula.page.reload()

    ursula.page.get_by_text("What you upload here joins the unnamed case").wait_for()
    screen(ursula, files)

    heading(ursula, "40 screened, 3 could not be opened")
    assert rows(service.database)["screenings"] == 40
    assert rows(service.database)["cases"] == 1


def test_a_case_number_that_is_taken_stops_the_batch_and_is_mended_without_choosing_anew(
    service: Service, ursula: Person, files: list[Path]
) -> None:
    service.signed_in("otto", Role.UPLOADER).upload(cell(1), case="S26-0001")
    screen(ursula, files, case="S26-0001")
    ursula.page.get_by_text("This case number is taken").first.wait_for()
    ursula.shot("upload-stopped")
    finds_nothing_wrong(ursula)
    assert rows(service.database)["screenings"] == 1

    ursula.page.get_by_label("Case number").fill("S26-0002")
    ursula.page.get_by_role("button", name="Screen", exact=True).click()

    heading(ursula, "40 screened, 3 could not be opened")
    assert rows(service.database)["screenings"] == 41


def test_a_page_that_locks_itself_in_the_middle_shows_no_name_and_goes_on_after_signing_in(
    service: Service, classifier: FakeClassifier, ursula: Person, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[object] = []
    go_on = Event()
    score = classifier.score

    def hold(pixels):
        scored.append(pixels)
        if len(scored) > 9:
            go_on.wait(60)
        return score(pixels)

    monkeypatch.setattr(classifier, "score", hold)
    screen(ursula, files, case="S26-0001")
    ursula.page.locator("#batch-rows tr").nth(8).wait_for()
    with ursula.page.expect_response("**/sign-out"):
        ursula.page.evaluate(
            "for (const _ of [1, 2]) document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'}))"
        )
    go_on.set()
    heading(ursula, "Your session has ended")
    ursula.shot("upload-locked")
    assert "cell-" not in ursula.page.content()
    assert "S26-0001" not in ursula.page.content()

    sign_in_in_another_tab(ursula, "ursula")
    ursula.page.get_by_role("button", name="Continue").click()

    heading(ursula, "40 screened, 3 could not be opened")
    assert rows(service.database)["screenings"] == 40
    assert "cell-" not in ursula.page.content()


def test_an_image_that_got_no_score_is_not_counted_as_screened(ursula: Person, tmp_path: Path) -> None:
    images = {"cell.png": cell(1), "blank.png": cell(2, Look.BLANK), "text.png": b"no image"}
    for name, image in images.items():
        (tmp_path / name).write_bytes(image)

    screen(ursula, [tmp_path / name for name in images])

    heading(ursula, "1 screened, 1 not usable, 1 could not be opened")


def test_a_file_that_is_too_large_is_told_before_it_is_sent(changed: Changed, browser, tmp_path: Path) -> None:
    service = changed(image_bytes=200_000)
    make_user(service.database, "ursula", Role.UPLOADER)
    (tmp_path / "cell.png").write_bytes(cell(1))
    (tmp_path / "field.bmp").write_bytes(b"\0" * 300_000)
    with listening(service.app) as live:
        ursula = Person(browser, live.address)
        ursula.sign_in("ursula")
        screen(ursula, [tmp_path / "field.bmp", tmp_path / "cell.png"])
        heading(ursula, "1 screened, 1 not sent")
        assert ursula.page.get_by_text("The file has 300,000 bytes; at most 200,000 are taken.").is_visible()
        assert ursula.page.get_by_role("button", name="again").count() == 0, "it can never go better"
        ursula.context.close()


def test_nothing_chosen_is_told_and_the_keyboard_alone_is_enough(ursula: Person, files: list[Path]) -> None:
    ursula.page.get_by_label("Case number").press("Enter")
    ursula.page.get_by_text("Choose at least one image.").wait_for()

    ursula.page.get_by_label("Drop images here").set_input_files(files[:4])
    ursula.page.get_by_label("Subject’s pseudonym").focus()
    ursula.page.keyboard.press("Tab")
    ursula.page.keyboard.press("Space")

    ursula.page.get_by_role("heading", name="screened").wait_for()
    assert ursula.page.get_by_role("status").filter(has_text="screened").count() == 1
