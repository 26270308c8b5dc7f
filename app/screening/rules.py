"""From a score to a band, and to the reasons why a human must look."""

from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import sqrt

from app.policy.rules import Policy

CONFIDENCE_Z = 1.959964
"""The normal quantile of a two-sided interval of 95 %."""
FRAME_SIDE = 450
"""Side in pixels of every image that the models learned from (C-NMC 2019): one of another size may have been scaled."""


class Outcome(StrEnum):
    SCREENED = "screened"
    UNUSABLE = "unusable"


class Band(StrEnum):
    SUSPECTED = "suspected"
    UNCERTAIN = "uncertain"
    NOT_SUSPECTED = "not_suspected"


class ReviewReason(StrEnum):
    LOW_CONFIDENCE = "low_confidence"
    ATYPICAL = "atypical"
    UNUSUAL_STAIN = "unusual_stain"
    STRAIGHT_OUTLINE = "straight_outline"
    UNUSUAL_DETAIL = "unusual_detail"
    LOSSY_IMAGE = "lossy_image"
    LOSSY_PIXELS = "lossy_pixels"
    RESAMPLED_PIXELS = "resampled_pixels"
    UNUSUAL_FRAME = "unusual_frame"
    QUALITY_SAMPLE = "quality_sample"
    POLICY_READ = "policy_read"
    SAME_IMAGE_OTHER_SUBJECT = "same_image_other_subject"
    ASKED_FOR = "asked_for"
    SAME_IMAGE_FOUND_LATER = "same_image_found_later"


WITH_LOSS = frozenset({ReviewReason.LOSSY_IMAGE, ReviewReason.LOSSY_PIXELS})
"""That the image was compressed with loss, as its file (or an earlier one of the same pixels) or its pixels tell."""
NEVER_CLEARED = {
    ReviewReason.UNUSUAL_STAIN: (
        "The stain of this cell is unlike that of almost all training cells, and with another stain or white balance "
        "blasts look normal to the model: its score cannot clear the cell. Check stain and white balance."
    ),
    ReviewReason.STRAIGHT_OUTLINE: (
        "Part of the outline of this cell is a straight line, as if it had been cut, and of what is missing the model "
        "knows nothing: its score cannot clear the cell. Check that the whole cell was cut out."
    ),
    ReviewReason.UNUSUAL_DETAIL: (
        "For the size of this cell its detail is finer or coarser than in almost all training cells. It may have been "
        "scaled, or lie out of focus, which changes what the model reads: its score cannot clear the cell. Send the "
        "cell as large as the camera took it, and in focus."
    ),
    ReviewReason.LOSSY_IMAGE: (
        "This image was compressed with loss (as JPEG, also within a TIFF, or lossy WebP), in this file or in an "
        "earlier one of the same pixels, which smooths away what the model reads: its score cannot clear the cell. "
        "Send the image as it was before (PNG, TIFF or BMP); converting a JPEG does not bring it back."
    ),
    ReviewReason.LOSSY_PIXELS: (
        "This file is lossless, but its pixels bear traces of compression with loss (as JPEG) or of enlargement before "
        "they were saved in it, which smooths away what the model reads: its score cannot clear the cell. Send the "
        "image as the camera took it, neither converted from JPEG nor enlarged."
    ),
    ReviewReason.RESAMPLED_PIXELS: (
        "By its outline this image was scaled or turned, or the edge of the cell smoothed, after the cell had been cut "
        "out. That changes what the model reads: its score cannot clear the cell. Send the image as it was before, the "
        "cell as large as the camera took it; scaling back does not undo it."
    ),
    ReviewReason.UNUSUAL_FRAME: (
        f"This image is not {FRAME_SIDE} x {FRAME_SIDE} pixels, as all were that the model learned from. It may have "
        "been scaled, which changes what the model reads: its score cannot clear the cell. Send the cell as large as "
        f"the camera took it, on black, in a frame of {FRAME_SIDE} x {FRAME_SIDE} pixels."
    ),
}
"""Findings that make a low score say nothing, in the sentences that results bear."""
ODD = frozenset({ReviewReason.ATYPICAL, *NEVER_CLEARED})
"""Findings that always have a human read, whatever the score and the policy."""
LATER = frozenset({ReviewReason.ASKED_FOR, ReviewReason.SAME_IMAGE_FOUND_LATER})
"""What comes after the screening: no part of what was true at its moment, and bound by an event of its own."""
MIXED_UP = frozenset({ReviewReason.SAME_IMAGE_OTHER_SUBJECT, ReviewReason.SAME_IMAGE_FOUND_LATER})
"""That the same pixels lie under another subject, known at the screening or found later."""


@dataclass(frozen=True)
class Thresholds:
    """On the calibrated probability, at the prior that the calibration assumes."""

    not_suspected_below: float
    suspected_from: float
    prior_all: float

    def as_json(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Triage:
    band: Band
    reasons: tuple[ReviewReason, ...]


def band_of(probability: float, thresholds: Thresholds) -> Band:
    if probability >= thresholds.suspected_from:
        return Band.SUSPECTED
    if probability < thresholds.not_suspected_below:
        return Band.NOT_SUSPECTED
    return Band.UNCERTAIN


def triage(
    probability: float, *, thresholds: Thresholds, policy: Policy, odd: AbstractSet[ReviewReason], lot: float
) -> Triage:
    """`odd`: what of ODD was seen of the cell; what is in NEVER_CLEARED is never `not_suspected`.
    `lot`: a number drawn evenly from [0, 1) for the quality sample, which is taken from what is not flagged anyway."""
    scored = band_of(probability, thresholds)
    band = Band.UNCERTAIN if scored is Band.NOT_SUSPECTED and not clears(odd) else scored
    return Triage(band, _reasons(band, policy=policy, unsure=scored is Band.UNCERTAIN, odd=odd, lot=lot))


def _reasons(
    band: Band, *, policy: Policy, unsure: bool, odd: AbstractSet[ReviewReason], lot: float
) -> tuple[ReviewReason, ...]:
    """`unsure`: the score itself lies between the thresholds."""
    reasons = []
    if unsure:
        reasons.append(ReviewReason.LOW_CONFIDENCE)
    reasons += [reason for reason in ReviewReason if reason in odd]
    if band is not Band.UNCERTAIN and policy.reads_wanted(band):
        reasons.append(ReviewReason.POLICY_READ)
    if not reasons and lot < policy.quality_sample_share:
        reasons.append(ReviewReason.QUALITY_SAMPLE)
    return tuple(reasons)


def share_flagged(band: Band | None, *, policy: Policy, odd: bool) -> float:
    """Of cells like these, the share that a policy has read. `odd`: flagged whatever the policy says."""
    if odd or band is None:
        return float(odd)
    by_policy = _reasons(band, policy=policy, unsure=band is Band.UNCERTAIN, odd=frozenset(), lot=1.0)
    return 1.0 if by_policy else policy.quality_sample_share


def clears(reasons: AbstractSet[ReviewReason]) -> bool:
    """Whether a low score would clear a cell that was flagged for these."""
    return reasons.isdisjoint(NEVER_CLEARED)


def low_score_says_nothing(reasons: AbstractSet[ReviewReason], *, band: Band | None) -> bool:
    """A high score counts all the same."""
    return not clears(reasons) and band is not Band.SUSPECTED


def why_not_cleared(reasons: AbstractSet[ReviewReason]) -> tuple[str, ...]:
    return tuple(why for reason, why in NEVER_CLEARED.items() if reason in reasons)


def certainty(probability: float | None, *, clears: bool) -> float:
    """0 where the model knows nothing (or gave no score), 1 where it is sure either way.

    `clears`: whether a low score says anything; of what is in NEVER_CLEARED it does not."""
    if probability is None:
        return 0.0
    sure = 2 * probability - 1
    return abs(sure) if clears else max(0.0, sure)


@dataclass(frozen=True)
class PredictiveValues:
    """How far a call can be trusted where so many of the cells are ALL; None where the model never makes the call."""

    positive: float | None
    negative: float | None


def predictive_values(*, sensitivity: float, specificity: float, prevalence: float) -> PredictiveValues:
    """By Bayes' rule. `positive`: the share of cells called ALL that are; `negative`: of those called normal."""
    true_all, false_all = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    true_hem, false_hem = specificity * (1 - prevalence), (1 - sensitivity) * prevalence
    return PredictiveValues(
        positive=true_all / (true_all + false_all) if true_all + false_all else None,
        negative=true_hem / (true_hem + false_hem) if true_hem + false_hem else None,
    )


def wilson(share: float, *, among: float) -> tuple[float, float]:
    """Wilson's interval of 95 % for a share `among` so many."""
    z2 = CONFIDENCE_Z**2
    middle = (share + z2 / (2 * among)) / (1 + z2 / among)
    reach = CONFIDENCE_Z / (1 + z2 / among) * sqrt(share * (1 - share) / among + z2 / (4 * among**2))
    return max(0.0, min(middle - reach, share)), min(1.0, max(middle + reach, share))


def statement(prior_all: float, *, reasons: AbstractSet[ReviewReason] = frozenset()) -> str:
    """The fixed sentences of every result; `reasons`: with why the score cannot clear the cell."""
    told = (
        "Screening support for professionals, not a diagnosis. The probability is calibrated for a setting in which "
        f"{prior_all * 100:.0f} % of the cells are ALL; where fewer are, it reads too high."
    )
    return " ".join([told, *why_not_cleared(reasons)])
