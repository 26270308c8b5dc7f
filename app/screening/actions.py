"""An image comes in, a remembered score goes out."""

import hashlib
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.audit import ledger
from app.audit.digest import digest
from app.audit.events import Act, Event, Value
from app.cases import actions as cases
from app.cases import queries as case_queries
from app.cases.tables import CaseRow
from app.errors import Conflict, Invalid
from app.policy import queries as policies
from app.policy.rules import Policy
from app.screening import queries, rules
from app.screening.instrument import Instrument, Seen, seen_and_staged, thresholds_of
from app.screening.mix_up_actions import flag_mix_ups
from app.screening.model_actions import register_model
from app.screening.rules import WITH_LOSS, ReviewReason
from app.screening.tables import (
    FlagReasonRow,
    ImageRow,
    ModelRow,
    ScreeningRow,
    SubmissionRow,
)
from app.screening.work_list_actions import put_on_work_list
from app.storage import StagedImage


class KeyReused(Invalid):
    code = "idempotency_key_reused"


class AlreadyFlagged(Conflict):
    code = "already_flagged"


@dataclass(frozen=True)
class Submission:
    """One image as it was received, and where it belongs. `case_id`: without an accession it joins the case of that id,
    which is opened if there is none."""

    received: bytes
    accession: str | None = None
    subject: str | None = None
    case_id: UUID | None = None
    idempotency_key: str | None = None

    @property
    def received_sha256(self) -> str:
        return hashlib.sha256(self.received).hexdigest()

    @property
    def request_sha256(self) -> str:
        return digest({"image": self.received_sha256, "case": self.accession, "subject": self.subject})


@dataclass(frozen=True)
class Screened:
    """`new`: this call made it; `replayed`: the answer to the same Idempotency-Key as before; `elsewhere`: its image is
    in another case too, of the same subject or of one that is not known."""

    screening: ScreeningRow
    new: bool
    replayed: bool = False
    elsewhere: bool = False


@dataclass(frozen=True)
class _Looked:
    """One image that was looked at: with what, what was seen, and where its pixels lie."""

    instrument: Instrument
    seen: Seen
    image: StagedImage


def screen_cell(session: Session, actor: Actor, *, instrument: Instrument, submission: Submission) -> Screened:
    """Score one image and remember it: screening, reasons, open flag and event in one transaction.

    Pixels that ever came in a lossy file are never cleared, whatever file they come in: the same pixels in a PNG are a
    copy of that file.

    Everything slow comes before the session's first statement. Raises Rejected, KeyReused, CaseNotYours,
    CaseWithdrawn, SubjectConflict or CaseNotFound; then nothing is stored.
    """
    with seen_and_staged(instrument, submission.received) as (seen, image):
        ledger.lock(session)
        if earlier := _replayed(session, actor, submission=submission):
            return Screened(earlier, new=False, replayed=True)
        case = _case_for(session, actor, submission=submission)
        model = register_model(session, instrument=instrument)
        looked = _Looked(instrument, _with_what_is_known(session, seen, image=image), image)
        if not submission.idempotency_key and (
            earlier := queries.same_pixels_in_case(
                session,
                pixels_sha256=image.pixels_sha256,
                case_id=case.id,
                model_id=model.id,
                lossy=bool(looked.seen.odd & WITH_LOSS),
            )
        ):
            return Screened(earlier, new=False, elsewhere=queries.also_elsewhere(session, earlier))
        _keep(session, image=image)
        policy = policies.current(session)
        screening = _row(actor, submission=submission, looked=looked, case=case, model=model, policy=policy)
        _judge(session, screening, looked=looked, policy=policy)
        _write(session, actor, screening=screening, submission=submission)
        if ReviewReason.SAME_IMAGE_OTHER_SUBJECT in screening.given:
            flag_mix_ups(session, actor, case=case, pixels_sha256=screening.pixels_sha256)
        return Screened(screening, new=True, elsewhere=queries.also_elsewhere(session, screening))


def _with_what_is_known(session: Session, seen: Seen, *, image: StagedImage) -> Seen:
    """That these pixels came in a lossy file before outweighs what they tell."""
    if queries.came_with_loss(session, pixels_sha256=image.pixels_sha256):
        return replace(seen, odd=seen.odd - WITH_LOSS | {ReviewReason.LOSSY_IMAGE})
    return seen


def _replayed(session: Session, actor: Actor, *, submission: Submission) -> ScreeningRow | None:
    if submission.idempotency_key is None:
        return None
    before = queries.submission(session, actor, idempotency_key=submission.idempotency_key)
    if before is None:
        return None
    if before.request_sha256 != submission.request_sha256:
        raise KeyReused(
            "This Idempotency-Key came with another request before. Send a new key with a new request; "
            "send the same image, case and subject to repeat the old one."
        )
    return queries.find(session, before.screening_id)


def _case_for(session: Session, actor: Actor, *, submission: Submission) -> CaseRow:
    """The case that the submission names, opened if there is none. Where it tells the subject of one that had none, the
    cells that the case has already are looked at again."""
    accession, case_id, subject = submission.accession, submission.case_id, submission.subject
    before = case_queries.named(session, accession=accession, case_id=case_id)
    learnt = before is not None and before.subject is None and subject is not None
    if accession is None and case_id is not None:
        case = cases.open_or_join_unnamed(session, actor, case_id=case_id, subject=subject)
    else:
        case = cases.open_or_join(session, actor, accession=accession, subject=subject)
    if learnt:
        flag_mix_ups(session, actor, case=case)
    return case


def _keep(session: Session, *, image: StagedImage) -> None:
    image.keep()
    if queries.image(session, image.pixels_sha256) is None:
        session.add(
            ImageRow(pixels_sha256=image.pixels_sha256, width=image.width, height=image.height, stored_at=clock.now())
        )
        session.flush()


def _row(
    actor: Actor, *, submission: Submission, looked: _Looked, case: CaseRow, model: ModelRow, policy: Policy
) -> ScreeningRow:
    """What holds of the screening however it is judged."""
    card = looked.instrument.classifier.card
    screening = ScreeningRow(
        id=uuid4(),
        submitted_by=actor.id,
        received_sha256=submission.received_sha256,
        thresholds=thresholds_of(card).as_json(),
        sandbox=card.for_demonstration,
        policy=policy.number,
        at=clock.now(),
        unusable_reason=looked.seen.unusable.value if looked.seen.unusable else None,
        pixels_sha256=looked.image.pixels_sha256,
    )
    screening.case, screening.case_id, screening.model, screening.model_id = case, case.id, model, model.id
    return screening


def _judge(session: Session, screening: ScreeningRow, *, looked: _Looked, policy: Policy) -> None:
    """Give the screening its score and band, where it has them, and its reasons for a human to look."""
    reasons: list[ReviewReason] = []
    if (score := looked.seen.score) is not None:
        triaged = rules.triage(
            score.probability,
            thresholds=thresholds_of(looked.instrument.classifier.card),
            policy=policy,
            odd=looked.seen.odd,
            lot=looked.instrument.lot(),
        )
        screening.logit, screening.probability, screening.band = score.logit, score.probability, triaged.band
        reasons += triaged.reasons
    subject = screening.case.subject
    if queries.seen_under_other_subject(session, pixels_sha256=screening.pixels_sha256, subject=subject):
        reasons.append(ReviewReason.SAME_IMAGE_OTHER_SUBJECT)
    screening.reasons = [FlagReasonRow(reason=reason) for reason in reasons]


def _write(session: Session, actor: Actor, *, screening: ScreeningRow, submission: Submission) -> None:
    session.add(screening)
    session.flush()
    if screening.reasons:
        put_on_work_list(session, screening, since=clock.now())
    if submission.idempotency_key is not None:
        _remember_key(session, actor, submission=submission, screening=screening)
    ledger.record(session, actor, _event(screening))


def _remember_key(session: Session, actor: Actor, *, submission: Submission, screening: ScreeningRow) -> None:
    session.add(
        SubmissionRow(
            client_id=actor.id,
            idempotency_key=submission.idempotency_key,
            request_sha256=submission.request_sha256,
            screening_id=screening.id,
            at=clock.now(),
        )
    )


def _event(screening: ScreeningRow) -> Event:
    detail = {
        "digest": queries.digest_of(screening),
        "case": str(screening.case_id),
        "pixels_sha256": screening.pixels_sha256,
        "model": screening.model.sha256,
        "outcome": screening.unusable_reason or screening.band,
    }
    return Event(Act.CELL_SCREENED, "screening", str(screening.id), detail)


def ask_for_read(session: Session, actor: Actor, *, screening_id: UUID) -> ScreeningRow:
    """A human wants a human to look at what triage did not flag; asking twice is asking once.

    Raises ScreeningNotFound, CaseWithdrawn or AlreadyFlagged.
    """
    ledger.lock(session)
    screening = queries.get(session, actor, screening_id)
    cases.refuse_withdrawn(session, case_id=screening.case_id)
    if ReviewReason.ASKED_FOR in screening.given:
        return screening
    if screening.given:
        raise AlreadyFlagged("This cell was flagged for a human read when it was screened; see what review made of it.")
    screening.reasons.append(FlagReasonRow(reason=ReviewReason.ASKED_FOR))
    session.flush()
    put_on_work_list(session, screening, since=clock.now())
    detail: dict[str, Value] = {"asked_for": queries.ASKED_FOR}
    ledger.record(session, actor, Event(Act.READ_ASKED_FOR, "screening", str(screening.id), detail))
    return screening
