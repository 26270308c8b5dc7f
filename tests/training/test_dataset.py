"""Traps of the earlier projects, each of which cost one of them its figures: here they cannot close."""

import dataclasses

import numpy as np
import pytest

from app.errors import Misconfigured
from app.vision.drawn import Look, draw, save
from training import cnmc
from training.augment import CELL, varier
from training.cells import Cell, fingerprint, order
from training.dataset import Crops, TrainingBatches, balanced, mixed, stored
from training.network import build, scores
from training.networks import anastasio
from training.parts import FINAL, ORDER, order_of, parts_of, place_of
from training.recipe import Augment, Recipe
from training.splits import partition

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

STILL = Augment(
    unwarped_share=1.0, gamma_sigma=0.0, channel_sigma=0.0, noise_share=0.0, eroded_share=0.0, opened_share=0.0
)

RECIPE = Recipe(name="x", network=anastasio.baseline_dense, size=32, folds=3, seeds=(0, 1))


def cell(number, *, label, subject):
    return Cell(f"{number}", subject, subject, label, "fold_0", f"{number:064x}", 1000, 1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def crops():
    """Cells whose grey level is odd where they are ALL: 6 subjects of each class, of very unlike sizes."""
    cells: list[Cell] = []
    pixels = []
    for label, prefix in (("HEM", "H"), ("ALL", "")):
        for subject, size in enumerate((1, 4, 9, 16, 25, 5)):
            for _ in range(size):
                grey = 20 + 2 * (len(cells) % 100) + (label == "ALL")
                cells.append(cell(len(cells), label=label, subject=f"{prefix}{subject}"))
                pixels.append(np.full((40, 40, 3), grey, np.uint8))
    outlines = np.full((len(cells), 40, 40), CELL, np.uint8)
    return Crops(tuple(cells), np.stack(pixels), outlines)


def test_a_batch_carries_the_labels_of_its_own_images(crops):
    chosen = np.random.default_rng(0).permutation(len(crops.cells))

    answers = {"logit": crops.labels.astype(np.float32)}
    batches = TrainingBatches(crops, chosen, answers=answers, varier=varier(STILL, size=32), batch=16, seed=(0,))

    assert len(batches) == len(chosen) // 16
    for number in range(len(batches)):
        pixels, told = batches[number]
        assert (pixels[:, 16, 16, 0] % 2).tolist() == told["logit"][:, 0].tolist()


def test_the_same_cells_under_other_names_do_not_take_each_others_crops(tmp_path):
    def folder(name, *, seeds):
        for place, seed in enumerate(seeds):
            (tmp_path / name).mkdir(exist_ok=True)
            save(tmp_path / name / f"UID_1_{place}_1_all.png", draw(seed, Look.BLAST), look=Look.BLAST)
        return stored(cnmc.read(cnmc.find(tmp_path / name)), tmp_path / name, folder=tmp_path / "crops")

    one, other = folder("one", seeds=(1, 2)), folder("other", seeds=(2, 1))

    assert fingerprint(one.cells) == fingerprint(other.cells)
    assert np.array_equal(one.pixels[0], other.pixels[1])
    assert not np.array_equal(one.pixels[0], other.pixels[0])


def test_networks_of_the_same_cells_in_another_order_are_not_taken_for_these(crops, tmp_path):
    place = place_of(RECIPE, crops, folder=tmp_path)
    place.mkdir()
    (place / ORDER).write_text(order(reversed(crops.cells)))

    with pytest.raises(Misconfigured, match="under other names"):
        place_of(RECIPE, crops, folder=tmp_path)


def test_networks_of_other_folds_are_not_taken_for_these(crops, tmp_path, monkeypatch):
    place = place_of(RECIPE, crops, folder=tmp_path)
    place.mkdir()
    (place / ORDER).write_text(order_of(RECIPE, crops))
    assert place_of(RECIPE, crops, folder=tmp_path) == place
    shifted = np.roll(partition(crops.cells, folds=RECIPE.folds, seed=0), 1)
    monkeypatch.setattr("training.parts.partition", lambda *_, **__: shifted)

    with pytest.raises(Misconfigured, match="in other folds"):
        place_of(RECIPE, crops, folder=tmp_path)


def test_networks_that_met_other_unlabelled_cells_are_not_taken_for_these_where_they_meet_any(crops, tmp_path):
    pretrained = dataclasses.replace(RECIPE, pretraining_epochs=1)
    for recipe in (RECIPE, pretrained):
        place = place_of(recipe, crops, folder=tmp_path)
        place.mkdir()
        (place / ORDER).write_text(order_of(recipe, crops, unlabelled=crops))
        assert place_of(recipe, crops, folder=tmp_path, unlabelled=crops) == place

    assert place_of(RECIPE, crops, folder=tmp_path).is_dir()
    with pytest.raises(Misconfigured, match="or with other unlabelled images"):
        place_of(pretrained, crops, folder=tmp_path)


def test_what_mixes_two_cells_mixes_their_labels_by_the_same_share_and_no_other_answer():
    grey = np.array([10, 60, 110, 160], np.uint8)
    pixels = np.broadcast_to(grey[:, None, None, None], (4, 8, 8, 3))
    answers = {"logit": grey[:, None].astype(np.float32), "subject": np.arange(4, dtype=np.float32)[:, None]}

    blended, told = mixed(pixels, answers, alpha=1.0, rng=np.random.default_rng(5))

    assert blended[:, 0, 0, 0] == pytest.approx(told["logit"][:, 0], abs=0.5)
    assert (blended == blended[:, :1, :1, :1]).all()
    assert np.abs(told["logit"] - answers["logit"]).max() > 5
    assert np.abs(told["logit"] - answers["logit"]).max() <= 75  # at most half of what lies between two
    assert told["subject"].tolist() == answers["subject"].tolist()


def test_one_epoch_meets_other_cells_than_the_next_and_the_same_seed_the_same_ones(crops):
    epochs = [balanced(crops.cells, count=64, rng=np.random.default_rng(seed)) for seed in (1, 2, 1)]

    assert set(epochs[0].tolist()) != set(epochs[1].tolist())
    assert epochs[0].tolist() == epochs[2].tolist()


def test_classes_come_by_turns_and_a_large_subject_counts_by_the_root_of_its_size(crops):
    drawn = balanced(crops.cells, count=20_000, rng=np.random.default_rng(0))

    labels = crops.labels[drawn]
    assert (labels[::2] == 0).all()
    assert (labels[1::2] == 1).all()
    times = {subject: np.mean([crops.cells[one].subject == subject for one in drawn]) for subject in ("0", "1", "4")}
    assert times["1"] / times["0"] == pytest.approx(2, rel=0.25)
    assert times["4"] / times["0"] == pytest.approx(5, rel=0.25)


def test_a_person_of_several_names_is_drawn_as_one(crops):
    names = {"1": "one person", "4": "one person"}
    cells = [dataclasses.replace(cell, group=names.get(cell.subject, cell.group)) for cell in crops.cells]
    sizes = {name: sum(cell.group == name for cell in cells) for name in ("0", "one person")}

    drawn = balanced(cells, count=20_000, rng=np.random.default_rng(0))

    times = {name: np.mean([cells[one].group == name for one in drawn]) for name in sizes}
    assert times["one person"] / times["0"] == pytest.approx((sizes["one person"] / sizes["0"]) ** 0.5, rel=0.2)


def test_not_balanced_by_subject_every_cell_of_a_class_comes_alike(crops):
    drawn = balanced(crops.cells, count=20_000, rng=np.random.default_rng(0), by_subject=False)

    times = {subject: np.mean([crops.cells[one].subject == subject for one in drawn]) for subject in ("0", "4")}
    assert times["4"] / times["0"] == pytest.approx(25, rel=0.25)


def test_nobody_is_both_learned_from_and_tested_and_everybody_is_tested_once_a_seed(crops, tmp_path):
    parts = parts_of(RECIPE, crops, folder=tmp_path)

    groups = np.array([one.group for one in crops.cells])
    for part in parts:
        assert not set(groups[part.learns]) & set(groups[part.tested])
    for seed in RECIPE.seeds:
        tested = np.concatenate([part.tested for part in parts if part.seed == seed and part.fold != FINAL])
        assert sorted(tested.tolist()) == list(range(len(crops.cells)))
    assert parts[-1].fold == FINAL
    assert len(parts[-1].tested) == 0


def test_scores_come_in_the_order_in_which_they_were_asked_for(crops):
    network = build(RECIPE)
    everything = np.arange(len(crops.cells))
    shuffled = np.random.default_rng(3).permutation(everything)

    in_order, otherwise = (scores(network, crops, chosen, size=32)["logit"] for chosen in (everything, shuffled))

    assert len(set(np.round(in_order, 4).tolist())) > 20
    assert otherwise == pytest.approx(in_order[shuffled], abs=1e-5)
