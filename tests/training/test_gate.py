import colorsys
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from app.errors import Invalid
from app.vision.drawn import CELLS, Look, draw, save
from app.vision.preprocess import cell_mask
from tests.shipped import SHIPPED
from training import cnmc, compressed, gate, metrics, model_card, not_cells, resampled, titles
from training.__main__ import main
from training.asked import recipe_named
from training.recipes import OURS

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    root = tmp_path_factory.mktemp("cells")
    for number in range(64):
        look = CELLS[number % 2]
        name = f"UID_{'H' if look is Look.HEALTHY else ''}{number // 2 % 4}_{number}_1_"
        save(root / f"{name}{'hem' if look is Look.HEALTHY else 'all'}.png", draw(number, look), look=look)
    cells = cnmc.read(cnmc.find(root))
    found = gate.trial(gate.measurements(cells, root), cells, root, folds=2, seed=0, fields_of=None)
    return cells, found, root


def test_nearly_every_kind_of_image_that_is_no_usable_cell_is_refused(tried):
    _, found, _ = tried

    shares = {one["kind"]: one["refused"][0] for one in found["not_cells"]}

    assert set(shares) == set(not_cells.KINDS) - {not_cells.SMEAR_FIELDS}
    assert min(shares.values()) >= 0.9
    assert all(one["images"] >= 20 for one in found["not_cells"])


def test_real_cells_mostly_pass_and_every_subject_has_its_rate(tried):
    cells, found, _ = tried

    assert found["passed_cells"] > 0.8
    assert set(found["by_subject"]) == {cell.subject for cell in cells}
    assert found["refused_difference"][0] == pytest.approx(found["refused_hem"][0] - found["refused_all"][0], abs=2e-4)
    assert all(low <= share <= high for share, low, high in found["by_subject"].values())
    assert found["milliseconds"] > 0


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (3, 10), (10, 10), (61, 61)])
def test_the_interval_of_a_share_holds_it_and_stays_within_nothing_and_all(hits, count):
    low, high = metrics.binomial_interval(hits, count)

    assert 0 <= low <= hits / count <= high <= 1
    assert high - low > 0.02


def test_what_is_done_to_a_cell_changes_it_and_leaves_its_size(tried):
    pixels = draw(1, Look.BLAST)

    for spoil in not_cells.SPOILT.values():
        spoilt = spoil(pixels)
        assert spoilt.shape == pixels.shape
        assert spoilt.dtype == np.uint8
        assert not np.array_equal(spoilt, pixels)


@pytest.mark.parametrize("degrees", [-20, -15, 10, 15, 60, 300])
def test_a_hue_is_turned_by_what_is_said_to_the_nearest_step(degrees):
    pixels = np.full((8, 8, 3), (120, 40, 160), np.uint8)

    before, after = (
        colorsys.rgb_to_hsv(*(one[0, 0] / 255.0))[0] * 360 for one in (pixels, not_cells.hue_turned(degrees)(pixels))
    )

    assert (after - before - degrees + 180) % 360 - 180 == pytest.approx(0, abs=2.5)


@pytest.mark.parametrize("share", [0.1, 0.35, 0.5])
def test_a_cut_takes_the_share_of_the_area_that_is_said_and_leaves_the_rest(share):
    pixels = draw(1, Look.BLAST)

    left = not_cells.cut(share)(pixels)

    kept = left.any(axis=2)
    assert kept.sum() / cell_mask(pixels).sum() == pytest.approx(1 - share, abs=0.02)
    assert np.array_equal(left[kept], pixels[kept])


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.2])
def test_another_scale_changes_the_cell_and_not_the_frame(factor):
    pixels = draw(1, Look.BLAST)

    other = not_cells.scaled(factor)(pixels)

    assert other.shape == pixels.shape
    assert cell_mask(other).sum() / cell_mask(pixels).sum() == pytest.approx(factor**2, rel=0.03)


def test_the_trial_of_compressed_cells_marks_those_and_no_others(tried):
    cells, _, root = tried
    few = [*cells[:4], *cells[-4:]]
    found = compressed.trial(few, root)

    marked = {one["kind"]: one["marked"][0] for one in found["after"]}
    assert found["marked_hem"][0] == found["marked_all"][0] == 0
    assert set(marked) == set(compressed.COMPRESSED) | set(compressed.NEVER_COMPRESSED)
    assert marked["JPEG, quality 90, colour 4:2:0"] == marked["JPEG, quality 95, colour 4:2:0, moved"] == 1
    assert len({one["images"] for one in found["after"]}) == 1


def test_the_trial_of_scaled_cells_marks_those_and_no_others(tried):
    cells, _, root = tried
    found = resampled.trial([*cells[:4], *cells[-4:]], root)

    marked = {one["kind"]: one["marked"][0] for one in found["after"]}
    assert found["marked_hem"][0] == found["marked_all"][0] == 0
    assert set(marked) == {*resampled.RESAMPLED, *resampled.NOT_RESAMPLED}
    smoothly = [kind for kind in resampled.RESAMPLED if "without smoothing" not in kind and "before" not in kind]
    assert {marked[kind] for kind in smoothly if "98" not in kind and "102" not in kind} == {1}
    assert marked["scaled to 120 % without smoothing"] == 1
    assert marked["scaled to 75 % before it was cut out"] == 0
    assert {marked[kind] for kind in ("turned by a quarter", "brighter by 1.3", "sharpened")} == {0}


@pytest.fixture
def bundle(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "bundle"))


def complete(raw):
    """A trial with every figure, for the subjects of this card."""
    subjects = [one["subject"] for one in raw["evaluation"]["report"]["by_subject"]]
    return {
        "data_fingerprint": raw["training"]["data_fingerprint"],
        **{name: [0.01, 0.0, 0.02] for name in (*titles.GATE, *titles.UNUSUAL)},
        "by_reason": {"out_of_focus": 3},
        "altered": [
            {"kind": kind, "images": 61, "refused": [0.5, 0.4, 0.6], "asked": [0.2, 0.1, 0.3]}
            for kind in not_cells.ALTERED
        ],
        "resampling": {
            "limit": 0.9,
            "marked_hem": [0.0, 0.0, 0.1],
            "marked_all": [0.001, 0.0, 0.1],
            "after": [
                {"kind": kind, "images": 61, "marked": [0.75, 0.7, 0.8]}
                for kind in (*resampled.RESAMPLED, *resampled.NOT_RESAMPLED)
            ],
        },
        "by_subject": {subject: [0.02, 0.01, 0.05] for subject in subjects},
        "not_cells": [{"kind": kind, "images": 61, "refused": [0.97, 0.9, 0.99]} for kind in not_cells.KINDS],
        "passed_cells": 0.985,
        "milliseconds": 1.23,
    }


def test_the_model_card_shows_the_trial(bundle, tmp_path):
    raw = json.loads((bundle / "card.json").read_text())
    (tmp_path / "gate.json").write_text(json.dumps(complete(raw)))

    assert main(["card", str(bundle), "--results", str(tmp_path)]) == 0

    card = (bundle / "MODEL_CARD.md").read_text()
    assert "| smear fields | 61 | 0.970 (0.900 to 0.990) |" in card
    assert "1.23 ms" in card
    assert "it passes 98.5 %. Refused were 3 as `out_of_focus`." in card
    assert "| ALL cells taken for scaled or turned | 0.001 (0.000 to 0.100) |" in card
    scaled, other = card.split("## Scaled or turned")[1].split("## ")[0].split("Cells that something else was done to")
    assert "| scaled to 75 % | 61 | 0.750 (0.700 to 0.800) |" in scaled
    assert "| sharpened | 61 | 0.750 (0.700 to 0.800) |" in other
    assert "sharpened" not in scaled
    assert "| hue turned by 15 degrees | 61 | 0.500 (0.400 to 0.600) | 0.200 (0.100 to 0.300) |" in card
    assert json.loads((bundle / "card.json").read_text())["evaluation"]["gate"]["milliseconds"] == 1.23
    assert sorted(path.name for path in bundle.iterdir()) == ["MODEL_CARD.md", "card.json", "golden.json", "model.onnx"]


def test_the_trial_is_kept_in_a_folder_of_results_that_was_not_there(tmp_path, monkeypatch):
    root = tmp_path / "cells"
    root.mkdir()
    for look, name in ((Look.BLAST, "UID_1_1_1_all"), (Look.HEALTHY, "UID_H1_1_1_hem")):
        save(root / f"{name}.png", draw(1, look), look=look)
    (tmp_path / "not_cells").mkdir()
    (tmp_path / "not_cells" / "field.jpg").touch()
    tried: list[tuple[int, int]] = []

    def trial(*_, folds, seed, fields_of):
        tried.append((folds, seed))
        return {"refused_hem": [0.01, 0.0, 0.02]}

    monkeypatch.setattr(gate, "measurements", lambda *_: [])
    monkeypatch.setattr(gate, "trial", trial)
    where = ["--var", str(tmp_path / "var"), "--results", str(tmp_path / "kept" / "results")]

    assert main(["gate", str(root), *where]) == 0

    (kept,) = (tmp_path / "kept" / "results").iterdir()
    assert kept.name == "gate.json"
    assert json.loads(kept.read_text())["refused_hem"] == [0.01, 0.0, 0.02]
    ours = recipe_named(OURS)
    assert tried == [(ours.folds, ours.seeds[0])], "the folds of its card"


OF_A_TRIAL = ["passed_cells", "by_reason", "by_subject", "altered", "resampling", "not_cells", "milliseconds"]


@pytest.mark.parametrize("missing", [*titles.GATE, *titles.UNUSUAL, *OF_A_TRIAL])
def test_without_a_figure_of_the_trial_there_is_no_card_and_nothing_is_touched(bundle, tmp_path, missing, capsys):
    raw = json.loads((bundle / "card.json").read_text())
    trial = complete(raw)
    trial[missing] = {} if missing == "by_subject" else None
    (tmp_path / "gate.json").write_text(json.dumps(trial))
    before = (bundle / "MODEL_CARD.md").read_text()

    code = main(["card", str(bundle), "--results", str(tmp_path)])

    assert code == 1
    assert "missing" in capsys.readouterr().err
    assert (bundle / "MODEL_CARD.md").read_text() == before
    assert json.loads((bundle / "card.json").read_text()) == raw


@pytest.mark.parametrize("missing", ["subgroups", "by_subject"])
def test_a_bundle_of_before_a_figure_was_looked_at_is_told_so_and_nothing_is_touched(bundle, tmp_path, missing, capsys):
    raw = json.loads((bundle / "card.json").read_text())
    del raw["evaluation"]["report"][missing]
    (bundle / "card.json").write_text(json.dumps(raw))
    (tmp_path / "gate.json").write_text(json.dumps(complete(json.loads((SHIPPED / "card.json").read_text()))))
    before = (bundle / "MODEL_CARD.md").read_text()

    code = main(["card", str(bundle), "--results", str(tmp_path)])

    assert code == 1
    assert f"The card has no '{missing}', so no model card can be written." in capsys.readouterr().err
    assert (bundle / "MODEL_CARD.md").read_text() == before
    assert json.loads((bundle / "card.json").read_text()) == raw


def test_a_trial_on_other_cells_is_not_this_models(bundle, tmp_path, capsys):
    (tmp_path / "gate.json").write_text(json.dumps({"data_fingerprint": "0" * 64}))

    code = main(["card", str(bundle), "--results", str(tmp_path)])

    assert code == 1
    assert "holds no trial of the gate on this model's cells" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["gate.json", "morphology.json"])
def test_a_damaged_file_of_results_is_a_sentence_and_nothing_is_touched(bundle, tmp_path, name, capsys):
    raw = json.loads((bundle / "card.json").read_text())
    (tmp_path / "gate.json").write_text(json.dumps(complete(raw)))
    (tmp_path / name).write_text("<<<<<<< ours")

    code = main(["card", str(bundle), "--results", str(tmp_path)])

    assert code == 1
    assert f"{tmp_path / name} is no JSON" in capsys.readouterr().err
    assert json.loads((bundle / "card.json").read_text()) == raw


def test_a_real_models_card_without_its_shift_test_is_refused():
    raw = json.loads((SHIPPED / "card.json").read_text())
    raw["evaluation"] |= {"gate": complete(raw), "shifts": []}

    with pytest.raises(Invalid, match="The shift test is missing"):
        model_card.text(raw)


def test_what_costs_much_under_a_shift_is_named_among_the_known_failures_and_nothing_else():
    raw = json.loads((SHIPPED / "card.json").read_text())
    little, much = [-0.05, -0.08, -0.02], [-0.31, -0.4, -0.2]
    rest = {"sensitivity_change": little, "specificity_change": little}
    shift = {"seed": 3, "cells": 9, "auc": 0.8, "auc_change": little, **rest}
    raw["evaluation"]["shifts"] = [
        {**shift, "shift": "red x .9", "sensitivity_change": [-0.2, -0.3, -0.1]},
        {**shift, "shift": "red x .9", "seed": 4, "sensitivity_change": much},
        {**shift, "shift": "area x .85"},
        {**shift, "shift": "silhouette only", "specificity_change": much},
    ]

    failures = model_card.text(raw).split("## Known failures")[1].split("## ")[0]

    assert "- Under a change (see What moves it) red x .9 costs 0.31 of sensitivity" in failures
    assert failures.count("red x .9") == 1
    assert "area x .85" not in failures
    assert "silhouette" not in failures


@pytest.mark.parametrize("bundle", [SHIPPED, SHIPPED.parent / "drawn-1"], ids=["shipped", "drawn"])
def test_a_models_card_in_words_is_what_its_figures_say_now(bundle):
    raw = json.loads((bundle / "card.json").read_text())

    assert (bundle / "MODEL_CARD.md").read_text() == model_card.text(raw)


def test_a_tint_is_refused_or_read_the_more_the_farther_it_goes(tried):
    _, found, _ = tried

    looked_at = {one["kind"]: one["refused"][0] + one["asked"][0] for one in found["altered"]}
    assert set(looked_at) == set(not_cells.ALTERED)
    assert all(0 <= share <= 1 for share in looked_at.values())
    assert looked_at["hue turned by 10 degrees"] <= looked_at["hue turned by 15 degrees"]
    assert looked_at["hue turned by 15 degrees"] <= looked_at["hue turned by 20 degrees"]
    assert found["unusual_hem"][0] + found["unusual_all"][0] < 0.3
