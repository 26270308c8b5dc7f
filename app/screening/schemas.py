"""The REST shapes of a screening. They are public and stay stable."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.review.rules import Review, ReviewState, Verdict
from app.screening import rules
from app.screening.rules import FRAME_SIDE, LATER, Band, Outcome, ReviewReason
from app.screening.tables import ScreeningRow
from app.vision.unusable import Unusable

SHA256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ModelOut(BaseModel):
    name: str
    version: str
    sha256: SHA256


class ThresholdsOut(BaseModel):
    not_suspected_below: float
    suspected_from: float
    prior_all: float = Field(description="share of ALL cells at which the probability is calibrated")


REASONS = {
    ReviewReason.LOW_CONFIDENCE: "the score lies between the thresholds",
    ReviewReason.ATYPICAL: "the cell lies far from the training cells, or fits not exactly one class",
    ReviewReason.UNUSUAL_STAIN: "the stain is unlike that of almost all training cells; never cleared",
    ReviewReason.STRAIGHT_OUTLINE: "part of the outline is a straight line, as if the cell had been cut; never cleared",
    ReviewReason.UNUSUAL_DETAIL: (
        "for the size of the cell its detail is finer or coarser than in almost all training cells, as if it had been "
        "scaled; never cleared"
    ),
    ReviewReason.LOSSY_IMAGE: (
        "compressed with loss, as JPEG is, in this file or in an earlier one of the same pixels; never cleared"
    ),
    ReviewReason.LOSSY_PIXELS: (
        "the file is lossless, but its pixels bear traces of such a compression or of enlargement; never cleared"
    ),
    ReviewReason.RESAMPLED_PIXELS: (
        "by its outline the image was scaled or turned after the cell had been cut out; never cleared"
    ),
    ReviewReason.UNUSUAL_FRAME: (f"not {FRAME_SIDE} x {FRAME_SIDE} pixels, so it may have been scaled; never cleared"),
    ReviewReason.QUALITY_SAMPLE: "drawn by lot from the confident results, for quality control",
    ReviewReason.POLICY_READ: "the laboratory's policy has every cell of this band read",
    ReviewReason.SAME_IMAGE_OTHER_SUBJECT: "the same pixels were sent under another subject",
    ReviewReason.ASKED_FOR: "a human asked for a read; comes after the screening and stands in no reply",
    ReviewReason.SAME_IMAGE_FOUND_LATER: (
        "the same pixels came under another subject later; comes after the screening and stands in no reply"
    ),
}


class ReviewOut(BaseModel):
    """`settled` is no last word: where a reader takes a verdict back, or another read is asked for, it is `waiting` or
    `reading` once more, without a verdict until that is settled; and `not_needed` becomes `waiting` where a human is
    asked for later. Ask again before you report. `withdrawn`: the case was taken back, and none of its cells is read or
    reported any more; the verdict is what had been found before."""

    state: ReviewState | Literal["withdrawn"]
    verdict: Verdict | None
    settled_at: datetime | None


class ScreeningOut(BaseModel):
    """All but `review` are facts of the moment of screening and never change; a wrong `case` may be corrected."""

    id: UUID
    case: str | None = Field(description="accession number, where one was given; as it was corrected since")
    case_id: UUID
    outcome: Outcome
    all_probability: float | None = Field(
        ge=0,
        le=1,
        description="calibrated; null where the image is unusable. Where `review_reasons` has one that is never "
        "cleared, a value below `suspected_from` says nothing: go by `band`",
    )
    band: Band | None = Field(
        description="never `not_suspected` where `review_reasons` says that the cell is never cleared"
    )
    needs_review: bool = Field(
        description="triage asked for a human; where one is asked for later, only `review.state` tells"
    )
    review_reasons: list[ReviewReason] = Field(
        description="; ".join(f"`{reason}`: {told}" for reason, told in REASONS.items())
    )
    unusable_reason: Unusable | None = Field(description="why there is no score")
    image_sha256: SHA256 = Field(description="of the file as received")
    pixels_sha256: SHA256 = Field(description="of the decoded RGB pixels")
    model: ModelOut
    thresholds: ThresholdsOut
    sandbox: bool = Field(description="true where a demonstration model gave the score")
    created_at: datetime
    review: ReviewOut
    statement: str = Field(description="to be shown with the result")


class ScreeningList(BaseModel):
    items: list[ScreeningOut]
    next: str | None = Field(description="send it as `after` to get what came later; null while there is nothing yet")
    more: bool = Field(description="whether there is more now")


class Problem(BaseModel):
    """RFC 9457, `application/problem+json`."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="stable; each status names those that it comes with")
    request_id: str


def shown(screening: ScreeningRow, *, review: Review) -> ScreeningOut:
    given = screening.given - LATER
    reasons = [reason for reason in ReviewReason if reason in given]
    return ScreeningOut(
        id=screening.id,
        case=screening.case.accession,
        case_id=screening.case_id,
        outcome=Outcome.UNUSABLE if screening.unusable_reason else Outcome.SCREENED,
        all_probability=screening.probability,
        band=screening.band,
        needs_review=bool(reasons),
        review_reasons=reasons,
        unusable_reason=Unusable(screening.unusable_reason) if screening.unusable_reason else None,
        image_sha256=screening.received_sha256,
        pixels_sha256=screening.pixels_sha256,
        model=ModelOut(name=screening.model.name, version=screening.model.version, sha256=screening.model.sha256),
        thresholds=ThresholdsOut(**screening.thresholds),
        sandbox=screening.sandbox,
        created_at=screening.at,
        review=ReviewOut(
            state="withdrawn" if review.withdrawn else review.state,
            verdict=review.verdict,
            settled_at=review.settled_at,
        ),
        statement=rules.statement(screening.thresholds["prior_all"], reasons=screening.given),
    )


ANY_ROUTE = (401, 403, 408, 413, 422, 429, 500, 503)
"""What every route of a lab client may answer: the guard, the limits and caps around it, and a surprise."""


CODES = {
    400: ("bad_request", "request_cut_off"),
    401: ("key_refused", "not_signed_in"),
    403: ("forbidden",),
    404: ("not_found", "screening_not_found"),
    408: ("request_too_slow",),
    409: ("case_not_yours", "case_withdrawn", "subject_conflict"),
    413: ("image_too_large", "request_too_large"),
    415: ("content_type_unsupported", "image_format_unsupported"),
    422: (
        *("case_unusable", "content_length_unreadable", "cursor_unreadable", "field_unknown", "field_unreadable"),
        *("host_unknown", "idempotency_key_reused", "image_animated", "image_bit_depth", "image_colour_mode"),
        *("image_compression", "image_damaged", "image_empty", "image_missing", "image_multiple_pages"),
        *("image_several", "image_too_many_pixels", "image_transparent", "image_truncated", "invalid_request"),
        *("parameter_repeated", "parameter_unknown", "subject_unusable"),
    ),
    429: ("rate_limited",),
    500: ("internal_error",),
    503: ("busy", "database_unavailable", "record_unreadable", "storage_unavailable"),
}
"""What `Problem.code` may be under each status that a lab client gets."""
COME_AGAIN = (429, 503)
RETRY_AFTER = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "string"}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI is told of the errors that a route can answer with: `ANY_ROUTE` and its own. `Problem` is named and
    not given as a model, for FastAPI would then tell of `application/json` too."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in CODES[status])}",
            "content": content,
            **({"headers": RETRY_AFTER} if status in COME_AGAIN else {}),
        }
        for status in sorted({*ANY_ROUTE, *statuses})
    }
