"""What a reader may say, when they must say why, and what a cell comes to by what its readers said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.cases.rules import NOTE_LENGTH_MOST
from app.errors import Invalid
from app.screening.rules import Band
from app.typed import plain


class Verdict(StrEnum):
    LEUKAEMIC_BLAST = "leukaemic_blast"
    NORMAL = "normal"
    CANNOT_TELL = "cannot_tell"
    UNUSABLE_IMAGE = "unusable_image"


class ReadKind(StrEnum):
    FIRST = "first"
    SECOND = "second"
    FURTHER = "further"  # given after another read of a settled cell was asked for
    ADJUDICATION = "adjudication"
    WITHDRAWAL = "withdrawal"


class ReviewState(StrEnum):
    NOT_NEEDED = "not_needed"
    WAITING = "waiting"
    READING = "reading"
    SETTLED = "settled"

    @property
    def waits(self) -> bool:
        """Whether somebody's word on the cell is awaited."""
        return self in (ReviewState.WAITING, ReviewState.READING)


def departs_from_model(verdict: Verdict, *, band: Band | None) -> bool:
    """Whether a verdict contradicts what the model made of the image; `band` is None for an unusable one."""
    if band is None:
        return verdict in (Verdict.LEUKAEMIC_BLAST, Verdict.NORMAL)
    if verdict is Verdict.UNUSABLE_IMAGE:
        return True
    contradicting = {Band.SUSPECTED: Verdict.NORMAL, Band.NOT_SUSPECTED: Verdict.LEUKAEMIC_BLAST}
    return contradicting.get(band) is verdict


class Awaits(StrEnum):
    """Who has the next word on a cell."""

    NOBODY = "nobody"
    READER = "reader"
    SENIOR = "senior"


@dataclass(frozen=True)
class Call:
    """A reader's final verdict that stands: given, and not withdrawn. `contested`: it had settled the cell, and another
    read was asked for since."""

    verdict: Verdict
    adjudicates: bool = False
    contested: bool = False


@dataclass(frozen=True)
class Conclusion:
    """`verdict`: what was found, once nobody is awaited any more; None where nobody ever was."""

    awaits: Awaits
    verdict: Verdict | None = None


def conclude(calls: Sequence[Call], *, needed: int) -> Conclusion:
    """What a cell comes to by the calls that stand, in the order in which they were given.

    `needed`: how many independent reads it has to have. A senior's word ends the matter, and stays when a reader
    withdraws; readers of one mind settle it; readers who differ leave it to a senior; too few wait for another.
    A senior's word that is contested ends nothing any more, and is no independent read; but whoever says otherwise
    differs from it.
    """
    final = [call.verdict for call in calls if call.adjudicates and not call.contested]
    if final:
        return Conclusion(Awaits.NOBODY, final[-1])
    if sum(not call.adjudicates for call in calls) < needed:
        return Conclusion(Awaits.READER)
    found = {call.verdict for call in calls}
    if len(found) > 1:
        return Conclusion(Awaits.SENIOR)
    return Conclusion(Awaits.NOBODY, *found)


def state_of(concluded: Conclusion, *, calls: int, held: bool) -> ReviewState:
    """What the world is told of it. `held`: somebody has it on their screen."""
    if concluded.awaits is not Awaits.NOBODY:
        return ReviewState.READING if calls or held else ReviewState.WAITING
    return ReviewState.SETTLED if concluded.verdict else ReviewState.NOT_NEEDED


@dataclass(frozen=True)
class Review:
    """What became of a screening that needed a human. `withdrawn`: its case was, so that nobody reads it any more;
    `reopened`: it was settled once, and the further read that somebody asked for is awaited; `held`: somebody has it on
    their screen."""

    state: ReviewState = ReviewState.NOT_NEEDED
    verdict: Verdict | None = None
    settled_at: datetime | None = None
    awaits: Awaits = Awaits.NOBODY
    withdrawn: bool = False
    reopened: bool = False
    held: bool = False


NOT_NEEDED = Review()


class Step(StrEnum):
    """Where one reader is with one cell."""

    BLIND = "blind"  # their own call is due, before they see what the model made of it
    FINAL = "final"  # they see it, and their final call is due
    DONE = "done"


def step_of(own: Sequence[Verdict | None], *, blind_first: bool) -> Step:
    """`own`: the final verdicts of this reader's rows on the cell, the oldest first; None for a row that has none: a
    blind call, or a withdrawal. Nobody is blind a second time."""
    if not own:
        return Step.BLIND if blind_first else Step.FINAL
    return Step.FINAL if own[-1] is None else Step.DONE


def note_needed(verdict: Verdict, *, band: Band | None, found_before: Sequence[Verdict] = ()) -> bool:
    """Whether a final call needs a reason. `found_before`: the reads between which a senior decides."""
    return departs_from_model(verdict, band=band) or bool(found_before and verdict not in found_before)


class NoteMissing(Invalid):
    code = "note_missing"


class NoteTooLong(Invalid):
    code = "note_too_long"


def parse_note(text: str) -> str:
    """As typed, made plain. Raises NoteTooLong."""
    note = plain(text)
    if len(note) > NOTE_LENGTH_MOST:
        raise NoteTooLong(f"A note has at most {NOTE_LENGTH_MOST} characters; this one has {len(note)}.")
    return note


def require_reason(note: str, *, verdict: Verdict, band: Band | None, found_before: Sequence[Verdict] = ()) -> None:
    """Raises NoteMissing where the note is empty and a final call needs a reason, as `note_needed` has it."""
    if note or not note_needed(verdict, band=band, found_before=found_before):
        return
    if departs_from_model(verdict, band=band):
        raise NoteMissing("Your verdict departs from the model. Say in the note what you saw, then send again.")
    whose = "neither reader's" if len(found_before) == 2 else "no reader's"
    raise NoteMissing(f"Your verdict is {whose}. Say in the note what you saw, then send again.")


class ReasonMissing(Invalid):
    code = "reason_missing"


def parse_why_another(text: str) -> str:
    """Why another read of a settled cell is asked for. Raises ReasonMissing or NoteTooLong."""
    reason = parse_note(text)
    if not reason:
        raise ReasonMissing(
            "Say why another read is needed: the next reader and whoever signs have your reason to go by."
        )
    return reason
