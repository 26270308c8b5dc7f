"""How pages say what reviewers decided, and what they may do."""

from app.review.desk_rules import Key
from app.review.rules import Awaits, ReadKind, Review, ReviewState, Verdict
from app.screening.words import BANDS, FLAGS, UNUSABLE

VERDICTS = {
    Verdict.LEUKAEMIC_BLAST: "Leukaemic blast",
    Verdict.NORMAL: "Normal cell",
    Verdict.CANNOT_TELL: "Cannot tell",
    Verdict.UNUSABLE_IMAGE: "Unusable image",
}
STATES = {
    ReviewState.NOT_NEEDED: "No human read was asked for.",
    ReviewState.WAITING: "Waiting for a human read.",
    ReviewState.READING: "Its reading has begun.",
    ReviewState.SETTLED: "Read.",
}
BEING_READ = "Being read at this moment."
READ_ONCE = "Read once: waiting for a second reader."
REOPENED = "Another read was asked for: waiting for a reader."
NOT_READ = "Not read: the case was withdrawn."
FOR_READING = "For reading"
READ_KINDS = {
    ReadKind.FIRST: "First read",
    ReadKind.SECOND: "Second read",
    ReadKind.FURTHER: "Further read",
    ReadKind.ADJUDICATION: "Adjudication",
    ReadKind.WITHDRAWAL: "Withdrawn",
}
FILTERS = {"priority": "Priority", "due": "Due", "whose": "Show", "band": "Model", "reason": "Why it waits"}
FILTERED = {
    "": "All",
    "urgent": "Urgent",
    "overdue": "Overdue",
    "handed": "Handed to me",
    "begun": "Begun by me",
    "dispute": "To adjudicate",
    "postponed": "Put off by me",
    **{band.value: told for band, told in BANDS.items()},
    "unusable": UNUSABLE,
    **{reason.value: told for reason, told in FLAGS.items()},
}
KEYS = {
    Key.LEUKAEMIC_BLAST: VERDICTS[Verdict.LEUKAEMIC_BLAST],
    Key.NORMAL: VERDICTS[Verdict.NORMAL],
    Key.CANNOT_TELL: VERDICTS[Verdict.CANNOT_TELL],
    Key.UNUSABLE_IMAGE: VERDICTS[Verdict.UNUSABLE_IMAGE],
    Key.NOTE: "Write the note",
    Key.SKIP: "Skip this cell",
    Key.POSTPONE: "Put this cell off",
    Key.UNDO: "Undo my last verdict",
    Key.ZOOM_IN: "Zoom in",
    Key.ZOOM_OUT: "Zoom out",
    Key.BRIGHTER: "Brighter",
    Key.DARKER: "Darker",
    Key.AS_IT_WAS: "View as it was",
    Key.HEAT_MAP: "Heat map on and off",
}


def verdict(code: str | None) -> str:
    return VERDICTS[Verdict(code)] if code else "–"


def review(made: Review) -> str:
    if made.withdrawn and made.state.waits:
        return NOT_READ
    if made.state is ReviewState.SETTLED:
        return f"Read: {verdict(made.verdict)}"
    if made.awaits is Awaits.SENIOR:
        return "Its readers differ: waiting for a senior."
    if made.reopened:
        return REOPENED
    if made.state is ReviewState.READING:
        return BEING_READ if made.held else READ_ONCE
    return STATES[made.state]


def what_another_read_brings(*, readers: int, blind: bool, signed: bool) -> str:
    """`readers`: how many could give it now."""
    shown = "your reason once they have made their own call" if blind else "your reason"
    changed = " The signed report then says that it has changed, until the case is amended." if signed else ""
    can = {
        0: "Nobody who has an account can read it now: it will wait until somebody can.",
        1: "1 colleague can read it now.",
    }
    return (
        "Somebody who has not read this cell reads it too, and is not shown what was found before; they see "
        f"{shown}. What was said stays on record. Where the readers then differ, a senior settles it. Until it is "
        f"settled again, the case cannot be signed.{changed} This cannot be taken back. "
        f"{can.get(readers, f'{readers} colleagues can read it now.')}"
    )


def what_is_due(*, disputed: bool, begun: bool) -> str:
    if disputed:
        return "To adjudicate"
    return "Your final call" if begun else FOR_READING
