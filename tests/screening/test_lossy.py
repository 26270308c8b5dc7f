"""An image that was compressed with loss is read and scored, and never cleared by its score."""

import io
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from app.accounts.rules import Role
from app.policy.rules import Policy
from app.screening import rules
from app.screening.rules import NEVER_CLEARED, ODD, Band, ReviewReason, Thresholds, band_of, certainty, triage
from app.screening.schemas import REASONS
from app.vision.decode import Limits, decode
from app.vision.drawn import Look, draw
from tests.factories import Service, cell, jpeg, rows, set_policy, verify
from tests.fakes import FakeClassifier
from tests.screening.test_upload_rows import lines

LOSSY = rules.NEVER_CLEARED[ReviewReason.LOSSY_IMAGE]
LOW = 0.027
"""A score that clears a cell, as a JPEG of a real ALL cell got it; its lossless image got 0.867."""


def copied_as_png(lossy: bytes) -> bytes:
    """What somebody gets who converts the file: the very pixels."""
    target = io.BytesIO()
    Image.fromarray(decode(lossy, limits=Limits())).save(target, "PNG")
    return target.getvalue()


def fine_jpeg() -> bytes:
    """A JPEG of quality 100 with full colour, whose pixels do not tell what it was."""
    return saved("JPEG", quality=100, subsampling=0)


def saved(kind: str, **how: Any) -> bytes:
    target = io.BytesIO()
    Image.fromarray(draw(1, Look.BLAST)).save(target, kind, **how)
    return target.getvalue()


# ------------------------------------------------------------------------------------------------------ the rule


@given(
    probability=st.floats(0, 1),
    bounds=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
    reads=st.tuples(st.integers(0, 2), st.integers(1, 2), st.integers(0, 2)),
    share=st.floats(0, 1),
    other=st.frozensets(st.sampled_from(sorted(ODD - NEVER_CLEARED.keys()))),
    finding=st.sampled_from(sorted(NEVER_CLEARED)),
    lot=st.floats(0, 1, exclude_max=True),
)
def test_whatever_its_score_and_the_policy_what_has_such_a_finding_is_flagged_and_never_cleared(
    probability: float,
    bounds: list[float],
    reads: tuple[int, int, int],
    share: float,
    other: frozenset[ReviewReason],
    finding: ReviewReason,
    lot: float,
) -> None:
    thresholds = Thresholds(bounds[0], bounds[1], 0.5)
    policy = Policy(
        reads_suspected=reads[0], reads_uncertain=reads[1], reads_not_suspected=reads[2], quality_sample_share=share
    )

    without, found = (
        triage(probability, thresholds=thresholds, policy=policy, odd=odd, lot=lot)
        for odd in (other, other | {finding})
    )

    assert finding in found.reasons
    assert finding not in without.reasons
    assert without.band is band_of(probability, thresholds)
    assert found.band is (Band.SUSPECTED if without.band is Band.SUSPECTED else Band.UNCERTAIN)
    assert ReviewReason.QUALITY_SAMPLE not in found.reasons
    for kept in {ReviewReason.LOW_CONFIDENCE, *ODD} - {finding}:
        assert (kept in found.reasons) == (kept in without.reasons)


@pytest.mark.parametrize(
    ("probability", "clears", "sure"),
    [(None, False, 0.0), (0.25, False, 0.0), (0.25, True, 0.5), (0.75, False, 0.5), (0.75, True, 0.5)],
)
def test_of_what_is_never_cleared_only_a_high_score_counts_as_certain(
    probability: float | None, clears: bool, sure: float
) -> None:
    assert certainty(probability, clears=clears) == sure


# ---------------------------------------------------------------------------------------------- every way in and out


@pytest.mark.parametrize(
    "file",
    [
        lambda: jpeg(1),
        lambda: saved("WEBP", quality=95),
        lambda: saved("TIFF", compression="jpeg", quality=95),
    ],
    ids=["JPEG", "lossy WebP", "JPEG in a TIFF"],
)
def test_a_low_score_of_a_lossy_file_clears_nothing_over_rest(
    service: Service, classifier: FakeClassifier, file: Callable[[], bytes]
) -> None:
    classifier.probability = LOW
    lab = service.lab()

    reply = lab.screen(file(), case="S26-0001")
    told = reply.json()

    assert reply.status_code == 201
    assert (told["outcome"], told["all_probability"]) == ("screened", pytest.approx(LOW))
    assert told["band"] == "uncertain"
    assert told["needs_review"] is True
    assert told["review_reasons"] == ["lossy_image"]
    assert told["review"]["state"] == "waiting"
    assert "not a diagnosis" in told["statement"]
    assert told["statement"].endswith(LOSSY)
    assert lab.screening(told["id"]) == told
    assert verify(service.database).intact


@pytest.mark.parametrize(("kind", "how"), [("WEBP", {"lossless": True}), ("TIFF", {}), ("BMP", {})])
def test_a_lossless_file_of_any_kind_is_judged_by_its_score(
    service: Service, classifier: FakeClassifier, kind: str, how: dict[str, Any]
) -> None:
    classifier.probability = LOW

    told = service.lab().screen(saved(kind, **how)).json()

    assert (told["band"], told["review_reasons"]) == ("not_suspected", [])
    assert "compressed" not in told["statement"]


def test_a_suspected_cell_stays_suspected_and_is_read_too(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = 0.97

    told = service.lab().screen(jpeg(1)).json()

    assert (told["band"], told["review_reasons"]) == ("suspected", ["lossy_image"])


def test_an_unsure_score_says_both(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = classifier.unsure

    told = service.lab().screen(jpeg(1)).json()

    assert (told["band"], told["review_reasons"]) == ("uncertain", ["low_confidence", "lossy_image"])


def test_the_result_page_says_why_a_low_score_clears_nothing(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = LOW
    ursula = service.signed_in("ursula", Role.UPLOADER)

    page = ursula.upload(jpeg(1)).text

    assert "2.70\N{NO-BREAK SPACE}%" in page
    assert "Uncertain" in page
    assert "ALL not suspected" not in page
    assert LOSSY in page
    assert "somebody looks at every such image" in page
    assert "lies between the thresholds" not in page
    assert '<rect class="not_suspected" x="0" y="3" width="0.00"' in page
    assert "ALL suspected from 80.00\N{NO-BREAK SPACE}%, uncertain below." in page
    assert LOSSY not in ursula.upload(cell(2)).text


def test_the_rows_of_an_upload_say_so_too(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = LOW
    ursula = service.signed_in("ursula", Role.UPLOADER)

    page = ursula.upload(jpeg(1), cell(2)).text
    lossy, lossless, _ = lines(ursula, jpeg(3), cell(4))

    assert page.count(LOSSY) == 1
    assert (lossy["band"], lossless["band"]) == ("uncertain", "not_suspected")
    assert LOSSY in lossy["row"]
    assert LOSSY not in lossless["row"]


def test_who_reads_it_blind_is_told_nothing_of_it_before_their_own_call(
    service: Service, classifier: FakeClassifier
) -> None:
    classifier.probability = LOW
    screening = service.lab().screen(jpeg(1)).json()["id"]
    rea = service.signed_in("rea", Role.REVIEWER)

    before = rea.get(f"/screenings/{screening}").text
    path = f"/review/{screening}"
    after = rea.submit(path, {"verdict": "leukaemic_blast", "step": "blind"}, at=path).text

    assert "It waits for your read" in " ".join(before.split())
    assert "compressed" not in before
    assert "compressed with loss" in after
    assert "a low one says nothing here" in after


def test_the_upload_page_and_the_api_ask_for_lossless_files(service: Service) -> None:
    page = service.signed_in("ursula", Role.UPLOADER).get("/").text
    openapi = service.lab().get("/openapi.json").json()

    body = openapi["paths"]["/api/v1/screenings"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    fields = openapi["components"]["schemas"]["ScreeningOut"]["properties"]
    assert "JPEG and lossy WebP are taken, but never cleared" in page
    assert "Converting a JPEG to PNG does not bring it back" in page
    assert "never cleared" in body["properties"]["image"]["description"]
    assert "lossy_image" in fields["review_reasons"]["description"]
    assert "lossy_image" in openapi["components"]["schemas"]["ReviewReason"]["enum"]
    assert set(REASONS) == set(ReviewReason)
    assert all(f"`{reason}`: " in fields["review_reasons"]["description"] for reason in ReviewReason)


def test_a_lossy_image_that_is_no_cell_is_unusable_like_any_other(service: Service) -> None:
    lab = service.lab()

    first = lab.screen(jpeg(1, Look.BLANK), case="S26-0001")
    again = lab.screen(jpeg(1, Look.BLANK), case="S26-0001")

    told = first.json()
    assert (told["outcome"], told["band"], told["needs_review"]) == ("unusable", None, False)
    assert (again.status_code, again.json()) == (200, told)


# ------------------------------------------------------------------------------------- the same pixels in two files


def test_a_png_made_of_a_jpeg_that_came_before_is_that_screening(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = LOW
    lab = service.lab()
    first = lab.screen(jpeg(1), case="S26-0001").json()

    copied = lab.screen(copied_as_png(jpeg(1)), case="S26-0001")

    assert (copied.status_code, copied.json()) == (200, first)


def test_a_png_made_of_a_jpeg_is_not_cleared_in_another_case_or_under_a_key_either(
    either_service: Service, classifier: FakeClassifier
) -> None:
    service = either_service
    classifier.probability = LOW
    service.lab("One").screen(jpeg(1), case="S26-0001")
    lab = service.lab("Other")

    elsewhere = lab.screen(copied_as_png(jpeg(1)), case="S26-0002").json()
    under_a_key = lab.screen(copied_as_png(jpeg(1)), case="S26-0002", key="order-1").json()

    for told in (elsewhere, under_a_key):
        assert (told["band"], told["review_reasons"]) == ("uncertain", ["lossy_image"])
        assert told["statement"].endswith(LOSSY)


def test_a_png_that_a_jpeg_became_before_it_came_here_is_known_by_its_pixels(
    service: Service, classifier: FakeClassifier
) -> None:
    classifier.probability = LOW
    lab = service.lab()

    told = lab.screen(copied_as_png(jpeg(1))).json()
    never = lab.screen(cell(1)).json()

    assert (told["band"], told["review_reasons"]) == ("uncertain", ["lossy_pixels"])
    assert told["statement"].endswith(rules.NEVER_CLEARED[ReviewReason.LOSSY_PIXELS])
    assert never["band"] == "not_suspected"
    assert not {"lossy_image", "lossy_pixels"} & {*never["review_reasons"]}


def test_where_the_jpeg_itself_comes_after_its_png_the_case_has_one_screening_of_those_pixels(
    service: Service, classifier: FakeClassifier
) -> None:
    classifier.probability = LOW
    lab = service.lab()
    first = lab.screen(copied_as_png(jpeg(1)), case="S26-0001").json()

    original = lab.screen(jpeg(1), case="S26-0001")

    assert (original.status_code, original.json()) == (200, first)


def test_a_page_tells_loss_by_the_file_from_loss_by_the_pixels(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = LOW
    ursula = service.signed_in("ursula", Role.UPLOADER)

    by_pixels, by_file = ursula.upload(copied_as_png(jpeg(1))).text, ursula.upload(jpeg(2)).text

    assert "Its file is lossless, but its pixels bear traces" in by_pixels
    assert rules.NEVER_CLEARED[ReviewReason.LOSSY_PIXELS] in by_pixels
    assert "It was compressed with loss" not in by_pixels
    assert "It was compressed with loss" in by_file
    assert "Its file is lossless" not in by_file


def test_a_low_score_of_a_compressed_image_is_no_headline(service: Service, classifier: FakeClassifier) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    for seed, probability, low in ((2, 1e-6, True), (3, 0.99, False)):
        classifier.probability = probability
        page = ursula.upload(jpeg(seed)).text
        assert ("a low one says nothing here" in page) == low
        assert ('<span class="big">' in page) != low
        assert ("under 0.01\N{NO-BREAK SPACE}%" in page) == low


def test_a_png_that_was_cleared_turns_out_to_be_of_a_jpeg(either_service: Service, classifier: FakeClassifier) -> None:
    service = either_service
    classifier.probability = LOW
    lab = service.lab()
    copied = copied_as_png(fine_jpeg())
    cleared = lab.screen(copied, case="S26-0001").json()

    original = lab.screen(fine_jpeg(), case="S26-0001")
    again = [lab.screen(file, case="S26-0001") for file in (copied, fine_jpeg())]

    told = original.json()
    assert cleared["band"] == "not_suspected"
    assert original.status_code == 201
    assert (told["band"], told["review_reasons"]) == ("uncertain", ["lossy_image"])
    assert told["pixels_sha256"] == cleared["pixels_sha256"]
    assert [(reply.status_code, reply.json()["id"]) for reply in again] == [(200, told["id"])] * 2
    assert lab.screening(cleared["id"]) == cleared
    assert rows(service.database)["screenings"] == 2
    assert verify(service.database).intact


def test_a_case_counts_the_image_as_uncertain_once_its_loss_is_known(
    service: Service, classifier: FakeClassifier
) -> None:
    classifier.probability = LOW
    set_policy(service.database, minimum_cells=1)
    senior = service.signed_in("sara", Role.UPLOADER, Role.SENIOR)

    senior.upload(copied_as_png(fine_jpeg()), case="S26-0001")
    senior.upload(fine_jpeg(), case="S26-0001")
    case = senior.page.split('href="/cases/')[1].split('"')[0]

    page = " ".join(senior.get(f"/cases/{case}").text.split())
    assert "0 suspected, 1 uncertain of 1" in page
    assert "Waiting for reads" in page


def test_a_drawn_jpeg_is_as_close_to_its_cell_as_these_tests_suppose() -> None:
    lossy, lossless = decode(jpeg(1), limits=Limits()), decode(cell(1), limits=Limits())

    assert 0 < np.abs(lossy.astype(int) - lossless).mean() < 3
