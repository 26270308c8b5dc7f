"""From a score to a band: on which side of each threshold a score lies that is just on it."""

import math

import pytest

from app.policy.rules import Policy
from app.screening.rules import Band, ReviewReason, Thresholds, band_of, triage

THRESHOLDS = Thresholds(not_suspected_below=0.2, suspected_from=0.8, prior_all=0.5)


@pytest.mark.parametrize(
    ("probability", "band"),
    [
        (0.0, Band.NOT_SUSPECTED),
        (math.nextafter(0.2, 0), Band.NOT_SUSPECTED),
        (0.2, Band.UNCERTAIN),
        (math.nextafter(0.8, 0), Band.UNCERTAIN),
        (0.8, Band.SUSPECTED),
        (1.0, Band.SUSPECTED),
    ],
)
def test_a_score_on_a_threshold_is_in_the_band_that_clears_less(probability: float, band: Band) -> None:
    assert band_of(probability, THRESHOLDS) is band


@pytest.mark.parametrize(("share", "lot", "drawn"), [(0.02, 0.0, True), (0.02, 0.02, False), (0.0, 0.0, False)])
def test_a_lot_falls_on_the_quality_sample_as_often_as_the_policy_says_and_never_where_it_says_never(
    share: float, lot: float, drawn: bool
) -> None:
    policy = Policy(quality_sample_share=share)

    found = triage(0.9, thresholds=THRESHOLDS, policy=policy, odd=frozenset(), lot=lot)

    assert (ReviewReason.QUALITY_SAMPLE in found.reasons) is drawn
