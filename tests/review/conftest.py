"""Readers at their browsers, a cell that waits for them, and how they read it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from app import clock
from app.accounts.rules import Role, Scope
from app.leases import LeaseRow
from tests.factories import Browser, LabSystem, Service, cell, set_policy
from tests.fakes import FakeClassifier


@pytest.fixture
def lab(service: Service) -> LabSystem:
    """Sees whatever becomes of what anybody sent."""
    return service.lab("LIS", Scope.SCREEN, Scope.READ_ALL)


@pytest.fixture
def rea(service: Service) -> Browser:
    return service.signed_in("rea", Role.REVIEWER)


@pytest.fixture
def lars(service: Service) -> Browser:
    return service.signed_in("lars", Role.REVIEWER)


@pytest.fixture
def sena(service: Service) -> Browser:
    return service.signed_in("sena", Role.SENIOR)


@pytest.fixture
def path(service: Service, classifier: FakeClassifier, lab: LabSystem) -> str:
    """A cell that two readers have to read."""
    set_policy(service.database, reads_uncertain=2)
    classifier.probability = classifier.unsure
    return f"/review/{lab.screen(cell(1)).json()['id']}"


def let_run_out(service: Service) -> None:
    with service.database.engine.begin() as connection:
        connection.execute(update(LeaseRow).values(until=clock.now() - timedelta(hours=1)))


def waiting_cell(
    service: Service, classifier: FakeClassifier, *, seed: int = 1, probability: float | None = None
) -> str:
    classifier.probability = classifier.unsure if probability is None else probability
    classifier.atypical = probability is not None
    return str(service.lab("LIS").screen(cell(seed)).json()["id"])


def token_on(page: str) -> str:
    found = re.search(r'name="token" value="(\d+)"', page)
    assert found
    return found.group(1)


def call(reader: Browser, path: str, verdict: str, note: str = ""):
    """The own call, as the page sends it."""
    page = reader.get(path).text
    form = {"verdict": verdict, "note": note, "step": "blind", "token": token_on(page), "seconds": ""}
    return reader.submit(path, form)


def decide(reader: Browser, path: str, verdict: str, note: str = ""):
    """The final call, from the page last seen."""
    form = {"verdict": verdict, "note": note, "step": "final", "token": token_on(reader.page)}
    return reader.submit(path, form)


def reads(service: Service) -> list[tuple[object, ...]]:
    with service.database.reading() as session:
        found = session.execute(
            text("SELECT kind, blind_verdict, verdict, seconds, supersedes_id FROM reads ORDER BY at")
        )
        return [tuple(row) for row in found]


def read(reader: Browser, path: str, verdict: str, note: str = "") -> None:
    call(reader, path, verdict)
    decide(reader, path, verdict, note)


def state(lab: LabSystem, path: str) -> tuple[str, str | None]:
    review = lab.screening(path.removeprefix("/review/"))["review"]
    return review["state"], review["verdict"]
