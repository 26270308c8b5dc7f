"""Keys, check boxes and slider of the result page in a real browser, and the same without scripts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.accounts.rules import Role
from app.screening.instrument import Instrument
from app.settings import Settings
from app.storage import ImageStore
from app.vision.classifier import OnnxClassifier
from tests.browsers import Person
from tests.factories import PASSWORD, Service, cell, make_user
from tests.live import listening

pytestmark = pytest.mark.browser
DRAWN = Path(__file__).parents[2] / "models" / "drawn-1"


@pytest.fixture
def result(settings: Settings, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of a service, and the path of a result in it that ursula may see."""
    instrument = Instrument(OnnxClassifier(DRAWN), ImageStore(tmp_path / "images"), lot=lambda: 1.0)
    with Service.start(settings, instrument) as service, listening(service.app) as live:
        make_user(service.database, "ursula", Role.UPLOADER)
        browser = service.browser()
        browser.submit("/sign-in", {"username": "ursula", "password": PASSWORD}, at="/sign-in")
        yield live.address, str(browser.upload(cell(31)).url.path)


def shown(person: Any, name: str) -> bool:
    return bool(person.page.locator(f".cell .{name}").is_visible())


def test_one_key_shows_and_hides_the_heat_map_and_another_the_findings(launched: Any, result: tuple[str, str]) -> None:
    address, path = result
    ursula = Person(launched, address)
    ursula.sign_in("ursula", PASSWORD)
    ursula.page.goto(path)

    ursula.page.keyboard.press("h")
    ursula.page.wait_for_url("**/explained?show=heatmap")
    assert shown(ursula, "heat")
    ursula.page.keyboard.press("h")
    assert not shown(ursula, "heat")
    assert not shown(ursula, "spots")
    ursula.page.keyboard.press("m")
    assert shown(ursula, "spots")
    assert shown(ursula, "outline")
    ursula.page.keyboard.press("h")
    ursula.page.locator("#heat-opacity").fill("30")

    assert ursula.page.locator(".cell .heat").evaluate("map => getComputedStyle(map).opacity") == "0.3"
    assert ursula.complaints == []


def test_no_key_acts_while_somebody_types_or_once_keys_are_switched_off(launched: Any, result: tuple[str, str]) -> None:
    address, path = result
    ursula = Person(launched, address)
    ursula.sign_in("ursula", PASSWORD)
    ursula.page.goto(f"{path}/explained")

    ursula.page.locator("#comment").press_sequentially("hmm")
    assert not shown(ursula, "heat")
    assert not shown(ursula, "spots")
    ursula.page.locator("#single-keys").uncheck()
    ursula.page.reload()
    ursula.page.locator("#content").press("h")

    assert not shown(ursula, "heat")
    assert not ursula.page.locator("#single-keys").is_checked()


def test_without_scripts_links_and_check_boxes_do_the_same(launched: Any, result: tuple[str, str]) -> None:
    address, path = result
    ursula = Person(launched, address, scripts=False)
    ursula.sign_in("ursula", PASSWORD)
    ursula.page.goto(path)

    ursula.page.get_by_role("link", name="Heat map").click()
    assert shown(ursula, "heat")
    ursula.page.get_by_role("checkbox", name="Heat map").uncheck()
    assert not shown(ursula, "heat")
    ursula.page.get_by_label("Vacuole-like bright spots").check()

    assert shown(ursula, "spots")
    assert not ursula.page.locator("#heat-opacity").is_visible()
    assert not ursula.page.locator("#single-keys").is_visible()
