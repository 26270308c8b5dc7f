"""How a reader works: what they see of the queue and in which order, their keys, for how long they put a cell off."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from app.errors import Invalid
from app.screening.rules import Band, ReviewReason
from app.typed import whole_number

DRAFT_LENGTH_MOST = 10_000
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
