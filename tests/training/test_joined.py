"""What is told of ours where people who share a cell are one, beside all that was run when nobody knew."""

import csv
import dataclasses
import json

import numpy as np
import pytest

from app.vision.bundle import BandThresholds, Calibration
from tests.training.people import cells_of
from training import joined
from training.cnmc import fingerprint, write_index
from training.splits import GroupShared, partition

pytestmark = pytest.mark.tensorflow

CELLS = cells_of(20)
TOGETHER = [dataclasses.replace(cell, group="H1" if cell.subject == "H3" else cell.group) for cell in CELLS]
TRUTH = np.array([cell.label == "ALL" for cell in CELLS]) - 0.5
NOISE = np.random.default_rng(0).normal(size=len(CELLS))
AS_IT_IS = Calibration(slope=1.0, bias=0.0)


def write(path, cells, *, skill, seeds=(0,)):
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image_sha256", "seed", "fold", "logit"))
        for seed in seeds:
            for cell, fold, logit in zip(
                cells, partition(cells, folds=3, seed=seed), skill * TRUTH + NOISE, strict=True
            ):
                writer.writerow((cell.sha256, seed, fold, logit))
    path.with_suffix(".json").write_text(json.dumps({"data_fingerprint": fingerprint(cells)}))


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "ours.csv", CELLS, skill=3.0)
    write(tmp_path / "fair.csv", CELLS, skill=1.0)
    write(tmp_path / "poor.csv", CELLS, skill=0.2)
    write(tmp_path / joined.FOLDER / "ours.csv", TOGETHER, skill=2.0, seeds=(0, 3))
    write_index(TOGETHER, tmp_path / joined.FOLDER / "cells.csv")
    return tmp_path


def told():
    return " ".join(joined.told(CELLS, TOGETHER))


def section(folder):
    together = joined.cells_together(folder)
    on = joined.scored_together("ours", together, folder=folder)
    return "\n".join(joined.lines("ours", on, together, folder=folder, seed=0))


def test_who_is_one_person_is_named_and_how_many_cells_are_left_out():
    assert "24 of the 240 cells turned out to be" in told()
    assert "are subjects H1 and H3. Most" in told()
    assert "is of the 216 others" in told()


def test_cells_of_people_under_several_names_are_left_out():
    kept = joined.kept_apart(CELLS, TOGETHER)

    assert {cell.subject for cell in CELLS} - {cell.subject for cell in kept} == {"H1", "H3"}
    assert len(kept) == 216


def test_what_was_run_with_people_together_is_held_against_ours(folder):
    write(folder / joined.FOLDER / "fair.csv", TOGETHER, skill=1.0)
    write(folder / joined.FOLDER / "half.csv", TOGETHER, skill=1.0)
    half = (folder / joined.FOLDER / "half.csv").read_text().splitlines()[:100]
    (folder / joined.FOLDER / "half.csv").write_text("\n".join(half))

    found = section(folder)

    assert "19 subject groups" in found.replace("\n", " ")
    rows = [line.split(" | ") for line in found.splitlines() if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == ["| ours", "| fair"]
    assert rows[1][-2].startswith("+0.")


def test_ours_is_told_by_partition_with_people_together(folder):
    assert list(joined.scored_together("ours", TOGETHER, folder=folder)) == [0, 3]


def test_where_nobody_was_joined_nothing_is_told(tmp_path):
    assert joined.cells_together(tmp_path) == []
    assert joined.told(CELLS, []) == []
    assert joined.kept_apart(CELLS, []) == CELLS
    assert joined.lines("ours", {}, [], folder=tmp_path, seed=0) == []
    assert (
        joined.report(
            tmp_path / "ours.csv",
            seed=0,
            calibration=AS_IT_IS,
            thresholds=BandThresholds(not_suspected_below=0.2, suspected_from=0.8),
        )
        == {}
    )


def test_results_of_networks_that_kept_such_people_apart_are_refused(folder):
    write(folder / joined.FOLDER / "ours.csv", CELLS, skill=2.0, seeds=range(5))

    with pytest.raises(GroupShared, match="Subject group H1"):
        joined.scored_together("ours", TOGETHER, folder=folder)


def test_a_card_tells_what_its_own_bands_make_of_those_people(folder):
    limits = BandThresholds(not_suspected_below=0.2, suspected_from=0.8)

    found = joined.report(folder / joined.FOLDER / "ours.csv", seed=3, calibration=AS_IT_IS, thresholds=limits)

    figures = found["joined"]["figures"]
    missed = ((np.log(0.25) > 2.0 * TRUTH + NOISE) & (TRUTH > 0)).sum() / (TRUTH > 0).sum()
    assert found["joined"]["subject_groups"] == 19
    assert figures["not_suspected_miss_rate"][0] == pytest.approx(missed, abs=1e-4)
    assert all(low <= value <= high for value, low, high in figures.values())
