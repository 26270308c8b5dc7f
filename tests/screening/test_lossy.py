"""An image that was compressed with loss is read and scored, and never cleared by its score."""

import io
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from app.policy.rules import Policy
from app.screening.rules import LOSSY, Band, ReviewReason, Thresholds, band_of, certainty, triage
from app.vision.decode import Limits, decode
from app.vision.drawn import Look, draw
from tests.factories import Service, cell, jpeg, verify
from tests.fakes import FakeClassifier

LOW = 0.027
"""A score that clears a cell, as a JPEG of a real ALL cell got it; its lossless image got 0.867."""


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
    atypical=st.booleans(),
    lot=st.floats(0, 1, exclude_max=True),
)
def test_whatever_its_score_and_the_policy_a_lossy_image_is_flagged_and_never_cleared(
    probability: float,
    bounds: list[float],
    reads: tuple[int, int, int],
    share: float,
    atypical: bool,
    lot: float,
) -> None:
    thresholds = Thresholds(bounds[0], bounds[1], 0.5)
    policy = Policy(
        reads_suspected=reads[0], reads_uncertain=reads[1], reads_not_suspected=reads[2], quality_sample_share=share
    )

    def found(*, lossy: bool):
        return triage(probability, thresholds=thresholds, policy=policy, atypical=atypical, lossy=lossy, lot=lot)

    lossless, lossy = found(lossy=False), found(lossy=True)

    assert ReviewReason.LOSSY_IMAGE in lossy.reasons
    assert ReviewReason.LOSSY_IMAGE not in lossless.reasons
    assert lossless.band is band_of(probability, thresholds)
    assert lossy.band is (Band.SUSPECTED if lossless.band is Band.SUSPECTED else Band.UNCERTAIN)
    assert ReviewReason.QUALITY_SAMPLE not in lossy.reasons
    for kept in (ReviewReason.LOW_CONFIDENCE, ReviewReason.ATYPICAL):
        assert (kept in lossy.reasons) == (kept in lossless.reasons)


@pytest.mark.parametrize(
    ("probability", "lossy", "sure"),
    [(None, True, 0.0), (0.25, True, 0.0), (0.25, False, 0.5), (0.75, True, 0.5), (0.75, False, 0.5)],
)
def test_of_a_lossy_image_only_a_high_score_counts_as_certain(
    probability: float | None, lossy: bool, sure: float
) -> None:
    assert certainty(probability, lossy=lossy) == sure


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


def test_a_lossy_image_that_is_no_cell_is_unusable_like_any_other(service: Service) -> None:
    lab = service.lab()

    first = lab.screen(jpeg(1, Look.BLANK), case="S26-0001")
    again = lab.screen(jpeg(1, Look.BLANK), case="S26-0001")

    told = first.json()
    assert (told["outcome"], told["band"], told["needs_review"]) == ("unusable", None, False)
    assert (again.status_code, again.json()) == (200, told)


def test_a_drawn_jpeg_is_as_close_to_its_cell_as_these_tests_suppose() -> None:
    lossy, lossless = decode(jpeg(1), limits=Limits()), decode(cell(1), limits=Limits())

    assert 0 < np.abs(lossy.astype(int) - lossless).mean() < 3
