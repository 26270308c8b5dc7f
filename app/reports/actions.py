"""A case is closed by name: each signing makes a version of its result, and none is ever changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app import clock
from app.accounts.proof_actions import Proved
from app.actor import Actor
from app.audit import ledger
from app.audit.digest import told_time
from app.audit.events import Act, Event, Value
from app.audit.refusals import Refusal
from app.cases import queries as cases
from app.cases.tables import CaseRow
from app.errors import Conflict, Invalid
from app.policy import queries as policies
from app.policy.rules import Policy
from app.reports import queries, rules, version_queries, words
from app.reports.content import FORMAT, Content, canonical, sha256_of, told_of_roll_up
from app.reports.queries import Standing
from app.reports.rules import Meaning, Status
from app.reports.tables import ResultVersionRow, SignatureRow


class MeaningMissing(Invalid):
    code = "meaning_missing"


class NotToBeSigned(Conflict):
    code = "not_to_be_signed"


class CaseChanged(Conflict):
    code = "case_changed"


class SignOffRefused(Refusal):
    """Not this signer, whatever becomes of the case."""

    def __init__(self, message: str, *, signer: Actor, case: CaseRow, why: str) -> None:
        super().__init__(message, actor=signer, event=Event(Act.SIGN_OFF_REFUSED, "case", str(case.id), {"why": why}))


class SignsOwnUpload(SignOffRefused):
    code = "signs_own_upload"


class AnotherPersonProved(SignOffRefused):
    code = "signs_for_another"


@dataclass(frozen=True)
class Signing:
    """What a signer sends. `seen`: the hash of what they were shown, so that nothing is signed unseen."""

    meaning: str
    seen: str


Prove = Callable[[], Proved]
"""Gives the proof of who signs, under the lock, or raises that there is none."""


def sign_case(session: Session, signer: Actor, *, case_id: UUID, signing: Signing, prove: Prove) -> ResultVersionRow:
    """One version, one signature, one event. The same form sent twice signs once.

    Raises CaseNotFound, SignOffRefused, NotToBeSigned, CaseChanged, MeaningMissing, or what `prove` raises.
    """
    ledger.lock(session)
    case = cases.get(session, signer, case_id)
    policy = policies.current(session)
    standing = queries.standing_of(session, case, policy=policy)
    if again := _same_again(session, signer, standing, signing=signing):
        return again
    meaning = _checked(session, signer, case=case, standing=standing, signing=signing)
    proved = prove()
    if proved.actor_id != signer.id:
        raise AnotherPersonProved("Sign under your own name.", signer=signer, case=case, why="another person")
    return _write(session, signer, standing=standing, policy=policy, meaning=meaning, how=proved.how)


def _same_again(session: Session, signer: Actor, standing: Standing, *, signing: Signing) -> ResultVersionRow | None:
    latest, told = standing.latest, rules.MEANINGS.get(signing.meaning)
    if latest is None or standing.facts.changed or standing.facts.fault or told is None:
        return None
    same = (latest.signed_by, latest.meaning, standing.seen) == (signer.id, told.words, signing.seen)
    return session.get(ResultVersionRow, latest.id) if same else None


def _checked(session: Session, signer: Actor, *, case: CaseRow, standing: Standing, signing: Signing) -> Meaning:
    if rules.signs_own_upload(signer.id, submitters=queries.submitters(session, case.id)):
        raise SignsOwnUpload(words.OWN_UPLOAD, signer=signer, case=case, why="own upload")
    if standing.blocks:
        raise NotToBeSigned(" ".join(standing.blocks))
    if signing.seen != standing.seen:
        raise CaseChanged("The case has changed since you opened this page. Look at it again, then sign.")
    meanings = rules.meanings_for(earlier_versions=len(standing.versions))
    if signing.meaning not in meanings:
        raise MeaningMissing("Choose what your signature means.")
    return meanings[signing.meaning]


def _write(
    session: Session, signer: Actor, *, standing: Standing, policy: Policy, meaning: Meaning, how: str
) -> ResultVersionRow:
    at, earlier = clock.now(), standing.latest
    content = _signed_content(standing, signer, policy=policy, meaning=meaning, at=at)
    text = canonical(content)
    version = ResultVersionRow(
        id=uuid4(),
        case_id=UUID(content["case"]["id"]),
        number=content["number"],
        status=content["status"],
        canonical_json=text,
        sha256=sha256_of(text),
        supersedes_id=earlier.id if earlier else None,
        position=ledger.next_position(session),
        at=at,
    )
    session.add(version)
    session.flush()
    session.add(
        SignatureRow(
            version_id=version.id,
            actor_id=signer.id,
            printed_name=signer.name,
            meaning=meaning.words,
            sha256=version.sha256,
            at=at,
        )
    )
    session.flush()
    _record(session, signer, version=version, how=how)
    return version


def _record(session: Session, signer: Actor, *, version: ResultVersionRow, how: str) -> None:
    act = Act.CASE_SIGNED if version.number == 1 else Act.CASE_AMENDED
    bound = version_queries.digest_of(session, version_queries.versions_of(session, version.case_id))
    detail: dict[str, Value] = {
        "result_digest": bound,
        "version": version.number,
        "status": version.status,
        "sha256": version.sha256,
        "how": how,
    }
    ledger.record(session, signer, Event(act, "case", str(version.case_id), detail))


def _signed_content(standing: Standing, signer: Actor, *, policy: Policy, meaning: Meaning, at: datetime) -> Content:
    latest = standing.latest
    return {
        **standing.content,
        "format": FORMAT,
        "number": len(standing.versions) + 1,
        "status": Status(meaning.status).value,
        "supersedes": latest.sha256 if latest else None,
        "policy": policy.number,
        "roll_up": told_of_roll_up(standing.roll_up),
        "meaning": meaning.words,
        "signer": {"id": str(signer.id), "printed_name": signer.name},
        "signed_at": told_time(at),
    }
