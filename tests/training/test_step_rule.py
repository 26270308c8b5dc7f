"""Each step of ours is held against the one before, in pairs: what ranks, what healthy people pay, what shifts cost."""

import dataclasses

import numpy as np
import pytest

from tests.training.people import cells_of
from training import kept_shifts, metrics, results, step_rule, trust
from training.bootstrap import paired_difference
from training.out_of_fold import cross_scored
from training.recipe import EACH_PERSON
from training.shifts import SHIFTS, UNCHANGED
from training.splits import partition

pytestmark = pytest.mark.tensorflow

CELLS = cells_of(12)
TRUTH = np.array([cell.label == "ALL" for cell in CELLS])
NOISE = np.random.default_rng(0).normal(size=len(CELLS))
SEED = 3


def logits(*, skill):
    return np.round(skill * (TRUTH - 0.5) + NOISE, 3)


def write(name, *, skill, folder, seed=SEED, falls=None, folds=None):
    """Results of a recipe; `falls` by shift is what a shifted ALL cell's logit loses, and a normal one's gains."""
    folds = partition(CELLS, folds=3, seed=seed) if folds is None else folds
    own = logits(skill=skill)
    rows = [f"{cell.sha256},{seed},{fold},{logit}" for cell, fold, logit in zip(CELLS, folds, own, strict=True)]
    (folder / f"{name}.csv").write_text("\n".join(["image_sha256,seed,fold,logit", *rows]) + "\n")
    if falls is not None:
        shifted = {shift: own - falls.get(shift, 0.0) * (2 * TRUTH - 1) for shift in SHIFTS}
        kept_shifts.write_logits({seed: shifted}, CELLS, kept_shifts.logits_path_of(name, folder=folder))


def rows_of(folder):
    """The cells of each row of the table, by the names of its columns."""
    found = [line.strip("| ").split(" | ") for line in step_rule.lines(CELLS, folder=folder) if line.startswith("| ")]
    return [dict(zip(found[0], [*row, ""], strict=False)) for row in found[1:]]


def test_a_step_is_held_against_the_one_before_in_the_order_in_which_they_followed(tmp_path):
    for name, skill in (("texture10", 3.0), ("texture9", 0.5), ("texture8", 1.5)):
        write(name, skill=skill, folder=tmp_path)
    write("features_svm", skill=1.0, folder=tmp_path)

    rows = rows_of(tmp_path)

    assert [(row["step"], row["partition"]) for row in rows][:2] == [("texture9", "3"), ("texture10", "3")]
    assert [row["less"] for row in rows] == ["texture8", "texture9", "texture8"]
    assert float(rows[0]["floor-matched AUC"].split()[0]) < 0 < float(rows[1]["floor-matched AUC"].split()[0])
    assert "worse: floor-matched AUC" in rows[0]["beyond its interval"]
    assert "better: floor-matched AUC" in rows[1]["beyond its interval"]
    assert rows[1]["worst shift: AUC"] == rows[1]["sensitivity"] == "-"


def test_after_one_that_was_no_step_the_next_is_held_against_the_last_that_was_as_well(tmp_path):
    for name, skill, falls in (("texture9", 0.5, {}), ("texture10", 3.0, {"red x .9": 2.0}), ("texture11", 1.5, {})):
        write(name, skill=skill, folder=tmp_path, falls=falls)

    rows = rows_of(tmp_path)
    page = "\n".join(step_rule.lines(CELLS, folder=tmp_path))

    assert [(row["step"], row["less"]) for row in rows] == [
        ("texture10", "texture9"),
        ("texture11", "texture10"),
        ("texture11", "texture9"),
    ]
    assert float(rows[1]["floor-matched AUC"].split()[0]) < 0 < float(rows[2]["floor-matched AUC"].split()[0])
    assert "By these rows steps are: `texture11`. No steps are: `texture10`." in page


def test_who_is_worse_on_one_partition_or_better_on_none_is_no_step(tmp_path):
    better, worse, same = (
        step_rule.Held((), better=better, worse=worse, costlier=None)
        for better, worse in ((("healthy",), ()), (("healthy",), ("AUC elsewhere",)), ((), ()))
    )

    assert step_rule.is_step({"3": better, "4": same})
    assert not step_rule.is_step({"3": better, "4": worse})
    assert not step_rule.is_step({"3": same})
    assert not step_rule.is_step({})


def test_a_milder_shift_that_costs_more_wherever_it_was_tried_is_told_and_one_that_does_once_is_not(tmp_path):
    for seed in (3, 4):
        falls = {"green x .9": 2.0}
        write(f"texture8_on_{seed}", skill=2.0, folder=tmp_path, seed=seed, falls=falls)
        own = {"green x .9": 0.5, "red x .9": 0.4, **({"blue x .9": 0.4} if seed == 3 else {})}
        write(f"texture9_on_{seed}", skill=2.0, folder=tmp_path, seed=seed, falls=own)
    for name in ("texture8", "texture9"):
        write(name, skill=2.0, folder=tmp_path, seed=0)

    page = step_rule.lines(CELLS, folder=tmp_path)

    (told,) = [line for line in page if line.startswith("- ")]
    assert told.startswith("- `texture9`, less `texture8`: ")
    assert "under red x .9" in told
    assert "blue" not in told
    assert "green" not in told


def test_what_was_run_on_one_partition_by_itself_is_held_there_too(tmp_path):
    for name in ("texture8", "texture9"):
        write(name, skill=1.0, folder=tmp_path)
    write("texture8_on_17", skill=1.0, folder=tmp_path, seed=17)
    write("texture9_on_17", skill=1.0, folder=tmp_path, seed=17)

    assert [row["partition"] for row in rows_of(tmp_path)] == ["3", "17"]


def test_a_partition_that_only_one_of_two_was_run_on_has_no_row(tmp_path):
    write("texture8", skill=1.0, folder=tmp_path)
    write("texture9", skill=1.0, folder=tmp_path, seed=4)

    assert step_rule.lines(CELLS, folder=tmp_path) == []


def test_a_step_whose_worst_shift_costs_more_is_worse_and_the_shift_is_named(tmp_path):
    write("texture8", skill=2.0, folder=tmp_path, falls={"red x .9": 0.2})
    write("texture9", skill=2.0, folder=tmp_path, falls={"green x .9": 2.0, "silhouette only": 5.0})

    (row,) = rows_of(tmp_path)

    told = row["beyond its interval"]
    assert float(row["worst shift: AUC"].split()[0]) < -0.1
    assert "worse: AUC at worst, specificity at worst, sensitivity at worst" in told
    assert "AUC under green x .9 -0." in told
    assert "under red x .9" not in told
    assert "silhouette" not in told  # no limit was set for it
    assert row["floor-matched AUC"] == "+0.000 (+0.000 to +0.000)"


def test_a_step_whose_worst_shift_costs_less_is_better_even_where_another_one_is_its_worst(tmp_path):
    write("texture8", skill=2.0, folder=tmp_path, falls={"red x .9": 2.0})
    write("texture9", skill=2.0, folder=tmp_path, falls={"green x .9": 0.1})

    (row,) = rows_of(tmp_path)

    assert row["beyond its interval"].startswith("better: AUC at worst, specificity at worst, sensitivity at worst")
    assert float(row["worst shift: AUC"].split()[0]) > 0.1


def test_a_single_shift_costs_what_a_paired_bootstrap_of_its_own_says(tmp_path):
    folds = partition(CELLS, folds=3, seed=SEED)
    runs = []
    for skill, fall in ((2.0, 0.4), (1.5, 0.9)):
        own = cross_scored(CELLS, logits(skill=skill), folds=folds)
        shifted = dict.fromkeys(SHIFTS, own.logits) | {"blue x 1.1": own.logits - fall}
        runs.append(step_rule.Run(own, shifted))

    worst, single = step_rule.spared(metrics.sensitivity, *runs)

    falls = []
    for run in runs:
        assert run.shifted is not None
        by = trust.calibration(run.scored)
        before, after = (
            trust.calibrated(run.scored.with_logits(run.shifted[name]), by=by) for name in (UNCHANGED, "blue x 1.1")
        )
        falls.append(paired_difference(metrics.sensitivity, after, before))
    alone = single["blue x 1.1"]
    assert alone.value == pytest.approx(falls[0].value - falls[1].value)
    assert alone.draws == pytest.approx(falls[0].draws - falls[1].draws)
    assert worst.value == pytest.approx(alone.value)
    assert len(single) == 10


def test_a_calibration_error_is_told_and_not_judged(tmp_path):
    for name, away in (("texture8", 0.0), ("texture9", 4.0)):  # of one fold only: the others calibrate it ill
        folds = partition(CELLS, folds=3, seed=SEED)
        write(name, skill=3.0, folder=tmp_path)
        path = tmp_path / f"{name}.csv"
        rows = [
            f"{cell.sha256},{SEED},{fold},{logit + away * (fold == 1)}"
            for cell, fold, logit in zip(CELLS, folds, logits(skill=3.0), strict=True)
        ]
        path.write_text("\n".join(["image_sha256,seed,fold,logit", *rows]) + "\n")

    (row,) = rows_of(tmp_path)

    assert float(row["calibration error"].split()[0]) > 0.05
    assert "calibration" not in row["beyond its interval"]


def test_two_that_were_run_in_other_folds_are_not_held_against_each_other(tmp_path):
    write("texture8", skill=1.0, folder=tmp_path, folds=partition(CELLS, folds=3, seed=7))
    write("texture9", skill=1.0, folder=tmp_path)

    with pytest.raises(results.ResultsDoNotFit, match=r"texture8\.csv was run in other folds than texture9 on 3 by"):
        step_rule.lines(CELLS, folder=tmp_path)


def test_shifted_logits_of_every_person_left_out_alone_are_held_too(tmp_path):
    alone = partition(CELLS, folds=EACH_PERSON, seed=0)
    for name, fall in (("texture8", 0.1), ("texture9", 2.0)):
        write(name, skill=2.0, folder=tmp_path, falls={"red x .9": 0.1})
        write(f"{name}_each_person", skill=2.0, folder=tmp_path, seed=0, folds=alone, falls={"red x .9": fall})

    on_three, each = rows_of(tmp_path)

    assert (on_three["partition"], each["partition"]) == ("3", "each person")
    assert on_three["worst shift: AUC"].startswith("+0.000")
    assert "worse: AUC at worst" in each["beyond its interval"]


@pytest.mark.parametrize(
    "mangled",
    [
        lambda text: text.rsplit("\n", 2)[0],
        lambda text: text.rstrip("0123456789\n") + "x\n",
        lambda text: text.rstrip("0123456789.-\n") + "nan\n",
        lambda text: text + text.splitlines()[-1] + "\n",
        lambda text: "<<<<<<< ours\n" + text,
        lambda _: "",
    ],
    ids=["a row lost", "no number", "no finite one", "a row twice", "a merge that failed", "empty"],
)
def test_a_mangled_table_of_shifted_logits_is_refused_in_a_sentence(tmp_path, mangled):
    write("texture8", skill=1.0, folder=tmp_path, falls={})
    path = kept_shifts.logits_path_of("texture8", folder=tmp_path)
    on = {SEED: cross_scored(CELLS, logits(skill=1.0), folds=partition(CELLS, folds=3, seed=SEED))}
    kept = kept_shifts.read_logits(path, CELLS, on)
    assert kept[SEED][UNCHANGED] == pytest.approx(on[SEED].logits)
    assert list(kept[SEED]) == list(SHIFTS)

    path.write_text(mangled(path.read_text()))

    with pytest.raises(
        kept_shifts.ShiftsDoNotFit, match=r"texture8\.shifted\.csv is no whole .* Run .*evaluate --shifts"
    ):
        kept_shifts.read_logits(path, CELLS, on)


@pytest.mark.parametrize(("moved", "seed"), [(0.1, SEED), (np.nan, SEED), (0.0, SEED + 1)])
def test_shifted_logits_of_other_networks_are_refused(tmp_path, moved, seed):
    write("texture8", skill=1.0, folder=tmp_path, falls={})
    own = cross_scored(CELLS, logits(skill=1.0), folds=partition(CELLS, folds=3, seed=SEED))
    on = {seed: dataclasses.replace(own, logits=own.logits + moved)}

    with pytest.raises(kept_shifts.ShiftsDoNotFit, match=r"is of other networks than .* Run .*evaluate --shifts"):
        kept_shifts.read_logits(kept_shifts.logits_path_of("texture8", folder=tmp_path), CELLS, on)


def test_where_no_shifted_logits_were_kept_there_are_none(tmp_path):
    assert kept_shifts.read_logits(tmp_path / "texture8.shifted.csv", CELLS, {}) == {}
