"""What a reader may say, when they must say why, and what a cell comes to by what its readers said."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.cases.rules import NOTE_LENGTH_MOST
from app.errors import Invalid
from app.screening.rules import Band, ReviewReason
from app.typed import plain, whole_number


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


DRAFT_LENGTH_MOST = 10_000


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


SIGNS = tuple(sign for sign in range(1, 37) if sign not in {9, 14, 15, 19, 20, 24})
"""The places of a random UUID's text that are random (counted from 1): neither hyphens, version nor variant."""


def order_for(reader_id: UUID) -> tuple[int, ...]:
    """The places of a cell's id by which this reader's neutral order goes: it tells nothing of the cell, is always the
    same for one reader, and differs between readers."""
    drawn = sorted(SIGNS, key=lambda sign: hashlib.sha256(f"{reader_id} {sign}".encode()).digest())
    return tuple(drawn[:6])


@dataclass(frozen=True)
class Filters:
    """What a reader wants to see of the queue; empty: everything. Band and reason tell something of the score, so they
    are passed over while reads are blind."""

    priority: str = ""
    due: str = ""
    whose: str = ""
    band: str = ""
    reason: str = ""

    def blind(self) -> "Filters":
        return replace(self, band="", reason="")


FILTERS: Mapping[str, tuple[str, ...]] = {
    "priority": ("urgent",),
    "due": ("overdue",),
    "whose": ("handed", "begun", "dispute", "postponed"),
    "band": (*Band, "unusable"),
    "reason": tuple(ReviewReason),
}


def parse_filters(told: Mapping[str, str]) -> Filters:
    """What is none of the choices filters nothing: settings outlive the choices that they were made from."""
    return Filters(**{name: told[name] for name, choices in FILTERS.items() if told.get(name) in choices})


class Key(StrEnum):
    """What a reader does by one key. The four verdicts bear their own names."""

    LEUKAEMIC_BLAST = "leukaemic_blast"
    NORMAL = "normal"
    CANNOT_TELL = "cannot_tell"
    UNUSABLE_IMAGE = "unusable_image"
    NOTE = "note"
    SKIP = "skip"
    POSTPONE = "postpone"
    UNDO = "undo"
    ZOOM_IN = "zoom_in"
    ZOOM_OUT = "zoom_out"
    BRIGHTER = "brighter"
    DARKER = "darker"
    AS_IT_WAS = "as_it_was"
    HEAT_MAP = "heat_map"


KEYS: Mapping[Key, str] = {
    Key.LEUKAEMIC_BLAST: "b",
    Key.NORMAL: "n",
    Key.CANNOT_TELL: "c",
    Key.UNUSABLE_IMAGE: "u",
    Key.NOTE: "e",
    Key.SKIP: "s",
    Key.POSTPONE: "p",
    Key.UNDO: "z",
    Key.ZOOM_IN: "+",
    Key.ZOOM_OUT: "-",
    Key.BRIGHTER: "l",
    Key.DARKER: "d",
    Key.AS_IT_WAS: "0",
    Key.HEAT_MAP: "h",
}
HELP_KEY = "?"


class UnusableKeys(Invalid):
    code = "keys_unusable"


def keys_of(chosen: Mapping[str, str]) -> dict[Key, str]:
    """A reader's keys: the usual ones, but for those that they chose; empty: off."""
    return {key: chosen.get(key, usual) for key, usual in KEYS.items()}


def parse_keys(typed: Mapping[str, str]) -> dict[str, str]:
    """What differs from the usual keys. Raises UnusableKeys."""
    keys = {key: typed.get(key, "").strip().lower() for key in Key}
    if any(len(sign) > 1 or not sign.isprintable() for sign in keys.values()):
        raise UnusableKeys("A key is one sign, or nothing where you want none.")
    if HELP_KEY in keys.values():
        raise UnusableKeys("The key ? always shows the keys: choose another.")
    used = [sign for sign in keys.values() if sign]
    twice = sorted({sign for sign in used if used.count(sign) > 1})
    if twice:
        raise UnusableKeys(f"Give each key one use: {', '.join(twice)} has several.")
    return {key.value: sign for key, sign in keys.items() if sign != KEYS[key]}


POSTPONE_H: Mapping[int, str] = {1: "for an hour", 4: "for four hours", 24: "for a day", 72: "for three days"}
SKIP_MINUTES = 15


def parse_hours(text: str) -> int:
    hours = whole_number(text, least=0, most=max(POSTPONE_H))
    if hours is None or hours not in POSTPONE_H:
        raise Invalid("Choose for how long you put the cell off.", code="hours_unknown")
    return hours
