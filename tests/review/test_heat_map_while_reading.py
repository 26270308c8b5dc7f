"""After the own call the heat map lies over the cell that is read, on and off by one key; before it there is none."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.accounts.rules import Role
from app.screening.instrument import Instrument
from app.settings import Settings
from app.storage import ImageStore
from app.vision.classifier import OnnxClassifier
from app.vision.drawn import Look, draw
from tests.browsers import Person
from tests.factories import Service, cell, make_user
from tests.live import listening
from tests.screening.test_result import picture

DRAWN = Path(__file__).parents[2] / "models" / "drawn-1"
SEED = 31


@pytest.fixture
def service(settings: Settings, tmp_path: Path) -> Iterator[Service]:
    """One with the drawn model, in which every result is drawn for a read."""
    instrument = Instrument(OnnxClassifier(DRAWN), ImageStore(tmp_path / "images"), lot=lambda: 0.0)
    with Service.start(settings, instrument) as service:
        yield service


def waiting_cell(service: Service) -> str:
    return str(service.lab("LIS").screen(cell(SEED)).json()["id"])


def test_before_the_own_call_there_is_none_and_after_it_it_fits_the_whole_image(service: Service) -> None:
    reader = service.signed_in("rea", Role.REVIEWER)
    screening = waiting_cell(service)
    path, heat_map = f"/review/{screening}", f"/screenings/{screening}/heatmap?over=image"

    before = reader.get(path).text
    refused = reader.client.get(heat_map)
    after = reader.submit(path, {"verdict": "normal", "step": "blind"}, at=path).text

    assert "heatmap" not in before
    assert "Heat map" not in before
    assert refused.status_code == 409
    assert f'src="{heat_map}"' in after
    assert "It is not the outline of a lesion" in after
    laid, image = picture(reader, heat_map), draw(SEED, Look.BLAST)
    assert laid.shape == (*image.shape[:2], 4)
    assert laid[..., 3].max() > 100
    assert not laid[..., 3][image.max(axis=2) == 0].any()
    assert reader.client.get(f"/screenings/{screening}/heatmap?over=all").status_code == 422


def test_a_score_by_a_past_model_is_read_without_one(
    service: Service, settings: Settings, instrument: Instrument
) -> None:
    reader = service.signed_in("rea", Role.REVIEWER)
    path = f"/review/{waiting_cell(service)}"
    served = reader.submit(path, {"verdict": "normal", "step": "blind"}, at=path).text

    store = service.app.state.instrument.store
    with Service.start(settings, dataclasses.replace(instrument, store=store)) as after:
        again = after.browser()
        again.client.cookies.update(dict(reader.client.cookies))
        past = again.get(path).text

    assert "Heat map" in served
    assert "What the model made of it" in past
    assert "Heat map" not in past


@pytest.mark.browser
def test_one_key_lays_it_over_the_cell_and_takes_it_away(service: Service, browser: Any) -> None:
    make_user(service.database, "rea", Role.REVIEWER)
    screening = waiting_cell(service)
    with listening(service.app) as live:
        rea = Person(browser, live.address)
        rea.sign_in("rea")
        rea.page.goto(f"/review/{screening}")
        assert rea.page.locator(".heat").count() == 0
        rea.page.keyboard.press("h")
        rea.page.keyboard.press("n")
        rea.page.keyboard.press("Enter")
        rea.page.get_by_text("Your own call was").wait_for()

        assert not rea.page.locator(".heat").is_visible()
        rea.page.keyboard.press("h")
        rea.page.locator(".heat").wait_for()
        rea.page.keyboard.press("+")
        laid, below = (rea.page.locator(f".sheet {one}").bounding_box() for one in (".heat", "[data-cell]"))
        assert laid == below
        rea.page.keyboard.press("h")
        assert not rea.page.locator(".heat").is_visible()
        assert rea.page.locator("input[name=verdict]:checked").get_attribute("value") == "normal"
        assert rea.complaints == []
