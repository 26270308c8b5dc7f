from dataclasses import replace

import numpy as np
import pytest

from tests.training.people import scored
from training import metrics, trust
from training.scored import Scored, ones, subject_weights

pytestmark = pytest.mark.tensorflow


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


def test_what_bands_and_sets_promise_of_these_very_cells_holds_to_the_last_digit_of_the_limits():
    for seed in range(20):
        cells = scored(subjects=40, skill=3.0, seed=seed)
        weights, held = 2 * subject_weights(cells), trust.held_shares(cells)
        limits = trust.conformal(cells)

        lower = cells.probabilities < trust.bands(cells).not_suspected_below
        holds_hem, holds_all = cells.probabilities <= limits.hem, 1 - cells.probabilities <= limits.all

        assert (40 * weights[lower & cells.is_all].sum() + 1) / 41 <= trust.MISS_RATE
        assert weights[holds_hem & ~cells.is_all].sum() >= held[0] - 1e-9
        assert weights[holds_all & cells.is_all].sum() >= held[1] - 1e-9


def test_no_cell_is_suspected_that_is_rather_normal_however_precise_that_would_be():
    cells = scored(subjects=60, skill=2.0)
    above = replace(cells, probabilities=cells.probabilities * 0.6)

    assert trust.bands(above).suspected_from == 0.5


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


def test_conformal_sets_as_served_hold_what_the_cards_limits_hold_and_not_all_there_is():
    """Of 18 groups, one of 19 left out, (18 + 1) x .9 is 18: the largest misfit there is would be the limit."""
    cells = scored(subjects=19, skill=1.0)
    shipped = trust.conformal(cells)

    served = trust.as_served(cells)

    weights = subject_weights(cells)
    of_hem = ~cells.is_all
    in_sample = weights[of_hem & (cells.probabilities <= shipped.hem)].sum() / weights[of_hem].sum()
    assert trust.held_shares(cells) == (18 / 19, 18 / 19)
    assert in_sample == pytest.approx(18 / 19, abs=0.005)
    assert weights[of_hem & served.holds_hem].sum() / weights[of_hem].sum() == pytest.approx(in_sample, abs=0.03)


def test_bands_and_sets_are_those_that_the_shipped_procedure_gives_from_all_other_groups():
    cells = scored(subjects=25, skill=3.0)
    own = cells.groups == "4"
    others = trust.calibrated(cells.of(~own), by=trust.calibration(cells.of(~own)))
    bands, limits = trust.bands(others), trust.conformal(others, by=trust.held_shares(cells))
    probabilities = trust.calibrated(cells.of(own), by=trust.calibration(cells.of(~own))).probabilities

    served = trust.as_served(cells)

    assert served.scored.probabilities[own] == pytest.approx(probabilities, abs=1e-12)
    assert (served.not_suspected[own] == (probabilities < bands.not_suspected_below)).all()
    assert (served.suspected[own] == (probabilities >= bands.suspected_from)).all()
    assert [("HEM" in limits.classes(one), "ALL" in limits.classes(one)) for one in probabilities] == list(
        zip(served.holds_hem[own], served.holds_all[own], strict=True)
    )
