"""A case's cells as its gallery shows them: in which order, by which filters, and without what a blind read hides."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.errors import Invalid
from app.reports.rules import Cell
from app.review.rules import Review, ReviewState
from app.screening.rules import ReviewReason, low_score_says_nothing

TO_COMPARE_MOST = 4


class FilterUnknown(Invalid):
    code = "filter_unknown"


class TooManyToCompare(Invalid):
    code = "cells_too_many"


class Group(StrEnum):
    """In the order of the gallery. `READING`: this viewer reads the cell blind, so it is in no band yet for them."""

    READING = "reading"
    SUSPECTED = "suspected"
    UNCERTAIN = "uncertain"
    NOT_SUSPECTED = "not_suspected"
    UNUSABLE = "unusable"


ORDER = {group: place for place, group in enumerate(Group)}


@dataclass(frozen=True, kw_only=True)
class ShownCell(Cell):
    """What the gallery needs to know of a cell besides. `to_read`: it is hidden, and this very screening waits."""

    probability: float | None
    at: datetime
    reasons: frozenset[ReviewReason] = frozenset()
    """Why it was flagged; nothing of a hidden one."""
    model_id: UUID | None
    hidden: bool = False
    to_read: bool = False

    @property
    def group(self) -> Group:
        if self.hidden:
            return Group.READING
        return Group(self.band.value) if self.band else Group.UNUSABLE

    @property
    def flagged(self) -> bool:
        return self.hidden or bool(self.reasons)

    @property
    def low_score_says_nothing(self) -> bool:
        return low_score_says_nothing(self.reasons, band=self.band)

    @property
    def may_be_asked_for(self) -> bool:
        """An image that the gate refused and that nobody has been asked to look at."""
        return not self.hidden and self.refused is not None and self.review.state is ReviewState.NOT_NEEDED


def hide(cells: Iterable[ShownCell], hidden: Collection[UUID]) -> list[ShownCell]:
    """With nothing left of what the model made of the hidden ones: nobody gives away what they do not know."""
    return [_hidden(cell) if cell.id in hidden else cell for cell in cells]


def _hidden(cell: ShownCell) -> ShownCell:
    """One that does not wait itself is an earlier screening of an image that does."""
    waits = cell.review.state.waits
    review = replace(cell.review, verdict=None, reopened=False) if waits else Review(ReviewState.WAITING)
    return replace(
        cell,
        band=None,
        refused=None,
        probability=None,
        review=review,
        model_id=None,
        reasons=frozenset(),
        hidden=True,
        to_read=waits,
    )


@dataclass(frozen=True)
class Filters:
    """What of a gallery is asked for; None: all. A hidden cell is in no band, and flagged or refused for no reason."""

    band: Group | None = None
    review: ReviewState | None = None
    flagged: bool | None = None
    flag: ReviewReason | None = None
    reason: str | None = None

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        told = {
            "band": self.band,
            "review": self.review,
            "flagged": _yes_or_no(self.flagged),
            "flag": self.flag,
            "reason": self.reason,
        }
        return tuple((name, str(value)) for name, value in told.items() if value is not None)

    def let_pass(self, cell: ShownCell) -> bool:
        return (
            (self.band is None or cell.group is self.band)
            and (self.review is None or cell.review.state is self.review)
            and (self.flagged is None or cell.flagged is self.flagged)
            and (self.flag is None or self.flag in cell.reasons)
            and (self.reason is None or (not cell.hidden and cell.refusal == self.reason))
        )


def _yes_or_no(value: bool | None) -> str | None:  # noqa: FBT001  the word for it, either way
    return None if value is None else ("yes" if value else "no")


def parse_filters(asked: Mapping[str, str], *, reasons: Collection[str]) -> Filters:
    """From an address; an empty value asks for all. Raises FilterUnknown for what would filter nothing."""
    band = _one_of(asked, "band", list(Group))
    review = _one_of(asked, "review", list(ReviewState))
    flagged = _one_of(asked, "flagged", ("yes", "no"))
    flag = _one_of(asked, "flag", list(ReviewReason))
    return Filters(
        band=Group(band) if band else None,
        review=ReviewState(review) if review else None,
        flagged=flagged == "yes" if flagged else None,
        flag=ReviewReason(flag) if flag else None,
        reason=_one_of(asked, "reason", reasons),
    )


def _one_of(asked: Mapping[str, str], name: str, known: Collection[str]) -> str | None:
    value = asked.get(name) or None
    if value is not None and value not in known:
        raise FilterUnknown(f"There is no {name} {value[:40]!r} to filter by: there are {', '.join(known)}.")
    return value


def in_order(cells: Iterable[ShownCell]) -> list[ShownCell]:
    """By band, the highest probability first; what has none, in the order in which it came."""
    return sorted(cells, key=lambda cell: (ORDER[cell.group], -(cell.probability or 0.0), cell.at, cell.id.int))


def by_group(cells: Iterable[ShownCell]) -> dict[Group, int]:
    found = Counter(cell.group for cell in cells)
    return {group: found[group] for group in Group}


def refusals(cells: Iterable[ShownCell]) -> dict[str, int]:
    """How many do not count, by reason, the most frequent first."""
    found = Counter(cell.refusal for cell in cells if not cell.hidden and cell.refusal is not None)
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def flags(cells: Iterable[ShownCell]) -> list[ReviewReason]:
    """Every reason that one of them was flagged for."""
    given = frozenset[ReviewReason]().union(*(cell.reasons for cell in cells))
    return [reason for reason in ReviewReason if reason in given]


def chosen_to_compare(asked: Iterable[UUID]) -> tuple[UUID, ...]:
    """Each once, in the order in which they were chosen. Raises TooManyToCompare."""
    chosen = tuple(dict.fromkeys(asked))
    if len(chosen) > TO_COMPARE_MOST:
        raise TooManyToCompare(f"At most {TO_COMPARE_MOST} cells are compared at once. Choose fewer.")
    return chosen
