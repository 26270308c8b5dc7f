"""Every act that the ledger knows, on one page.

An event's detail holds ids, codes, numbers and digests only: never an accession, a subject, a name or free text. Those
live in `case_identifiers` and `notes`, and the ledger binds them by a salted digest, so that retention can empty them
without breaking the chain.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

SEVERAL = "several"  # in place of an object's id; the ids stand in the detail
Value = str | int | float | bool | None | list[str]


class Act(StrEnum):
    # accounts
    USER_CREATED = "user.created"  # roles
    SIGNED_IN = "user.signed_in"
    SIGNED_OUT = "user.signed_out"
    SIGN_IN_REFUSED = "user.sign_in_refused"  # why, keyed digest of the address; an unknown name as its keyed digest
    SESSION_ENDED = "user.session_ended"
    PASSWORD_CHANGED = "user.password_changed"  # noqa: S105  an act's name; how
    RESET_LINK_MADE = "user.reset_link_made"
    ROLES_CHANGED = "user.roles_changed"  # roles, before
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    SECOND_STEP_ON = "user.second_step_on"
    SECOND_STEP_OFF = "user.second_step_off"
    PROVED_AGAIN = "user.proved_again"  # at the provider, for what
    RECOVERY_CODE_USED = "user.recovery_code_used"  # left
    CLIENT_CREATED = "client.created"
    KEY_CREATED = "key.created"  # client, prefix, scopes, expires_at
    KEY_ROTATED = "key.rotated"  # client, successor, its prefix and scopes, overlap_s
    KEY_REVOKED = "key.revoked"  # client
    KEY_REFUSED = "key.refused"  # why, prefix
    ACT_FORBIDDEN = "act.forbidden"  # permission
    # cases
    CASE_OPENED = "case.opened"  # digest of the row, and of the identifiers
    CASE_IDENTIFIED = "case.identified"  # digest of the identifiers
    CASE_SHARED = "case.shared"  # with
    CASE_UNSHARED = "case.unshared"  # with
    CASE_CORRECTED = "case.corrected"  # what of the identifiers, and their digest
    CASE_PRIORITY_SET = "case.priority_set"  # priority, digest of the case's priorities up to now
    CASE_WITHDRAWN = "case.withdrawn"  # digest of the row, and of the reason; how many cells left the queue
    CASES_SHOWN = "cases.shown"  # the cases whose numbers one reply showed
    # the laboratory's policy
    POLICY_DECIDED = "policy.decided"  # digest of the row; which decisions changed
    # the model
    MODEL_REGISTERED = "model.registered"  # digest of the row
    MODEL_ACTIVATED = "model.activated"  # name, version, sha256, reason
    # screening
    CELL_SCREENED = "cell.screened"  # digest of the row, case, image, model, outcome
    READ_ASKED_FOR = "cell.read_asked_for"  # that it was
    SAME_IMAGE_FOUND = "cell.same_image_found"  # under another subject, after the screening: that it was
    RESULTS_SHOWN = "results.shown"  # the screenings that one reply showed
    IMAGE_SHOWN = "image.shown"
    # review
    CELLS_SHOWN = "cells.shown"  # the images that one reply showed for reading, without their results
    CELL_OPENED = "cell.opened"  # to be read: the token of the lease, the step, whom it awaited
    CELL_POSTPONED = "cell.postponed"  # minutes
    CELL_HANDED_ON = "cell.handed_on"  # to
    BLIND_CALL = "read.blind_call"  # digest of the row; screening, kind, verdict
    READ_GIVEN = "read.given"  # digest of the row, and of the note; screening, kind, verdict
    ANOTHER_READ_ASKED_FOR = "read.another_asked_for"  # digest of the row, and of the reason; screening, reads needed
    READ_WITHDRAWN = "read.withdrawn"  # digest of the row; screening, the read it withdraws, whether at once
    READ_REFUSED = "read.refused"  # why
    COMMENTED = "comment.given"  # digest of the row, and of the words; screening
    # reports
    CASE_SIGNED = "case.signed"  # digest of all its versions; the number and hash of this one
    CASE_AMENDED = "case.amended"  # the same
    SIGN_OFF_REFUSED = "case.sign_off_refused"  # why
    REPORT_SHOWN = "report.shown"  # where, version
    REPORT_CHECKED = "report.checked"  # version
    # the ledger itself
    LEDGER_SHOWN = "ledger.shown"  # from, to
    SUBJECT_LOG_SHOWN = "ledger.subject_shown"  # how many cases and events


@dataclass(frozen=True)
class Event:
    act: Act
    object_kind: str
    object_id: str
    detail: Mapping[str, Value] = field(default_factory=dict)


def results_shown(screenings: list[UUID], *, where: str, case: UUID | None = None) -> Event:
    """The one event of a reply that shows results: which, and on which page or route; `case` where it tells of one."""
    told: dict[str, Value] = {"case": str(case)} if case else {}
    return _shown(Act.RESULTS_SHOWN, "screening", screenings, {"where": where, **told})


def cells_shown(screenings: list[UUID], *, where: str, case: UUID | None = None) -> Event:
    """The one event of a reply that shows images to readers from whom the results are hidden."""
    told: dict[str, Value] = {"case": str(case)} if case else {}
    return _shown(Act.CELLS_SHOWN, "screening", screenings, {"where": where, **told})


def shown_to_reader(
    screenings: list[UUID], *, hidden: Collection[UUID], where: str, case: UUID | None = None
) -> list[Event]:
    """The events of a reply that shows some cells with their results and the hidden ones without. One that tells of a
    `case` leaves an event even where it shows no cell."""
    blind = [one for one in screenings if one in hidden]
    seen = [one for one in screenings if one not in hidden]
    events = [results_shown(seen, where=where, case=case)] if seen or (case and not blind) else []
    return [*events, cells_shown(blind, where=where, case=case)] if blind else events


def cases_shown(cases: list[UUID], *, where: str) -> Event:
    """The one event of a reply that lists cases by their numbers."""
    return _shown(Act.CASES_SHOWN, "case", cases, {"where": where})


def _shown(act: Act, kind: str, ids: list[UUID], detail: Mapping[str, Value]) -> Event:
    shown = [str(one) for one in ids]
    return Event(act, kind, shown[0] if len(shown) == 1 else SEVERAL, {**detail, "shown": shown})
