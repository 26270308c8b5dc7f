"""Shapes whose measures are known without measuring."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.errors import Invalid
from app.vision.drawn import Look, draw
from app.vision.morphology import MEASURES, measure

SIDE = 300
STAIN = (110, 40, 120)


def painted(paint):
    """A flat cell on black, drawn by `paint`, with a little grain so that it is no plain colour."""
    image = Image.new("RGB", (SIDE, SIDE))
    paint(ImageDraw.Draw(image))
    pixels = np.array(image)
    grain = np.random.default_rng(0).integers(-1, 2, (SIDE, SIDE, 1))
    return np.where(pixels.any(axis=2, keepdims=True), np.clip(pixels + grain, 1, 255), 0).astype(np.uint8)


def disc(radius=80):
    return lambda canvas: canvas.ellipse([150 - radius, 150 - radius, 150 + radius, 150 + radius], fill=STAIN)


def notched(canvas):
    """A disc with a wedge cut from its right side, 40 pixels deep."""
    disc()(canvas)
    canvas.polygon([(240, 130), (240, 170), (190, 150)], fill=(0, 0, 0))


def spotted(canvas):
    disc()(canvas)
    canvas.ellipse([114, 124, 126, 136], fill=(215, 190, 220))
    canvas.ellipse([174, 164, 186, 176], fill=(215, 190, 220))


def test_a_disc_is_round_whole_and_as_large_as_it_was_drawn():
    found = measure(painted(disc()))

    assert tuple(found.measures) == MEASURES
    assert found.measures["area_px"] == pytest.approx(np.pi * 80.5**2, rel=0.01)
    assert found.measures["circularity"] == pytest.approx(1, abs=0.03)
    assert found.measures["elongation"] == pytest.approx(1, abs=0.01)
    assert found.measures["solidity"] > 0.98
    assert (found.clefts, found.spots) == ((), ())


def test_the_outline_lies_where_the_cell_ends():
    found = measure(painted(disc()))

    away = np.hypot(*(np.array(found.outline) - 150).T)
    assert away.min() > 78
    assert away.max() < 82


def test_a_notch_is_a_cleft_at_its_place_and_its_depth():
    found = measure(painted(notched))

    (cleft,) = found.clefts
    assert cleft.deepest == pytest.approx((190, 150), abs=3)
    assert cleft.depth_px == pytest.approx(38, abs=4)
    assert found.measures["clefts"] == 1
    assert found.measures["cleft_depth"] == pytest.approx(cleft.depth_px / 159, abs=0.02)
    assert found.measures["solidity"] < measure(painted(disc())).measures["solidity"]


def test_pale_bright_places_are_spots_at_their_place():
    found = measure(painted(spotted))

    assert sorted(spot.centre for spot in found.spots) == [
        pytest.approx((120, 130), abs=2),
        pytest.approx((180, 170), abs=2),
    ]
    assert all(4 < spot.radius_px < 9 for spot in found.spots)


def test_places_move_with_the_cell_and_measures_do_not():
    pixels = painted(notched)
    moved = np.roll(pixels, (-24, 36), axis=(0, 1))

    here, there = measure(pixels), measure(moved)

    assert there.measures == here.measures
    assert there.clefts[0].deepest == (here.clefts[0].deepest[0] + 36, here.clefts[0].deepest[1] - 24)


def test_texture_is_free_of_brightness_and_rises_with_clumps():
    fine, clumped = draw(4, Look.BLAST), draw(4, Look.HEALTHY)
    darker = np.rint(fine * 0.8).astype(np.uint8)

    assert measure(darker).measures["entropy"] == pytest.approx(measure(fine).measures["entropy"], rel=0.05)
    assert measure(painted(disc())).measures["unevenness"] < measure(clumped).measures["unevenness"]


def test_a_turn_by_a_right_angle_leaves_every_measure_as_it_is():
    pixels = draw(8, Look.BLAST)

    here, turned = measure(pixels).measures, measure(np.ascontiguousarray(np.rot90(pixels))).measures

    assert turned == pytest.approx(here, rel=0.02, abs=0.02)


def test_nothing_is_nothing_to_measure():
    with pytest.raises(Invalid, match="no cell"):
        measure(np.zeros((50, 50, 3), np.uint8))


def test_who_does_not_ask_for_morphology_does_not_load_what_it_needs():
    asked = "import sys, app.main; print([name for name in ('skimage', 'scipy') if name in sys.modules])"

    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)

    assert told.stdout.strip() == "[]"
