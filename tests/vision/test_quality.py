import csv
import dataclasses
import io
import json
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw, ImageFilter

from app.vision.decode import Limits, decode
from app.vision.drawn import CELLS, NOT_CELLS, Look, draw
from app.vision.quality import (
    GateLimits,
    TooFewCells,
    Unusable,
    Unusual,
    explain,
    fit_limits,
    gate,
    judge,
    measure,
    unusual,
)

DRAWN = [draw(seed, look) for look in CELLS for seed in range(40)]
LIMITS = fit_limits([measure(pixels) for pixels in DRAWN])
"""Of drawn cells, so that these tests need no real ones; what is said of real cells is tested on real cells below."""
CELL = DRAWN[0]


def saved(pixels, kind, **options):
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, kind, **options)
    return decode(target.getvalue(), limits=Limits())


def blurred(pixels, radius):
    return np.array(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def hue_turned(pixels, degrees):
    hsv = np.array(Image.fromarray(pixels).convert("HSV"))
    hsv[..., 0] += np.uint8(degrees * 256 // 360)
    bands = [Image.fromarray(np.ascontiguousarray(hsv[..., band])) for band in range(3)]
    return np.array(Image.merge("HSV", bands).convert("RGB"))


def grey(pixels):
    return np.array(Image.fromarray(pixels).convert("L").convert("RGB"))


def scene(seed):
    """Hills under a sky, as a stand-in for any photograph."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:450, :450]
    hills = 200 + 60 * np.sin(x / rng.uniform(30, 90) + rng.uniform(0, 6))
    sky, ground = (
        np.array([110, 160, 220]) + y[..., None] / 6,
        np.array([70, 120, 40]) + rng.integers(-20, 20, (450, 450, 1)),
    )
    return np.clip(np.where((y > hills)[..., None], ground, sky), 0, 255).astype(np.uint8)


def screenshot(background, ink):
    image = Image.new("RGB", (900, 600), background)
    pen = ImageDraw.Draw(image)
    for line in range(20, 580, 18):
        pen.text((20, line), "subject accession result " * 5, fill=ink)
    return np.array(image)


def field_with_disc(colour, *, noise=0):
    """A flat or noisy disc of a cell's size on black."""
    y, x = np.mgrid[:450, :450]
    flat = np.random.default_rng(0).normal(colour, noise, (450, 450, 3))
    return (np.clip(flat, 0, 255) * ((x - 225) ** 2 + (y - 225) ** 2 < 105**2)[..., None]).astype(np.uint8)


def test_unseen_drawn_cells_pass():
    passed = [gate(draw(seed, look), limits=LIMITS) is None for look in CELLS for seed in range(1000, 1030)]

    assert np.mean(passed) >= 0.95


@pytest.mark.parametrize(
    ("look", "reason"),
    {
        Look.BLANK: Unusable.NO_CELL,
        Look.NOISE: Unusable.NOT_SEGMENTED,
        Look.TWO_CELLS: Unusable.SEVERAL_CELLS,
        Look.OUT_OF_FOCUS: Unusable.OUT_OF_FOCUS,
        Look.SMEAR_FIELD: Unusable.NOT_SEGMENTED,
        Look.CUT_OFF: Unusable.CELL_CUT_OFF,
        Look.FRAGMENT: Unusable.CELL_TOO_SMALL,
        Look.OTHER_STAIN: Unusable.STAIN_UNLIKE_TRAINING,
    }.items(),
)
def test_each_drawing_that_is_no_cell_is_refused_for_what_it_is(look, reason):
    assert look in NOT_CELLS

    found = {gate(draw(seed, look), limits=LIMITS) for seed in range(5)}

    assert found == {reason}


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.zeros((450, 450, 3), np.uint8), Unusable.NO_CELL),
        (np.full((450, 450, 3), 255, np.uint8), Unusable.NOT_SEGMENTED),
        (np.full((450, 450, 3), (68, 28, 79), np.uint8), Unusable.NOT_SEGMENTED),
        (255 - CELL, Unusable.NOT_SEGMENTED),
        (np.where(CELL.any(axis=2, keepdims=True), CELL, np.uint8(255)), Unusable.NOT_SEGMENTED),
        (np.where(CELL.any(axis=2, keepdims=True), 255 - CELL, np.uint8(0)), Unusable.STAIN_UNLIKE_TRAINING),
        (grey(CELL), Unusable.STAIN_UNLIKE_TRAINING),
        (CELL // 3, Unusable.TOO_DARK),
        (np.clip(CELL.astype(int) * 3, 0, 255).astype(np.uint8), Unusable.TOO_BRIGHT),
        (np.kron(CELL, np.ones((2, 2, 1), np.uint8)), Unusable.CELL_TOO_LARGE),
        (np.ascontiguousarray(CELL[::3, ::3]), Unusable.CELL_TOO_SMALL),
        (field_with_disc((68, 28, 79)), Unusable.OUT_OF_FOCUS),
        (field_with_disc((68, 28, 79), noise=15), Unusable.TOO_NOISY),
        (field_with_disc((200, 120, 60)), Unusable.STAIN_UNLIKE_TRAINING),
        (scene(1), Unusable.NOT_SEGMENTED),
        (screenshot((255, 255, 255), (20, 20, 20)), Unusable.NOT_SEGMENTED),
        (screenshot((30, 30, 30), (220, 220, 220)), Unusable.NOT_SEGMENTED),
    ],
    ids=[
        "black", "white", "flat purple", "inverted", "white background", "inverted on black", "grey", "dark", "bright",
        "enlarged", "reduced", "flat disc", "noisy disc", "orange disc", "scene", "screenshot", "dark screenshot",
    ],
)  # fmt: skip
def test_what_is_no_usable_cell_is_refused_for_what_it_is(pixels, reason):
    assert gate(pixels, limits=LIMITS) is reason


@pytest.mark.parametrize("degrees", [40, 90, 180, 270, 320])
def test_a_cell_of_another_hue_is_refused(degrees):
    assert gate(hue_turned(CELL, degrees), limits=LIMITS) is Unusable.STAIN_UNLIKE_TRAINING


@pytest.mark.parametrize("radius", [3, 6, 12])
def test_a_blurred_cell_is_refused(radius):
    assert gate(blurred(CELL, radius), limits=LIMITS) is Unusable.OUT_OF_FOCUS


def test_blur_inside_a_sharp_outline_is_seen_too():
    inside = CELL.max(axis=2) > 0
    smeared = np.where(inside[..., None], CELL, CELL[inside].mean(axis=0).astype(np.uint8))
    inside_only = np.where(inside[..., None], blurred(smeared, 5), np.uint8(0))

    assert gate(inside_only, limits=LIMITS) is Unusable.OUT_OF_FOCUS


def test_jpeg_of_good_quality_tiff_and_bmp_change_no_verdict():
    for pixels in DRAWN[::8]:
        assert gate(saved(pixels, "JPEG", quality=90), limits=LIMITS) is None
        assert gate(saved(pixels, "TIFF"), limits=LIMITS) is None
        assert gate(saved(pixels, "BMP"), limits=LIMITS) is None


def test_turning_mirroring_and_padding_change_no_verdict():
    for pixels in (CELL[::-1], CELL[:, ::-1], np.rot90(CELL), np.pad(CELL, ((40, 0), (0, 77), (0, 0)))):
        assert gate(np.ascontiguousarray(pixels), limits=LIMITS) is None


def test_modest_changes_of_light_and_size_change_no_verdict():
    smaller = np.array(Image.fromarray(CELL).resize((425, 425), Image.Resampling.BILINEAR))

    for pixels in (smaller, (CELL * 0.85).astype(np.uint8), np.clip(CELL * 1.3, 0, 255).astype(np.uint8)):
        assert gate(pixels, limits=LIMITS) is None


def test_a_speck_beside_the_cell_is_let_through_and_a_second_object_is_not():
    speck, second = CELL.copy(), CELL.copy()
    speck[20:30, 20:30] = 90
    second[20:70, 20:70] = 90

    assert gate(speck, limits=LIMITS) is None
    assert gate(second, limits=LIMITS) is Unusable.SEVERAL_CELLS


def test_two_cells_that_touch_are_seen_as_two():
    left, right = np.roll(DRAWN[3], -60, axis=1), np.roll(DRAWN[4], 60, axis=1)
    columns = [np.flatnonzero(each.max(axis=(0, 2))) for each in (left, right)]

    touching = np.maximum(left, np.roll(right, columns[0][-1] - columns[1][0] - 3, axis=1))

    assert gate(touching, limits=LIMITS) is Unusable.SEVERAL_CELLS


def test_a_stain_that_next_to_no_training_cell_has_is_unusual_before_it_is_refused():
    measured = [measure(pixels) for pixels in DRAWN]
    redder = [
        dataclasses.replace(measured[0], red_green=measured[0].red_green + step / 100, blue_red=measured[0].blue_red)
        for step in range(0, 400, 5)
    ]

    asked = [unusual(one, limits=LIMITS) == {Unusual.STAIN} for one in redder]
    refused = [judge(one, limits=LIMITS) is Unusable.STAIN_UNLIKE_TRAINING for one in redder]

    assert 0 < asked.index(True) < refused.index(True)
    assert not unusual(redder[-1], limits=dataclasses.replace(LIMITS, stain_distance_usual=math.inf))
    assert sum(bool(unusual(one, limits=LIMITS)) for one in measured) <= len(measured) // 50 + 1


def test_of_a_cell_that_was_cut_in_two_a_human_is_asked():
    cell = DRAWN[1].copy()
    rows = np.flatnonzero(cell.max(axis=(1, 2)))
    cell[: (rows[0] + rows[-1]) // 2] = 0

    assert Unusual.OUTLINE in unusual(measure(cell), limits=LIMITS)
    assert not unusual(measure(DRAWN[1]), limits=LIMITS)


def test_limits_survive_being_written_as_json():
    again = GateLimits(**json.loads(json.dumps(dataclasses.asdict(LIMITS))))

    assert again == LIMITS
    assert all(isinstance(value, float) for value in dataclasses.asdict(LIMITS).values())


def test_limits_are_not_learned_from_a_handful_of_cells():
    with pytest.raises(TooFewCells):
        fit_limits([measure(CELL)] * 19)


def test_a_blank_image_among_the_training_cells_teaches_the_gate_nothing():
    measured = [measure(pixels) for pixels in DRAWN]

    assert fit_limits([*measured, measure(np.zeros_like(CELL)), measure(np.full_like(CELL, 255))]) == fit_limits(
        measured
    )


def test_limits_can_be_learned_from_cells_that_are_all_alike():
    limits = fit_limits([measure(CELL)] * 20)

    assert gate(CELL, limits=limits) is None


def test_every_reason_says_what_was_wrong_and_what_to_do():
    sentences = [explain(reason) for reason in Unusable]

    assert len(set(sentences)) == len(Unusable)
    assert all(sentence.count(".") >= 2 for sentence in sentences)
    assert all(reason.value == reason.value.lower() and " " not in reason.value for reason in Unusable)


@settings(deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 60), st.just(3))))
def test_any_pixels_at_all_get_a_verdict(pixels):
    assert gate(pixels, limits=LIMITS) is not None


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(200, 900), st.integers(0, 255))
def test_a_sliver_of_an_image_gets_a_verdict(height, width, level):
    assert gate(np.full((height, width, 3), level, np.uint8), limits=LIMITS) is not None


# ------------------------------------------------------------------------------------------------- on real cells


def _real_sample(folder, *, a_subject):
    """(subject group, label, pixels) of a few cells of every subject."""
    groups = json.loads((folder / "cnmc2019" / "subject_groups.json").read_text())["groups"]
    group_of = {subject: number for number, members in enumerate(groups) for subject in members}
    with (folder / "cnmc2019" / "manifest.csv").open(newline="") as manifest:
        rows = list(csv.DictReader(manifest))
    random.Random(7).shuffle(rows)
    seen: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        seen.setdefault((row["label"], row["subject"]), []).append(row["path"])
    return [
        (str(group_of.get(subject, subject)), label, _read(folder / "cnmc2019" / path))
        for (label, subject), paths in seen.items()
        for path in paths[:a_subject]
    ]


def _read(path):
    return decode(path.read_bytes(), limits=Limits())


@pytest.fixture(scope="module")
def sample(real_cells):
    return _real_sample(real_cells, a_subject=6)


@pytest.fixture(scope="module")
def real_limits(sample):
    return fit_limits([measure(pixels) for _, _, pixels in sample])


@pytest.mark.cells
@pytest.mark.parametrize("seed", [0, 1])
def test_cells_of_subjects_not_seen_in_fitting_pass_in_both_classes(sample, seed):
    measured = [(group, label, measure(pixels)) for group, label, pixels in sample]
    subjects = sorted({group for group, _, _ in measured})
    fitted = set(random.Random(seed).sample(subjects, len(subjects) // 2))

    limits = fit_limits([each for group, _, each in measured if group in fitted])

    for label in ("all", "hem"):
        held_out = [judge(each, limits=limits) for group, of, each in measured if of == label and group not in fitted]
        assert np.mean([verdict is None for verdict in held_out]) >= 0.98


@pytest.mark.cells
def test_nine_in_ten_drawn_cells_pass_a_gate_fitted_on_real_ones(real_limits):
    for look in CELLS:
        passed = [gate(draw(seed, look), limits=real_limits) is None for seed in range(40)]
        assert np.mean(passed) >= 0.9


@pytest.mark.cells
def test_whole_smear_fields_are_refused(real_cells, real_limits):
    fields = [_read(path) for path in sorted((real_cells / "not_cells" / "bccd").rglob("*.jpg"))]

    refused = [gate(pixels, limits=real_limits) is not None for pixels in fields]

    assert len(fields) > 50
    assert np.mean(refused) >= 0.95


@pytest.mark.cells
@pytest.mark.parametrize(
    "spoilt",
    [lambda p: 255 - p, grey, lambda p: hue_turned(p, 60), lambda p: hue_turned(p, 180), lambda p: blurred(p, 5)],
    ids=["inverted", "grey", "hue 60", "hue 180", "blurred"],
)
def test_spoilt_real_cells_are_refused(sample, real_limits, spoilt):
    refused = [gate(spoilt(pixels), limits=real_limits) is not None for _, _, pixels in sample[::6]]

    assert np.mean(refused) >= 0.95


@pytest.mark.cells
def test_real_cells_saved_as_good_jpeg_still_pass(sample, real_limits):
    passed = [gate(saved(pixels, "JPEG", quality=90), limits=real_limits) is None for _, _, pixels in sample[::3]]

    assert np.mean(passed) >= 0.97


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_of_a_cell_whose_detail_is_not_that_of_its_size_a_human_is_asked(factor):
    """As a cell that was scaled, whatever frame it was put into."""
    scaled = [
        np.asarray(Image.fromarray(pixels).resize((round(450 * factor),) * 2, Image.Resampling.LANCZOS))
        for pixels in DRAWN[::4]
    ]

    asked = [Unusual.DETAIL in unusual(measure(pixels), limits=LIMITS) for pixels in scaled]
    never = dataclasses.replace(LIMITS, detail_distance_usual=math.inf)

    assert sum(asked) > len(asked) / 2
    assert not any(Unusual.DETAIL in unusual(measure(pixels), limits=never) for pixels in scaled)
    assert sum(Unusual.DETAIL in unusual(measure(pixels), limits=LIMITS) for pixels in DRAWN) <= len(DRAWN) // 100 + 1
