"""The playground's people and cases, brought into every state by what the pages themselves call."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from app.accounts import actions as accounts
from app.accounts import secrets
from app.accounts.proof_actions import Proved
from app.accounts.rules import Role
from app.actor import SERVICE, Actor
from app.cases import actions as cases
from app.cases import queries as case_queries
from app.cases.rules import Priority
from app.commands.demo_cells import Drawer
from app.db import Database
from app.policy import actions as policy
from app.policy import queries as policies
from app.reports import actions as reports
from app.reports import queries as report_queries
from app.reports.actions import Signing
from app.review import actions as review
from app.review import case_actions
from app.review import comment_actions as comments
from app.review import queue_actions as queue
from app.review.actions import Said
from app.review.queue_actions import LeftForm
from app.review.rules import Step, Verdict
from app.screening import actions as screening
from app.screening import queries as screenings
from app.screening.actions import Submission
from app.screening.instrument import Instrument


@dataclass(frozen=True)
class Somebody:
    told: str
    username: str
    name: str
    roles: tuple[Role, ...]


PEOPLE = (
    Somebody("pathologist", "paula", "Paula Drawn", (Role.UPLOADER,)),
    Somebody("reviewer", "rea", "Rea Drawn", (Role.REVIEWER,)),
    Somebody("senior", "selma", "Selma Drawn", (Role.SENIOR, Role.AUDITOR, Role.ADMIN)),
)
"""Who may sign in. The senior of this small laboratory also reads its ledger and decides its policy."""
AWAY = Somebody("reviewer", "otto", "Otto Drawn", (Role.REVIEWER,))
"""Gave some of the second reads; nobody knows the password."""


@dataclass
class Laboratory:
    """The playground while it is made. Each verb is one act of one person."""

    database: Database
    instrument: Instrument
    people: dict[str, Actor]
    drawer: Drawer = field(default_factory=Drawer)

    def upload(self, number: str | None, kinds: str, *, subject: str | None = None) -> dict[str, list[UUID]]:
        """By the pathologist; the screenings of each kind, in order."""
        made: dict[str, list[UUID]] = {}
        case_id: UUID | None = None
        for kind, received in zip(kinds, self.drawer.cells(kinds), strict=True):
            sent = Submission(received, accession=number, subject=subject, case_id=None if number else case_id)
            with self.database.writing() as session:
                done = screening.screen_cell(session, self.people["paula"], instrument=self.instrument, submission=sent)
                case_id = done.screening.case_id
                made.setdefault(kind, []).append(done.screening.id)
        return made

    def ask(self, screening_id: UUID) -> None:
        with self.database.writing() as session:
            screening.ask_for_read(session, self.people["paula"], screening_id=screening_id)

    def read(self, who: str, screening_id: UUID, verdict: Verdict, *, note: str = "", blind: str = "") -> None:
        """One's own call (`blind`, where it was another), and then the final one."""
        reader = self.people[who]
        with self.database.writing() as session:
            task, lease = queue.take_up(session, reader, screening_id=screening_id)
        said = Said(verdict, note=note, token=lease.token, seconds=8 + len(note) // 4)
        if task.step is Step.BLIND:
            own = replace(said, verdict=Verdict(blind or verdict))
            with self.database.writing() as session:
                review.call_blind(session, reader, screening_id=screening_id, said=own)
        with self.database.writing() as session:
            review.give_verdict(session, reader, screening_id=screening_id, said=said)

    def comment(self, who: str, screening_id: UUID, text: str) -> None:
        with self.database.writing() as session:
            comments.comment(session, self.people[who], screening_id=screening_id, text=text)

    def hand_on(self, who: str, screening_id: UUID, *, to: str) -> None:
        with self.database.writing() as session:
            to_id = self.people[to].id
            queue.hand_on(session, self.people[who], screening_id=screening_id, to_id=to_id, typed=LeftForm())

    def case_of(self, screening_id: UUID) -> UUID:
        with self.database.reading() as session:
            return screenings.get(session, self.people["paula"], screening_id).case_id

    def withdraw(self, screening_id: UUID, reason: str) -> None:
        case_id = self.case_of(screening_id)
        with self.database.writing() as session:
            case_actions.withdraw_case(session, self.people["paula"], case_id=case_id, reason=reason)

    def urgent(self, screening_id: UUID) -> None:
        case_id = self.case_of(screening_id)
        with self.database.writing() as session:
            cases.set_priority(session, self.people["paula"], case_id=case_id, priority=Priority.URGENT)

    def sign(self, screening_id: UUID, meaning: str) -> None:
        senior, case_id = self.people["selma"], self.case_of(screening_id)
        with self.database.writing() as session:
            case = case_queries.get(session, senior, case_id)
            standing = report_queries.standing_of(session, case, policy=policies.current(session))
            reports.sign_case(
                session,
                senior,
                case_id=case_id,
                signing=Signing(meaning, seen=standing.seen),
                prove=lambda: Proved(senior.id, "password"),
            )


def fill(database: Database, instrument: Instrument, *, passwords: dict[str, str]) -> None:
    people = {one.username: _account(database, one, passwords.get(one.username)) for one in (*PEOPLE, AWAY)}
    _decide_policy(database, people["selma"])
    lab = Laboratory(database, replace(instrument, lot=lambda: 1.0), people)
    _waiting(lab)
    _settled(lab)
    _small(lab)


def _account(database: Database, one: Somebody, password: str | None) -> Actor:
    hashed = secrets.hash_password(password) if password else secrets.unknown_password_hash()
    with database.writing() as session:
        user = accounts.create_user(
            session, SERVICE, username=one.username, password_hash=hashed, roles=list(one.roles), name=one.name
        )
        return accounts.actor_of(user)


def _decide_policy(database: Database, senior: Actor) -> None:
    """Two reads of each uncertain cell, so that readers can differ, and reports of twelve cells: quickly drawn."""
    with database.writing() as session:
        before = policies.current(session)
        wanted = replace(before, reads_uncertain=2, minimum_cells=12)
        policy.decide(session, senior, policy=wanted, based_on=before.number)


def _waiting(lab: Laboratory) -> None:
    """Cases whose cells wait for the reviewer, or for the senior."""
    urgent = lab.upload("DRAWN-2026-001", "SSSSNNNNNUUUU", subject="drawn-ash")
    lab.urgent(urgent["S"][0])
    for one in urgent["U"][:2]:
        lab.read("otto", one, Verdict.NORMAL, note="Smooth chromatin, no nucleolus.")
    lab.hand_on("otto", urgent["U"][2], to="rea")
    refused = lab.upload("DRAWN-2026-002", "SNNXXXXX", subject="drawn-birch")
    lab.ask(refused["X"][0])
    disputed = lab.upload("DRAWN-2026-003", "SSSNNNNNNNUU", subject="drawn-beech")
    for one in disputed["U"]:
        lab.read("rea", one, Verdict.NORMAL, note="Even chromatin. The outline is round.")
    lab.read("otto", disputed["U"][0], Verdict.LEUKAEMIC_BLAST, note="A nucleolus, and a cleft at the upper edge.")
    lab.read("otto", disputed["U"][1], Verdict.NORMAL, blind=Verdict.CANNOT_TELL)
    lab.comment("rea", disputed["U"][0], "The upper edge is not sharp here: I would look at it enlarged.")


def _settled(lab: Laboratory) -> None:
    """Cases that the senior can sign, or has signed."""
    lab.upload("DRAWN-2026-004", "SSSSSSSSNNNN", subject="drawn-cedar")
    read = lab.upload("DRAWN-2026-010", "SSSSNNNNNNNU", subject="drawn-juniper")
    for reader in ("rea", "otto"):
        lab.read(reader, read["U"][0], Verdict.LEUKAEMIC_BLAST, note="Fine chromatin and a nucleolus.")
    signed = lab.upload("DRAWN-2026-005", "SSNNNNNNNNNN", subject="drawn-elder")
    lab.sign(signed["S"][0], "reviewed")
    amended = lab.upload("DRAWN-2026-006", "SSSSSSNNNNNN", subject="drawn-fir")
    lab.sign(amended["S"][0], "new_specimen")
    lab.upload("DRAWN-2026-006", "NN")
    lab.sign(amended["S"][0], "amended")
    added_to = lab.upload("DRAWN-2026-007", "NNNNNNNNNNNN", subject="drawn-ginkgo")
    lab.sign(added_to["N"][0], "reviewed")
    lab.upload("DRAWN-2026-007", "S")


def _small(lab: Laboratory) -> None:
    lab.upload("DRAWN-2026-008", "SSN", subject="drawn-hazel")
    lab.upload("DRAWN-2026-011", "NNLLLL", subject="drawn-larch")
    lab.upload(None, "N")
    mistaken = lab.upload("DRAWN-2026-009", "NU", subject="drawn-ivy")
    lab.withdraw(mistaken["N"][0], "Drawn from the wrong tube: a new specimen has been asked for.")
