"""Case numbers and pseudonyms: what may be one. How urgent a case is, and why one is withdrawn."""

import re
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from app.actor import Actor, Permission
from app.errors import Invalid
from app.typed import plain

LENGTH_MOST = 64
NOTE_LENGTH_MOST = 2000
UNNAMED = "unnamed case"
KEPT_BY = (
    "The person who opened a case may correct its number and subject, or withdraw it, until it is signed. After that, "
    "and for cases that a laboratory system sent, only a senior can."
)
SHAPE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_ ./:#-]*[A-Za-z0-9])?")
"""ASCII only: letters of other alphabets that look alike would make two cases of one."""


class Priority(StrEnum):
    ROUTINE = "routine"
    URGENT = "urgent"


class Whose(StrEnum):
    """Which of the cases that an actor may see a list shows, by how they came to see them."""

    ALL = "all"
    MINE = "mine"
    SHARED = "shared"
    LAB = "lab"


class Which(StrEnum):
    """Which of them by what has become of them. All but the last leave the withdrawn out."""

    STANDING = "standing"
    URGENT = "urgent"
    OVERDUE = "overdue"
    UNSIGNED = "unsigned"
    WITHDRAWN = "withdrawn"


class ListUnknown(Invalid):
    code = "list_unknown"


def parse_whose(text: str) -> Whose:
    if text not in list(Whose):
        raise ListUnknown(f"There is no list of the cases of {text[:40]!r}: there are {', '.join(Whose)}.")
    return Whose(text)


def parse_which(text: str) -> Which:
    if text not in list(Which):
        raise ListUnknown(f"There is no list of {text[:40]!r} cases: there are {', '.join(Which)}.")
    return Which(text)


class UnknownPriority(Invalid):
    code = "priority_unknown"


class ReasonUnusable(Invalid):
    code = "reason_unusable"


class NotConfirmed(Invalid):
    code = "withdrawal_not_confirmed"


def parse_priority(text: str) -> Priority:
    try:
        return Priority(text)
    except ValueError:
        raise UnknownPriority(f"Choose how urgent the case is: {' or '.join(Priority)}.") from None


def parse_reason(text: str) -> str:
    """Why a case is withdrawn."""
    reason = plain(text)
    if not reason:
        raise ReasonUnusable("Say why the case is withdrawn: whoever finds it later has only your reason to go by.")
    if len(reason) > NOTE_LENGTH_MOST:
        raise ReasonUnusable(f"A reason has at most {NOTE_LENGTH_MOST} characters; this one has {len(reason)}.")
    return reason


def require_confirmed(text: str) -> None:
    """Raises NotConfirmed where nobody ticked that the withdrawal is meant."""
    if text != "yes":
        raise NotConfirmed("Tick that the case is to be withdrawn for good: nobody can take that back.")


def may_share(*, opened_by: UUID, actor_id: UUID) -> bool:
    """Who opened a case decides who else sees it; a lab client's cases are open to every clinician anyway."""
    return opened_by == actor_id


def may_keep(*, opened_by: UUID, actor: Actor, signed: bool) -> bool:
    """Whether this actor corrects what a case is called, and withdraws it: who opened it, until it is signed; who signs
    cases, always. A lab client's case was opened by nobody who could, so it is theirs alone."""
    return actor.may(Permission.SIGN) or (opened_by == actor.id and not signed)


class UnusableIdentifier(Invalid):
    code = "case_unusable"


def parse_accession(text: str | None) -> str | None:
    """A laboratory's case number, or None where none was given."""
    return _parse(text, what="case number", code="case_unusable")


def parse_subject(text: str | None) -> str | None:
    """A pseudonym of the subject, or None where none was given."""
    return _parse(text, what="subject pseudonym", code="subject_unusable")


def same_subject(one: str, other: str) -> bool:
    """Pseudonyms that differ in upper and lower case alone are one subject's: people type them, systems fold them."""
    return one.lower() == other.lower()


class NoSuchColleague(Invalid):
    code = "no_such_colleague"

    def __init__(self) -> None:
        super().__init__("Choose a colleague who works with cases.")


def masked(number: str) -> str:
    """A case number as lists show it, where more than one pair of eyes may fall on it: its last signs, half at most."""
    return "…" + number[len(number) - min(4, len(number) // 2) :]


def masked_apart(cases: Mapping[UUID, str | None]) -> dict[UUID, str]:
    """What a list calls each of its cases (id to number): the masked number, and where several would read alike, the
    begin of the case's id beside it."""
    told = {case_id: masked(number) if number else UNNAMED for case_id, number in cases.items()}
    times = Counter(told.values())
    return {case_id: name if times[name] == 1 else f"{name} ({str(case_id)[:8]})" for case_id, name in told.items()}


def parse_colleague(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchColleague from None


def _parse(text: str | None, *, what: str, code: str) -> str | None:
    cleaned = re.sub(" {2,}", " ", (text or "").strip())  # every page shows several spaces as one
    if not cleaned:
        return None
    fits = len(cleaned) <= LENGTH_MOST and SHAPE.fullmatch(cleaned) and ".." not in cleaned
    if not fits:
        raise UnusableIdentifier(
            f"A {what} has at most {LENGTH_MOST} letters a-z, digits, spaces and - _ . / : #, begins and ends with a "
            "letter or digit, and has no two dots in a row. Correct it and send again.",
            code=code,
        )
    return cleaned
