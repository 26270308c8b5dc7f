"""The same cell photographed again: which pairs there are, and how far a network says the same of both."""

import json
from dataclasses import replace

import numpy as np
import pytest

from app.errors import Invalid
from tests.shipped import SHIPPED
from tests.training.people import cells_of
from training import asked, model_card, results, retakes, trust, twice
from training.cells import fingerprint
from training.dataset import Crops
from training.out_of_fold import cross_scored
from training.splits import partition
from training.titles import RETAKES

pytestmark = pytest.mark.tensorflow

CELLS = cells_of(12)
TRUTH = np.array([cell.label == "ALL" for cell in CELLS])
NOISE = np.random.default_rng(0).normal(size=len(CELLS))
PAIRS = np.array([(number, number + 12) for number in range(0, 228, 5)])
"""Cells of one person each: names go round every twelve."""


def scored(logits):
    return cross_scored(CELLS, logits, folds=partition(CELLS, folds=3, seed=0))


def alike(logits, *, by=0.0):
    """The same logits, but the second image of each pair has that of the first, and a little more or less."""
    found = logits.copy()
    found[PAIRS[:, 1]] = found[PAIRS[:, 0]] + by * NOISE[PAIRS[:, 1]]
    return found


def keep(folder, *, of=CELLS, pairs=PAIRS):
    told = [[CELLS[one].sha256, CELLS[other].sha256] for one, other in pairs]
    path = folder / retakes.KEPT
    path.write_text(json.dumps({"data_fingerprint": fingerprint(of), "pairs": told}))
    return path


def read(path, cells):
    pairs = retakes.read(path, cells)
    return None if pairs is None else pairs.tolist()


def test_who_says_the_same_of_both_images_is_repeatable_and_who_says_anything_is_not():
    same = retakes.figures(scored(alike(2 * TRUTH + NOISE)), PAIRS)
    anything = retakes.figures(scored(NOISE), PAIRS)

    assert same["called_otherwise"].value == same["mean_difference"].value == 0
    assert same["called_otherwise"].high > 0.05  # no pair of a few is no certainty
    assert same["repeatability"].value == pytest.approx(1)
    assert anything["repeatability"].low < 0 < anything["repeatability"].high < 0.6
    assert anything["called_otherwise"].value > 0.3


def test_the_repeatability_is_the_share_of_variance_that_is_no_matter_of_the_photograph():
    rng = np.random.default_rng(1)
    cell, photograph = rng.normal(0, 2, 4000), rng.normal(0, 1, (4000, 2))
    logits = 5 + cell[:, None] + photograph

    value = retakes.repeatability(logits)(scored(NOISE), np.ones(4000))
    by_draw = retakes.repeatability(logits)(scored(NOISE), rng.integers(0, 3, (7, 4000)).astype(float))

    assert float(value) == pytest.approx(4 / 5, abs=0.02)
    assert by_draw == pytest.approx(np.full(7, 4 / 5), abs=0.04)


def test_pairs_are_called_otherwise_as_often_as_counted_by_hand():
    own = scored(alike(TRUTH + NOISE, by=0.8))
    called = own.probabilities >= 0.5

    found = retakes.figures(own, PAIRS)

    assert found["called_otherwise"].value == pytest.approx(np.mean([called[a] != called[b] for a, b in PAIRS]))
    of_people = []
    for one, _ in PAIRS:
        calls = called[own.groups == own.groups[one]]
        of_people.append(np.mean([a != b for k, a in enumerate(calls) for b in calls[k + 1 :]]))
    assert found["another_cell"].value == pytest.approx(np.mean(of_people))


def test_the_report_has_every_figure_that_the_card_tells_and_counts_people_once():
    served = trust.as_served(scored(alike(3 * TRUTH + NOISE, by=0.5)))

    found = retakes.report(served, PAIRS)

    assert (found["pairs"], found["subject_groups"]) == (len(PAIRS), 12)
    assert all(len(found[name]) == 3 for name in RETAKES)
    band = np.where(served.suspected, "upper", np.where(served.not_suspected, "lower", "between"))
    apart = np.mean([band[one] != band[other] for one, other in PAIRS])
    assert found["in_another_band"][0] == pytest.approx(apart, abs=1e-4)
    assert apart > 0


def test_pairs_of_one_class_only_are_counted_and_no_more_is_said():
    of_one_class = np.array([pair for pair in PAIRS if TRUTH[pair[0]]])

    found = retakes.report(trust.as_served(scored(3 * TRUTH + NOISE)), of_one_class)
    none = retakes.report(trust.as_served(scored(3 * TRUTH + NOISE)), of_one_class[:0])

    assert found == {"pairs": len(of_one_class), "subject_groups": 6}
    assert none == {"pairs": 0, "subject_groups": 0}


def test_pairs_that_are_kept_of_other_cells_are_not_taken(tmp_path):
    assert read(keep(tmp_path), CELLS) == PAIRS.tolist()
    assert read(keep(tmp_path, of=CELLS[1:]), CELLS) is None
    assert read(tmp_path / "none.json", CELLS) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<<<<<<< ours", "is no JSON"),
        ("[]", "holds no JSON object"),
        ('{"data_fingerprint": "OWN"}', "is no list of pairs of these cells"),
        ('{"data_fingerprint": "OWN", "pairs": [["0", "1"]]}', "is no list of pairs of these cells"),
        ('{"data_fingerprint": "OWN", "pairs": [["0"]]}', "is no list of pairs of these cells"),
    ],
)
def test_a_mangled_list_of_pairs_is_refused_in_a_sentence(tmp_path, text, said):
    path = tmp_path / retakes.KEPT
    path.write_text(text.replace("OWN", fingerprint(CELLS)))

    with pytest.raises(results.ResultsDoNotFit, match=rf"retakes\.json.*{said}"):
        retakes.read(path, CELLS)


def test_pairs_of_people_who_are_two_by_now_are_refused(tmp_path):
    path = keep(tmp_path, pairs=[(0, 1)])

    with pytest.raises(results.ResultsDoNotFit, match=r"pairs of two subject groups .* Run .* retakes` again"):
        retakes.read(path, CELLS)


def photographed(grain, *, noise):
    """A cell with this grain as a camera sees it."""
    rough = grain + noise * np.random.default_rng(5).normal(size=grain.shape)
    return np.clip(rough, 1, 255).astype(np.uint8)


def test_where_no_pairs_are_kept_the_images_are_searched_and_one_photograph_filed_twice_is_no_pair(tmp_path):
    rng = np.random.default_rng(0)
    first, second = (128 + 40 * rng.normal(size=(48, 48, 3)).repeat(6, 0).repeat(6, 1)[:288, :288] for _ in range(2))
    pictures = [photographed(one, noise=noise) for one, noise in ((first, 0), (first, 40), (second, 0), (second, 0))]
    cells = tuple(replace(one, subject="1", group="1", label="ALL") for one in cells_of(2)[:4])
    crops = Crops(cells, np.stack(pictures), np.ones((4, 288, 288), np.uint8))

    assert [len(twice.seen(crops)), len(retakes.find(crops))] == [2, 1]
    assert retakes.for_card(crops, kept=tmp_path / retakes.KEPT).tolist() == [[0, 1]]

    retakes.write(crops, tmp_path / retakes.KEPT)
    assert read(tmp_path / retakes.KEPT, cells) == [[0, 1]]


def test_the_table_has_the_best_ones_and_nothing_where_no_pairs_are_kept(tmp_path):
    finished = {"firm": scored(alike(3 * TRUTH + NOISE)), "shaky": scored(alike(TRUTH + NOISE, by=1.0))}
    assert retakes.lines(finished, CELLS, folder=tmp_path) == []
    keep(tmp_path)

    told = retakes.lines(finished, CELLS, folder=tmp_path)
    many = retakes.lines({f"{number}": finished["firm"] for number in range(20)}, CELLS, folder=tmp_path)

    rows = [line for line in told if line.startswith("| ")]
    assert f"{len(PAIRS)} pairs of images show one cell, of 12 subject groups" in told[0]
    assert rows[1].startswith("| firm | 0.000 (0.00 to 0.2")
    assert rows[2].startswith("| shaky | 0.")
    assert len([line for line in many if line.startswith("| ")]) == 1 + retakes.RANKED


@pytest.mark.parametrize("found", [{}, {"pairs": 0, "subject_groups": 0}, {"pairs": 4, "subject_groups": 2}])
def test_a_real_models_card_without_retakes_is_refused_and_one_whose_data_has_none_says_so(found):
    raw = json.loads((SHIPPED / "card.json").read_text())
    raw["evaluation"]["retakes"] = found

    if not found:
        with pytest.raises(Invalid, match=r"photographed again is missing.*Run `python -m training retakes`"):
            model_card.text(raw)
    else:
        told = model_card.text(raw).split("## The same cell photographed again")[1].split("##")[0]
        assert ("No two of these images" in told) == (found["pairs"] == 0)
        assert "| figure |" not in told


def test_the_shipped_card_tells_of_its_retakes_what_the_committed_results_say():
    raw = json.loads((SHIPPED / "card.json").read_text())

    found = retakes.of_results(raw, folder=asked.RESULTS)

    assert found is not None
    assert found == raw["evaluation"]["retakes"]
    assert found["called_otherwise"][0] < found["another_cell"][0]


def test_results_of_other_cells_or_networks_say_nothing_of_a_model(tmp_path):
    raw = json.loads((SHIPPED / "card.json").read_text())
    elsewhere = {**raw, "training": {**raw["training"], "data_fingerprint": "0" * 64}}
    other = json.loads(json.dumps(raw))
    other["evaluation"]["report"]["figures"]["auc"][0] += 0.001

    assert retakes.of_results(raw, folder=tmp_path) is None
    assert retakes.of_results(elsewhere, folder=asked.RESULTS) is None
    assert retakes.of_results(other, folder=asked.RESULTS) is None
