from dataclasses import replace

import numpy as np
import pytest

from tests.training.people import scored
from training import metrics
from training.bootstrap import bootstrap_weights, estimate
from training.scored import Scored, ones, subject_weights

pytestmark = pytest.mark.tensorflow


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


def test_what_the_networks_of_two_folds_call_zero_does_not_count_within_folds():
    cells = scored()
    cells = replace(cells, folds=np.arange(len(cells.is_all)) % 2)
    apart = cells.with_logits(cells.logits + 9.0 * cells.folds)
    (weights,) = bootstrap_weights(cells, draws=3, seed=0)
    of_each = [metrics.auc(cells.of(cells.folds == fold), weights[:, cells.folds == fold]) for fold in (0, 1)]

    assert metrics.auc(apart, ones(apart)) < metrics.auc(cells, ones(cells)) - 0.1
    for figure in (metrics.auc_within_folds, metrics.matched_auc(cells.areas, within_folds=True)):
        assert figure(apart, weights) == pytest.approx(figure(cells, weights))
    within = metrics.auc_within_folds(cells, weights)
    assert (np.minimum(*of_each) <= within).all()
    assert (within <= np.maximum(*of_each)).all()


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
    (draws,) = bootstrap_weights(cells, draws=12, seed=4)

    at_once = figure(cells, draws)

    assert at_once == pytest.approx([float(figure(cells, draw)) for draw in draws], abs=1e-12)


def test_a_subject_weighs_as_much_as_any_other_of_its_class_and_each_class_half():
    cells = scored(subjects=4, cells=6).of(np.random.default_rng(2).random(48) < 0.6)

    weights = subject_weights(cells)

    for is_all in (False, True):
        names = set(cells.subjects[cells.is_all == is_all].tolist())
        assert len(names) == 4
        for name in names:
            assert weights[cells.subjects == name].sum() == pytest.approx(0.5 / 4, abs=1e-12)


def test_one_person_of_two_names_weighs_as_one():
    cells = scored(subjects=4, cells=6)
    one, other, *_ = sorted({*cells.subjects[cells.is_all].tolist()})
    together = replace(cells, groups=np.where(cells.subjects == other, one, cells.groups))

    weights = subject_weights(together)

    assert weights[np.isin(cells.subjects, [one, other])].sum() == pytest.approx(0.5 / 3)


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


def test_quantiles_follow_the_weights():
    values = np.array([5.0, 1.0, 3.0])

    assert metrics.weighted_quantiles(values, np.ones(3), shares=(0.0, 0.5, 1.0)) == [1.0, 3.0, 5.0]
    assert metrics.weighted_quantiles(values, np.array([1.0, 9.0, 1.0]), shares=(0.5,)) == [1.0]
