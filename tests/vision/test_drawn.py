import io

import numpy as np
import pytest
from PIL import Image

from app.vision.decode import pixels_sha256
from app.vision.drawn import CELLS, NOT_CELLS, Look, draw, draw_set, png, save


@pytest.mark.parametrize("look", Look)
def test_a_seed_and_a_look_always_give_the_same_pixels(look):
    first = draw(7, look)

    again, other = draw(7, look), draw(8, look)

    assert np.array_equal(first, again)
    assert look is Look.BLANK or not np.array_equal(first, other)
    assert first.shape == (450, 450, 3)
    assert first.dtype == np.uint8
    assert first.flags.c_contiguous


def test_the_drawings_that_models_keep_as_golden_cells_stay_as_they_are():
    seen = [pixels_sha256(draw(seed, look))[:16] for seed in (0, 1) for look in CELLS]

    assert seen == ["b1eca794ccf84cd4", "492803e5c119a450", "d1e029d857f4656f", "656512ee30ecbcd1"]


@pytest.mark.parametrize("look", CELLS)
@pytest.mark.parametrize("seed", range(12))
def test_a_drawn_cell_stands_whole_in_the_middle_of_black(look, seed):
    pixels = draw(seed, look)

    lit = pixels.max(axis=2) > 0
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))

    assert rows[0] > 0
    assert rows[-1] < 449
    assert abs(rows[0] + rows[-1] - 449) <= 1
    assert abs(columns[0] + columns[-1] - 449) <= 1


def test_drawn_blasts_are_larger_than_drawn_healthy_cells():
    areas = {look: [int(draw(seed, look).any(axis=2).sum()) for seed in range(20)] for look in CELLS}

    middle = {look: float(np.median(areas[look])) for look in CELLS}

    assert middle[Look.BLAST] > 1.2 * middle[Look.HEALTHY]


def test_a_set_holds_both_cells_and_some_that_are_none_under_names_of_their_own():
    drawn = list(draw_set(40, seed=3))

    names, looks = [name for name, _, _ in drawn], [look for _, look, _ in drawn]

    assert len(set(names)) == 40
    assert all(look.value in name for name, look in zip(names, looks, strict=True))
    assert set(CELLS) | set(NOT_CELLS) <= set(looks)
    assert sum(look in CELLS for look in looks) == 30


def test_twelve_drawings_already_show_both_looks_and_some_that_are_no_cell():
    looks = [look for _, look, _ in draw_set(12, seed=0)]

    assert set(CELLS) <= set(looks)
    assert len(set(looks) & set(NOT_CELLS)) == 3


def test_a_saved_drawing_says_that_no_patient_is_in_it(tmp_path):
    pixels = draw(1, Look.BLAST)

    save(tmp_path / "cell.png", pixels, look=Look.BLAST)

    with Image.open(tmp_path / "cell.png") as image:
        assert image.info["Software"] == "blastscreen draw"
        assert image.info["Description"] == "drawn by program, no patient"
        assert np.array_equal(np.asarray(image), pixels)
    assert (tmp_path / "cell.png").read_bytes() == png(pixels, look=Look.BLAST)


def test_a_drawing_as_bytes_is_a_png_of_the_same_pixels():
    pixels = draw(2, Look.HEALTHY)

    data = png(pixels, look=Look.HEALTHY)

    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        assert np.array_equal(np.asarray(image), pixels)
