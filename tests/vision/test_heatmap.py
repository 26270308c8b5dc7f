import numpy as np
import pytest

from app.vision.drawn import Look, draw
from app.vision.heatmap import FOR_ALL, FOR_NORMAL, importance, overlay, overlay_of_image
from app.vision.preprocess import cell_mask, crop, window

SIZE = 224


@pytest.fixture(scope="module")
def cell():
    return draw(2, Look.BLAST)


def inside(pixels):
    """The cell's mask in the network's square."""
    return (
        crop(np.where(cell_mask(pixels)[..., None], np.uint8(255), np.uint8(0)).repeat(3, axis=2), size=SIZE)[..., 0]
        > 0
    )


def test_what_speaks_for_all_turns_orange_and_what_speaks_against_it_blue(cell):
    cam = np.full((7, 7), 4, np.float32)
    cam[:, :3] = -4

    seen = overlay(cell, cam, size=SIZE)

    assert seen.shape == (SIZE, SIZE, 4)
    assert tuple(seen[112, 190, :3]) == FOR_ALL
    assert tuple(seen[112, 40, :3]) == FOR_NORMAL
    assert seen[112, 190, 3] == seen[112, 40, 3] == 255


def test_the_map_is_transparent_outside_the_cell_and_where_it_says_nothing(cell):
    full = overlay(cell, np.full((7, 7), 9, np.float32), size=SIZE)
    silent = overlay(cell, np.zeros((7, 7), np.float32), size=SIZE)

    assert np.array_equal(full[..., 3] > 0, inside(cell))
    assert not silent[..., 3].any()


def test_a_faint_map_looks_faint(cell):
    faint = overlay(cell, np.full((7, 7), 0.2, np.float32), size=SIZE)

    assert 0 < faint[..., 3].max() < 40


def test_a_cell_at_the_edge_of_its_image_is_coloured_where_the_network_saw_it(cell):
    moved = np.ascontiguousarray(cell[150:, 150:])

    seen = overlay(moved, np.full((7, 7), 9, np.float32), size=SIZE)

    assert np.array_equal(seen[..., 3] > 0, inside(moved))


@pytest.mark.parametrize("start", [0, 150])
def test_over_the_whole_image_lies_what_lies_over_the_square_and_nothing_else(cell, start):
    image = np.ascontiguousarray(cell[start:, : cell.shape[1] - start // 2])
    cam = np.random.default_rng(0).normal(0, 3, (7, 7)).astype(np.float32)

    whole = overlay_of_image(image, cam, size=SIZE)

    assert whole.shape == (*image.shape[:2], 4)
    assert not whole[~cell_mask(image), 3].any()
    corner, middle = window(cell_mask(image), size=SIZE), SIZE // 2
    assert corner is not None
    assert np.array_equal(whole[corner[0] + middle, corner[1] + middle], overlay(image, cam, size=SIZE)[middle, middle])
    assert whole[..., 3].sum() == overlay(image, cam, size=SIZE)[..., 3].astype(int).sum()


def test_an_image_without_a_cell_has_a_map_that_shows_and_says_nothing():
    empty = np.zeros((40, 40, 3), np.uint8)
    cam = np.ones((7, 7), np.float32)

    assert not overlay_of_image(empty, cam, size=SIZE).any()

    assert not overlay(empty, cam, size=SIZE)[..., 3].any()
    assert importance(empty, cam, size=SIZE).inside == 0


def test_the_words_of_the_map_are_its_weight_inside_the_cell_and_which_way_it_points(cell):
    even = importance(cell, np.ones((7, 7), np.float32), size=SIZE)
    against = importance(cell, -np.ones((7, 7), np.float32), size=SIZE)

    assert even.inside == pytest.approx(inside(cell).mean())
    assert even.for_all == 1
    assert against.for_all == 0


def test_the_words_of_the_map_say_where_it_is_strongest(cell):
    cam = np.zeros((7, 7), np.float32)
    cam[2, 4] = -5

    across, down = importance(cell, cam, size=SIZE).strongest

    assert (across, down) == pytest.approx((2 * 4.5 / 7 - 1, 2 * 2.5 / 7 - 1), abs=0.02)


RGB_TO_LMS = np.array([[0.31399, 0.63951, 0.04650], [0.15537, 0.75789, 0.08670], [0.01775, 0.10944, 0.87257]])
SEEN_BY = {  # Viénot, Brettel and Mollon 1999: what is left of the cones' answers
    "protanopes": [[0, 1.05118, -0.05116], [0, 1, 0], [0, 0, 1]],
    "deuteranopes": [[1, 0, 0], [0.9513, 0, 0.04866], [0, 0, 1]],
    "tritanopes": [[1, 0, 0], [0, 1, 0], [-0.86744, 1.86727, 0]],
    "everybody else": np.eye(3),
}


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_the_two_colours_keep_apart_for_every_kind_of_eye(eyes):
    linear = (np.array([FOR_ALL, FOR_NORMAL, (90, 35, 110)]) / 255) ** 2.2
    seen = linear @ RGB_TO_LMS.T @ np.array(SEEN_BY[eyes]).T @ np.linalg.inv(RGB_TO_LMS).T

    orange, blue, stain = np.clip(seen, 0, 1) ** (1 / 2.2) * 255

    assert np.abs(orange - blue).max() > 80
    assert np.abs(orange - stain).max() > 80
    assert np.abs(blue - stain).max() > 80
