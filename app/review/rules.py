"""What a reader may say, and when they must say why."""

from enum import StrEnum

from app.screening.rules import Band


class Verdict(StrEnum):
    LEUKAEMIC_BLAST = "leukaemic_blast"
    NORMAL = "normal"
    CANNOT_TELL = "cannot_tell"
    UNUSABLE_IMAGE = "unusable_image"


class ReadKind(StrEnum):
    FIRST = "first"
    SECOND = "second"
    ADJUDICATION = "adjudication"
    WITHDRAWAL = "withdrawal"


class ReviewState(StrEnum):
    NOT_NEEDED = "not_needed"
    WAITING = "waiting"
    READING = "reading"
    SETTLED = "settled"


NOTE_LENGTH_MOST = 2000


def departs_from_model(verdict: Verdict, *, band: Band | None) -> bool:
    """Whether a verdict contradicts what the model made of the image; `band` is None for an unusable one."""
    if band is None:
        return verdict in (Verdict.LEUKAEMIC_BLAST, Verdict.NORMAL)
    if verdict is Verdict.UNUSABLE_IMAGE:
        return True
    contradicting = {Band.SUSPECTED: Verdict.NORMAL, Band.NOT_SUSPECTED: Verdict.LEUKAEMIC_BLAST}
    return contradicting.get(band) is verdict
