"""The result page, what explains it, and what a blind reader does not find there."""

import dataclasses
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import text

from app.accounts.rules import PERMISSIONS, Role, Scope
from app.actor import Permission
from app.screening.instrument import Instrument
from app.screening.model_view import calibration
from app.settings import Settings
from app.storage import ImageStore
from app.vision.classifier import OnnxClassifier
from app.vision.drawn import Look, draw, save
from app.vision.preprocess import crop
from app.vision.references import read_references
from tests.factories import Browser, Service, cell, verify
from tests.fakes import FakeClassifier
from tests.review.conftest import read

DRAWN = Path(__file__).parents[2] / "models" / "drawn-1"
SEED = 31
"""A drawn blast that drawn-1 scores within its upper band."""


@pytest.fixture(scope="module")
def model() -> OnnxClassifier:
    return OnnxClassifier(DRAWN)


@pytest.fixture
def drawn_instrument(tmp_path: Path, model: OnnxClassifier) -> Instrument:
    """The tiny model trained on drawn cells, and three drawn reference cells of each class."""
    for number in range(3):
        for label, look in (("ALL", Look.BLAST), ("HEM", Look.HEALTHY)):
            (tmp_path / "refs" / label).mkdir(parents=True, exist_ok=True)
            save(tmp_path / "refs" / label / f"{number}.png", draw(700 + number, look), look=look)
    references = read_references(tmp_path / "refs", classifier=model, cache=tmp_path / "refs.npz")
    return Instrument(model, ImageStore(tmp_path / "images"), lot=lambda: 1.0, references=references)


@pytest.fixture
def drawn(settings: Settings, drawn_instrument: Instrument) -> Iterator[Service]:
    with Service.start(settings, drawn_instrument) as service:
        yield service


def uploaded(browser: Browser, image: bytes) -> str:
    """The address of the new result."""
    return str(browser.upload(image).url.path)


def picture(browser: Browser, path: str) -> np.ndarray:
    reply = browser.client.get(path)
    assert reply.headers["content-type"] == "image/png", reply.text
    return np.array(Image.open(io.BytesIO(reply.content)))


def test_a_score_is_explained_only_when_asked_for(drawn: Service) -> None:
    ursula = drawn.signed_in("ursula", Role.UPLOADER)
    result = uploaded(ursula, cell(SEED))

    plain = ursula.get(result).text
    explained = ursula.get(f"{result}/explained").text

    assert "Measured shape and texture" not in plain
    assert f'href="{result}/explained?show=heatmap"' in plain
    assert "Measured shape and texture" in explained
    assert re.search(r"\d+\N{NO-BREAK SPACE}% of the map&#39;s weight lies inside the cell", explained)
    assert "not the outline of a lesion" in explained
    assert 'id="show-heat" autocomplete="off" >' in explained
    assert 'id="show-heat" autocomplete="off" checked>' in ursula.get(f"{result}/explained?show=heatmap").text


def test_no_finding_is_marked_before_somebody_asks(drawn: Service) -> None:
    ursula = drawn.signed_in("ursula", Role.UPLOADER)

    explained = ursula.get(f"{uploaded(ursula, cell(SEED))}/explained").text

    marks = re.findall(r'<input type="checkbox" id="show-(outline|clefts|spots|frame)"([^>]*)>', explained)
    assert {name for name, _ in marks} >= {"outline", "spots", "frame"}
    assert not [name for name, rest in marks if "checked" in rest]


def test_findings_have_the_same_numbers_on_the_cell_and_in_the_list(drawn: Service) -> None:
    ursula = drawn.signed_in("ursula", Role.UPLOADER)

    explained = ursula.get(f"{uploaded(ursula, cell(SEED))}/explained").text

    on_the_cell = re.findall(r"<text [^>]*>(\d+)</text>", explained)
    in_the_list = re.findall(r'<li value="(\d+)">', explained)
    assert on_the_cell == in_the_list == [str(number) for number in range(1, len(in_the_list) + 1)]
    assert in_the_list


def test_the_crop_is_exactly_what_the_model_saw(drawn: Service) -> None:
    ursula = drawn.signed_in("ursula", Role.UPLOADER)
    result = uploaded(ursula, cell(SEED))

    assert np.array_equal(picture(ursula, f"{result}/crop"), crop(draw(SEED, Look.BLAST), size=224))


def test_the_heat_map_is_transparent_outside_the_cell_and_nowhere_else(drawn: Service) -> None:
    ursula = drawn.signed_in("ursula", Role.UPLOADER)
    result = uploaded(ursula, cell(SEED))

    overlay, seen = picture(ursula, f"{result}/heatmap"), picture(ursula, f"{result}/crop")

    assert overlay.shape == (224, 224, 4)
    assert not overlay[..., 3][seen.max(axis=2) == 0].any()
    assert overlay[..., 3].max() > 100


def test_the_nearest_reference_cells_of_both_classes_stand_beside_the_cell(drawn: Service) -> None:
    ursula = drawn.signed_in("ursula", Role.UPLOADER)

    explained = ursula.get(f"{uploaded(ursula, cell(SEED))}/explained").text

    assert "Reference cells of this laboratory. Set " in explained
    pictures = re.findall(r'src="(/reference-cells/[0-9a-f]{64})"', explained)
    assert len(pictures) == 6
    assert picture(ursula, pictures[0]).shape == (192, 192, 3)
    assert ursula.get("/reference-cells/" + "0" * 64).status_code == 404


def test_without_reference_cells_only_distances_are_told(settings: Settings, drawn_instrument: Instrument) -> None:
    with Service.start(settings, dataclasses.replace(drawn_instrument, references=None)) as service:
        ursula = service.signed_in("ursula", Role.UPLOADER)

        explained = ursula.get(f"{uploaded(ursula, cell(SEED))}/explained").text

    assert re.search(r"lies \d+\.\d\d from the mean normal cell and \d+\.\d\d from\s+the mean ALL cell", explained)
    assert "has set up no reference cells" in explained
    assert "/reference-cells/" not in explained


def test_how_far_counts_as_unlike_is_told_by_the_card_that_the_cell_was_judged_by(
    settings: Settings, drawn_instrument: Instrument
) -> None:
    card = drawn_instrument.classifier.card
    assert card.distance is not None
    stricter = dataclasses.replace(card.distance, atypical_from=0.01)
    later = OnnxClassifier(DRAWN)
    raw = {**card.raw, "version": "later", "distance": dataclasses.asdict(stricter)}
    later.card = dataclasses.replace(card, version="later", distance=stricter, raw=raw)
    with Service.start(settings, drawn_instrument) as before:
        ursula = before.signed_in("ursula", Role.UPLOADER)
        result = uploaded(ursula, cell(SEED))
        cookies = dict(ursula.client.cookies)

    with Service.start(settings, dataclasses.replace(drawn_instrument, classifier=later)) as after:
        again = after.browser()
        again.client.cookies.update(cookies)
        explained = again.get(f"{result}/explained").text

    assert f"A cell {card.distance.atypical_from:.2f} or more" in explained


@pytest.mark.parametrize("part", ["explained", "heatmap", "crop"])
def test_an_unusable_image_has_nothing_to_explain_and_is_told_so(drawn: Service, part: str) -> None:
    ursula = drawn.signed_in("ursula", Role.UPLOADER)
    result = uploaded(ursula, cell(1, Look.NOISE))

    reply = ursula.get(f"{result}/{part}")

    assert reply.status_code == 409
    assert "refused before the model saw it" in reply.text
    assert f"{result}/explained" not in ursula.get(result).text


def test_another_model_explains_no_score_of_an_earlier_one(
    settings: Settings, drawn_instrument: Instrument, instrument: Instrument
) -> None:
    with Service.start(settings, drawn_instrument) as before:
        ursula = before.signed_in("ursula", Role.UPLOADER)
        result = uploaded(ursula, cell(SEED))
        cookies = dict(ursula.client.cookies)

    with Service.start(settings, dataclasses.replace(instrument, store=drawn_instrument.store)) as after:
        again = after.browser()
        again.client.cookies.update(cookies)
        heat_map = again.get(f"{result}/heatmap")
        explained = again.get(f"{result}/explained")
        card = again.get(re.search(r'href="(/models/[^"]+)"', explained.text).group(1))  # type: ignore[union-attr]

    assert heat_map.status_code == 409
    assert "drawn 1 gave this score, and another model serves now" in heat_map.text
    assert explained.status_code == 200
    assert "there is no heat map of a score by a past model" in explained.text
    assert "Measured shape and texture" in explained.text
    assert "No longer serves" in card.text


def test_a_model_without_percentiles_in_its_card_shows_values_alone(
    service: Service, classifier: FakeClassifier
) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)

    explained = ursula.get(f"{uploaded(ursula, cell(1))}/explained").text

    assert "holds no percentiles" in explained
    assert "Circularity" in explained
    assert "at or below</th>" not in explained


def test_a_blind_reader_finds_nothing_of_the_score_anywhere(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = classifier.unsure
    ursula = service.signed_in("ursula", Role.UPLOADER)
    rea = service.signed_in("rea", Role.UPLOADER, Role.REVIEWER)
    result = uploaded(ursula, cell(1))
    assert "56.25\N{NO-BREAK SPACE}%" in ursula.get(result).text

    page = rea.get(result)

    assert page.status_code == 200
    assert "For reading" in page.text
    for told in ("56.25", "Uncertain", "not sure", "thresholds", "explained", "heatmap", "/crop", "probability</p>"):
        assert told not in page.text, told
    assert rea.get(f"{result}/explained").url.path == result
    for part in ("heatmap", "crop"):
        reply = rea.get(f"{result}/{part}")
        assert (reply.status_code, "waits for your own read" in reply.text) == (409, True)
    assert rea.get(f"{result}/image").status_code == 200


def test_no_key_of_a_lab_system_lets_a_reader_round_the_blind_read() -> None:
    assert not [scope for scope in Scope if Permission.READ in PERMISSIONS[scope]]


def test_what_a_blind_reader_opened_is_remembered_as_the_image_alone(
    service: Service, classifier: FakeClassifier
) -> None:
    classifier.probability = classifier.unsure
    result = uploaded(service.signed_in("ursula", Role.UPLOADER), cell(1))
    service.signed_in("rea", Role.UPLOADER, Role.REVIEWER).get(result)

    with service.database.reading() as session:
        last = session.execute(text("SELECT act, detail FROM ledger ORDER BY position DESC LIMIT 1")).one()

    assert tuple(last) == ("image.shown", '{"view": "for_reading"}')
    assert verify(service.database).intact


def test_the_reads_so_far_are_told_with_reader_and_verdict(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = classifier.unsure
    ursula = service.signed_in("ursula", Role.UPLOADER)
    rea = service.signed_in("rea", Role.REVIEWER)
    result = uploaded(ursula, cell(1))
    assert "Reads so far" not in ursula.get(result).text
    screening = result.removeprefix("/screenings/")

    rea.submit(f"/review/{screening}", {"verdict": "normal", "note": "coarse clumps"}, at=f"/review/{screening}")

    told = ursula.get(result).text
    reads = told[told.index('aria-label="Reads so far"') :]
    for word in ("First read", "Normal cell", "Rea", "coarse clumps"):
        assert word in reads


def test_the_calibration_is_told_in_a_sentence_from_the_card_that_gave_the_score(
    settings: Settings, drawn_instrument: Instrument
) -> None:
    steps = [
        {"from": 0.0, "to": 0.5, "all_share": [0.2, 0.1, 0.3], "cells": 20},
        {"from": 0.5, "to": 1.0, "all_share": [0.93, 0.9, 0.96], "cells": 1234},
    ]
    card = drawn_instrument.classifier.card
    evaluation = {**card.evaluation, "report": {**card.evaluation["report"], "reliability": steps}}
    classifier = OnnxClassifier(DRAWN)
    classifier.card = dataclasses.replace(card, evaluation=evaluation, raw={**card.raw, "evaluation": evaluation})

    with Service.start(settings, dataclasses.replace(drawn_instrument, classifier=classifier)) as service:
        ursula = service.signed_in("ursula", Role.UPLOADER)
        told = ursula.get(uploaded(ursula, cell(SEED))).text
        page = ursula.get("/model").text

    assert "about 93 were ALL in the evaluation" in re.sub(r"\s+", " ", told)
    assert "90 to 96; 1,234 cells" in told
    assert "Calibration" in page


def test_an_interval_of_no_width_is_not_told_as_certainty() -> None:
    steps = [{"from": 0.0, "to": 1.0, "all_share": [1.0, 1.0, 1.0], "cells": 20}]

    told = calibration({"evaluation": {"report": {"reliability": steps}}}, probability=0.9)

    assert told is not None
    assert "about 100 were ALL" in told
    assert "interval 84 to 100; 20 cells" in told


def test_a_card_without_reliability_has_no_such_sentence(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)

    assert "Of 100 cells" not in ursula.get(uploaded(ursula, cell(1))).text


def test_an_image_that_the_case_had_leads_to_its_earlier_result_and_says_so(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    once = ursula.upload(cell(1), case="S26-0001")

    again = ursula.upload(cell(1), case="S26-0001")

    assert again.url.path == once.url.path
    assert "had been screened in this case before" not in once.text
    assert "had been screened in this case before" in again.text


def test_once_a_human_has_read_it_their_verdict_comes_first(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = classifier.unsure
    ursula, rea = (service.signed_in(name, role) for name, role in (("ursula", Role.UPLOADER), ("rea", Role.REVIEWER)))
    result = ursula.upload(cell(1)).url.path
    path = result.replace("screenings", "review")
    before = ursula.get(result).text
    read(rea, path, "leukaemic_blast")

    page = " ".join(ursula.get(result).text.split())

    assert "by the model" not in before
    assert '<p class="verdict">Read: <strong>Leukaemic blast</strong></p>' in page
    assert page.index("Read: <strong>") < page.index("by the model")


def test_a_cell_of_a_case_that_is_not_yours_has_no_explanation(drawn: Service) -> None:
    result = uploaded(drawn.signed_in("ursula", Role.UPLOADER), cell(SEED))
    stranger = drawn.signed_in("otto", Role.UPLOADER)

    for part in ("", "/explained", "/heatmap", "/crop"):
        assert stranger.get(f"{result}{part}").status_code == 404


@pytest.mark.parametrize("kept", [None, b"no image"])
def test_what_was_found_stays_to_be_seen_where_the_pixels_are_gone_or_damaged(
    service: Service, kept: bytes | None
) -> None:
    uploader = service.signed_in("ursula", Role.UPLOADER)
    result = uploaded(uploader, cell(1))
    [file] = service.settings.image_store.glob("??/*.png")
    file.unlink() if kept is None else file.write_bytes(kept)

    page = uploader.get(result)

    assert page.status_code == 200
    assert "ALL suspected" in page.text
    assert "97.00\N{NO-BREAK SPACE}%" in page.text
