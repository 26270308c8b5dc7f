"""How pages say what rules decide. Never a diagnosis."""

from uuid import UUID

from app.screening import rules
from app.screening.rules import FRAME_SIDE, NEVER_CLEARED, Band, ReviewReason
from app.screening.tables import ScreeningRow
from app.vision.quality import Unusable, explain

BANDS = {
    Band.SUSPECTED: "ALL suspected",
    Band.UNCERTAIN: "Uncertain",
    Band.NOT_SUSPECTED: "ALL not suspected",
}
UNUSABLE = "No usable cell image"
FLAGS = {
    ReviewReason.LOW_CONFIDENCE: "Model not sure",
    ReviewReason.ATYPICAL: "Atypical cell",
    ReviewReason.UNUSUAL_STAIN: "Unusual stain",
    ReviewReason.STRAIGHT_OUTLINE: "Straight outline",
    ReviewReason.UNUSUAL_DETAIL: "Unusual detail for its size",
    ReviewReason.LOSSY_IMAGE: "Compressed with loss",
    ReviewReason.LOSSY_PIXELS: "Traces of compression",
    ReviewReason.RESAMPLED_PIXELS: "Traces of scaling",
    ReviewReason.UNUSUAL_FRAME: "Unusual image size",
    ReviewReason.QUALITY_SAMPLE: "Quality sample",
    ReviewReason.POLICY_READ: "Read by policy",
    ReviewReason.SAME_IMAGE_OTHER_SUBJECT: "Same image, other subject",
    ReviewReason.SAME_IMAGE_FOUND_LATER: "Same image, found later",
    ReviewReason.ASKED_FOR: "Asked for",
}
"""Why a cell was flagged, shortly."""
REASONS = {
    ReviewReason.LOW_CONFIDENCE: "The score lies between the thresholds: the model is not sure.",
    ReviewReason.ATYPICAL: "The cell is unlike those that the model was trained on, or it fits neither class clearly.",
    ReviewReason.UNUSUAL_STAIN: (
        "Its stain is unlike that of almost all training cells: a low score of it says nothing."
    ),
    ReviewReason.STRAIGHT_OUTLINE: (
        "Part of its outline is a straight line, as if the cell had been cut: a low score of it says nothing."
    ),
    ReviewReason.UNUSUAL_DETAIL: (
        "Its detail is unusually fine or coarse for its size, as if it had been scaled: a low score of it says nothing."
    ),
    ReviewReason.LOSSY_IMAGE: (
        "It was compressed with loss, as JPEG is: a low score of it says nothing, and somebody looks at every such "
        "image."
    ),
    ReviewReason.LOSSY_PIXELS: (
        "Its file is lossless, but its pixels bear traces of compression with loss, as of JPEG, or of enlargement: a "
        "low score of it says nothing, and somebody looks at every such image."
    ),
    ReviewReason.RESAMPLED_PIXELS: (
        "By its outline it was scaled or turned after the cell had been cut out: a low score of it says nothing."
    ),
    ReviewReason.UNUSUAL_FRAME: (
        f"The image is not {FRAME_SIDE} x {FRAME_SIDE} pixels, so it may have been scaled: a low score of it says "
        "nothing."
    ),
    ReviewReason.QUALITY_SAMPLE: "Drawn by lot for quality control: a share of the confident results is read too.",
    ReviewReason.POLICY_READ: "This laboratory's policy has every cell of this band read.",
    ReviewReason.SAME_IMAGE_OTHER_SUBJECT: "The same image was sent under another subject: check for a mix-up.",
    ReviewReason.SAME_IMAGE_FOUND_LATER: (
        "After this cell was screened, the same image was found under another subject: check for a mix-up."
    ),
    ReviewReason.ASKED_FOR: "A colleague asked for a human read.",
}


ELSEWHERE = "The same image is in another case too: check that it belongs in this one."


HUNDREDTH = 0.0001
"""One hundredth of a percent, as a share."""


def band(screening: ScreeningRow) -> str:
    return BANDS[screening.band] if screening.band else UNUSABLE


def band_code(screening: ScreeningRow) -> str:
    return screening.band or "unusable"


def percent(share: float, *, decimals: int = 2) -> str:
    """To a hundredth of a percent, so that a page and the REST reply show the same number; `decimals` for what is no
    score. Never broken over two lines."""
    return f"{share * 100:.{decimals}f}\N{NO-BREAK SPACE}%"


def probability(screening: ScreeningRow) -> str:
    return "–" if screening.probability is None else chance(screening.probability)


def chance(probability: float) -> str:
    """Never as certain as 0 or 100 %, which no model is."""
    if probability < HUNDREDTH / 2:
        return f"under {percent(HUNDREDTH)}"
    if probability >= 1 - HUNDREDTH / 2:
        return f"over {percent(1 - HUNDREDTH)}"
    return percent(probability)


def marked(probability: float, *, says_nothing: bool) -> str:
    """A probability where no sentence stands beside it."""
    return f"{chance(probability)} (unreliable)" if says_nothing else chance(probability)


def reasons(screening: ScreeningRow) -> tuple[str, ...]:
    return tuple(told for reason, told in REASONS.items() if reason in screening.given)


def why_not_cleared(screening: ScreeningRow) -> tuple[str, ...]:
    """Nothing where its score suspects the cell, as a high one counts."""
    if not screening.low_score_says_nothing:
        return ()
    return rules.why_not_cleared(screening.given)


def what_to_know(screening: ScreeningRow) -> str:
    """Of one screening among many: why it has no score, or why it is to be read."""
    told = {**REASONS, **NEVER_CLEARED} if screening.low_score_says_nothing else REASONS
    return why_unusable(screening) or " ".join(told[reason] for reason in told if reason in screening.given)


def why_unusable(screening: ScreeningRow) -> str | None:
    return explain(Unusable(screening.unusable_reason)) if screening.unusable_reason else None


def model(screening: ScreeningRow) -> str:
    return f"{screening.model.name} {screening.model.version}"


def short_id(one: UUID) -> str:
    """As pages and reports name a cell."""
    return str(one)[:8]
