"""What vision makes of an image before anything is recorded: what is refused, scored, and asked of a human."""

import io

import numpy as np
import pytest
from PIL import Image

from app.screening.instrument import look_at
from app.screening.rules import WITH_LOSS, ReviewReason
from app.vision.classifier import OnnxClassifier
from app.vision.decode import Limits, Picture, read_picture
from app.vision.drawn import Look, draw
from app.vision.resampling import was_resampled
from tests.shipped import SHIPPED


@pytest.fixture(scope="module")
def classifier():
    return OnnxClassifier(SHIPPED)


@pytest.fixture(scope="module")
def typical(classifier):
    """A drawn cell of which nobody is asked."""
    drawn = (Picture(draw(seed, look), lossy=False) for seed in range(1, 30) for look in (Look.BLAST, Look.HEALTHY))
    return next(one for one in drawn if (seen := look_at(classifier, one)).score and not seen.odd)


def test_a_cell_of_which_a_part_was_cut_off_is_scored_and_a_human_asked(classifier, typical):
    pixels = typical.pixels.copy()
    rows = np.flatnonzero(pixels.max(axis=(1, 2)))
    pixels[: rows[0] + len(rows) // 3] = 0

    seen = look_at(classifier, Picture(pixels, lossy=False))

    assert seen.unusable is None
    assert seen.score is not None
    assert ReviewReason.STRAIGHT_OUTLINE in seen.odd
    assert classifier.score(pixels).logit == seen.score.logit


def test_a_stain_between_the_usual_and_the_refused_is_scored_and_a_human_asked(classifier, typical):
    found = []
    for gain in np.linspace(1, 2, 41):
        redder = np.clip(typical.pixels * np.array([gain, 1, 1]), 0, 255).astype(np.uint8)
        seen = look_at(classifier, Picture(redder, lossy=False))
        found.append("refused" if seen.unusable else "asked" if ReviewReason.UNUSUAL_STAIN in seen.odd else "passed")

    assert list(dict.fromkeys(found)) == ["passed", "asked", "refused"]


def test_pixels_that_were_compressed_are_known_in_a_lossless_file(classifier, typical):
    file = io.BytesIO()
    Image.fromarray(typical.pixels).save(file, "JPEG", quality=92)
    compressed = read_picture(file.getvalue(), limits=Limits()).pixels * (typical.pixels.max(axis=2, keepdims=True) > 0)

    assert not look_at(classifier, typical).odd & WITH_LOSS
    assert look_at(classifier, Picture(compressed, lossy=False)).odd & WITH_LOSS == {ReviewReason.LOSSY_PIXELS}
    for pixels in (typical.pixels, compressed):
        assert look_at(classifier, Picture(pixels, lossy=True)).odd & WITH_LOSS == {ReviewReason.LOSSY_IMAGE}


@pytest.mark.parametrize("factor", [0.75, 0.95, 1.1])
def test_an_image_that_was_scaled_and_framed_again_is_known_by_its_outline(classifier, typical, factor):
    other = Image.fromarray(typical.pixels).resize((round(450 * factor),) * 2, Image.Resampling.BICUBIC)
    framed = Image.new("RGB", (450, 450))
    framed.paste(other, ((450 - other.width) // 2,) * 2)

    seen = look_at(classifier, Picture(np.asarray(framed), lossy=False))

    assert seen.score is not None
    assert ReviewReason.RESAMPLED_PIXELS in seen.odd
    assert ReviewReason.UNUSUAL_FRAME not in seen.odd
    assert ReviewReason.RESAMPLED_PIXELS not in look_at(classifier, Picture(np.asarray(framed), lossy=True)).odd


def test_what_was_compressed_is_not_said_to_be_scaled_as_well(classifier, typical):
    file = io.BytesIO()
    Image.fromarray(typical.pixels).save(file, "WEBP", quality=40)
    compressed = read_picture(file.getvalue(), limits=Limits()).pixels * (typical.pixels.max(axis=2, keepdims=True) > 0)

    assert was_resampled(compressed), "for the outline alone"
    assert ReviewReason.RESAMPLED_PIXELS not in look_at(classifier, Picture(compressed, lossy=False)).odd


def test_what_is_no_cell_is_neither_scored_nor_looked_at_for_traces(classifier):
    seen = look_at(classifier, Picture(np.full((450, 450, 3), 200, np.uint8), lossy=False))

    assert seen.unusable is not None
    assert seen.score is None
    assert not seen.odd
