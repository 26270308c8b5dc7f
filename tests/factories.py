"""Ways to be somebody: accounts, browsers and lab clients of a service under test."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from PIL import Image
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select
from starlette.testclient import TestClient

from app.accounts import actions, key_actions
from app.accounts.rules import Role, Scope
from app.actor import SERVICE, Actor
from app.audit.tables import LedgerRow
from app.audit.verify import Verification
from app.audit.verify import verify as verify_records
from app.commands.records import FACTS
from app.db import Base, Database
from app.main import create_app
from app.policy import actions as policy_actions
from app.policy import queries as policies
from app.policy.rules import Policy
from app.screening.instrument import Instrument
from app.settings import Settings
from app.vision.drawn import Look, draw, png

PASSWORD = "the moon over the marrow"
QUICK_HASH = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)]).hash(PASSWORD)
"""Compared in no time, where one of `secrets.hash_password` takes a fifth of a second each time somebody signs in."""


@cache
def cell(seed: int = 1, look: Look = Look.BLAST) -> bytes:
    """A drawn cell as a PNG file."""
    return png(draw(seed, look), look=look)


@cache
def jpeg(seed: int = 1, look: Look = Look.BLAST) -> bytes:
    """The same cell as a JPEG file of high quality."""
    target = io.BytesIO()
    Image.fromarray(draw(seed, look)).save(target, "JPEG", quality=95)
    return target.getvalue()


def make_user(database: Database, username: str, *roles: Role, password_hash: str = QUICK_HASH) -> Actor:
    with database.writing() as session:
        user = actions.create_user(
            session, SERVICE, username=username, password_hash=password_hash, roles=list(roles), name=username.title()
        )
        return actions.actor_of(user)


def make_key(database: Database, client: str, *scopes: Scope) -> str:
    with database.writing() as session:
        return key_actions.create_key(session, SERVICE, client_name=client, scopes=list(scopes)).whole


def set_policy(database: Database, **decisions: Any) -> Policy:
    """Decide something anew and leave the rest as it is."""
    with database.writing() as session:
        before = policies.current(session)
        policy = replace(before, **decisions)
        row = policy_actions.decide(session, SERVICE, policy=policy, based_on=before.number)
        return replace(policy, number=row.number)


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has: equal before and after means that nothing was stored."""
    with database.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def acts(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(LedgerRow.act).order_by(LedgerRow.position)))


def verify(database: Database) -> Verification:
    with database.snapshot() as session:
        return verify_records(session, facts=FACTS)


@dataclass
class Browser:
    """Somebody at a browser without JavaScript: cookies are kept, forms are sent with the token of the page."""

    client: TestClient
    page: str = ""

    def get(self, path: str):
        reply = self.client.get(path, headers={"accept": "text/html"})
        self.page = reply.text
        return reply

    def submit(self, path: str, data: dict[str, str] | None = None, *, at: str | None = None, files=None):
        """Send a form with the token of the page at `at` (default: of the page last seen)."""
        if at is not None:
            self.get(at)
        fields = {"csrf": self.token(), **self.named(), **(data or {})}
        reply = self.client.post(path, data=fields, files=files, headers={"accept": "text/html"})
        self.page = reply.text
        return reply

    def token(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.page)
        return found.group(1) if found else ""

    def named(self) -> dict[str, str]:
        """What the page says that a case is called, which a correction goes back to."""
        return dict(re.findall(r'name="(named)" value="([^"]*)"', self.page))

    def upload(self, *images: bytes, case: str = "", subject: str = ""):
        files = [("image", (f"cell-{number}.png", image, "image/png")) for number, image in enumerate(images)]
        return self.submit("/screenings", {"case": case, "subject": subject}, at="/", files=files)


@dataclass
class LabSystem:
    """A lab information system with a key."""

    client: TestClient
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}

    def screen(self, image: bytes, *, key: str | None = None, **fields: str):
        headers = {**self.headers, **({"idempotency-key": key} if key else {})}
        files = {"image": ("cell.png", image, "image/png")}
        return self.client.post("/api/v1/screenings", headers=headers, data=fields, files=files)

    def get(self, path: str, **query: str):
        return self.client.get(path, headers=self.headers, params=query)

    def screening(self, screening_id: str | UUID):
        return self.get(f"/api/v1/screenings/{screening_id}").json()


@dataclass
class Service:
    app: FastAPI
    database: Database
    instrument: Instrument
    settings: Settings
    _clients: list[TestClient] = field(default_factory=list)

    @classmethod
    @contextmanager
    def start(cls, settings: Settings, instrument: Instrument) -> Iterator["Service"]:
        app = create_app(settings, instrument=instrument)
        service = cls(app, app.state.database, instrument, settings)
        yield service
        for client in service._clients:
            client.close()
        service.database.dispose()

    def anybody(self) -> TestClient:
        client = TestClient(self.app, raise_server_exceptions=False, client=("203.0.113.7", 50000))
        self._clients.append(client)
        return client

    def lab(self, name: str = "Lab One", *scopes: Scope) -> LabSystem:
        key = make_key(self.database, name, *(scopes or (Scope.SCREEN, Scope.READ)))
        return LabSystem(self.anybody(), key)

    def browser(self) -> Browser:
        return Browser(self.anybody())

    def signed_in(self, username: str, *roles: Role) -> Browser:
        make_user(self.database, username, *roles)
        browser = self.browser()
        reply = browser.submit("/sign-in", {"username": username, "password": PASSWORD}, at="/sign-in")
        assert reply.status_code == 200, reply.text
        return browser
