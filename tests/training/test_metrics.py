from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from app.errors import Invalid
from training import evaluate, metrics, trust
from training.bootstrap import AT_ONCE, Stated, bootstrap_weights, estimate, paired_difference, resampled
from training.scored import Scored, ones, subject_weights

pytestmark = pytest.mark.tensorflow


def scored(*, subjects=20, cells=30, skill=1.5, seed=0):
    rng = np.random.default_rng(seed)
    names = np.repeat([f"{'H' if n % 2 else ''}{n}" for n in range(2 * subjects)], cells)
    is_all = np.array([not name.startswith("H") for name in names])
    own = np.repeat(rng.normal(0, 0.5, 2 * subjects), cells)
    logits = skill * (is_all - 0.5) + own + rng.normal(size=len(names))
    folds = np.array([int(name.lstrip("H")) % 3 for name in names])
    found = Scored(is_all, names, names, folds, logits, np.exp(rng.normal(10, 0.2, len(names))), logits)
    return replace(found, probabilities=trust.cross_calibrated(found, apart=found.folds))


def test_the_weighted_auc_is_the_share_of_pairs_in_order_with_ties_half():
    rng = np.random.default_rng(1)
    is_all, scores, weights = rng.random(60) < 0.4, rng.integers(0, 8, 60) / 8, rng.integers(0, 4, 60).astype(float)

    seen = metrics.weighted_auc(is_all, scores, weights)

    pairs = [
        (weights[i] * weights[j], (scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
        for i in np.flatnonzero(is_all)
        for j in np.flatnonzero(~is_all)
    ]
    assert seen == pytest.approx(sum(w * won for w, won in pairs) / sum(w for w, _ in pairs))


def test_an_interval_counts_subjects_and_is_wider_than_one_that_counts_cells():
    few, many = scored(subjects=8, cells=75), scored(subjects=60, cells=10)

    intervals = [estimate(metrics.auc, one, draws=200) for one in (few, many)]

    assert all(one.low < one.value < one.high for one in intervals)
    assert intervals[0].high - intervals[0].low > intervals[1].high - intervals[1].low


def test_a_score_that_only_knows_the_area_has_no_skill_once_areas_are_matched():
    cells = scored()
    areas = np.exp(10 + 0.4 * cells.is_all + np.random.default_rng(0).normal(0, 0.2, len(cells.is_all)))
    by_area = cells.with_logits(np.log(areas))

    pooled = metrics.auc(by_area, ones(by_area))
    matched = metrics.matched_auc(areas, bins=40)(by_area, ones(by_area))

    assert pooled > 0.85
    assert matched < 0.62


def test_macro_figures_do_not_depend_on_how_many_cells_a_subject_has():
    cells = scored()
    first = cells.subjects == "H1"
    twice = cells.of(np.ones(len(first), bool))
    doubled = Scored(**{name: np.concatenate([array, array[first]]) for name, array in vars(twice).items()})

    before = metrics.macro(metrics.specificity)(cells, ones(cells))
    after = metrics.macro(metrics.specificity)(doubled, ones(doubled))

    assert after == pytest.approx(before)


FIGURES = {
    "auc": metrics.auc,
    "balanced accuracy": metrics.balanced_accuracy,
    "precision": metrics.precision,
    "weighted F1": metrics.weighted_f1,
    "Brier": metrics.brier,
    "calibration error": metrics.calibration_error,
}


@pytest.mark.parametrize("name", [*FIGURES, "matched"])
@pytest.mark.parametrize("over", ["cells", "subjects"])
def test_all_draws_at_once_give_what_each_gives_alone(name, over):
    cells = scored(subjects=8)
    cells = cells.of(np.random.default_rng(1).random(len(cells.logits)) < 0.7)
    figure = FIGURES.get(name) or metrics.matched_auc(cells.areas)
    figure = metrics.macro(figure) if over == "subjects" else figure
    draws = bootstrap_weights(cells, draws=12, seed=4)

    at_once = figure(cells, draws)

    assert at_once == pytest.approx([float(figure(cells, draw)) for draw in draws], abs=1e-12)


def test_the_weight_of_a_group_is_the_number_of_times_it_was_drawn_cell_by_cell():
    cells = scored(subjects=5, cells=4)
    rng = np.random.default_rng(9)

    draws = bootstrap_weights(cells, draws=3, seed=9)

    for row in draws:
        for is_all in (False, True):
            names = sorted(set(cells.groups[cells.is_all == is_all].tolist()))
            drawn = [names[number] for number in rng.integers(len(names), size=len(names))]
            for place in np.flatnonzero(cells.is_all == is_all):
                assert row[place] == drawn.count(cells.groups[place])


def test_a_subject_weighs_as_much_as_any_other_of_its_class_and_each_class_half():
    cells = scored(subjects=4, cells=6).of(np.random.default_rng(2).random(48) < 0.6)

    weights = subject_weights(cells)

    for is_all in (False, True):
        names = set(cells.subjects[cells.is_all == is_all].tolist())
        assert len(names) == 4
        for name in names:
            assert weights[cells.subjects == name].sum() == pytest.approx(0.5 / 4, abs=1e-12)


def test_a_figure_that_no_cell_speaks_for_is_no_number_and_no_warning():
    cells = replace(scored(subjects=3), probabilities=np.zeros(180))

    assert np.isnan(metrics.precision(cells, ones(cells)))
    assert estimate(metrics.sensitivity, cells, draws=5).as_json() == [0, 0, 0]
    assert estimate(metrics.precision, cells, draws=5).as_json() == [None, None, None]
    assert str(estimate(metrics.precision, cells, draws=5)) == "-"


def test_sensitivity_is_that_of_all_cells_and_specificity_that_of_normal_ones():
    cells = scored(subjects=4, cells=10)
    called = np.where(cells.is_all, np.arange(80) % 10 < 3, np.arange(80) % 10 < 1).astype(float)
    cells = replace(cells, probabilities=called)

    whole = ones(cells)

    assert metrics.sensitivity(cells, whole) == pytest.approx(0.3)
    assert metrics.specificity(cells, whole) == pytest.approx(0.9)
    assert metrics.balanced_accuracy(cells, whole) == pytest.approx(0.6)


def test_whoever_calls_everything_all_has_no_skill_whatever_the_share_of_all():
    cells = scored(subjects=6, cells=10)
    mostly_all = cells.of(cells.is_all | (np.arange(120) % 3 == 0))
    cells = replace(mostly_all, probabilities=np.ones(len(mostly_all.logits))).with_logits(
        np.ones(len(mostly_all.logits))
    )

    whole = ones(cells)

    assert cells.is_all.mean() > 0.7
    assert metrics.sensitivity(cells, whole) == 1
    assert metrics.specificity(cells, whole) == 0
    assert metrics.balanced_accuracy(cells, whole) == metrics.auc(cells, whole) == 0.5


def test_of_a_result_and_itself_the_paired_difference_is_nothing():
    cells = scored()

    difference = paired_difference(metrics.auc, cells, cells, draws=50)

    assert (difference.low, difference.value, difference.high) == (0, 0, 0)


def test_cells_of_one_class_have_no_figure_about_two():
    cells = scored()

    with pytest.raises(Invalid, match="one class only"):
        estimate(metrics.auc, cells.of(cells.is_all))


def test_calibration_finds_the_slope_that_the_logits_lack():
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 2, 40_000)
    is_all = rng.random(truth.size) < 1 / (1 + np.exp(-truth))
    names = np.array([f"{'' if one else 'H'}{n % 50}" for n, one in enumerate(is_all)])
    cells = Scored(is_all, names, names, np.zeros(truth.size, int), truth / 3, truth, truth)

    fitted = trust.calibration(cells)

    assert fitted.slope == pytest.approx(3, rel=0.1)
    assert fitted.bias == pytest.approx(0, abs=0.1)


def test_a_calibration_never_sees_those_from_whom_it_is_kept_apart():
    cells = scored(subjects=6)
    misled = cells.groups == "H3"
    turned = replace(cells, is_all=np.where(misled, ~cells.is_all, cells.is_all))

    plain, other = (trust.cross_calibrated(one, apart=one.groups) for one in (cells, turned))

    assert other[misled] == pytest.approx(plain[misled], abs=1e-12)
    assert other[~misled] != pytest.approx(plain[~misled], abs=1e-3)


def test_exact_probabilities_keep_the_order_and_err_by_less_than_any_served_ones():
    cells = scored(subjects=30, skill=1.5)
    error = metrics.macro(metrics.calibration_error)

    exact = trust.exact(cells)

    assert (np.argsort(exact.probabilities) == np.argsort(cells.probabilities)).all()
    assert error(exact, ones(exact)) < error(cells, ones(cells)) / 2


def test_the_lower_band_holds_no_more_all_cells_than_promised_and_the_upper_is_as_precise():
    cells = scored(subjects=60, skill=3.0)

    bands = trust.bands(cells)

    weights = subject_weights(cells)
    lower, upper = cells.probabilities < bands.not_suspected_below, cells.probabilities >= bands.suspected_from
    assert 0 < 2 * weights[lower & cells.is_all].sum() <= trust.MISS_RATE
    assert weights[upper & cells.is_all].sum() / weights[upper].sum() >= trust.UPPER_PRECISION - 0.01
    assert bands.not_suspected_below <= bands.suspected_from


def test_of_new_persons_cells_the_lower_band_misses_no_more_than_promised_on_the_mean_of_many_fits():
    missed = []
    for seed in range(60):
        known, new = (scored(subjects=25, skill=3.0, seed=2 * seed + other) for other in (0, 1))
        lower = new.probabilities < trust.bands(known).not_suspected_below
        missed.append(2 * subject_weights(new)[lower & new.is_all].sum())

    assert 0 < np.mean(missed) <= trust.MISS_RATE


def test_too_few_persons_with_all_leave_the_lower_band_empty():
    cells = scored(subjects=15, skill=3.0)

    assert not (cells.probabilities < trust.bands(cells).not_suspected_below).any()


def test_conformal_sets_cover_new_subjects_of_both_classes():
    fitted = trust.conformal(scored(subjects=40))
    new = scored(subjects=200, seed=1)

    covered = np.array(
        [
            ("ALL" if is_all else "HEM") in fitted.classes(probability)
            for is_all, probability in zip(new.is_all, new.probabilities, strict=True)
        ]
    )

    assert covered[new.is_all].mean() > 0.87
    assert covered[~new.is_all].mean() > 0.87


def test_reliability_tells_of_every_cell_once_and_of_shares_that_rise_with_the_probability():
    cells = scored(subjects=30, skill=3)

    bins = evaluate.reliability(cells, bins=5)

    assert sum(one["cells"] for one in bins) == len(cells.logits)
    assert [bins[0]["from"], bins[-1]["to"]] == [0.0, 1.0]
    assert all(before["to"] == after["from"] for before, after in pairwise(bins))
    assert bins[0]["all_share"][0] < 0.2
    assert bins[-1]["all_share"][0] > 0.8


def test_a_bin_all_of_whose_cells_are_of_one_class_is_as_certain_as_its_groups_are_many():
    cells = scored(subjects=20, skill=8)
    cells = replace(cells, probabilities=1 / (1 + np.exp(-cells.logits)))

    first, *_, last = evaluate.reliability(cells, bins=5)

    assert [first["all_share"][0], last["all_share"][0]] == [0, 1]
    groups = len(set(cells.groups[cells.probabilities < first["to"]].tolist()))
    assert first["all_share"] == [0, 0, round(metrics.binomial_interval(0, groups)[1], 4)]
    assert 0.1 < first["all_share"][2] < 0.5
    assert 0.5 < last["all_share"][1] < 0.9
    assert last["all_share"][2] == 1


def test_quantiles_follow_the_weights():
    values = np.array([5.0, 1.0, 3.0])

    assert metrics.weighted_quantiles(values, np.ones(3), shares=(0.0, 0.5, 1.0)) == [1.0, 3.0, 5.0]
    assert metrics.weighted_quantiles(values, np.array([1.0, 9.0, 1.0]), shares=(0.5,)) == [1.0]


def test_draws_come_a_few_at_a_time_and_are_those_of_all_at_once():
    cells = scored(skill=1.0)
    weights = bootstrap_weights(cells, draws=AT_ONCE + 7, seed=3)

    found = resampled(Stated(metrics.auc, cells), cells, draws=AT_ONCE + 7, seed=3)

    assert found == pytest.approx(metrics.auc(cells, weights), abs=1e-12)


def test_conformal_sets_of_unseen_subjects_hold_their_class_as_often_as_was_asked():
    served = trust.as_served(scored(skill=1.5))

    found = {name: one(ones(one.scored)) for name, one in evaluate.stated_of_sets(served).items()}

    assert min(found["covered_hem"], found["covered_all"]) > 0.8
    assert 0 < found["both_share"] < 1
    assert found["neither_share"] == pytest.approx(0, abs=0.1)


def test_bands_and_sets_are_those_that_the_shipped_procedure_gives_from_all_other_groups():
    cells = scored(subjects=25, skill=3.0)
    own = cells.groups == "4"
    others = trust.recalibrated(cells.of(~own))
    bands, limits = trust.bands(others), trust.conformal(others)
    probabilities = trust.calibrated(cells.of(own), by=trust.calibration(cells.of(~own))).probabilities

    served = trust.as_served(cells)

    assert served.scored.probabilities[own] == pytest.approx(probabilities, abs=1e-12)
    assert (served.not_suspected[own] == (probabilities < bands.not_suspected_below)).all()
    assert (served.suspected[own] == (probabilities >= bands.suspected_from)).all()
    assert [("HEM" in limits.classes(one), "ALL" in limits.classes(one)) for one in probabilities] == list(
        zip(served.holds_hem[own], served.holds_all[own], strict=True)
    )
