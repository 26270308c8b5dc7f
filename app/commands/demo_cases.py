"""The playground's people and cases, brought into every state by what the pages themselves call."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from app.accounts import actions as accounts
from app.accounts import secrets
from app.accounts.proof_actions import Proved
from app.accounts.rules import Role
from app.actor import SERVICE, Actor
from app.cases import actions as cases
from app.cases import queries as case_queries
from app.cases.rules import Priority
from app.db import Database
from app.policy import actions as policy
from app.policy import queries as policies
from app.reports import actions as reports
from app.reports import queries as report_queries
from app.reports.actions import Signing
from app.review import actions as review
from app.review import case_actions
from app.review.rules import Verdict
from app.screening import actions as screening
from app.screening import queries as screenings
from app.screening.actions import Submission
from app.screening.instrument import Instrument
from app.vision.drawn import Look, draw, png


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

SUSPECTED = (1, 2, 6, 7, 8, 9, 12, 19, 21, 25, 26, 28, 31, 32, 35, 36, 39, 40, 42, 49, 51, 54, 56, 57, 61, 62, 64, 66)
NOT_SUSPECTED = (
    *(1, 3, 4, 6, 7, 8, 9, 12, 14, 15, 19, 21, 25, 26, 28, 29, 35, 36, 42, 43, 46, 48, 49, 50, 54, 56, 59, 61, 63, 64),
    *(65, 66, 67, 69, 73, 76, 78, 79, 80, 81, 87, 92, 96, 98, 99, 102, 106, 109, 110, 112, 114, 118, 121, 125, 126),
)
UNCERTAIN = (2, 5, 10, 16, 17, 18, 20, 22, 30, 31, 33, 40, 44, 45, 55, 60, 68, 70)
REFUSED = (Look.OUT_OF_FOCUS, Look.TWO_CELLS, Look.BLANK, Look.OTHER_STAIN, Look.CUT_OFF)
"""Seeds of blasts and of healthy cells, and looks, that the model for demonstration finds so."""


REFERENCES = 500
"""The first seed of the reference cells: no case has them."""


class Drawer:
    """Drawings of each kind, none handed out twice: the same image in two cases would be a mix-up."""

    def __init__(self) -> None:
        self._of_kind = {
            "S": iter([(Look.BLAST, seed) for seed in SUSPECTED]),
            "N": iter([(Look.HEALTHY, seed) for seed in NOT_SUSPECTED]),
            "U": iter([(Look.HEALTHY, seed) for seed in UNCERTAIN]),
            "X": iter([(look, 1) for look in REFUSED]),
        }

    def cells(self, kinds: str) -> Iterator[bytes]:
        """`SSNX`: two suspected, one not, one that is refused."""
        for kind in kinds:
            look, seed = next(self._of_kind[kind])
            yield png(draw(seed, look), look=look)


def draw_references(folder: Path) -> None:
    """Reference cells of two drawn subjects for each class; the same every time they are drawn."""
    for label, look in (("ALL", Look.BLAST), ("HEM", Look.HEALTHY)):
        for seed in range(REFERENCES, REFERENCES + 8):
            subject = folder / label / f"drawn-{label.lower()}-{seed % 2 + 1}"
            subject.mkdir(parents=True, exist_ok=True)
            (subject / f"{seed}.png").write_bytes(png(draw(seed, look), look=look))
    (folder / "SOURCE.txt").write_text("Drawn by program for this playground. They show no patient.", "utf-8")


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

    def read(self, who: str, screening_ids: list[UUID], verdict: Verdict, note: str = "") -> None:
        for one in screening_ids:
            said, reader = review.Said(verdict, note, seconds=20), self.people[who]
            with self.database.writing() as session:
                if policies.current(session).blind_first:
                    review.call_blind(session, reader, screening_id=one, said=said)
                review.give_verdict(session, reader, screening_id=one, said=replace(said, seconds=8))

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
    hashed = secrets.hash_password(password or secrets.new_token())
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
    lab.read("otto", urgent["U"][:2], Verdict.NORMAL, "Smooth chromatin, no nucleolus.")
    refused = lab.upload("DRAWN-2026-002", "SNNXXXXX", subject="drawn-birch")
    lab.ask(refused["X"][0])


def _settled(lab: Laboratory) -> None:
    """Cases that the senior can sign, or has signed."""
    lab.upload("DRAWN-2026-004", "SSSSSSSSNNNN", subject="drawn-cedar")
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
    lab.upload(None, "N")
    mistaken = lab.upload("DRAWN-2026-009", "NU", subject="drawn-ivy")
    lab.withdraw(mistaken["N"][0], "Drawn from the wrong tube: a new specimen has been asked for.")
