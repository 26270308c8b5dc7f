"""Cases that are ready to sign, and somebody who signs."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from app.accounts.rules import Role
from tests.factories import PASSWORD, Browser, LabSystem, Service, cell
from tests.fakes import FakeClassifier


@dataclass
class Desk:
    """A service with a lab system that sends cells, and a senior at a browser."""

    service: Service
    classifier: FakeClassifier
    lab: LabSystem
    senior: Browser
    seed: int = 0
    uploader: Browser | None = None

    def case(self, *probabilities: float, number: str = "S26-0001") -> str:
        """The path of the case of that number, with one more cell for each probability."""
        sent = [self.send(probability, number=number) for probability in probabilities]
        return f"/cases/{sent[-1]['case_id']}"

    def send(self, probability: float, *, number: str = "S26-0001") -> dict[str, str]:
        self.seed += 1
        self.classifier.probability = probability
        told: dict[str, str] = self.lab.screen(cell(self.seed), case=number, subject="P-1").json()
        return told

    def read(self, screening: str, *, by: Browser, verdict: str = "normal", note: str = "") -> None:
        path = f"/review/{screening}"
        reply = by.submit(path, {"verdict": verdict, "note": note}, at=path)
        assert reply.status_code == 200, reply.text

    def ask(self, screening: str) -> None:
        """Somebody who uploads wants a human to look at it."""
        if self.uploader is None:
            self.uploader = self.service.signed_in("una", Role.UPLOADER)
        path = f"/screenings/{screening}"
        reply = self.uploader.submit(f"{path}/ask", at=path)
        assert reply.status_code == 200, reply.text

    def sign(self, path: str, *, by: Browser | None = None, at: str = "", **form: str):
        """Look at the page, then send its form; `form` replaces what an honest signer would send."""
        browser = by or self.senior
        page = browser.get(at or f"{path}/sign-off")
        return browser.submit(f"{path}/sign-off", {**honest(page.text), **form})


def honest(page: str) -> dict[str, str]:
    """What somebody sends who has seen this page and signs it with the first meaning that it offers."""
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
    meaning = re.search(r'name="meaning" value="([a-z_]+)"', page)
    return {
        "seen": seen.group(1) if seen else "",
        "meaning": meaning.group(1) if meaning else "",
        "password": PASSWORD,
    }


def _desk(service: Service, classifier: FakeClassifier) -> Desk:
    return Desk(service, classifier, service.lab("LIS"), service.signed_in("sena", Role.SENIOR))


@pytest.fixture
def desk(service: Service, classifier: FakeClassifier) -> Desk:
    return _desk(service, classifier)


@pytest.fixture
def either_desk(either_service: Service, classifier: FakeClassifier) -> Desk:
    return _desk(either_service, classifier)


@pytest.fixture
def events(desk: Desk) -> Callable[[str], list[dict[str, object]]]:
    """The details of every event of an act."""
    from sqlalchemy import select

    from app.audit.tables import LedgerRow

    def told(act: str) -> list[dict[str, object]]:
        with desk.service.database.reading() as session:
            return list(session.scalars(select(LedgerRow.detail).where(LedgerRow.act == act)))

    return told
